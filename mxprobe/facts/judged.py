"""What a mailer that is not ours did, move by move, and what the standards say of it."""

from enum import StrEnum

from msgspec import Struct


class Standing(StrEnum):
    """What the standards say of a move: they allow it, leave it open, rule it out, or nobody can tell from outside."""

    LAWFUL = "lawful"
    OPEN = "left open"
    AGAINST = "against"
    UNKNOWN = "not known"


class Judged(Struct, frozen=True, kw_only=True):
    """One move for one recipient's copy, at a moment of story time in seconds.

    `does` is what the mailer did (`tries mx2`), `cell` the row of the outcome table that it answers to, `clauses` where
    the standards speak of it, `because` what makes the move what it is.
    """

    at: float
    message: str
    recipient: str
    does: str
    standing: Standing
    because: str
    cell: str | None = None
    clauses: str = ""
