"""What follows a session of an errand: the next one, another try, or its end. Pure.

Standards: RFC 5321 §4.5.4.1 (a client waits before it tries again).
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.session import Failure, FailureKind, Session, Side
from mxprobe.facts.smtp import Phase
from mxprobe.facts.survey import Asked, Errand, Told, Visited
from mxprobe.mx.attempts import is_worth_another_try
from mxprobe.mx.envelopes import part_session


class Followed(Struct, frozen=True, kw_only=True):
    """The errand after a session, and what to do: `again` it is to be made again, `waits` after the attempts' spacing.

    `throttled`: its attempts are used up, and the last was put off by the operator's limit.
    """

    errand: Errand
    again: bool = False
    waits: bool = False
    throttled: bool = False


def follow(errand: Errand, asks: Sequence[Asked], session: Session, *, limited: bool, attempts: int) -> Followed:
    """What follows a session in which `asks`, the first of the errand's, were to be asked.

    Whoever was not asked yet is asked in a further session: at once where this one asked others, else as another
    attempt. Behind the last attempt nobody is left: they are told that no answer came.
    """
    number = len(errand.sessions)
    parted = part_session(session, asks, number)
    left = (*parted.unasked, *errand.asks[len(asks) :])
    after = replace(errand, sessions=(*errand.sessions, parted.session), told=(*errand.told, *parted.told), asks=left)
    if parted.told:
        return Followed(errand=after, again=bool(left))
    wishes = limited or is_worth_another_try(session)
    if wishes and _tries(after) < attempts:
        return Followed(errand=after, again=True, waits=True)
    unanswered = tuple(Told(number=asked.number, session=number, turns=()) for asked in left)
    after = replace(after, told=(*after.told, *unanswered), asks=())
    return Followed(errand=after, throttled=wishes and limited)


def _tries(errand: Errand) -> int:
    """How many attempts there were since a session in which anybody was asked."""
    return len(errand.sessions) - 1 - max((told.session for told in errand.told), default=-1)


def visited(errand: Errand, *, throttled: bool = False) -> Visited:
    """An errand as one that is done."""
    return Visited(key=errand.key, sessions=errand.sessions, told=errand.told, throttled=throttled, place=errand.place)


def broken_off(errand: Errand, error: Exception, began_at: float) -> Errand:
    """An errand that we could not make, by a fault of our own: it says so, and is nothing that its host did."""
    failure = Failure(kind=FailureKind.LOCAL, phase=Phase.CONNECT, detail=f"{type(error).__name__}: {error}"[:200])
    session = Session(endpoint=errand.endpoint, side=Side.CLIENT, started_at=began_at, failure=failure)
    number = len(errand.sessions)
    unanswered = tuple(Told(number=asked.number, session=number, turns=()) for asked in errand.asks)
    return replace(errand, sessions=(*errand.sessions, session), told=(*errand.told, *unanswered), asks=())
