"""What receivers are told of mail from the domain is not as the operator expects: SPF, DMARC.

What it sees. With --expect FILE: DMARC asks for another policy than `dmarc` says, by the record that counts for the
domain; under t=y that is the next weaker one. SPF has no record where `spf` wants one, or gives a client that it does
not name another result (`fail`, `softfail`, `neutral`).
Why it matters. A weaker record lets others send under the domain's name; a stronger one that nobody approved may stop
mail that is yours, such as what a backup or a forwarder hands on.
Example. Somebody took the policy back:
    approved dmarc: reject
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _dmarc.example.test TXT v=DMARC1; p=none
    _dmarc.test NXDOMAIN
What to do. Restore the record, or have the change of the file reviewed.
Standards. RFC 9989 §4.7, §4.10; RFC 7208 §4.7, §8.
"""

from collections.abc import Iterator

from mxprobe.facts.approved import Approved, WantedDmarc, WantedSpf
from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import Question
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dmarc import Discovery, Policy, discover
from mxprobe.mx.once import known_answers
from mxprobe.mx.spf import Client, evaluate, replay
from mxprobe.mx.spfrecord import BadRecord, Mechanism, SpfRecord, Word
from mxprobe.mx.spfseen import STRANGER
from mxprobe.rules.domain.authentication.records import is_up_to_registry, published
from mxprobe.rules.domain.expected.reading import Broken, or_change, silent, some, tell_broken
from mxprobe.rules.rule import Behind, Rule, decide, inconclusive

RULE = Rule(
    code="MX537",
    name="authentication-not-as-expected",
    severity=Severity.ERROR,
    covers=("MX850",),
    references=("RFC 9989 §4.7", "RFC 9989 §4.10", "RFC 7208 §4.7", "RFC 7208 §8"),
    behind=(Behind.SPF, Behind.DMARC),
)

_WEAKER = {
    Policy.REJECT: WantedDmarc.QUARANTINE,
    Policy.QUARANTINE: WantedDmarc.NONE,
    Policy.NONE: WantedDmarc.NONE,
}


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for the SPF record, and one for DMARC."""
    approved = beside.approved
    if approved is None or (approved.spf is None and approved.dmarc is None):
        return inconclusive(RULE, silent(beside))
    unknown = list[str]()
    found = [*_spf(snapshot, approved, unknown), *_dmarc(snapshot, approved, unknown)]
    return decide(RULE, found, some(unknown))


def _finding(approved: Approved, subject: str, says: str, seen: tuple[str, ...], key: str) -> Finding:
    expected = f"{key}: {getattr(approved, key).value}"
    broken = (Broken(seen=line, expected=expected, place=approved.place(key)) for line in seen)
    return tell_broken(RULE, subject, says, broken, f"Restore the record; {or_change(approved)}.")


def dmarc_word(seen: Discovery, domain: str) -> WantedDmarc:
    """What DMARC asks for mail of the domain itself, by the record that counts for it (RFC 9989 §4.10.1)."""
    record = seen.record
    if record is None:
        return WantedDmarc.ABSENT
    policy = record.p if seen.domain == domain else record.sp or record.p
    policy = policy or Policy.NONE
    return _WEAKER[policy] if record.testing else WantedDmarc(policy.value)


def _dmarc(snapshot: Snapshot, approved: Approved, unknown: list[str]) -> Iterator[Finding]:
    if approved.dmarc is None:
        return
    seen = discover(snapshot.domain, known_answers(snapshot))
    in_file = seen.record is None and is_up_to_registry(snapshot) and approved.dmarc is not WantedDmarc.ABSENT
    if seen.unknown and not in_file:
        unknown.append(seen.unknown)
        return
    word = dmarc_word(seen, snapshot.domain)
    if word is not approved.dmarc:
        is_so = "is not there" if word is WantedDmarc.ABSENT else f"asks for {word.value}"
        says = f"DMARC of {snapshot.domain} {is_so}"
        last = seen.walked[:1] if in_file else seen.walked[-1:]
        lines = last if seen.record is None else tuple(line for line in seen.walked if "v=" in line)[:1]
        yield _finding(approved, f"_dmarc.{snapshot.domain}", says, lines or (says,), "dmarc")


def _spf(snapshot: Snapshot, approved: Approved, unknown: list[str]) -> Iterator[Finding]:
    if approved.spf is None:
        return
    seen, domain = published(snapshot), snapshot.domain
    if seen.unknown:
        unknown.append(seen.unknown)
        return
    shown = tuple(f"{domain} TXT {text}" for text in seen.shown) or (f"{domain} TXT: none begins with v=spf1",)
    is_there = len(seen.texts) == 1  # of several none counts (RFC 7208 §4.5)
    if approved.spf is WantedSpf.ABSENT or not is_there:
        if is_there or approved.spf is not WantedSpf.ABSENT or seen.texts:
            is_so = "has an SPF record" if is_there else f"has {len(seen.texts) or 'no'} SPF records"
            yield _finding(approved, domain, f"{domain} {is_so}", shown, "spf")
        return
    if approved.spf is WantedSpf.PRESENT:
        return
    said = replay(evaluate(Client(address=STRANGER, domain=domain)), known_answers(snapshot))
    if isinstance(said, Question) or said.word is Word.TEMPERROR:
        if _never_gives(approved.spf, seen.record):
            says = f"SPF of {domain} gives {approved.spf.value} to no client"
            yield _finding(approved, domain, says, shown, "spf")
            return
        why = f"{said.name} {said.rrtype} is not known" if isinstance(said, Question) else said.detail
        unknown.append(f"what the SPF record of {domain} says of a client that it does not name: {why}")
    elif said.word.value != approved.spf.value:
        says = f"SPF of {domain} gives {said.word.value} to a client that it does not name"
        yield _finding(approved, domain, says, shown, "spf")


def _never_gives(wanted: WantedSpf, record: SpfRecord | BadRecord | None) -> bool:
    """Whether a record ends in this word for no client at all, whatever its terms find: none of them has it."""
    if not isinstance(record, SpfRecord) or record.redirect is not None:
        return False
    words = {directive.word.value for directive in record.directives}
    ends = any(directive.mechanism is Mechanism.ALL for directive in record.directives)
    return wanted.value not in (words if ends else words | {Word.NEUTRAL.value})
