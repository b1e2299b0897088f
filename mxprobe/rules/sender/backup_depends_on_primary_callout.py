"""The backup cannot say whether a recipient exists while the primary is down, and puts everybody off.

What it sees. Nothing is wrong with the backup, every better host is down, and it answers 4yz to every recipient. In a
proof: every host of the best preference is down, and it answers 4yz to the recipient, for no reason that it has itself,
such as a full mailbox or disk.
Why it matters. It asks the primary about each of them. A backup that works only while the primary does is none: senders
keep the mail, as they would without it.
Example. The backup verifies recipients at the primary, which is down:
    hosts: {mx2: {verifies: mx1}}
    senders: [rfc5321]
    steps:
      - {at: 0m,  break: mx1, with: tcp-refuse, for: 1h}
      - {at: 10m, send: letter, to: alice}
What to do. Give the backup the list of recipients, or let it keep what it has learnt longer than an outage lasts.
Standards. RFC 5321 §6.1.
"""

import re

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.proof import Answer, Handover, Proof
from mxprobe.facts.run import Event, EventKind, Run
from mxprobe.facts.smtp import Phase
from mxprobe.mx.matrix import Why
from mxprobe.mx.proving import why_of
from mxprobe.rules.proof.reading import NOTHING_SENT, is_outage, name_primaries, over_backups, quote, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, healthy_at

RULE = Rule(
    code="MX815",
    name="backup-depends-on-primary-callout",
    severity=Severity.WARNING,
    references=("RFC 5321 §6.1",),
    by_chain=True,
)


def find(run: Run) -> Judgement:
    """A finding for each backup that put every recipient off for as long as no better host was up."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    return conclude(RULE, [found for preference, host in run.chain for found in _judge_host(run, preference, host)])


def _judge_host(run: Run, preference: int, host: str) -> list[Finding]:
    better = [name for number, name in run.chain if number < preference]
    asked = [event for event in run.events if event.who == SENDER and event.host == host]
    alone = [event for event in asked if better and not any(healthy_at(run, name, event.at) for name in better)]
    refused = [event for event in alone if event.kind is EventKind.REFUSED]
    taken = any(event.kind is EventKind.ACCEPTED for event in alone)
    put_off = all(event.cell == "R2" and healthy_at(run, host, event.at) for event in refused)
    if not refused or taken or not put_off:
        return []
    words = Words(
        says=f"{host} takes no mail for anybody while {better[0]} is down",
        seen=tuple(f'{event.recipient}: "{event.text}"' for event in _first_of_each(refused)),
        means="It asks a host that is down about every recipient; senders wait as they would without it.",
        do="Give it the list of recipients, or let it remember those it has asked about.",
    )
    return [finding(RULE, host, words)]


def _first_of_each(events: list[Event]) -> list[Event]:
    """The first answer about each recipient, of three at most."""
    first = {event.recipient: event for event in reversed(events)}
    return list(first.values())[:3]


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each backup that said later to the recipient while the primary was down."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    if not any(is_outage(route, proof) for route in over_backups(proof)):
        return inconclusive(RULE, "the primary was not down")
    found, unknown = [], []
    for route in over_backups(proof):
        last = route.last
        if last is None or last.cell[0] != "R" or not is_outage(route, proof):
            continue
        if why_of(last) != (Answer.LATER, Why.PLAIN):
            continue
        if _is_of_its_own(last):
            unknown.append(f"{route.via} puts the recipient off for a reason of its own: {quote(route)}")
            continue
        words = Words(
            says=f"{route.via} takes no mail while {name_primaries(proof)} is down",
            seen=(quote(route),),
            means="In an outage it is no backup. That is what a host says which asks the primary about recipients.",
            do=f"Give {route.via} the list of recipients, or a long memory of those who were verified.",
        )
        found.append(finding(RULE, route.via, words))
    return decide(RULE, found, unknown)


_VERIFIES = re.compile(r"verif|callout|call-?ahead", re.IGNORECASE)
_OWN = re.compile(
    r"quota|mailbox (is )?full|full mailbox|insufficient|out of (space|disk)|disk (is )?full|storage|over ?limit"
    r"|low on space|mailbox (is )?(busy|locked|disabled|inactive)",
    re.IGNORECASE,
)


def _is_of_its_own(last: Handover) -> bool:
    """Whether the last reply is about the mailbox or the host's own system, and not about asking for a recipient."""
    replies = [turn.reply for turn in last.turns if turn.phase is Phase.RCPT and turn.reply is not None]
    if not replies or _VERIFIES.search(replies[-1].text):
        return False
    enhanced = replies[-1].enhanced or ""
    return enhanced.startswith("4.2.") or enhanced == "4.3.1" or _OWN.search(replies[-1].text) is not None
