"""The backup never handed on what it had accepted.

What it sees. A message that a backup gave up, or still keeps at the end, although every better host had been up for an
hour or more.
Why it matters. The backup accepts mail into a dead end. Often its route to the primary is wrong, or the primary refuses
it.
Example. The primary takes no connection from anybody, the backup gives up after an hour:
    hosts: {mx2: {lifetime: 1h}}
    senders: [postfix]
    steps:
      - {at: 0m, break: mx1, with: {rate-limit: {connections: 0}}}
      - {at: 1m, send: letter, to: alice}
What to do. Let the backup sort the MX records, drop itself and worse hosts, and see that the better ones accept it.
Standards. RFC 5321 §5.1, §3.6.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import Fate, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, healthy_during, preference_of

RULE = Rule(
    code="MX959",
    name="backup-never-flushed",
    severity=Severity.ERROR,
    covers=("MX955",),
    references=("RFC 5321 §5.1", "RFC 5321 §3.6.2"),
    by_chain=True,
)


_LONG_ENOUGH = 3600.0
_EXPIRED = "4.4.7"


def find(run: Run) -> Judgement:
    """A finding for each copy that a backup let expire, or keeps, past an hour of health of the better hosts."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        for host, at, how in _dead_ends(run, fate):
            own = preference_of(run, host)
            better = [name for number, name in run.chain if own is not None and number < own]
            span = (max(at - _LONG_ENOUGH, 0.0), at)
            if at < _LONG_ENOUGH or not better or not all(healthy_during(run, name, span) for name in better):
                continue
            words = Words(
                says=f"{host} never handed on {fate.message} to {fate.recipient}",
                seen=(f"{how} at {at:.0f} s; {', '.join(better)} had been up for an hour or more",),
                means="The backup accepts mail into a dead end.",
                do=f"See how {host} routes mail for the domain, and whether {better[0]} accepts it from there.",
            )
            found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)


def _dead_ends(run: Run, fate: Fate) -> list[tuple[str, float, str]]:
    """Where the copy stayed: host, when, and how."""
    expired = [(by, at, "given up") for by, at, status in fate.bounces if by != SENDER and status == _EXPIRED]
    return expired + [(host, run.ended, "still kept") for host in fate.held if host != SENDER]
