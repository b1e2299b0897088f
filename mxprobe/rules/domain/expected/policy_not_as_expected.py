"""What protects mail on its way to the hosts is not as the operator expects: MTA-STS, its reports, DANE, DNSSEC.

What it sees. With --expect FILE: the MTA-STS policy is in another mode than `mta-sts` says (no policy is `none`); there
is no TLS reporting where `tlsrpt` wants it, or the other way round; under `dane: required` a host has no TLSA records
that senders use (they use none of a domain whose MX records are not signed), under `absent` one has any; the MX records
are not `signed`, or not `unsigned` (`dnssec`).
Why it matters. Each of them can vanish without a mail being late: nothing else would tell.
Example. The policy went back to testing:
    approved mta-sts: enforce
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _mta-sts.example.test TXT v=STSv1; id=2
    policy "version: STSv1" "mode: testing" "mx: mx1.example.test" "max_age: 604800"
What to do. Put the protection back, or have the change of the file reviewed.
Standards. RFC 8461 §3, §5; RFC 8460 §3; RFC 7672 §2.2; RFC 4033 §3.
"""

from collections.abc import Iterator

from mxprobe.facts.approved import Approved, WantedDane, WantedMode, WantedReports, WantedSigning
from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import AnswerStatus, Security
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import Policy, RecordStatus, record_question
from mxprobe.mx.once import known_answers
from mxprobe.mx.policies import security_of_chain
from mxprobe.mx.policyseen import policy_of
from mxprobe.mx.promise import PromiseKind
from mxprobe.mx.tlsrpt import read_reports, report_question
from mxprobe.rules.domain.dane.reading import promises_of
from mxprobe.rules.domain.dnssec.reading import why_unknown, words_of
from mxprobe.rules.domain.expected.reading import Broken, or_change, silent, some, tell_broken
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.rule import Behind, Rule, decide, inconclusive

RULE = Rule(
    code="MX534",
    name="policy-not-as-expected",
    severity=Severity.ERROR,
    covers=("MX502",),
    references=("RFC 8461 §3", "RFC 8461 §5", "RFC 8460 §3", "RFC 7672 §2.2", "RFC 4033 §3"),
    behind=(Behind.POLICY, Behind.REPORTS, Behind.TLSA),
)

