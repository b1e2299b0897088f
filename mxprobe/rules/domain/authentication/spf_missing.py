"""The domain says nothing of who may send under its name.

What it sees. No TXT record of the domain is an SPF record.
Why it matters. Mail from the domain that fails elsewhere is judged without it; what a backup gives back under the
domain's name has nothing to show. It says nothing about mail that comes in.
Example. A domain whose texts are others:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    example.test TXT some-verification=1
What to do. Publish a record with the hosts that send; one that says "-all" where none does.
Standards. RFC 7208 §3, §4.5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.authentication.records import published
from mxprobe.rules.pasting import text_record, under
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX850",
    name="spf-missing",
    severity=Severity.INFO,
    references=("RFC 7208 §3", "RFC 7208 §4.5"),
    behind=(Behind.SPF,),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where there is no record."""
    seen = published(snapshot)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    if seen.texts:
        return conclude(RULE, [])
    words = Words(
        says=f"{snapshot.domain} has no SPF record",
        seen=(f"{snapshot.domain} TXT: none begins with v=spf1",),
        means=f"Receivers cannot tell who may send mail of {snapshot.domain}.",
        do='Publish the hosts that send, or "v=spf1 -all" where none does.',
        paste=under("if the MX hosts send, and nobody else", text_record(snapshot.domain, "v=spf1 mx ~all")),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
