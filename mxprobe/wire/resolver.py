"""Asks name servers: a small stub whose waiting is on the loop's clock, over UDP and TCP or any other exchange.

It is for looks, senders and the lab, which ask some dozens of questions. A survey asks by `wire.stub`, which says the
same of the same servers.

Servers, tries, truncation and deadlines are decided here; how a query travels is the exchange's business
(`wire.exchange` for real sockets) and what a response says `wire.responses`'. Recursion is the servers' work; only an
alias that a server leaves open is followed by asking again. A zone's own servers are asked without either: what they
say themselves is wanted. Nothing is cached.

Standards: RFC 1035 §7, RFC 7766 (TCP), RFC 6891 (EDNS).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import Alias, Answer, AnswerStatus, Question, index_answers
from mxprobe.mx.plan import best_first, next_questions
from mxprobe.wire.failures import describe
from mxprobe.wire.responses import (
    LONGEST_CHAIN,
    NotAsked,
    Response,
    is_answer_to,
    is_cut_short,
    make_query,
    read_response,
    says_something,
)

Exchange = Callable[[bytes, str, bool, float], Awaitable[bytes]]
"""`await exchange(query, server, over_tcp, deadline)` gives the wire form of the response.

`server` is "address:port" ("[address]:port" for IPv6), `deadline` is in loop time. Raises OSError, of which
TimeoutError is one.
"""

_log = logging.getLogger("mxprobe.wire")

TELLING = (
    AnswerStatus.SERVFAIL,
    AnswerStatus.REFUSED,
    AnswerStatus.MALFORMED,
    AnswerStatus.TIMEOUT,
    AnswerStatus.UNREACHABLE,
)
"""Of several failures the one that says most about the zone is told: the first of these."""


class Patience(Struct, frozen=True, kw_only=True):
    """`each` seconds for one try, every server asked `rounds` times, at most `whole` seconds for a question."""

    each: float = 3.0
    rounds: int = 2
    whole: float = 20.0
    at_once: int = 32


class Resolver:
    """Asks its servers in order, until one says something about the name; `sent` counts the queries.

    Without `recursion` the servers are asked for what they have themselves, and aliases are left as they say them.
    """

    sent = 0

    def __init__(
        self,
        exchange: Exchange,
        servers: tuple[str, ...],
        patience: Patience | None = None,
        *,
        recursion: bool = True,
    ) -> None:
        self.exchange = exchange
        self.servers = servers
        self.patience = patience or Patience()
        self.recursion = recursion
        self._turnstile = asyncio.Semaphore(self.patience.at_once)

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        """The answer; failing to get one is an answer too, and never an exception. `deadline` is in loop time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        ends = began + self.patience.whole
        async with self._turnstile:
            answer = await self._follow(question, ends if deadline is None else min(ends, deadline))
        _log.debug("%s %s: %s", question.name, question.rrtype, answer.status)
        return replace(answer, elapsed=round(loop.time() - began, 6))

    async def fetch(self, query: bytes, deadline: float, budget: int) -> bytes | None:
        """The response to a query as it came: the first that says something of the name, else the last failure, and
        None for silence. Nothing leaves where `budget` queries were sent in all."""
        failure: bytes | None = None
        async with self._turnstile:
            for server in self.servers * self.patience.rounds:
                wire = await self._fetch_from(server, query, deadline, budget)
                if wire is not None and says_something(wire):
                    return wire
                failure = wire or failure
        return failure

    async def _fetch_from(self, server: str, query: bytes, deadline: float, budget: int) -> bytes | None:
        """One server, by UDP and where that is cut short by TCP."""
        wire: bytes | None = None
        for tcp in (False, True):
            until = min(deadline, asyncio.get_running_loop().time() + self.patience.each)
            if asyncio.get_running_loop().time() >= until or self.sent >= budget:
                return None
            self.sent += 1
            try:
                async with asyncio.timeout_at(until):
                    wire = await self.exchange(query, server, tcp, until)
            except OSError:
                return None
            if not is_answer_to(wire, query):
                return None
            if not is_cut_short(wire):
                return wire
        return None

    async def _follow(self, question: Question, deadline: float) -> Answer:
        """Ask, and ask on where an alias leads out of what the server said."""
        aliases: tuple[Alias, ...] = ()
        tries, asked = 0, question
        proved = True  # an answer at the end of an alias is no more secure than the alias
        while True:
            answer, open_end = await self._ask_servers(asked, deadline)
            tries += answer.tries
            aliases += answer.aliases
            is_proved = answer.authenticated and proved if answer.authenticated is not None else None
            proved = bool(is_proved)
            answer = replace(answer, question=question, aliases=aliases, tries=tries, authenticated=is_proved)
            if open_end is None or not self.recursion:
                return answer
            if len(aliases) > LONGEST_CHAIN or open_end in {question.name, *(alias.name for alias in aliases)}:
                return replace(answer, status=AnswerStatus.ALIAS_LOOP, detail="the aliases lead in a circle")
            asked = Question(name=open_end, rrtype=question.rrtype)

    async def _ask_servers(self, question: Question, deadline: float) -> tuple[Answer, str | None]:
        """The first answer that says something about the name, and the alias it leaves open."""
        failures: list[Answer] = []
        for server in self.servers * self.patience.rounds:
            if asyncio.get_running_loop().time() >= deadline:
                break
            response = await self._try(question, server, deadline)
            answer = replace(response.answer, tries=len(failures) + 1, server=server)
            if not answer.status.is_temporary or answer.status is AnswerStatus.ALIAS_LOOP:
                return answer, response.open_end
            failures.append(answer)
        if not failures:
            return Answer(question=question, status=AnswerStatus.TIMEOUT, detail="no time left to ask", tries=0), None
        told = min(failures, key=lambda answer: TELLING.index(answer.status))
        return replace(told, tries=len(failures)), None

    async def _try(self, question: Question, server: str, deadline: float) -> Response:
        """One server, by UDP and where that is cut short by TCP; once more without EDNS for a server that fears it."""
        edns, tcp, truncated = True, False, False
        while True:
            until = min(deadline, asyncio.get_running_loop().time() + self.patience.each)
            try:
                query = make_query(question, edns=edns, recursion=self.recursion)
                self.sent += 1
                async with asyncio.timeout_at(until):
                    wire = await self.exchange(query, server, tcp, until)
                response = read_response(wire, query, question)
            except NotAsked as error:
                return _failed(question, AnswerStatus.MALFORMED, str(error))
            except TimeoutError:
                return _failed(question, AnswerStatus.TIMEOUT, f"no answer from {server}")
            except OSError as error:
                return _failed(question, AnswerStatus.UNREACHABLE, f"{server}: {describe(error)}")
            if response.fears_edns and edns:
                edns = False
            elif response.answer.truncated and not tcp:
                tcp = truncated = True
            else:
                return Response(
                    answer=replace(response.answer, truncated=truncated), open_end=response.open_end, fears_edns=False
                )


def _failed(question: Question, status: AnswerStatus, detail: str) -> Response:
    return Response(answer=Answer(question=question, status=status, detail=detail))


async def look_up(
    domain: str,
    resolver: Resolver,
    families: tuple[int, ...] = (4, 6),
    most: int | None = None,
) -> tuple[Answer, ...]:
    """All that a sender would ask to learn the chain of `domain`, in the order it was asked.

    At most `most` queries are sent: the questions about the worst hosts that they do not reach have the answer that
    they were not asked.
    """
    before = resolver.sent
    answers: list[Answer] = []
    while questions := next_questions(domain, index_answers(answers), families):
        # Each may need its second try: what is not needed for that is given to those who wait.
        room = len(questions) if most is None else max(most - resolver.sent + before, 0) // Patience().rounds
        if not room:
            answers += [Answer(question=question, status=AnswerStatus.NOT_ASKED, tries=0) for question in questions]
            break
        if len(questions) > room:
            questions = best_first(domain, index_answers(answers), questions)[:room]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(resolver.ask(question)) for question in questions]
        answers += [task.result() for task in tasks]
    return tuple(answers)
