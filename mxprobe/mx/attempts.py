"""Whether a session is worth another, what it may have asked, and whether its host limits us. Pure.

Standards: RFC 5321 §3.8 (421 closes the service), §7.8 (hosts defend themselves); RFC 2920 §3.1 (what is sent at once).
"""

import re

from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.mx.standing import is_throttling, limiting_replies, names_probe, refusal_of_probe

_CLOSING = 421
_GREYLIST = re.compile(r"gr[ae]y-?list", re.IGNORECASE)
_OF_POLICY = "4.7."
_HELLOS = (Phase.EHLO, Phase.HELO)
_ENDS = (FailureKind.RESET, FailureKind.CLOSED)
_BEFORE_WORDS = (Phase.CONNECT, Phase.BANNER)


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
    return (Phase.MAIL in phases and groups_commands(session)) or Phase.RCPT in phases


def groups_commands(session: Session) -> bool:
    """Whether all envelopes of a session left in one piece."""
    return any(line.split(" ")[0].upper() == "PIPELINING" for line in session.extensions)


def has_served(session: Session) -> bool:
    """Whether the host greeted us and took our EHLO or HELO, or was not told any."""
    greeted = False
    for turn in session.turns:
        if turn.phase is Phase.MAIL:  # very many turns may follow, none of which says more
            break
        if turn.phase in _HELLOS:
            greeted = True
            if turn.reply is not None and turn.reply.is_positive:
                return True
    if greeted:
        return False
    return session.banner is not None and session.banner.is_positive and session.failure is None


def limit_of(session: Session) -> Reply | None:
    """The reply by which the host limits how often we come; None where it does not, as far as its words tell.

    Greylisting has every sender wait, and a refusal of our address is not about how often.
    """
    return next((reply for reply in limiting_replies(session) if _is_about_pace(reply)), None)


def _is_about_pace(reply: Reply) -> bool:
    if _GREYLIST.search(reply.text):
        return False
    return is_throttling(reply) or not names_probe(reply)


def is_sent_away(session: Session) -> bool:
    """Whether the host greets us with 421 and names no trouble of its own: where its operator served us before, that is
    a limit."""
    banner = session.banner
    if banner is None or banner.code != _CLOSING or names_probe(banner):
        return False
    return banner.enhanced is None or banner.enhanced.startswith(_OF_POLICY)


def is_hung_up(session: Session) -> bool:
    """Whether the connection was ended before a greeting: by an address that served us before, that is a limit."""
    failure = session.failure
    return failure is not None and failure.kind in _ENDS and failure.phase in _BEFORE_WORDS
