"""The domain has no DMARC record, nor has one above it.

What it sees. No single DMARC record at the domain's _dmarc, nor at any name that a receiver asks for on its way up.
In a zone file: where above the domain there is a registry alone.
Why it matters. Nobody tells receivers what to do with mail that claims to be of the domain and fails, and nobody
reports to you what fails: mail that breaks on the way over a backup or gateway is seen in such reports first.
Example. Nothing at the domain, nor above:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _dmarc.example.test NXDOMAIN
    _dmarc.test NXDOMAIN
What to do. Publish p=none with an address for reports, read them, and raise the policy later.
Standards. RFC 9989 §4.7, §4.10.
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dmarc import discover
from mxprobe.mx.once import known_answers
from mxprobe.rules.domain.authentication.records import is_up_to_registry
from mxprobe.rules.pasting import text_record
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX857",
    name="dmarc-missing",
    severity=Severity.INFO,
    references=("RFC 9989 §4.7", "RFC 9989 §4.10"),
    behind=(Behind.DMARC,),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where the walk finds none."""
    seen = discover(snapshot.domain, known_answers(snapshot))
    in_file = seen.record is None and is_up_to_registry(snapshot)
    if seen.unknown and not in_file:
        return inconclusive(RULE, seen.unknown)
    if seen.record is not None:
        return conclude(RULE, [])
    if snapshot.mx is not None and snapshot.mx.status is AnswerStatus.NXDOMAIN:
        return inconclusive(RULE, f"{snapshot.domain} does not exist")
    unless = "Unless the registry above has one, r" if in_file else "R"
    words = Words(
        says=f"{snapshot.domain} has no DMARC record",
        seen=seen.walked,
        means=f"{unless}eceivers are not told what to do with mail that fails, and nobody reports it to you.",
        do="Publish p=none with an address for reports, read them, and raise the policy later.",
        paste=text_record(f"_dmarc.{snapshot.domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{snapshot.domain}"),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
