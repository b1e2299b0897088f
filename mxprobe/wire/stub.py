"""Asks name servers very many questions at a time: few sockets, one timer, no task for a question, and a memory.

What it answers is what `wire.resolver.Resolver` would answer of the same servers; it is for surveys. Two who ask the
same at one time share one question. What is known already is told again as it came: see `wire.known`. Real sockets
alone: it needs a loop that watches descriptors.

    async with Stub(servers) as stub:
        answer = await stub.ask(question)

Standards: RFC 5452 §9 (what counts as an answer), RFC 2308 (absence is remembered), RFC 7766 §5 (TCP).
"""

import asyncio
import logging
from types import TracebackType
from typing import Self

from mxprobe.facts.dns import Answer, AnswerStatus, Question
from mxprobe.wire.exchange import ask_over_sockets
from mxprobe.wire.inquiry import Inquiry, Told
from mxprobe.wire.known import Known
from mxprobe.wire.resolver import Exchange, Patience
from mxprobe.wire.waits import Waits
from mxprobe.wire.way import Sharing, Way

_STREAMS_AT_ONCE = 64
"""So many questions are asked over TCP at one time."""

_log = logging.getLogger("mxprobe.wire")


class Stub:
    """Asks its servers in order, those last that were silent of late; `sent` counts the queries.

    `patience.at_once` does not count: `sharing` says how many queries may be on their way. `streams` is how a query
    travels over TCP. A context manager: nothing is asked outside of it, and its sockets are closed with it.
    """

    sent = 0

    def __init__(
        self,
        servers: tuple[str, ...],
        patience: Patience | None = None,
        sharing: Sharing | None = None,
        *,
        recursion: bool = True,
        streams: Exchange = ask_over_sockets,
    ) -> None:
        self.servers = servers
        self.recursion = recursion
        self._patience = patience or Patience()
        self._sharing = sharing or Sharing()
        self.each = self._patience.each
        self._streams = streams
        self.known = Known(self._sharing.remembered)
        self._open: dict[Question, Inquiry] = {}
        self._carriers: set[asyncio.Task[None]] = set()
        self._logs = _log.isEnabledFor(logging.DEBUG)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self.waits = Waits()
        self._ways = tuple(Way(server, self._sharing) for server in self.servers)
        self._usual = self._ways * self._patience.rounds
        self._turnstile = asyncio.Semaphore(_STREAMS_AT_ONCE)
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.waits.close()
        for way in self._ways:
            way.close()
        for carrier in self._carriers:
            carrier.cancel()
        await self._group.__aexit__(None, None, None)

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        """The answer; failing to get one is an answer too, and never an exception. `deadline` is in loop time."""
        told: asyncio.Future[Answer] = self._loop.create_future()

        def tell(answer: Answer, _: int) -> None:
            if not told.done():
                told.set_result(answer)

        return self.begin(question, tell, deadline) or await told

    def begin(self, question: Question, told: Told, deadline: float | None = None) -> Answer | None:
        """The answer where it is known already; else None, and `told` is called with it later, never before this is
        left, and with the number of queries that were sent for it: none for whoever shares another's question.

        Whoever has a deadline shares no question that may take longer, and nobody shares theirs.
        """
        now = self._loop.time()
        known = self.known.get(question, now)
        if known is not None:
            return known
        shared = self._open.get(question)
        if shared is not None and (deadline is None or shared.ends <= deadline):
            shared.told.append(told)
            return None
        ends = now + self._patience.whole
        inquiry = Inquiry(self, question, now, ends if deadline is None else min(ends, deadline))
        if inquiry.answer is not None:
            return inquiry.answer
        inquiry.told.append(told)
        if deadline is None:
            self._open[question] = inquiry
        return None

    def order(self, now: float) -> tuple[Way, ...]:
        """The servers, as often as they may be asked, in the order in which they are."""
        for way in self._ways:
            if way.rests_until > now:
                return tuple(sorted(self._ways, key=lambda way: way.rests_until > now)) * self._patience.rounds
        return self._usual

    def carry(self, inquiry: Inquiry) -> None:
        """Ask over TCP."""
        carrier = self._group.create_task(self._carry(inquiry))
        self._carriers.add(carrier)
        carrier.add_done_callback(self._carriers.discard)

    async def _carry(self, inquiry: Inquiry) -> None:
        query = inquiry.number + inquiry.query
        try:
            async with asyncio.timeout_at(inquiry.ends), self._turnstile:
                until = min(inquiry.ends, self._loop.time() + self.each)
                inquiry.sent += 1
                async with asyncio.timeout_at(until):
                    wire = await self._streams(query, inquiry.way.server, True, until)
        except OSError as error:
            inquiry.fail(error, self._loop.time())
            return
        inquiry.hear_stream(wire, query, self._loop.time())

    def conclude(self, inquiry: Inquiry, answer: Answer, now: float) -> None:
        """Remember an answer, and tell it to all who wait for it.

        What a deadline cut short is not remembered: others have more patience.
        """
        self.sent += inquiry.sent
        question = inquiry.question
        is_patient = self._open.get(question) is inquiry
        if is_patient:
            del self._open[question]
        if is_patient or answer.status is not AnswerStatus.TIMEOUT:
            self.known.keep(answer, now)
        if self._logs:
            _log.debug("%s %s: %s", question.name, question.rrtype, answer.status)
        queries = inquiry.sent
        for told in inquiry.told:
            told(answer, queries)
            queries = 0
