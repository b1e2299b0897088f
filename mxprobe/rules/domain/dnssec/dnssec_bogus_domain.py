"""The signatures of the domain do not hold.

What it sees. The MX answer fails validation: the probe's own, with --dnssec, says at which link and why; a resolver
that validates answers SERVFAIL, and gives the answer to whoever tells it not to check.
Why it matters. Senders whose resolver validates cannot find out where mail goes: they keep it, and give it back after
days.
Example. Nobody signed the zone again in time:
    example.test MX 10 mx1.example.test
    bogus example.test MX expired: the signature of example.test/1 expired 2026-01-01 00:00 UTC
What to do. Sign the zone again, or take the DS record away until it is signed.
Standards. RFC 4035 §5.5; RFC 5321 §5.1.
"""

from mxprobe.facts.dns import AnswerStatus, Security
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.vouching import Reason
from mxprobe.rules.domain.dnssec.reading import goes_with, validates_itself, why_unknown, words_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX501",
    name="dnssec-bogus-domain",
    severity=Severity.ERROR,
    covers=("MX102", "MX503"),
    references=("RFC 4035 §5.5", "RFC 5321 §5.1"),
)

_ANYHOW = "Sign the zone again, or have its DS record taken away."
_DO: dict[str, str] = {
    Reason.EXPIRED: "Sign the zone again, and see to it that it is done in time.",
    Reason.NOT_YET_VALID: "Set the signer's clock, and sign again.",
    Reason.WRONG_KEY: "Sign the zone with the keys that it publishes.",
    Reason.UNTRUSTED_KEYS: "Have the DS record changed to that of the zone's key, or taken away.",
    Reason.NO_KEYS: "Sign the zone, or have its DS record taken away.",
}


def find(snapshot: Snapshot) -> Judgement:
    """One finding where the MX answer is bogus; hosts whose records end at the same link belong to it."""
    words = words_of(snapshot)
    mx = words.mx
    if mx.security is not Security.BOGUS:
        return _not_bogus(snapshot, mx.security, why_unknown(snapshot, mx))
    hosts = [
        host
        for host, said in words.hosts.items()
        if any(one.security is Security.BOGUS and goes_with(mx, one, snapshot.domain) for one in said)
    ]
    told = Words(
        says=f"the DNSSEC signatures of {snapshot.domain} do not hold",
        about=tuple(hosts),
        seen=(mx.evidence,),
        means="Senders whose resolver validates cannot deliver: they wait, and give mail back after days.",
        do=_DO.get(mx.said.reason, _ANYHOW) if mx.said is not None else _ANYHOW,
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, told)])


def _not_bogus(snapshot: Snapshot, security: Security, why: str) -> Judgement:
    """A pass where a validator had a word on it."""
    if security is not Security.UNKNOWN:
        return conclude(RULE, [])
    mx = snapshot.mx
    was_doubted = mx is not None and mx.status is AnswerStatus.SERVFAIL and "resolver" in snapshot.asked_for
    if was_doubted and not validates_itself(snapshot):
        return conclude(RULE, [])  # it fails unchecked, too
    return inconclusive(RULE, why)
