"""The sender bounced a message although another host would have taken it.

What it sees. A bounce by the sender, decided by an event that concerns the host and not the message (a greeting, a
connection, a limit on how many addresses are tried), while a host of the chain was healthy and was not asked. A 5yz to
MAIL, RCPT, DATA or the final dot is an answer to the message: there the sender may bounce.
Why it matters. The mail could have arrived. Owners of the domain see nothing of it.
Example. The primary greets with 554; Haraka bounces, Postfix and Exim would go to the backup:
    senders: [haraka]
    steps:
      - {at: 0m, break: mx1, with: {reply: 554 5.3.2 No service}, phase: banner, for: 2h}
      - {at: 1m, send: letter, to: alice}
What to do. On the receiving side: fail at TCP or with 421, not with 554. On the sending side: use a mailer that goes
on.
Standards. RFC 5321 §5.1, §3.8, §4.2.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import Event, EventKind, Fate, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import (
    NO_MAIL,
    SENDER,
    bounce_by_sender,
    events_of,
    healthy_at,
    hosts_tried,
    turned_down,
)

RULE = Rule(
    code="MX956",
    name="bounced-while-alternative-existed",
    severity=Severity.ERROR,
    references=("RFC 5321 §5.1", "RFC 5321 §3.8", "RFC 5321 §4.2.1"),
    by_chain=True,
)
_ANSWERS_TO_THE_MESSAGE = frozenset("MRXZ")
_NAMES = "D"
_TOO_OLD = "E3"


def _is_lawful(cell: str | None) -> bool:
    """Whether the cell is an answer to the message (T11 is one to MAIL) or to the names, so that no host could help."""
    return cell is not None and (cell[0] in _ANSWERS_TO_THE_MESSAGE or cell[0] == _NAMES or cell == "T11")


def _deciding_cell(run: Run, fate: Fate, bounce: Event) -> str | None:
    """The cell that a bounce comes from: where the mail grew too old, the one that it waited for last."""
    if bounce.cell != _TOO_OLD:
        return bounce.cell
    waits = [event for event in events_of(run, fate, EventKind.WAITS) if event.who == SENDER]
    return waits[-1].cell if waits else bounce.cell


def find(run: Run) -> Judgement:
    """A finding for each bounce that another host would have spared."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        event = bounce_by_sender(run, fate)
        if event is None or _is_lawful(_deciding_cell(run, fate, event)):
            continue
        asked = hosts_tried(fate) | turned_down(run, fate)
        spared = [host for _, host in run.chain if host not in asked and healthy_at(run, host, event.at)]
        if not spared:
            continue
        words = Words(
            says=f"{fate.message} to {fate.recipient} bounced, and {spared[0]} was never asked",
            seen=(f'cell {event.cell}: "{event.text}"',),
            means=f"{run.sender} takes this event for the last word; {spared[0]} would have accepted.",
            do="Let a broken host fail at TCP or greet with 421.",
        )
        found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)
