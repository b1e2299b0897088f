"""The domain has an MTA-STS policy and asks nobody to report failures.

What it sees. A TXT record of MTA-STS, and none of TLS reporting.
Why it matters. A mistake in the policy or a certificate keeps mail away, and the senders that see it tell nobody.
Example. A policy without reports:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _mta-sts.example.test TXT v=STSv1; id=1
    _smtp._tls.example.test NODATA
What to do. Publish a TXT record of TLS reporting, before the policy enforces.
Standards. RFC 8460 §3; RFC 8461 §6.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import RecordStatus
from mxprobe.mx.once import known_answers
from mxprobe.mx.policyseen import policy_of
from mxprobe.mx.tlsrpt import read_reports, report_question
from mxprobe.rules.pasting import text_record
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX783",
    name="tlsrpt-missing",
    severity=Severity.INFO,
    references=("RFC 8460 §3", "RFC 8461 §6"),
    behind=(Behind.POLICY, Behind.REPORTS),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the domain."""
    seen = policy_of(snapshot)
    if seen.record is None or seen.record.status is RecordStatus.FAILED:
        return inconclusive(RULE, seen.unknown)
    if seen.record.status is not RecordStatus.FOUND:
        return conclude(RULE, [])
    answer = known_answers(snapshot).get(report_question(snapshot.domain))
    if answer is None or answer.status.is_temporary:
        reason = "nobody asked" if answer is None else f"the lookup failed: {answer.status}"
        return inconclusive(RULE, f"whether reports are wanted is not known: {reason}")
    if read_reports(answer):
        return conclude(RULE, [])
    name = report_question(snapshot.domain).name
    words = Words(
        says=f"{snapshot.domain} has an MTA-STS policy and asks nobody to report failures",
        seen=(f"{name} TXT: {answer.status}",),
        means="Mail that the policy keeps away is missed by nobody.",
        do="Publish an address that reports go to, and read them.",
        paste=text_record(name, f"v=TLSRPTv1; rua=mailto:tls-reports@{snapshot.domain}"),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
