"""How far a look goes: how long is waited, and when an address is asked again.

Standards: RFC 5321 §4.2.1 (4yz may succeed later).
"""

from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.snapshot import Vantage
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


def is_worth_another_try(session: Session) -> bool:
    """Whether the session failed in a way that may pass: any failure not of this machine, or a 4yz."""
    if session.failure is not None:
        return session.failure.kind not in (FailureKind.LOCAL, FailureKind.NO_FAMILY)
    return any(turn.reply is not None and turn.reply.severity == 4 for turn in session.turns)
