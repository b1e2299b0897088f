"""How far a look goes: how long is waited, and when an address is asked again.

Standards: RFC 5321 §3.8 (421 closes the service).
"""

from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Vantage
from mxprobe.mx.plan import special_use
from mxprobe.mx.standing import SMTP_PORT, refusal_of_probe
from mxprobe.wire.session import Limits

_CLOSING = 421


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
    """Whether the address failed, in a way that may pass: before it served us, or by closing its service (421).

    What is about this probe is not asked again, and neither is what a host says of a sender or a recipient: an address
    is asked about a recipient once, however the session ended.
    """
    if may_have_asked(session):
        return False
    if session.failure is not None:
        ours = session.failure.kind in (FailureKind.LOCAL, FailureKind.NO_FAMILY)
        return not ours and session.failure.phase is not Phase.QUIT
    if refusal_of_probe(session) is not None:
        return False
    replies = [(turn.phase, turn.reply) for turn in session.turns if turn.reply and turn.phase is not Phase.QUIT]
    hello = [reply for phase, reply in replies if phase in (Phase.EHLO, Phase.HELO)]
    refused = any(not reply.is_positive for phase, reply in replies if phase is Phase.BANNER)
    unserved = bool(hello) and not any(reply.is_positive for reply in hello)
    return refused or unserved or any(reply.code == _CLOSING for _, reply in replies)


def may_have_asked(session: Session) -> bool:
    """Whether a RCPT may have left: it was answered, or stood in one piece with a MAIL."""
    phases = {turn.phase for turn in session.turns}
    grouped = Phase.MAIL in phases and any(line.split(" ")[0].upper() == "PIPELINING" for line in session.extensions)
    return grouped or Phase.RCPT in phases


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
