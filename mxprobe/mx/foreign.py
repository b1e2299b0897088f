"""What a mailer did, told by the hosts alone: its transactions and what became of them, and where its rounds begin.

Of a mailer that is not ours nobody sees the decisions, only the connections. A session as a host wrote it down is read
into the cells of the outcome table; attempts that follow one another are one round as long as they lead down the chain.

Standards: RFC 5321 §3.3 (transactions), §5.1 (a walk goes from the best preference to worse ones).
"""

from collections.abc import Sequence

from msgspec import Struct

from mxprobe.facts.session import Endpoint, Session, Turn
from mxprobe.facts.smtp import Phase
from mxprobe.mx.reading import classify

_BEGINNING = (Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.BODY, Phase.DOT)
_PASSED_OVER = (Phase.RSET, Phase.QUIT)
_HELLO = (Phase.EHLO, Phase.HELO)


class Transaction(Struct, frozen=True, kw_only=True):
    """One MAIL and what followed: the cell of each recipient that was named (Z1: taken), and that of the whole.

    `at` and `ended` are in seconds since the session began; `secured` says that its content travelled inside
    TLS, None that it did not travel.
    """

    at: float
    ended: float
    mail_from: str
    cell: str
    recipients: tuple[tuple[str, str], ...] = ()
    secured: bool | None = None
    said: str = ""


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt at an address of the chain, and the cell that it ended in (None: it has not ended)."""

    endpoint: Endpoint
    preference: int
    cell: str | None = None


def read_transactions(session: Session) -> tuple[Transaction, ...]:
    """The transactions of a session, in order; none where it did not come to a MAIL."""
    groups: list[list[Turn]] = []
    for turn in session.turns:
        if turn.phase is Phase.MAIL:
            groups.append([])
        if groups and turn.phase in _BEGINNING:
            groups[-1].append(turn)
    return tuple(map(_read_transaction, groups))


def _read_transaction(turns: Sequence[Turn]) -> Transaction:
    begun = classify(turns[0])
    if begun != "M1":  # what was sent behind it in the same breath says nothing more
        turns = turns[:1]
    last = turns[-1]
    own = {turn.subject: classify(turn) for turn in turns if turn.phase is Phase.RCPT and turn.subject}
    nobody = last.phase is Phase.RCPT and last.failure is None
    cell = "R8" if nobody or (own and "R1" not in own.values()) else classify(last)
    recipients = tuple((recipient, cell if ruled == "R1" else ruled) for recipient, ruled in own.items())
    handed = next((turn for turn in turns if turn.phase in (Phase.DOT, Phase.BODY)), None)
    return Transaction(
        at=turns[0].started,
        ended=last.ended,
        mail_from=turns[0].subject or "",
        cell=cell,
        recipients=recipients,
        secured=None if handed is None else handed.secured,
        said=last.reply.text if last.reply is not None else "",
    )


def ended_in(session: Session) -> str:
    """The cell in which a session ended that came to no MAIL: what the host did, or what the mailer objected to."""
    turns = [turn for turn in session.turns if turn.phase not in _PASSED_OVER]
    for turn in reversed(turns):
        if turn.failure is not None:
            return classify(turn)
        if turn.reply is not None and not turn.reply.is_positive and turn.phase is not Phase.STARTTLS:
            return classify(turn)
        break
    if turns and turns[-1].phase is Phase.STARTTLS:
        return classify(turns[-1])
    if turns and turns[-1].phase in _HELLO:
        return "T5" if turns[-1].secured else ("T1" if not session.offers("STARTTLS") else "H6")
    return "T5" if turns and turns[-1].secured else "B6"


def goes_on(earlier: Sequence[Attempt], attempt: Attempt) -> bool:
    """Whether an attempt belongs to the round of the `earlier` ones: it leads on, or is the last again without TLS."""
    if not earlier:
        return True
    last = earlier[-1]
    if attempt.endpoint == last.endpoint:
        again_in_clear = (last.cell or "").startswith("T")
        return again_in_clear and sum(one.endpoint == attempt.endpoint for one in earlier) < 2
    if attempt.preference < last.preference:
        return False
    return all(one.endpoint != attempt.endpoint for one in earlier)