_NO_RECORDS = {
    PromiseKind.NONE: "has no TLSA records",
    PromiseKind.INSECURE: "has TLSA records that are not secure, and that no sender uses",
    PromiseKind.UNUSABLE: "has no TLSA record that SMTP uses",
}


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each protection that is not as expected, about the name that has it."""
    approved = beside.approved
    if approved is None or not any((approved.mta_sts, approved.tlsrpt, approved.dane, approved.dnssec)):
        return inconclusive(RULE, silent(beside))
    unknown = list[str]()
    found = [
        *_mta_sts(snapshot, approved, unknown),
        *_reports(snapshot, approved, unknown),
        *_dane(snapshot, approved, unknown),
        *_signing(snapshot, approved, unknown),
    ]
    return decide(RULE, found, some(unknown))


def _finding(approved: Approved, subject: str, says: str, seen: str, key: str) -> Finding:
    expected = f"{key}: {getattr(approved, key.replace('-', '_')).value}"
    broken = Broken(seen=seen, expected=expected, place=approved.place(key))
    return tell_broken(RULE, subject, says, (broken,), f"Put it back; {or_change(approved)}.")


def _mta_sts(snapshot: Snapshot, approved: Approved, unknown: list[str]) -> Iterator[Finding]:
    """The mode of the policy, as senders see it: what cannot be read is none."""
    if approved.mta_sts is None:
        return
    seen = policy_of(snapshot)
    if seen.unknown:
        unknown.append(seen.unknown)
        return
    name = record_question(snapshot.domain).name
    if seen.record is None or seen.record.status is not RecordStatus.FOUND:
        mode, told = WantedMode.NONE, f"{name}: {seen.record.reason if seen.record is not None else 'no record'}"
    elif isinstance(seen.policy, Policy):
        mode, told = WantedMode(seen.policy.mode.value), f"the policy says mode: {seen.policy.mode}"
    else:
        mode, told = WantedMode.NONE, "the policy cannot be read"
    if mode is not approved.mta_sts:
        is_so = "is not there for senders" if mode is WantedMode.NONE else f"is in mode {mode.value}"
        yield _finding(approved, name, f"the MTA-STS policy of {snapshot.domain} {is_so}", told, "mta-sts")


def _reports(snapshot: Snapshot, approved: Approved, unknown: list[str]) -> Iterator[Finding]:
    if approved.tlsrpt is None:
        return
    question = report_question(snapshot.domain)
    answer = known_answers(snapshot).get(question)
    if answer is None or answer.status.is_temporary:
        asked = answer is not None and answer.status is not AnswerStatus.NOT_ASKED
        why = f"the TXT lookup of {question.name} failed ({answer.status})" if asked and answer is not None else ""
        unknown.append(why or f"nobody asked for the TXT records of {question.name}")
        return
    records = read_reports(answer)
    is_there = len(records) == 1  # of two, none counts
    if is_there is (approved.tlsrpt is WantedReports.PRESENT):
        return
    told = f"{question.name} TXT: {records[0][:200] if is_there else f'{len(records)} records of TLS reporting'}"
    is_so = "asks for TLS reports" if is_there else "asks nobody for TLS reports"
    yield _finding(approved, question.name, f"{snapshot.domain} {is_so}", told, "tlsrpt")


def _dane(snapshot: Snapshot, approved: Approved, unknown: list[str]) -> Iterator[Finding]:
    """Each MX host's records; whether its certificate fits them is for the rules about DANE."""
    if approved.dane is None:
        return
    doubt, chain = not_resolved(chain_of(snapshot)), security_of_chain(snapshot)
    unknown += [doubt] if doubt else []
    is_required = approved.dane is WantedDane.REQUIRED
    if is_required and chain is Security.UNKNOWN:
        unknown.append("whether the MX records are secure, without which no sender uses TLSA records")
    for host, promise in promises_of(snapshot).items():
        if promise.kind is PromiseKind.UNKNOWN:
            unknown.append(f"{host}: {promise.why}")
        elif promise.kind is PromiseKind.FAILED:
            unknown.append(f"{host}: the TLSA lookup fails ({promise.why})")
        elif is_required and promise.kind in _NO_RECORDS:
            told = f"{host} {_NO_RECORDS[promise.kind]}"
            yield _finding(approved, host, f"DANE does not protect {host}", told, "dane")
        elif is_required and chain in (Security.INSECURE, Security.BOGUS):
            told = f"the MX records of {snapshot.domain} are {chain.value}, so that senders do not use its TLSA records"
            yield _finding(approved, host, f"DANE does not protect {host}", told, "dane")
        elif approved.dane is WantedDane.ABSENT and promise.kind is not PromiseKind.NONE:
            lines = ", ".join(str(record)[:40] for record in promise.records[:2])
            yield _finding(approved, host, f"{host} has TLSA records", f"{host} TLSA {lines}", "dane")


def _signing(snapshot: Snapshot, approved: Approved, unknown: list[str]) -> Iterator[Finding]:
    if approved.dnssec is None:
        return
    word = words_of(snapshot).mx
    if word.security is Security.UNKNOWN:
        unknown.append(why_unknown(snapshot, word))
        return
    is_right = {WantedSigning.SIGNED: Security.SECURE, WantedSigning.UNSIGNED: Security.INSECURE}[approved.dnssec]
    if word.security is not is_right:
        is_so = {Security.SECURE: "signed", Security.INSECURE: "not signed", Security.BOGUS: "signed wrongly"}
        says = f"the MX records of {snapshot.domain} are {is_so[word.security]} (DNSSEC)"
        yield _finding(approved, snapshot.domain, says, word.evidence, "dnssec")
