"""The resolver still has other MX records than the zone's own servers.

What it sees. The zone's own servers agree with each other, and the resolver that was asked first gives other records:
a copy from before a change. A resolver with a view of its own (a company's inside) shows the same.
Why it matters. There is no "propagation": copies run out, each on its own. Until then senders behind such a resolver
use the old hosts.
Example. The backup was added an hour ago:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    authority ns1.example.test example.test MX 10 mx1.example.test
    authority ns1.example.test example.test MX 20 mx2.example.test
What to do. Keep the old hosts taking mail until the time that is printed has passed for all: the TTL that the records
had before the change.
Standards. RFC 1035 §3.2.1; RFC 1034 §4.3.5.
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import Authority, Heard, Voice, contents, speaking
from mxprobe.rules.domain.chain.reading import NO_ANSWER, content_of, zone_side_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX405",
    name="propagation-incomplete",
    severity=Severity.WARNING,
    references=("RFC 1035 §3.2.1", "RFC 1034 §4.3.5"),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where all servers that were heard have one set, and the resolver another."""
    side, answer = zone_side_of(snapshot), snapshot.mx
    if side.unknown:
        return inconclusive(RULE, side.unknown)
    if answer is None or (answer.status.is_temporary and answer.status is not AnswerStatus.ALIAS_LOOP):
        return inconclusive(RULE, NO_ANSWER)
    different = contents(side.voices)
    if len(different) > 1:
        return inconclusive(RULE, "the zone's own servers disagree: first make them agree (MX117)")
    copy = Voice(authority=Authority(zone="", server="resolver", address=""), mx=answer)
    if copy.content == different[0]:
        unheard = next((one.authority.server for one in side.voices if one.heard is not Heard.SPEAKS), None)
        return conclude(RULE, []) if unheard is None else inconclusive(RULE, f"{unheard} was not heard")
    left = copy.ttl if copy.ttl is not None else answer.negative_ttl
    until = f"in {left} s at the latest" if left is not None else "when its TTL has passed"
    has = ", ".join(copy.content) or "no MX record"
    words = Words(
        says=f"a resolver still has other MX records of {snapshot.domain} than its own name servers",
        seen=(f"resolver {answer.server or ''}: {has}", *(content_of(voice) for voice in speaking(side.voices))),
        means=f"Senders behind it use the old hosts; this copy runs out {until}, others on their own.",
        do="Keep the old hosts taking mail until the old TTL has passed everywhere.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
