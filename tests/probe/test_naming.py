"""The naming stage: every domain gets its own answers in the order it asked, few at a time, and none stops another."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from mxprobe.facts.dns import (
    AddressRecord,
    Answer,
    AnswerStatus,
    MxRecord,
    Question,
    RecordType,
    index_answers,
)
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Entry, Manner, Named
from mxprobe.lab.clock import StoryLoop
from mxprobe.mx.plan import Basis, plan_mx
from mxprobe.mx.surveyed import next_survey_questions
from mxprobe.probe.naming import name_all

T = TypeVar("T")

DNS = Manner(depth=Depth.DNS, vantage=Vantage(helo="probe.example.test"), wishes=())
EPOCH = 1_767_225_600.0
DELAY = 0.5


def play(story: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=StoryLoop) as runner:
        return runner.run(story)


class Oracle:
    """Answers after half a second: two hosts for a domain, both of them its own, or one that all share."""

    def __init__(self, *, shared: bool = False, remembers: bool = False) -> None:
        self.shared, self.remembers = shared, remembers
        self.asked: list[Question] = []
        self.domains: set[str] = set()
        self.most = 0
        self._known: dict[Question, Answer] = {}

    def begin(self, question: Question, told: Callable[[Answer, int], None]) -> Answer | None:
        if question in self._known:
            return self._known[question]
        self.asked.append(question)
        answer = self.answer(question)
        if self.remembers:
            self._known[question] = answer
        asyncio.get_running_loop().call_later(DELAY, told, answer, 1)
        return None

    def answer(self, question: Question) -> Answer:
        name, rrtype = question.name, question.rrtype
        if name.startswith("none"):
            return Answer(question=question, status=AnswerStatus.NXDOMAIN)
        if rrtype is RecordType.MX:
            hosts = ("mx.shared.test",) if self.shared else (f"mx1.{name}", f"mx2.{name}")
            records = tuple(MxRecord(preference=10 + at, exchange=host, ttl=60) for at, host in enumerate(hosts))
            return Answer(question=question, status=AnswerStatus.FOUND, records=records)
        if rrtype is RecordType.A:
            record = AddressRecord(address="192.0.2.1", ttl=60)
            return Answer(question=question, status=AnswerStatus.FOUND, records=(record,))
        return Answer(question=question, status=AnswerStatus.NODATA)


def entries(count: int, name: str = "d{}.test") -> Iterator[Entry]:
    for number in range(count):
        domain = name.format(number)
        yield Entry(number=number, domain=domain, asked=domain)


def name_them(oracle: Oracle, manner: Manner, source: Iterator[Entry]) -> list[Named]:
    async def story() -> list[Named]:
        loop = asyncio.get_running_loop()
        return [named async for named in name_all(source, manner, oracle, lambda: EPOCH + loop.time())]

    return play(story())


def questions(named: Named) -> list[str]:
    return [f"{answer.question.name} {answer.question.rrtype}" for answer in named.answers]


def test_a_domain_has_its_chain_in_the_order_in_which_it_was_asked_for() -> None:
    (named,) = name_them(Oracle(), DNS, entries(1))

    assert questions(named) == ["d0.test MX", "mx1.d0.test A", "mx2.d0.test A", "mx1.d0.test AAAA", "mx2.d0.test AAAA"]
    assert (named.started_at, named.elapsed, named.queries) == (EPOCH, 2 * DELAY, 5)
    assert plan_mx("d0.test", index_answers(named.answers)).basis is Basis.EXPLICIT


def test_policy_and_consent_are_asked_for_with_the_chain_and_promises_last() -> None:
    manner = Manner(depth=Depth.RCPT, vantage=DNS.vantage, wishes=("mta-sts", "tlsrpt", "tlsa"))
    (named,) = name_them(Oracle(shared=True), manner, entries(1))

    assert questions(named) == [
        "d0.test MX",
        "_mxprobe.d0.test TXT",
        "_mta-sts.d0.test TXT",
        "_smtp._tls.d0.test TXT",
        "mx.shared.test A",
        "mx.shared.test AAAA",
        "_25._tcp.mx.shared.test TLSA",
    ]
    assert named.elapsed == pytest.approx(3 * DELAY)


def test_only_so_many_domains_are_under_way_and_the_list_is_read_as_they_are() -> None:
    manner = Manner(depth=Depth.DNS, vantage=DNS.vantage, wishes=(), lookups_at_once=7)
    read: list[int] = []

    def source() -> Iterator[Entry]:
        for entry in entries(40):
            read.append(entry.number)
            yield entry

    async def story() -> list[int]:
        ahead = []
        taken = 0
        async for _ in name_all(source(), manner, Oracle(), lambda: EPOCH):
            taken += 1
            ahead.append(len(read) - taken)
        return ahead

    ahead = play(story())

    assert len(ahead) == 40
    assert max(ahead) <= 7


def test_a_slow_taker_holds_the_rest_up() -> None:
    manner = Manner(depth=Depth.DNS, vantage=DNS.vantage, wishes=(), lookups_at_once=3)
    oracle = Oracle()

    async def story() -> int:
        names = name_all(entries(100), manner, oracle, lambda: EPOCH)
        await anext(names)
        await asyncio.sleep(1000)
        asked = len({question.name for question in oracle.asked if question.rrtype is RecordType.MX})
        await names.aclose()
        return asked

    assert play(story()) <= 4


def test_domains_that_share_a_host_each_have_its_answers_and_one_has_its_queries() -> None:
    oracle = Oracle(shared=True, remembers=True)
    manner = Manner(depth=Depth.DNS, vantage=DNS.vantage, wishes=(), lookups_at_once=1)
    found = name_them(oracle, manner, entries(5))

    assert all(questions(named)[1:] == ["mx.shared.test A", "mx.shared.test AAAA"] for named in found)
    assert [named.queries for named in found] == [3, 1, 1, 1, 1]


def test_what_is_known_already_takes_no_time() -> None:
    oracle = Oracle(remembers=True)
    once = [*entries(3)]
    first = name_them(oracle, DNS, iter(once))
    again = name_them(oracle, DNS, iter(once * 400))

    assert len(again) == 1200
    assert {named.elapsed for named in again} == {0}
    assert {named.queries for named in again} == {0}
    assert {named.answers for named in again} == {named.answers for named in first}


def test_a_domain_that_does_not_exist_is_asked_for_once() -> None:
    (named,) = name_them(Oracle(), DNS, entries(1, "none{}.test"))

    assert questions(named) == ["none0.test MX"]


def test_a_domain_over_which_we_stumble_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sound = next_survey_questions

    def stumble(domain: str, answers: Any, manner: Manner) -> tuple[Question, ...]:
        if domain == "d1.test" and answers:
            raise RuntimeError("a bug of ours")
        return sound(domain, answers, manner)

    monkeypatch.setattr("mxprobe.probe.naming.next_survey_questions", stumble)
    found = {named.entry.domain: named for named in name_them(Oracle(), DNS, entries(3))}

    assert questions(found["d1.test"]) == ["d1.test MX"]
    assert len(found["d0.test"].answers) == len(found["d2.test"].answers) == 5
    assert "d1.test" in caplog.text


def test_questions_of_a_domain_over_which_we_stumble_are_told_as_not_asked() -> None:
    class Stumbling(Oracle):
        def begin(self, question: Question, told: Callable[[Answer, int], None]) -> Answer | None:
            if question.name == "mx2.d0.test":
                raise RuntimeError("a bug of ours")
            return super().begin(question, told)

    (named,) = name_them(Stumbling(), DNS, entries(1))

    assert [answer.status for answer in named.answers] == [AnswerStatus.FOUND, AnswerStatus.NOT_ASKED]
    assert [answer.question.name for answer in named.answers] == ["d0.test", "mx1.d0.test"]


def test_whoever_stops_taking_hears_no_more() -> None:
    async def story() -> str:
        names = name_all(entries(10), DNS, Oracle(), lambda: EPOCH)
        first = await anext(names)
        await names.aclose()
        await asyncio.sleep(10)
        return first.entry.domain

    assert play(story()) == "d0.test"
