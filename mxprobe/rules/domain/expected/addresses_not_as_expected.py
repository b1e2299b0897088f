"""A host has other addresses than the operator expects.

What it sees. With --expect FILE, which lists all addresses of a host (`addresses`): the host has one that is not
listed, or lacks one that is.
Why it matters. An address that nobody listed may be somebody else's machine under the host's name.
Example. A second address was added to mx1:
    approved addresses: {mx1: [192.0.2.1]}
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test A 203.0.113.9
What to do. Restore the records, or list the address.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.approved import Approved, WantedAddresses
from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import Answers
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import address_questions, texts_in
from mxprobe.mx.once import known_answers
from mxprobe.rules.domain.expected.reading import Broken, or_change, silent, some, tell_broken
from mxprobe.rules.rule import Behind, Rule, decide, inconclusive

RULE = Rule(
    code="MX538",
    name="addresses-not-as-expected",
    severity=Severity.ERROR,
    covers=("MX520",),
    references=("RFC 5321 §5.1",),
    behind=(Behind.MX, Behind.ALIAS, Behind.ADDRESS),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each host whose addresses differ."""
    approved = beside.approved
    if approved is None or not approved.addresses:
        return inconclusive(RULE, silent(beside))
    found, unknown = list[Finding](), list[str]()
    answers = known_answers(snapshot)
    for wanted in approved.addresses:
        broken = _differing(answers, approved, wanted, unknown)
        if broken:
            says = f"{wanted.host} has other addresses than expected"
            do = f"Restore its address records; {or_change(approved)}."
            found.append(tell_broken(RULE, wanted.host, says, broken, do))
    return decide(RULE, found, some(unknown))


def _differing(answers: Answers, approved: Approved, wanted: WantedAddresses, unknown: list[str]) -> list[Broken]:
    """What is missing and what is not listed, in each family; a family that is not known goes into `unknown`."""
    broken, host = [], wanted.host
    for question in address_questions(host):
        texts = texts_in(answers, question)
        own = [address for address in wanted.addresses if (":" in address) == (question.rrtype == "AAAA")]
        if isinstance(texts, str):
            unknown.append(texts)
            continue
        for address in own:
            if address not in texts:
                place = approved.place(f"addresses {host} {address}", f"addresses {host}")
                broken.append(Broken(seen=f"{host} has no address {address}", expected=address, place=place))
        for address in sorted(texts - set(own)):
            place = approved.place(f"addresses {host}", "addresses")
            broken.append(Broken(seen=f"{host} {question.rrtype} {address}", expected="no such address", place=place))
    return broken
