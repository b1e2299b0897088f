"""A message took long although everything was up.

What it sees. More than five minutes between a host's acceptance and the copy's arrival, no better host down and no
greylisting on the way. Above an hour it is an error. A copy that somebody says has come has no time of its own.
Why it matters. Mail that is late is asked for by telephone.
Example. The primary refuses the backup for a while:
    steps:
      - {at: 0m, break: mx1, with: {reply: 451 4.3.2 busy}, phase: rcpt, for: 20m}
      - {at: 1m, prove: drill, to: alice, watch: 3h}
What to do. Read the trace for the slow hop.
Standards. RFC 5321 §4.4."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import accepted_at
from mxprobe.rules.proof.reading import NOBODY_LOOKED, came_at, known_routes
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX819",
    name="delivery-slow",
    severity=Severity.WARNING,
    references=("RFC 5321 §4.4",),
)

_SLOW, _VERY_SLOW = 300.0, 3600.0


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each message that took long."""
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    found, unknown = [], []
    for route in known_routes(proof):
        taken, times = accepted_at(route), [(at, copy) for copy in route.copies if (at := came_at(copy)) is not None]
        if taken is None or not route.copies or route.down:
            continue
        if not times:
            unknown.append(f"somebody says that the message over {route.via} has come, and not when")
            continue
        at, copy = min(times, key=lambda one: one[0])
        if at - taken.at <= _SLOW:
            continue
        words = Words(
            says=f"the message over {route.via} took {(at - taken.at) / 60:.0f} min to arrive",
            seen=tuple(hop.raw[:160] for hop in copy.hops[-3:]),
            means="Mail over this host is late although every host is up.",
            do="Read the trace for the slow hop.",
        )
        severity = Severity.ERROR if at - taken.at > _VERY_SLOW else None
        found.append(finding(RULE, route.via, words, severity))
    return decide(RULE, found, unknown)
