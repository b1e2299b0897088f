"""One session that asked about recipients of many domains: cut apart by domain, and joined again for each. Pure.

A session is cut into what all share (connection, greeting, TLS, the end) and the MAIL, RCPT and RSET turns of each
envelope. Joined again with the turns of one envelope it reads as a session in which nobody else was asked about.

Standards: RFC 5321 §4.5.3.1.8 (how many recipients a host takes), RFC 2920 §3.1 (what is sent at once).
"""

from collections.abc import Sequence
from itertools import compress

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.session import Failure, FailureKind, Session, Turn
from mxprobe.facts.smtp import Phase
from mxprobe.facts.survey import Asked, Told
from mxprobe.mx.attempts import groups_commands, has_served, is_worth_another_try, limit_of

MOST_RECIPIENTS = 100
"""The most recipients that are asked about in one session: what every host has to take of one message
(RFC 5321 §4.5.3.1.8), so that none has a reason to think of a session as one that tries out names."""

_OF_ENVELOPES = (Phase.MAIL, Phase.RCPT, Phase.RSET)
_CLOSING = 421


class Parted(Struct, frozen=True, kw_only=True):
    """A session without the turns of envelopes, what each envelope heard, and who was certainly not asked about."""

    session: Session
    told: tuple[Told, ...] = ()
    unasked: tuple[Asked, ...] = ()


def next_asks(asks: Sequence[Asked]) -> tuple[Asked, ...]:
    """The first of those that wait, as many as belong into one session; one with very many recipients stands alone."""
    count = 0
    for place, asked in enumerate(asks):
        count += len(asked.recipients)
        if count > MOST_RECIPIENTS and place:
            return tuple(asks[:place])
    return tuple(asks)


def part_session(session: Session, asks: Sequence[Asked], number: int) -> Parted:
    """Cut a session apart in which an envelope was to be asked for each of `asks`, in their order.

    `number` is that of the session among those of its endpoint. What may have been asked in a piece that the host did
    not answer is told, without turns: nobody is asked about twice.
    """
    shared: list[Turn] = []
    groups: list[list[Turn]] = []
    for turn in session.turns:
        if turn.phase is Phase.MAIL:
            groups.append([turn])
        elif turn.phase in _OF_ENVELOPES and groups:
            groups[-1].append(turn)
        else:
            shared.append(turn)
    if not groups:
        return Parted(session=session, unasked=tuple(asks))
    grouped = groups_commands(session)
    reached = [grouped or _was_asked(group) for group in groups]
    groups += [[] for _ in range(len(asks) - len(groups))]
    reached += [grouped] * (len(groups) - len(reached))
    told = tuple(
        Told(number=asked.number, session=number, turns=tuple(group))
        for asked, group, has_left in zip(asks, groups, reached, strict=False)
        if has_left
    )
    unasked = tuple(asked for asked, has_left in zip(asks, reached, strict=False) if not has_left)
    spent = 0 if grouped else len(session.turns) - len(shared)
    parted = replace(
        session,
        turns=tuple(shared),
        failure=session.failure or _closing(session.turns[-1]),
        round_trips=max(session.round_trips - spent, 0),
    )
    return Parted(session=parted, told=told, unasked=unasked)


def _was_asked(group: Sequence[Turn]) -> bool:
    """Whether a RCPT left, or need not, as the host had refused MAIL and stayed."""
    if any(turn.phase is Phase.RCPT for turn in group):
        return True
    reply = group[0].reply
    return reply is not None and not reply.is_positive and reply.code != _CLOSING


def _closing(turn: Turn) -> Failure | None:
    """The end of a session that a host closed in the middle of an envelope: others had no part in it."""
    if turn.phase not in _OF_ENVELOPES or turn.reply is None or turn.reply.code != _CLOSING:
        return None
    return Failure(kind=FailureKind.CLOSED, phase=turn.phase, detail=turn.reply.text)


def session_for(session: Session, turns: Sequence[Turn]) -> Session:
    """A parted session with the turns of one envelope in their place, before QUIT.

    An end in the middle of another's envelope is none of this one's, unless it came before its own was answered.
    """
    return _Gap(session).filled(tuple(turns))


class _Gap:
    """A parted session, and the place in it where the turns of an envelope were."""

    __slots__ = ("_after", "_before", "_grouped", "_session", "fine")

    def __init__(self, session: Session) -> None:
        turns = session.turns
        place = next((at for at, turn in enumerate(turns) if turn.phase is Phase.QUIT), len(turns))
        self._session, self._before, self._after = session, turns[:place], turns[place:]
        self._grouped = groups_commands(session)
        ended_by_others = session.failure is not None and session.failure.phase in _OF_ENVELOPES
        self.fine = replace(session, failure=None) if ended_by_others else session
        """As a domain sees it that asked about nobody: an end in an envelope is none of its business."""

    def filled(self, own: tuple[Turn, ...]) -> Session:
        """As a domain sees it whose envelope heard that."""
        if not own:
            return self._session
        session = self._session
        return replace(
            session,
            turns=self._before + own + self._after,
            failure=own[-1].failure or self.fine.failure,
            round_trips=session.round_trips + (0 if self._grouped else len(own)),
        )


class Attempts:
    """The attempts at an endpoint, oldest first; what every domain sees alike of them is worked out once."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self._sessions = tuple(sessions)
        self._put_off = [_is_put_off(session) for session in self._sessions]
        self._gaps: dict[int, _Gap] = {}

    def as_seen(self, told: Told | None) -> tuple[Session, ...]:
        """The attempts as one domain sees them.

        `told` is what its envelope heard; None where none was asked, so that the first session that served us is its
        last. Sessions that asked about others have no part in it.
        """
        if not self._sessions:
            return ()
        last = self._first_that_served() if told is None else told.session
        gap = self._gaps.get(last)
        if gap is None:
            gap = self._gaps[last] = _Gap(self._sessions[last])
        seen = gap.fine if told is None else gap.filled(told.turns)
        return (*compress(self._sessions[:last], self._put_off), seen) if last else (seen,)

    def _first_that_served(self) -> int:
        return self._put_off.index(False) if False in self._put_off else len(self._sessions) - 1


def sessions_for(sessions: Sequence[Session], told: Told | None) -> tuple[Session, ...]:
    """The attempts at an endpoint as one domain sees them, oldest first; see `Attempts`."""
    return Attempts(sessions).as_seen(told)


def _is_put_off(session: Session) -> bool:
    """Whether it was an attempt behind which another was due. A failure in an envelope is no failure of the host."""
    if session.failure is not None and session.failure.phase in _OF_ENVELOPES:
        return False
    return is_worth_another_try(session) or (limit_of(session) is not None and not has_served(session))
