"""This network blocks outgoing port 25.

What it sees. No MX address of a family could be reached on port 25, and neither could two or more control hosts of
other operators.
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
from mxprobe.mx.standing import LEAST_CONTROLS, Standing, judge_visit
from mxprobe.rules.domain.reading import describe, was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX001", name="egress-port-25-blocked", severity=Severity.INFO, references=())


def find(snapshot: Snapshot) -> Judgement:
    """One finding about the probe's own network; without two control hosts it cannot be told."""
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    mute = [visit for visit in snapshot.visits if visit.sessions and not any(one.banner for one in visit.sessions)]
    if not mute:
        return conclude(RULE, [])
    blocked = [visit for visit in mute if judge_visit(visit, snapshot) is Standing.BLOCKED_HERE]
    families = {visit.endpoint.is_ipv6 for visit in snapshot.visits if any(one.banner for one in visit.sessions)}
    if not blocked:
        doubtful = [visit for visit in mute if visit.endpoint.is_ipv6 not in families]
        if doubtful and len(snapshot.controls) < LEAST_CONTROLS:
            return inconclusive(RULE, "no address greeted, and fewer than two control hosts could be asked to compare")
        return conclude(RULE, [])
    seen = tuple(f"control host {control.endpoint.id}: {describe(control.session)}" for control in snapshot.controls)
    words = Words(
        says="this network blocks outgoing port 25, or has no way out at all",
        seen=seen,
        means=f"Nothing is known of {', '.join(visit.endpoint.id for visit in blocked)}.",
        do="Probe from a host that may send mail, or use --dns-only.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
