"""Which cell of the outcome table a finished turn falls into.

Works on turns alone, whoever wrote them: our session, the lab's sender, a host.
"""

from mxprobe.facts.session import Failure, FailureKind, Turn
from mxprobe.facts.smtp import Phase, Reply

_CONNECT = {FailureKind.REFUSED: "C1", FailureKind.TIMEOUT: "C2", FailureKind.UNREACHABLE: "C3"}
_LOCAL = (FailureKind.LOCAL, FailureKind.NO_FAMILY)
_ENDED = (FailureKind.CLOSED, FailureKind.RESET)
_ACCEPTED = {
    Phase.CONNECT: "B1",
    Phase.BANNER: "B1",
    Phase.EHLO: "H1",
    Phase.HELO: "H1",
    Phase.STARTTLS: "H1",
    Phase.TLS: "H1",
    Phase.MAIL: "M1",
    Phase.RCPT: "R1",
    Phase.DATA: "X1",
    Phase.BODY: "X1",
    Phase.DOT: "Z1",
    Phase.RSET: "Q1",
    Phase.QUIT: "Q1",
}


def classify(turn: Turn) -> str:
    """The name of the cell for a turn's reply or failure."""
    if turn.failure is not None:
        return _classify_failure(turn, turn.failure)
    if turn.reply is None:
        return _ACCEPTED[turn.phase]
    return classify_reply(turn.phase, turn.reply, secured=turn.secured)


def _classify_failure(turn: Turn, failure: Failure) -> str:  # one return a row of the table
    kind, phase = failure.kind, turn.phase
    if kind in _LOCAL:
        return "C4"
    match phase:
        case Phase.CONNECT:
            return _CONNECT.get(kind, "C3")
        case Phase.BANNER:
            if kind is FailureKind.TIMEOUT:
                return "B5"
            return "B6" if kind in _ENDED else "B4"
        case Phase.EHLO | Phase.HELO:
            return "T10" if turn.secured else "H6"
        case Phase.STARTTLS:
            return "T4" if kind is FailureKind.MALFORMED else "H6"
        case Phase.TLS:
            return "T17" if kind is FailureKind.TIMEOUT else "T4"
        case Phase.MAIL:
            return "M5"
        case Phase.RCPT:
            return "R7" if kind is FailureKind.TIMEOUT else "R6"
        case Phase.DATA | Phase.BODY:
            return "X4"
        case Phase.DOT:
            return "Z5" if kind is FailureKind.TIMEOUT else "Z6"
        case _:
            return "Q1"


def classify_reply(phase: Phase, reply: Reply, *, secured: bool = False) -> str:
    """The name of the cell for a reply in a phase; a reply without a code, or 1yz or 3yz, counts as 4yz."""
    wanted = 3 if phase is Phase.DATA else 2
    if reply.severity == wanted:
        return _ACCEPTED[phase]
    refused = reply.severity == 5
    match phase:
        case Phase.BANNER:
            return "B3" if refused else ("B2" if reply.severity == 4 else "B4")
        case Phase.EHLO | Phase.HELO if reply.code is None and not secured:
            return "H6"
        case Phase.EHLO:
            if secured:
                return "T10"
            return "H3" if reply.code == 421 else ("H2" if refused else "H4")
        case Phase.HELO:
            return "H5" if refused else "H4"
        case Phase.STARTTLS | Phase.TLS:
            return _refused_starttls(reply)
        case Phase.MAIL:
            return _refused_mail(reply) if refused else "M2"
        case Phase.RCPT:
            return _refused_recipient(reply)
        case Phase.DATA | Phase.BODY:
            return "X3" if refused else "X2"
        case Phase.DOT:
            return "Z3" if refused else ("Z4" if reply.code == 421 else "Z2")
        case _:
            return "Q1"


def _refused_starttls(reply: Reply) -> str:
    """The session goes on in clear, but for what is no reply at all, and for 421: MAIL comes to a closed connection."""
    if reply.code is None:
        return "T4"
    if reply.code == 421:
        return "M5"
    return "T3" if reply.severity == 5 else "T2"


def _refused_mail(reply: Reply) -> str:
    if reply.code == 530:
        return "T11"
    return "M4" if reply.code in (552, 555) else "M3"


def _refused_recipient(reply: Reply) -> str:
    """452 and 552 are "too many" only where the words or the enhanced code say so; else the mailbox is meant."""
    many = reply.enhanced in ("4.5.3", "5.5.3") or "too many" in reply.text.lower()
    if reply.code in (452, 552) and many:
        return "R3"
    if reply.code == 421:
        return "R6"
    if reply.severity == 5:
        return "R5" if reply.code == 551 else "R4"
    return "R2"
