"""How far a look goes: how long is waited, and when hosts of others are compared with.

Standards: RFC 5321 §4.5.3.2 (how long is waited).
"""

from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Vantage
from mxprobe.mx.plan import special_use
from mxprobe.mx.standing import SMTP_PORT
from mxprobe.wire.session import Limits


def session_limits(vantage: Vantage) -> Limits:
    """Limits for `vantage.timeout` seconds of patience with each reply; a session may take three times that."""
    patience = vantage.timeout
    return Limits(
        connect=min(30.0, patience),
        banner=patience,
        ehlo=patience,
        starttls=patience,
        tls=patience,
        mail=patience,
        rcpt=patience,
        rset=patience,
        quit=min(10.0, patience),
        session=3 * patience,
    )


def families_to_compare(sessions: tuple[Session, ...]) -> tuple[int, ...]:
    """The families (4, 6) in which hosts of other operators can tell more: no address of it said a word on port 25.

    Special-use addresses lie behind no provider's port filter, so that nothing is compared with them.
    """
    found = []
    for family in (4, 6):
        own = [session for session in sessions if session.endpoint.is_ipv6 == (family == 6)]
        public = [session for session in own if special_use(session.endpoint.address) is None]
        if public and all(session.endpoint.port == SMTP_PORT and _never_spoke(session) for session in own):
            found.append(family)
    return tuple(found)


def _never_spoke(session: Session) -> bool:
    failure = session.failure
    return (
        failure is not None
        and failure.phase in (Phase.CONNECT, Phase.BANNER)
        and session.banner is None
        and failure.kind not in (FailureKind.LOCAL, FailureKind.NO_FAMILY)
    )
