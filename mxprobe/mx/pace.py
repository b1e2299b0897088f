"""How fast hosts are visited: half as fast at once when they limit us, faster again little by little. Pure.

Fewer at once and longer between two starts, as TCP does with its window; and a rest, as long as the host asks for
where it says so. What was seen of one moment counts once: sessions that had begun before the rest slow down no further.

Standards: RFC 5321 §7.8 (hosts defend themselves).
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.session import Session
from mxprobe.facts.survey import Manner, Pace
from mxprobe.mx.attempts import has_served, is_hung_up, is_sent_away, limit_of
from mxprobe.mx.matrix import stated_wait

SHORTEST_REST, LONGEST_REST = 30.0, 900.0
"""Seconds that nobody dials after a limit of which the host does not say how long it lasts; each in a row doubles."""
LONGEST_SPACING = 60.0
"""However often a host limits us, one session a minute is slow enough."""
LEAST_SPACING = 0.1
"""What is doubled where sessions had no spacing."""
MOST_IN_A_ROW = 8
"""After so many rests (an hour and more) behind none of which a session went well, an operator is left alone."""
STEP = 10
"""After so many sessions that went well in a row, it goes a step faster."""


class Sign(StrEnum):
    """What a session shows of how often we may come."""

    FINE = "fine"
    LIMITED = "limited"
    NOTHING = "nothing"


class Seen(Struct, frozen=True, kw_only=True):
    """What a session showed: when it began (on the clock of `Pace.rests_until`), how many were open then, and the
    wait that the host asked for, None where it asked for none."""

    sign: Sign
    began_at: float
    open: int = 1
    wait: float | None = None


class Bounds(Struct, frozen=True, kw_only=True):
    """The fastest that may ever be: so many sessions at once, so many seconds between two starts."""

    at_once: int
    spacing: float


def bounds_for_operator(manner: Manner) -> Bounds:
    """The bounds for all hosts of one operator."""
    return Bounds(at_once=max(manner.per_operator or manner.sessions_at_once, 1), spacing=max(manner.spacing, 0.0))


def bounds_for_address(manner: Manner) -> Bounds:
    """The bounds for one address, whoever names it: one session at a time.

    Where endpoints are visited anew for each domain and nothing limits an operator, nothing limits an address.
    """
    if manner.per_operator == 0 and not manner.merged:
        return bounds_for_operator(manner)
    return Bounds(at_once=1, spacing=0.0)


def first_pace(operator: str, bounds: Bounds, place: str = "") -> Pace:
    """The pace at which an operator is visited of whom nothing was learnt."""
    return Pace(operator=operator, at_once=bounds.at_once, spacing=bounds.spacing, place=place)


def within(pace: Pace, bounds: Bounds) -> Pace:
    """A pace that was learnt elsewhere, never faster than these bounds."""
    at_once = min(max(pace.at_once, 1), bounds.at_once)
    return replace(pace, at_once=at_once, spacing=max(pace.spacing, bounds.spacing))


class Known(Struct, frozen=True, kw_only=True):
    """What was known when a session began: its `operator`, or its very `address`, had served us; so many were open."""

    operator: bool = False
    address: bool = False
    open: int = 1


def read_session(session: Session, began_at: float, known: Known) -> Seen:
    """What a session showed that began at that moment of the clock of `Pace.rests_until`."""
    limit = limit_of(session)
    if limit is not None:
        return Seen(sign=Sign.LIMITED, began_at=began_at, open=known.open, wait=stated_wait(limit.text))
    turned_away = (known.operator and is_sent_away(session)) or (known.address and is_hung_up(session))
    if turned_away:
        return Seen(sign=Sign.LIMITED, began_at=began_at, open=known.open)
    return Seen(sign=Sign.FINE if has_served(session) else Sign.NOTHING, began_at=began_at, open=known.open)


def next_pace(pace: Pace, seen: Seen, bounds: Bounds, now: float) -> Pace:
    """The pace after a session. One that tells nothing (an address is down, the probe is refused) changes nothing."""
    if seen.sign is Sign.LIMITED:
        return _slow_down(pace, seen, bounds, now)
    if seen.sign is Sign.NOTHING or seen.began_at < pace.rests_until or not is_slower(pace, bounds):
        return pace
    if pace.fine + 1 < STEP:
        return replace(pace, fine=pace.fine + 1, in_a_row=0)
    return replace(
        pace,
        at_once=min(pace.at_once + 1, bounds.at_once),
        spacing=max(bounds.spacing, round(pace.spacing - max(bounds.spacing, LEAST_SPACING), 6)),
        fine=0,
        in_a_row=0,
    )


def is_slower(pace: Pace, bounds: Bounds) -> bool:
    """Whether hosts are visited slower than the bounds would allow."""
    return pace.at_once < bounds.at_once or pace.spacing > bounds.spacing or pace.in_a_row > 0


def turns_us_away(pace: Pace, now: float) -> bool:
    """Whether an operator limits us whatever we do, so that visiting more of its hosts is of no use now.

    Some time after its rest it may be tried again: a survey can go on days later.
    """
    return pace.in_a_row >= MOST_IN_A_ROW and now < pace.rests_until + LONGEST_REST


def _slow_down(pace: Pace, seen: Seen, bounds: Bounds, now: float) -> Pace:
    if seen.began_at < pace.rests_until:
        asked = now + min((seen.wait or 0.0) + 1, LONGEST_REST)
        return replace(pace, rests_until=max(pace.rests_until, asked if seen.wait is not None else 0.0))
    in_a_row = pace.in_a_row + 1
    return replace(
        pace,
        at_once=max(1, min(pace.at_once, seen.open) // 2),
        spacing=max(pace.spacing, min(2 * max(pace.spacing, bounds.spacing, LEAST_SPACING), LONGEST_SPACING)),
        rests_until=max(pace.rests_until, now + _rest(seen.wait, in_a_row)),
        throttled=pace.throttled + 1,
        fine=0,
        in_a_row=in_a_row,
    )


def _rest(wait: float | None, in_a_row: int) -> float:
    """Seconds of rest: a second more than was asked for, and longer where obeying that did not help."""
    doubled = SHORTEST_REST * 2.0 ** min(in_a_row - 1, 10)
    if wait is None:
        return min(doubled, LONGEST_REST)
    return min(max(wait + 1, doubled / 2 if in_a_row > 1 else 0.0), LONGEST_REST)
