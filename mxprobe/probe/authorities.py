"""Asks a zone's own name servers themselves, each at its addresses, within what is left of the budget and a deadline.

Who is asked what is decided in `mx.authorities`. No recursion is asked for, and the AA bit is kept with each answer.
"""

import asyncio
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import Answer, AnswerStatus, AuthorityAnswer, Question
from mxprobe.mx.authorities import Authority, next_direct_question
from mxprobe.wire.exchange import DNS_PORT, join_server
from mxprobe.wire.resolver import Exchange, Patience, Resolver

LONGEST = 15.0
"""Seconds after which no server is asked any more."""

_PATIENCE = Patience(each=3.0, rounds=2, whole=10.0)
_SPENT = "the budget of queries is spent"


class Directly(Struct, frozen=True, kw_only=True):
    """With what a zone's servers are asked: the way to them, their port, the families of address that are tried."""

    ask: Exchange
    port: int = DNS_PORT
    families: tuple[int, ...] = (4, 6)


def place_of(said: AuthorityAnswer) -> tuple[str, str, str]:
    """Where an answer stands among the others, which come in any order."""
    return (said.server, said.address, said.answer.question.rrtype.value)


class Purse:
    """What is left of a budget of queries: `left` says how many there are, and `sent` counts those that leave."""

    def __init__(self, left: Callable[[], int]) -> None:
        self.sent = 0
        self._left = left

    def take(self) -> bool:
        """Whether one more query may leave; then it counts."""
        if self._left() - self.sent <= 0:
            return False
        self.sent += 1
        return True


class _Line:
    """The line to one server, for as long as the budget lasts."""

    def __init__(self, directly: Directly, address: str, purse: Purse) -> None:
        self.is_cut = False
        self._ask, self._purse = directly.ask, purse
        self.resolver = Resolver(self._send, (join_server(address, directly.port),), _PATIENCE, recursion=False)

    async def _send(self, query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        if not self._purse.take():
            self.is_cut = True
            raise OSError(_SPENT)
        return await self._ask(query, server, over_tcp, deadline)

    async def ask(self, question: Question, until: float) -> Answer:
        """The answer; one that came to nothing because we had no time or no query left says so, and blames nobody."""
        answer = await self.resolver.ask(question, until)
        nothing = answer.status in (AnswerStatus.TIMEOUT, AnswerStatus.UNREACHABLE)
        if nothing and self.is_cut:
            return replace(answer, status=AnswerStatus.NOT_ASKED, detail=_SPENT)
        if answer.status is AnswerStatus.TIMEOUT and answer.tries < _PATIENCE.rounds:
            return replace(answer, status=AnswerStatus.NOT_ASKED, detail="there was no time left to ask")
        return answer


async def ask_authorities(
    domain: str, authorities: tuple[Authority, ...], directly: Directly, purse: Purse, into: list[AuthorityAnswer]
) -> tuple[Question, ...]:
    """Ask all of them at once; what they say is put into `into` as it comes. Gives what the budget did not reach."""
    until = asyncio.get_running_loop().time() + LONGEST
    unasked: list[Question] = []

    async def hear(authority: Authority) -> None:
        line, said = _Line(directly, authority.address, purse), list[Answer]()
        while (question := next_direct_question(domain, authority, tuple(said))) is not None:
            answer = await line.ask(question, until)
            said.append(answer)
            into.append(
                AuthorityAnswer(zone=authority.zone, server=authority.server, address=authority.address, answer=answer)
            )
            if answer.status is AnswerStatus.NOT_ASKED and line.is_cut:
                unasked.append(question)

    async with asyncio.TaskGroup() as group:
        for authority in authorities:
            group.create_task(hear(authority))
    return tuple(dict.fromkeys(unasked))
