"""A certificate is about to expire.

What it sees. Fewer than 14 days, counted from the handshake, are left of a host's own certificate; fewer than 7 are a
warning. Certificates that live ten days or less are renewed all the time, and left alone.
Why it matters. A renewal that works is long over by then. Once the certificate has expired, senders that enforce
MTA-STS skip the host.
Example. Renewal has stopped:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate expiring
What to do. Renew it, and find out why that did not happen by itself.
Standards. RFC 8461 §4.2; RFC 5280 §4.1.2.5.
"""

from datetime import UTC, datetime

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.transport.address import Address, Trait
from mxprobe.rules.domain.transport.handshake import judge_handshakes, not_shaken
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX710",
    name="cert-expiring",
    severity=Severity.INFO,
    references=("RFC 8461 §4.2", "RFC 5280 §4.1.2.5"),
)

_DAY = 86400.0
_SOON, _VERY_SOON, _SHORT_LIVED = 14 * _DAY, 7 * _DAY, 10 * _DAY
"""Left over, and the whole life of a certificate: figures of this project, no standard has any."""


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host; what has expired already is told by another rule."""
    return judge_handshakes(RULE, snapshot, Trait(proof=_proof, doubt=_doubt, words=_words, severity=_severity))


def _left(session: Session | None) -> float | None:
    """Seconds that the host's own certificate has left at the handshake; None without one, or without dates."""
    if session is None or session.tls is None or not session.tls.chain or not session.tls.chain[0].not_after:
        return None
    return session.tls.chain[0].not_after - session.started_at


def _proof(address: Address) -> str | None:
    left = _left(address.session)
    if left is None or address.session is None or address.session.tls is None or not 0 <= left < _SOON:
        return None
    leaf = address.session.tls.chain[0]
    if leaf.not_after - leaf.not_before <= _SHORT_LIVED:
        return None
    last = datetime.fromtimestamp(leaf.not_after, UTC)
    return f"the certificate shown in the handshake ends {last:%Y-%m-%d %H:%M} UTC, {left / _DAY:.1f} days after it"


def _doubt(address: Address) -> str | None:
    tls = address.session.tls if address.session is not None else None
    return (
        "the dates of its certificate cannot be read" if tls and _left(address.session) is None else not_shaken(address)
    )


def _severity(_rule: Rule, address: Address) -> Severity:
    left = _left(address.session)
    return Severity.WARNING if left is not None and left < _VERY_SOON else Severity.INFO


def _words(host: str) -> Words:
    return Words(
        says=f"the certificate of {host} is about to expire",
        means="Senders that enforce MTA-STS skip the host from then on.",
        do=f"Renew the certificate of {host}, and find out why that did not happen by itself.",
    )
