"""Makes the errands of a survey: every endpoint is spoken with once, politely, and what comes of it is given at once.

Which errand is next is decided in `probe.agenda`, how fast an operator is visited in `mx.pace`, what follows a session
in `probe.course`; here it is acted on. An operator that limits us, or hosts that answer slowly, hold nobody else up.

Standards: RFC 5321 §7.8 (hosts defend themselves).
"""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Iterable

from msgspec.structs import replace

from mxprobe.facts.session import Session
from mxprobe.facts.survey import Asked, Depth, Errand, Manner, Pace, PutOff, Visited
from mxprobe.mx.envelopes import next_asks
from mxprobe.probe.agenda import Agenda, Begun
from mxprobe.probe.course import broken_off, follow, visited
from mxprobe.probe.limits import session_limits
from mxprobe.wire.session import Means, SessionScript, Transaction, speak

_log = logging.getLogger("mxprobe.probe")

Given = Visited | PutOff | Pace

_HELD = 64
"""So many results wait for whoever takes them; then sessions wait for their turn."""


async def make_errands(
    errands: Iterable[Errand], paces: Iterable[Pace], manner: Manner, means: Means
) -> AsyncGenerator[Given, None]:
    """What came of each errand, as it is done: `Visited`, or `PutOff` where it would have to wait long.

    At most `manner.sessions_at_once` sessions are open. A `Pace` comes whenever an operator makes us slower, and at the
    end for each that changed. Take it in one task, and close it (`contextlib.aclosing`) where it is left early.
    """
    maker = _Maker(errands, paces, manner, means)
    async with asyncio.TaskGroup() as group:
        making = group.create_task(maker.make())
        try:
            while (given := await maker.given.get()) is not None:
                yield given
        except GeneratorExit:
            # Whoever took them wants no more; raised in a task group it would come out as a group of exceptions.
            making.cancel()
        except BaseException:
            making.cancel()
            raise
    if maker.error is not None:
        raise maker.error


class _Maker:
    """The course of one call of `make_errands`."""

    def __init__(self, errands: Iterable[Errand], paces: Iterable[Pace], manner: Manner, means: Means) -> None:
        self._loop = asyncio.get_running_loop()
        # One clock for what is compared with moments of other tasks, and that is never set back.
        self._epoch = means.wall() - self._loop.time()
        self._manner = manner
        tls = means.tls if manner.depth.reaches(Depth.TLS) else None
        self._means = means if tls is means.tls else replace(means, tls=tls)
        self._agenda = Agenda(errands, paces, manner, self._now())
        self._open = 0
        self._moved = asyncio.Event()
        self._script = SessionScript(
            helo=manner.helo,
            limits=session_limits(manner.vantage),
            source=manner.vantage.source,
            only_banner=not manner.depth.reaches(Depth.EHLO),
        )
        self.given: asyncio.Queue[Given | None] = asyncio.Queue(_HELD)
        self.error: Exception | None = None

    async def make(self) -> None:
        """Make them all; the last that is given is None."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._begin_all(group)
            for pace in self._agenda.paces():
                await self.given.put(pace)
        except Exception as error:  # rim: whoever takes the results is told of it where they take them
            self.error = error
        await self.given.put(None)

    async def _begin_all(self, group: asyncio.TaskGroup) -> None:
        """Begin each errand as soon as it may be, until none is left."""
        agenda = self._agenda
        while agenda.left or self._open:
            self._moved.clear()
            while self._open < self._manner.sessions_at_once and (begun := agenda.begin_next(self._now())) is not None:
                self._open += 1
                group.create_task(self._make_one(begun))
            for put_off in agenda.give_back(self._now()) if self._open < self._manner.sessions_at_once else ():
                await self.given.put(put_off)
            if agenda.left or self._open:
                await self._wait(agenda.wakes_at())

    async def _wait(self, until: float) -> None:
        """Wait for a session to end, or for a moment."""
        has_room = self._open < self._manner.sessions_at_once
        try:
            async with asyncio.timeout_at(until - self._epoch if has_room and until < math.inf else None):
                await self._moved.wait()
        except TimeoutError:
            return

    async def _make_one(self, begun: Begun) -> None:
        """One session of an errand, and what follows from it."""
        try:
            await self._visit(begun)
        finally:
            self._open -= 1
            self._moved.set()

    async def _visit(self, begun: Begun) -> None:
        """Speak, and give what that led to; the gates are open to others before anybody takes it."""
        errand = begun.errand
        asks = next_asks(errand.asks) if self._manner.depth.reaches(Depth.RCPT) else ()
        try:
            session = await speak(errand.endpoint, self._script_for(asks), self._means)
            given = self._conclude(begun, asks, session)
        except Exception as error:  # rim: a fault of ours at one errand is told at that errand, and stops no other
            _log.exception("%s could not be visited", errand.key)
            self._agenda.end(begun, None, self._now())
            given = (visited(broken_off(errand, error, begun.began_at)),)
        self._moved.set()
        for one in given:
            await self.given.put(one)

    def _conclude(self, begun: Begun, asks: tuple[Asked, ...], session: Session) -> tuple[Given, ...]:
        """What is given behind a session; an errand that goes on is back on the agenda."""
        now, vantage = self._now(), self._manner.vantage
        learnt = self._agenda.end(begun, session, now)
        followed = follow(begun.errand, asks, session, limited=learnt.limited, attempts=vantage.attempts)
        given: list[Given] = []
        if learnt.slowed is not None:
            given.append(learnt.slowed)
            _tell(learnt.slowed, now)
        if followed.again:
            self._agenda.put_back(begun, followed.errand, now + (vantage.spacing if followed.waits else 0.0))
        else:
            given.append(visited(followed.errand, throttled=followed.throttled))
        return tuple(given)

    def _script_for(self, asks: tuple[Asked, ...]) -> SessionScript:
        """The session in which these are asked about."""
        if not asks:
            return self._script
        first, *further = (Transaction(mail_from=one.sender, recipients=one.recipients) for one in asks)
        return replace(self._script, mail_from=first.mail_from, recipients=first.recipients, further=tuple(further))

    def _now(self) -> float:
        return self._epoch + self._loop.time()


def _tell(pace: Pace, now: float) -> None:
    """Say that an operator makes us slower."""
    told = (pace.operator, pace.at_once, pace.spacing, pace.rests_until - now)
    _log.info("%s limits us: %d at once, one in %.1f s, a rest of %.0f s", *told)
