"""The host of the MTA-STS policy shows a certificate that does not hold.

What it sees. The handshake with mta-sts.DOMAIN was completed; its certificate is not trusted, not of that name, or not
valid today.
Why it matters. Senders do not take a policy from a host that cannot prove who it is: they act as if there were none.
Example. The certificate has run out:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _mta-sts.example.test TXT v=STSv1; id=1
    policy bad-certificate certificate has expired
What to do. Give the web host a valid certificate for mta-sts.DOMAIN.
Standards. RFC 8461 §3.3.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.policy import FetchStatus
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import RecordStatus, policy_host
from mxprobe.mx.policyseen import policy_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX773", name="sts-policy-host-cert-invalid", severity=Severity.ERROR, references=("RFC 8461 §3.3",))


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the domain."""
    seen = policy_of(snapshot)
    if seen.record is not None and seen.record.status in (RecordStatus.ABSENT, RecordStatus.INVALID):
        return conclude(RULE, [])
    if seen.fetch is None or (seen.fetch.tls is None and seen.fetch.status is not FetchStatus.BAD_CERTIFICATE):
        return inconclusive(RULE, seen.unknown or "no handshake with the policy's host was completed")
    if seen.fetch.status is not FetchStatus.BAD_CERTIFICATE:
        return conclude(RULE, [])
    host = policy_host(snapshot.domain)
    words = Words(
        says=f"the certificate of {host} does not hold",
        seen=(f"{host}: {seen.fetch.detail or 'not valid'}",),
        means="Senders do not take the policy from it, and act as if there were none.",
        do=f"Give it a valid certificate for {host}.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
