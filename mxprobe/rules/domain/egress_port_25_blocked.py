"""This network blocks outgoing port 25.

What it sees. No MX address could be reached on port 25, and neither could the control hosts of other operators.
Why it matters. What was seen says nothing about the domain: a blocked runner is not a broken domain.
Example. Most consumer networks and many clouds block port 25:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 does not answer
    control 198.51.100.1 does not answer
    control 203.0.113.1 does not answer
What to do. Probe from a host that may send mail, or ask the DNS alone with --dns-only.
Standards. No clause: this is about the network of the probe.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import is_blocked_here
from mxprobe.rules.domain.reading import describe, was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX001", name="egress-port-25-blocked", severity=Severity.INFO, references=())


def find(snapshot: Snapshot) -> Judgement:
    """One finding about the probe's own network; without two control hosts it cannot be told."""
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    if any(session.banner for visit in snapshot.visits for session in visit.sessions):
        return conclude(RULE, [])
    if len(snapshot.controls) < 2:
        return inconclusive(RULE, "no address greeted, and fewer than two control hosts could be asked to compare")
    if not is_blocked_here(snapshot):
        return conclude(RULE, [])
    seen = tuple(f"control host {control.endpoint.id}: {describe(control.session)}" for control in snapshot.controls)
    words = Words(
        says="this network blocks outgoing port 25",
        seen=seen,
        means="The hosts were not looked at.",
        do="Probe from a host that may send mail, or use --dns-only.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
