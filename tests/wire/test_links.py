"""Links of a chain are asked for once, unchecked, and whatever comes back never raises."""

import asyncio
from collections.abc import Callable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.mx.dnssec import Link
from mxprobe.wire.links import Links
from mxprobe.wire.resolver import Patience, Resolver

LINK = Link(name=dns.name.from_text("example.test"), rdtype=dns.rdatatype.DS)
Answer = Callable[[dns.message.Message, bool], bytes | None]


def answering(query: dns.message.Message, over_tcp: bool) -> bytes:
    return dns.message.make_response(query).to_wire()


def cut_short(query: dns.message.Message, over_tcp: bool) -> bytes:
    response = dns.message.make_response(query)
    response.flags |= 0 if over_tcp else dns.flags.TC
    return response.to_wire()


def failing(query: dns.message.Message, over_tcp: bool) -> bytes:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire()


def of_another(query: dns.message.Message, over_tcp: bool) -> bytes:
    other = dns.message.make_query("other.test", "DS", id=query.id)
    return dns.message.make_response(other).to_wire()


def garbled(query: dns.message.Message, over_tcp: bool) -> bytes:
    return dns.message.make_response(query).to_wire()[:-6] + b"\xff" * 9


def silent(query: dns.message.Message, over_tcp: bool) -> None:
    return None


class Asked:
    """Two servers that say this, and what they were asked."""

    def __init__(self, answer: Answer) -> None:
        self.queries: list[tuple[dns.message.Message, bool]] = []
        self._answer = answer
        self.resolver = Resolver(self._exchange, ("a", "b"), Patience(each=1.0, rounds=1))

    async def _exchange(self, wire: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        query = dns.message.from_wire(wire)
        self.queries.append((query, over_tcp))
        await asyncio.sleep(0.02)
        answer = self._answer(query, over_tcp)
        if answer is None:
            await asyncio.sleep(deadline)
            raise TimeoutError
        return answer

    def fetch(self, times: int = 1, budget: int = 200) -> tuple[dns.message.Message | None, Links]:
        async def story() -> tuple[dns.message.Message | None, Links]:
            links = Links(self.resolver, budget, asyncio.get_running_loop().time() + 30.0)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(links.fetch(LINK)) for _ in range(times)]
            return tasks[0].result(), links

        return play_in_fresh_loop(story)


def test_a_link_is_asked_for_once_and_unchecked() -> None:
    asked = Asked(answering)
    response, _ = asked.fetch(times=5)

    ((query, over_tcp),) = asked.queries
    assert response is not None
    assert query.flags & dns.flags.CD
    assert query.flags & dns.flags.RD
    assert query.ednsflags & dns.flags.DO
    assert not over_tcp


def test_what_does_not_fit_is_asked_for_again_over_tcp() -> None:
    asked = Asked(cut_short)
    response, _ = asked.fetch()

    assert response is not None
    assert [over_tcp for _, over_tcp in asked.queries] == [False, True]


@pytest.mark.parametrize("answer", [of_another, garbled, silent, lambda query, over_tcp: b"\0"])
def test_what_is_no_answer_is_none_and_the_next_server_is_asked(answer: Answer) -> None:
    asked = Asked(answer)

    assert asked.fetch()[0] is None
    assert 1 <= len(asked.queries) <= 2


def test_a_failure_is_handed_on_where_nobody_knows_better() -> None:
    asked = Asked(failing)
    response, _ = asked.fetch()

    assert response is not None
    assert response.rcode() == dns.rcode.SERVFAIL
    assert len(asked.queries) == 2


def test_nothing_leaves_when_the_budget_is_spent() -> None:
    asked = Asked(answering)
    response, links = asked.fetch(budget=0)

    assert (response, links.is_spent, asked.queries) == (None, True, [])
