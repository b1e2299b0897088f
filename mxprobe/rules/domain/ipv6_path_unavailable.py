"""This machine has no way to IPv6.

What it sees. IPv6 addresses in the chain that could not be dialled because this machine has no IPv6.
Why it matters. They were not looked at; nothing is said of them.
Example. A laptop in an IPv4-only network:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test AAAA 2001:db8::1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    2001:db8::1 no way for its family
What to do. Probe from a machine with both families.
Standards. RFC 5321 §5.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.rules.domain.reading import was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX005", name="ipv6-path-unavailable", severity=Severity.INFO, references=("RFC 5321 §5.2",))


def find(snapshot: Snapshot) -> Judgement:
    """One finding for all addresses that this machine cannot reach."""
    if 6 not in snapshot.vantage.families:
        return inconclusive(RULE, "IPv6 was not asked for")
    blind = [visit for visit in snapshot.visits if judge_visit(visit, snapshot) is Standing.NO_IPV6_HERE]
    if not blind:
        return conclude(RULE, []) if was_dialled(snapshot) else inconclusive(RULE, "no address was dialled")
    words = Words(
        says="IPv6 addresses could not be looked at: no IPv6 here",
        seen=tuple(visit.endpoint.id for visit in blind),
        means="Nothing is known of these addresses.",
        do="Probe from a machine with IPv6.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
