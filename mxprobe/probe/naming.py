"""The naming stage of a survey: what the DNS says of very many domains, some hundreds of them at a time.

What is asked of a domain is decided in `mx.surveyed`; who asks is a stub (`wire.stub`) that shares and remembers. No
domain has a task of its own: it goes on when the last of its questions is answered. A domain has all the answers it
asked for, in the order in which it asked, whoever caused them to be looked up.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Protocol

from msgspec.structs import replace

from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType
from mxprobe.facts.survey import Entry, Manner, Named
from mxprobe.mx.surveyed import left_out, next_survey_questions

_log = logging.getLogger("mxprobe.probe")

_MOST_ROUNDS = 16
"""A chain, its hosts, their TLSA records and aliases are five; a family of wishes that never ends is cut short."""


_NOT_YET = Answer(question=Question(name=".", rrtype=RecordType.MX), status=AnswerStatus.NOT_ASKED, tries=0)
"""Keeps the place of an answer."""


class Asker(Protocol):
    """Whom questions are put to; `wire.stub.Stub` is one."""

    def begin(self, question: Question, told: Callable[[Answer, int], None]) -> Answer | None:
        """The answer where it is known; else None, and `told` is called later, with it and the queries it took."""


async def name_all(
    entries: Iterable[Entry], manner: Manner, stub: Asker, wall: Callable[[], float]
) -> AsyncGenerator[Named, None]:
    """What the DNS says of each entry, in the order in which that is complete; `wall` gives seconds since 1970.

    At most `manner.lookups_at_once` domains are begun and not yet taken. `entries` is read as they are begun. A domain
    over which our own code stumbles is given with what was learnt and its other questions not asked, and logged.
    """
    desk = _Desk(manner, stub, wall)
    source = iter(entries)
    is_read = False
    try:
        while True:
            while not is_read and desk.under_way + len(desk.done) < manner.lookups_at_once:
                entry = next(source, None)
                if entry is None:
                    is_read = True
                else:
                    desk.begin(entry)
            while desk.done:
                yield desk.done.popleft()
            if desk.under_way:
                await desk.something_done()
            elif is_read:
                return
            else:
                await asyncio.sleep(0)  # all was known: let others have their turn
    finally:
        desk.is_closed = True


class _Desk:
    """The domains that are under way, and those that are done and not yet taken."""

    def __init__(self, manner: Manner, stub: Asker, wall: Callable[[], float]) -> None:
        self.manner, self.stub, self.wall = manner, stub, wall
        self.loop = asyncio.get_running_loop()
        self.done: deque[Named] = deque()
        self.under_way = 0
        self.is_closed = False
        self._waiting: asyncio.Future[None] | None = None

    def begin(self, entry: Entry) -> None:
        """Ask about an entry."""
        self.under_way += 1
        _Subject(self, entry).go_on()

    def finish(self, named: Named) -> None:
        """An entry is done."""
        self.under_way -= 1
        self.done.append(named)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def something_done(self) -> None:
        """Until an entry is done; those that are done in the same burst come with it."""
        if not self.done:
            self._waiting = self.loop.create_future()
            await self._waiting


class _Subject:
    """One entry under way."""

    __slots__ = ("_answers", "_began", "_desk", "_entry", "_open", "_queries", "_rounds", "_started_at")

    def __init__(self, desk: _Desk, entry: Entry) -> None:
        self._desk, self._entry = desk, entry
        self._answers: dict[Question, Answer] = {}
        self._open = self._queries = self._rounds = 0
        self._began, self._started_at = desk.loop.time(), desk.wall()

    def go_on(self) -> None:
        """Ask what is to be asked now, until something has to be waited for or nothing is left to ask."""
        try:
            self._ask_rounds()
        except Exception:  # rim: a domain that we cannot deal with must not stop the survey of the others
            _log.exception("%s: the survey stumbled over this domain", self._entry.domain)
            self._finish()

    def _ask_rounds(self) -> None:
        desk, answers = self._desk, self._answers
        begin = desk.stub.begin
        while not self._open:
            self._rounds += 1
            questions = next_survey_questions(self._entry.domain, answers, desk.manner)
            if not questions or self._rounds > _MOST_ROUNDS:
                self._finish()
                return
            for question in questions:
                answer = begin(question, self._hear)
                if answer is None:
                    self._open += 1
                answers[question] = answer or _NOT_YET

    def _hear(self, answer: Answer, queries: int) -> None:
        self._answers[answer.question] = answer
        self._queries += queries
        self._open -= 1
        if not self._open and not self._desk.is_closed:
            self.go_on()

    def _finish(self) -> None:
        self._open = -1  # what is still heard does not matter
        desk = self._desk
        for question in left_out(self._entry.domain, self._answers):
            self._answers[question] = _NOT_YET
        desk.finish(
            Named(
                entry=self._entry,
                started_at=self._started_at,
                elapsed=round(desk.loop.time() - self._began, 6),
                answers=tuple(
                    replace(answer, question=question) if answer is _NOT_YET else answer
                    for question, answer in self._answers.items()
                ),
                queries=self._queries,
            )
        )
