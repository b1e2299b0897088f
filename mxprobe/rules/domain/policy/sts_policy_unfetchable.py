"""The MTA-STS policy is announced, and cannot be fetched.

What it sees. The TXT record is right; the policy's host has no address, does not speak HTTPS, redirects, answers with
another status than 200, or sends more than 64 KB. A connection that failed once is a warning: it may have been chance.
A zone file shows whether the host has an address.
Why it matters. Senders that have no older policy act as if there were none.
Example. The web server forgot the file:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _mta-sts.example.test TXT v=STSv1; id=1
    policy http-status 404
What to do. Serve the file at that address with status 200, without a redirect.
Standards. RFC 8461 §3.3.
"""

from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.policy import FetchStatus
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import POLICY_PATH, RecordStatus, policy_host
from mxprobe.mx.once import known_answers
from mxprobe.mx.policyseen import policy_of
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX772",
    name="sts-policy-unfetchable",
    severity=Severity.ERROR,
    references=("RFC 8461 §3.3",),
    behind=(Behind.POLICY,),
)

_FAMILIES = (RecordType.A, RecordType.AAAA)

_SURE = {
    FetchStatus.NO_ADDRESS: "its host has no address that can be reached",
    FetchStatus.TLS: "its host does not speak TLS",
    FetchStatus.MALFORMED: "what its host says is no HTTP",
    FetchStatus.HTTP_STATUS: "its host answers with another status than 200",
    FetchStatus.REDIRECT: "its host redirects, which senders do not follow",
    FetchStatus.TOO_LARGE: "it is larger than 64 KB",
}
_ONCE = {
    FetchStatus.REFUSED: "its host refused the connection",
    FetchStatus.TIMEOUT: "its host did not answer",
    FetchStatus.UNREACHABLE: "its host could not be reached",
    FetchStatus.CLOSED: "the connection ended before the answer",
}


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the domain. A certificate that does not hold is the next rule's."""
    seen = policy_of(snapshot)
    if seen.record is None or seen.record.status is RecordStatus.FAILED:
        return inconclusive(RULE, seen.unknown)
    if seen.record.status is not RecordStatus.FOUND:
        return conclude(RULE, [])
    if seen.fetch is None:
        return _without_fetching(snapshot, seen.unknown)
    says = {**_SURE, **_ONCE}.get(seen.fetch.status)
    if says is None:
        known = seen.fetch.status in (FetchStatus.FETCHED, FetchStatus.BAD_CERTIFICATE)
        return conclude(RULE, []) if known else inconclusive(RULE, seen.unknown)
    address = f"https://{policy_host(snapshot.domain)}{POLICY_PATH}"
    status = f", status {seen.fetch.code}" if seen.fetch.code is not None else ""
    words = Words(
        says=f"the MTA-STS policy cannot be fetched: {says}",
        seen=(f"{address}: {seen.fetch.detail or seen.fetch.status}{status}",),
        means="Senders without an older policy act as if there were none.",
        do="Serve the file there with status 200, as text/plain, without a redirect.",
    )
    severity = Severity.WARNING if seen.fetch.status in _ONCE else None
    return conclude(RULE, [finding(RULE, snapshot.domain, words, severity)])


def _without_fetching(snapshot: Snapshot, unknown: str) -> Judgement:
    """What names alone tell: a policy host that is known to have no address is asked in vain."""
    host, answers = policy_host(snapshot.domain), known_answers(snapshot)
    known = [answers.get(Question(name=host, rrtype=rrtype)) for rrtype in _FAMILIES]
    if not all(answer is not None and answer.status.is_absence for answer in known):
        return inconclusive(RULE, unknown)
    words = Words(
        says=f"the MTA-STS policy cannot be fetched: {host} has no address",
        seen=tuple(f"{host} {answer.question.rrtype}: {answer.status}" for answer in known if answer is not None),
        means="Senders without an older policy act as if there were none.",
        do=f"Give {host} the address of the host that serves the policy.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
