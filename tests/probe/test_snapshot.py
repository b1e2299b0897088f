"""A look at a domain over the memory network: everybody at once, again where it failed, and whole or said not to be."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from mxprobe.facts.codec import decode, encode
from mxprobe.facts.dns import AddressRecord, Answer, AnswerStatus, MxRecord, Question, RecordType, index_answers
from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.session import Endpoint, FailureKind
from mxprobe.facts.snapshot import NotVisited, Snapshot, Vantage
from mxprobe.lab.memory import MemoryNetwork, SynAnswer
from mxprobe.mx.plan import HostProblem, plan_mx
from mxprobe.probe.snapshot import ControlHost, Request, take_snapshot
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means
from mxprobe.wire.tls import TlsContext
from tests.wire.hosts import EPOCH, Issued, MemoryDialer, issue, mail_host, play, trusting, wall

# Public addresses: nothing leaves the memory network.
ONE, TWO, THREE, SIX = "198.41.0.4", "199.9.14.201", "192.33.4.12", "2001:503:ba3e::2:30"
CHAIN = {"mx1.example.test": (10, ONE), "mx2.example.test": (20, TWO), "mx3.example.test": (30, THREE)}
VANTAGE = Vantage(helo="probe.example.test", nameservers=("memory",))


class StubResolver(Resolver):
    """Knows one chain by heart; takes 10 ms to say it."""

    def __init__(self, chain: dict[str, tuple[int, str]]) -> None:
        self.chain = chain
        self.asked: list[Question] = []

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        self.asked.append(question)
        await asyncio.sleep(0.01)
        records: tuple[Any, ...] = ()
        if question.rrtype is RecordType.MX:
            records = tuple(
                MxRecord(preference=preference, exchange=name, ttl=300) for name, (preference, _) in self.chain.items()
            )
        elif question.name in self.chain:
            address = self.chain[question.name][1]
            if (":" in address) == (question.rrtype is RecordType.AAAA):
                records = (AddressRecord(address=address, ttl=300),)
        status = AnswerStatus.FOUND if records else AnswerStatus.NODATA
        return Answer(question=question, status=status, records=records)


class World:
    """A memory network with a mail host at each address of the chain."""

    def __init__(self, chain: dict[str, tuple[int, str]] = CHAIN, issued: Issued | None = None) -> None:
        self.chain = chain
        self.network = MemoryNetwork(latency=0.05)
        self.dialled: list[tuple[float, str]] = []
        self.issued = issued
        self.tls: TlsContext | None = trusting(issued) if issued else None
        self.down: dict[str, SynAnswer] = {}
        self.told: list[str] = []
        self.network.on_syn = self._syn
        for _, address in chain.values():
            self.network.listen(address, 25, mail_host(issued.context if issued else None))

    def _syn(self, address: str, port: int) -> SynAnswer | None:
        self.dialled.append((round(asyncio.get_running_loop().time(), 3), address))
        return self.down.get(address)

    async def look(self, **changes: Any) -> Snapshot:
        vantage = changes.pop("vantage", VANTAGE)
        request = Request(domain="example.test", asked="example.test", helo=vantage.helo, vantage=vantage, **changes)
        means = Means(dialer=MemoryDialer(self.network), tls=self.tls, wall=wall)
        return await take_snapshot(request, StubResolver(self.chain), means, self.told.append)

    def all_closed(self) -> bool:
        return not self.network.open_ends and asyncio.all_tasks() == {asyncio.current_task()}


def look(prepare: Callable[[World], None] = lambda world: None, **changes: Any) -> tuple[Snapshot, World]:
    async def story() -> tuple[Snapshot, World]:
        world = World(changes.pop("chain", CHAIN), changes.pop("issued", None))
        prepare(world)
        snapshot = await world.look(**changes)
        await asyncio.sleep(5)
        assert world.all_closed()
        return snapshot, world

    return play(story())


def test_one_host_with_tls_and_a_recipient_takes_seven_round_trips() -> None:
    chain = {"mx1.example.test": (10, ONE)}
    snapshot, _ = look(chain=chain, issued=issue(), recipients=("alice@example.test",))

    assert snapshot.round_trips == 7
    assert snapshot.visits[0].sessions[0].turns[-1].ended == pytest.approx(0.700)
    assert snapshot.complete
    assert snapshot.started_at == EPOCH


def test_three_hosts_together_take_no_longer_than_the_slowest() -> None:
    def slow(world: World) -> None:
        world.network.add_address(TWO, latency=0.2)

    alone, _ = look(slow, chain={"mx2.example.test": (20, TWO)}, issued=issue(), recipients=("alice@example.test",))
    together, world = look(slow, issued=issue(), recipients=("alice@example.test",))

    assert together.elapsed <= alone.elapsed * 1.1
    assert [visit.endpoint.address for visit in together.visits] == [ONE, TWO, THREE]
    assert {moment for moment, address in world.dialled if address != TWO} == {0.07}


def test_dials_start_in_the_order_of_preference() -> None:
    _, world = look()

    assert [address for _, address in world.dialled] == [ONE, TWO, THREE]


def test_a_host_whose_addresses_take_long_holds_up_nobody_else() -> None:
    class Lame(StubResolver):
        """Takes nine seconds for the addresses of the second host."""

        async def ask(self, question: Question, deadline: float | None = None) -> Answer:
            await asyncio.sleep(9.0 if question.name == "mx2.example.test" else 0.0)
            return await super().ask(question, deadline)

    async def story() -> tuple[Snapshot, World]:
        world = World()
        request = Request(domain="example.test", asked="example.test", helo=VANTAGE.helo, vantage=VANTAGE)
        means = Means(dialer=MemoryDialer(world.network), tls=None, wall=wall)
        return await take_snapshot(request, Lame(CHAIN), means), world

    snapshot, world = play(story())

    assert world.dialled == [(0.07, ONE), (0.07, THREE), (9.07, TWO)]
    assert [visit.endpoint.address for visit in snapshot.visits] == [ONE, TWO, THREE]
    assert all(visit.sessions for visit in snapshot.visits)


def test_in_order_each_preference_waits_for_the_one_before() -> None:
    snapshot, world = look(in_order=True)

    moments = [moment for moment, _ in world.dialled]
    assert moments == sorted(set(moments))
    assert [address for _, address in world.dialled] == [ONE, TWO, THREE]
    assert all(visit.sessions for visit in snapshot.visits)


def test_an_address_that_fails_is_asked_three_times_over_forty_seconds() -> None:
    def refuse(world: World) -> None:
        world.down[ONE] = SynAnswer.REFUSE

    snapshot, _ = look(refuse)

    attempts = snapshot.visits[0].sessions
    assert [session.failure.kind if session.failure else None for session in attempts] == [FailureKind.REFUSED] * 3
    assert attempts[-1].started_at - attempts[0].started_at == pytest.approx(40.2)
    assert [len(visit.sessions) for visit in snapshot.visits] == [3, 1, 1]
    assert snapshot.controls == ()


def test_an_address_that_recovers_is_not_asked_a_third_time() -> None:
    def refuse_once(world: World) -> None:
        answers = iter([SynAnswer.REFUSE])
        world.network.on_syn = lambda address, port: next(answers, None) if address == ONE else None

    snapshot, world = look(refuse_once)

    assert world.told == [f"mx1.example.test/{ONE}: refused; asked again in 20 s"]
    assert [session.failure is None for session in snapshot.visits[0].sessions] == [False, True]


def test_what_a_host_says_of_a_recipient_is_asked_once() -> None:
    chain = {"mx1.example.test": (10, ONE)}
    later, _ = look(chain=chain, recipients=("late@example.test",))
    never, _ = look(chain=chain, recipients=("ghost@example.test",))

    assert len(later.visits[0].sessions) == 1
    assert len(never.visits[0].sessions) == 1


def test_where_all_fail_hosts_of_others_are_asked_for_comparison() -> None:
    control = ControlHost(host="192.5.5.241")
    named, nowhere = ControlHost(host="mx1.example.test", port=26), ControlHost(host="nowhere.example.test")

    def blocked(world: World) -> None:
        world.network.on_syn = lambda address, port: SynAnswer.DROP

    vantage = Vantage(helo="probe.example.test", timeout=5, attempts=2, spacing=1)
    snapshot, _ = look(blocked, controls=(control, named, nowhere), vantage=vantage)

    assert [len(visit.sessions) for visit in snapshot.visits] == [2, 2, 2]
    asked, by_name = snapshot.controls
    assert asked.endpoint == Endpoint(host="192.5.5.241", address="192.5.5.241")
    assert by_name.endpoint == Endpoint(host="mx1.example.test", address=ONE, port=26)
    assert asked.session.failure is not None
    assert asked.session.failure.kind is FailureKind.TIMEOUT


def test_hosts_of_others_are_left_in_peace_where_anybody_spoke() -> None:
    snapshot, world = look(controls=(ControlHost(host="192.5.5.241"),))

    assert snapshot.controls == ()
    assert "192.5.5.241" not in {address for _, address in world.dialled}


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.0.2.1", "169.254.1.1", "224.0.0.1", "::1", "fe80::1"]
)
def test_a_special_use_address_is_named_and_not_dialled(address: str) -> None:
    chain = {"mx1.example.test": (10, address), "mx2.example.test": (20, TWO)}
    snapshot, world = look(chain=chain)

    assert snapshot.visits[0].not_visited is NotVisited.SPECIAL_USE
    assert snapshot.visits[0].sessions == ()
    assert [where for _, where in world.dialled] == [TWO]


def test_a_special_use_address_is_dialled_where_that_is_allowed() -> None:
    snapshot, _ = look(chain={"mx1.example.test": (10, "10.1.2.3")}, allow_special=True)

    assert snapshot.visits[0].not_visited is None
    assert len(snapshot.visits[0].sessions) == 1


def test_only_the_families_that_are_asked_for_are_dialled_and_both_are_looked_up() -> None:
    chain = {"mx1.example.test": (10, ONE), "mx2.example.test": (20, SIX)}
    both, _ = look(chain=chain)
    four, world = look(chain=chain, vantage=Vantage(helo="probe.example.test", families=(4,)))

    assert [visit.not_visited for visit in both.visits] == [None, None]
    assert [visit.not_visited for visit in four.visits] == [None, NotVisited.FAMILY_NOT_ASKED]
    assert {address for _, address in world.dialled} == {ONE}
    assert {answer.question.rrtype for answer in four.answers} >= {RecordType.A, RecordType.AAAA}


def test_names_alone_are_looked_up_where_that_is_asked() -> None:
    snapshot, world = look(dns_only=True)

    assert world.dialled == []
    assert [visit.not_visited for visit in snapshot.visits] == [NotVisited.DNS_ONLY] * 3
    types = (RecordType.TXT, RecordType.PTR, RecordType.TLSA)
    beside = [answer for answer in snapshot.answers if answer.question.rrtype in types]
    zone = [answer for answer in snapshot.answers if answer.question.rrtype is RecordType.NS]
    assert len(snapshot.answers) - len(beside) - len(zone) == 7
    assert [answer.question.name for answer in zone] == ["example.test", "test"]
    assert sorted(answer.question.name for answer in beside if answer.question.rrtype is RecordType.TXT) == [
        "_dmarc.example.test",
        "_dmarc.test",
        "_mta-sts.example.test",
        "_smtp._tls.example.test",
        "example.test",
    ]


@pytest.mark.parametrize("moment", [0.005, 0.015, 0.1, 0.4, 5.0, 30.0])
def test_an_interrupted_look_gives_what_it_has_and_leaves_nothing_open(moment: float) -> None:
    async def story() -> Snapshot:
        world = World(issued=issue())
        world.down[THREE] = SynAnswer.DROP
        async with asyncio.TaskGroup() as group:
            task = group.create_task(world.look(recipients=("alice@example.test",)))
            await asyncio.sleep(moment)
            before = asyncio.get_running_loop().time()
            task.cancel()
            snapshot = await task
        assert asyncio.get_running_loop().time() == before
        await asyncio.sleep(5)
        assert world.all_closed()
        return snapshot

    snapshot = play(story())

    assert not snapshot.complete
    assert decode(encode(snapshot), Snapshot) == snapshot
    if moment == 0.4:
        assert [visit.not_visited for visit in snapshot.visits] == [NotVisited.INTERRUPTED] * 3
    if moment == 5.0:
        assert [visit.not_visited for visit in snapshot.visits] == [None, None, NotVisited.INTERRUPTED]


@pytest.mark.parametrize("late", [{RecordType.A}, {RecordType.A, RecordType.AAAA}])
def test_a_name_that_an_interrupted_look_still_waits_for_has_neither_failed_nor_no_address(
    late: set[RecordType],
) -> None:
    class Lame(StubResolver):
        async def ask(self, question: Question, deadline: float | None = None) -> Answer:
            await asyncio.sleep(9.0 if question.name == "mx1.example.test" and question.rrtype in late else 0.0)
            return await super().ask(question, deadline)

    async def story() -> Snapshot:
        request = Request(domain="example.test", asked="example.test", helo=VANTAGE.helo, vantage=VANTAGE)
        means = Means(dialer=MemoryDialer(World().network), tls=None, wall=wall)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(take_snapshot(request, Lame(CHAIN), means))
            await asyncio.sleep(5)
            task.cancel()
        return task.result()

    snapshot = play(story())
    (left_out,) = plan_mx(snapshot.domain, index_answers(snapshot.answers)).excluded

    assert (left_out.name, left_out.problem) == ("mx1.example.test", HostProblem.NOT_ASKED)
    assert [visit.endpoint.address for visit in snapshot.visits] == [TWO, THREE]


def test_two_names_of_one_address_are_visited_one_after_the_other() -> None:
    chain = {"mx1.example.test": (10, ONE), "mx2.example.test": (20, ONE)}

    async def story() -> tuple[Snapshot, World]:
        world = World({"mx1.example.test": (10, ONE)})
        world.chain = chain
        return await world.look(), world

    snapshot, world = play(story())

    assert [len(visit.sessions) for visit in snapshot.visits] == [1, 1]
    first, second = (moment for moment, _ in world.dialled)
    assert second - first > 0.3


def test_a_snapshot_comes_back_from_json_as_it_went() -> None:
    snapshot, _ = look(issued=issue(), recipients=("alice@example.test", "ghost@example.test"))

    assert decode(encode(snapshot), Snapshot) == snapshot


def test_hosts_of_a_migration_are_visited_and_stand_beside_the_chain() -> None:
    four, far = "193.0.14.129", "192.0.2.99"

    def prepare(world: World) -> None:
        world.chain = {**CHAIN, "mx9.example.test": (90, four), "lost.example.test": (91, far)}
        world.network.listen(four, 25, mail_host(None))

    class Narrow(StubResolver):
        """Publishes the three alone, and knows the addresses of all."""

        async def ask(self, question: Question, deadline: float | None = None) -> Answer:
            answer = await super().ask(question, deadline)
            published = tuple(record for record in answer.mx if record.exchange in CHAIN)
            return replace(answer, records=published) if answer.mx else answer

    names = ("mx9.example.test", "mx1.example.test", "gone.example.test", "lost.example.test")
    further = tuple(ApprovedMx(preference=5, host=name) for name in names)

    async def story() -> Snapshot:
        world = World()
        prepare(world)
        request = Request(
            domain="example.test", asked="example.test", helo=VANTAGE.helo, vantage=VANTAGE, further=further
        )
        means = Means(dialer=MemoryDialer(world.network), tls=None, wall=wall)
        return await take_snapshot(request, Narrow(world.chain), means)

    seen = play(story())

    assert [visit.endpoint.host for visit in seen.visits] == list(CHAIN)
    assert [(visit.endpoint.id, visit.preference, len(visit.sessions)) for visit in seen.planned] == [
        (f"mx9.example.test/{four}", 5, 1),
        (f"lost.example.test/{far}", 5, 0),
    ]
    assert seen.planned[1].not_visited is NotVisited.SPECIAL_USE
    assert decode(encode(seen), Snapshot) == seen


def test_what_is_asked_about_others_is_not_taken_from_the_chain() -> None:
    class Counting(StubResolver):
        async def ask(self, question: Question, deadline: float | None = None) -> Answer:
            self.sent += 1
            return await super().ask(question, deadline)

    async def story() -> Snapshot:
        request = Request(
            domain="example.test",
            asked="example.test",
            helo=VANTAGE.helo,
            vantage=replace(VANTAGE, budget=20),
            recipients=("alice@example.test",),
            own_sender=True,
            further=tuple(ApprovedMx(preference=5, host=f"gone{number}.example.test") for number in range(10)),
        )
        means = Means(dialer=MemoryDialer(World().network), tls=None, wall=wall)
        return await take_snapshot(request, Counting(CHAIN), means)

    seen = play(story())

    assert [visit.endpoint.host for visit in seen.visits] == list(CHAIN)
    assert all(visit.sessions for visit in seen.visits)
