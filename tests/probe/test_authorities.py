"""A zone's own name servers, asked one by one over a scripted exchange: sound ones, hostile ones, and what is left."""

import asyncio
from collections.abc import Callable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.facts.finding import Status
from mxprobe.facts.snapshot import Snapshot, Vantage
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.mx.authorities import Heard, voices_of
from mxprobe.probe.snapshot import Request, take_snapshot
from mxprobe.rules import judge_snapshot
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means
from tests.wire.hosts import MemoryDialer, play, wall
from tests.wire.namehosts import respond

DOMAIN = "example.test"
RESOLVER = "memory:53"
MX = ("example.test. 3600 IN MX 10 mx1.example.test.", "example.test. 3600 IN MX 20 mx2.example.test.")
SOA = "example.test. 3600 IN SOA ns1.example.test. admin.example.test. {} 3600 900 604800 300"
AA = int(dns.flags.AA)

Say = Callable[[dns.message.Message, bool], bytes | None]


def _asked(query: dns.message.Message) -> tuple[str, str]:
    (question,) = query.question
    return question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)


def sound(*records: str, serial: int = 7) -> Say:
    """A server that has these MX records, with authority."""

    def say(query: dns.message.Message, tcp: bool) -> bytes:
        if _asked(query)[1] == "SOA":
            return respond(query, SOA.format(serial), flags=AA)
        return respond(query, *(records or MX), flags=AA)

    return say


def silent(query: dns.message.Message, tcp: bool) -> None:
    """A server that says nothing."""


class Net:
    """A zone: what the resolver says of it by name and type, and what its own servers say, by their addresses."""

    def __init__(self, servers: dict[str, Say], records: dict[tuple[str, str], tuple[str, ...]] | None = None) -> None:
        self.servers = servers
        self.broken = ""
        self.queries: list[tuple[float, str, tuple[str, str], bool]] = []
        self.records: dict[tuple[str, str], tuple[str, ...]] = {(DOMAIN, "MX"): MX, (DOMAIN, "SOA"): (SOA.format(7),)}
        self.records[DOMAIN, "NS"] = tuple(
            f"{DOMAIN}. 3600 IN NS ns{at}.{DOMAIN}." for at in range(1, 1 + len(servers))
        )
        for at, address in enumerate(servers, start=1):
            kind = "AAAA" if ":" in address else "A"
            self.records[f"ns{at}.{DOMAIN}", kind] = (f"ns{at}.{DOMAIN}. 3600 IN {kind} {address}",)
        for at in (1, 2):
            self.records[f"mx{at}.{DOMAIN}", "A"] = (f"mx{at}.{DOMAIN}. 3600 IN A 198.41.0.{at}",)
        self.records |= records or {}

    async def exchange(self, query: bytes, server: str, tcp: bool, deadline: float) -> bytes:
        message = dns.message.from_wire(query)
        self.queries.append((asyncio.get_running_loop().time(), server, _asked(message), bool(message.flags & 0x100)))
        await asyncio.sleep(0.02)
        if server == RESOLVER and self.broken and _asked(message)[0].startswith(self.broken):
            return respond(message, rcode=dns.rcode.SERVFAIL)
        if server == RESOLVER:
            found = self.records.get(_asked(message))
            return respond(message, *found) if found else respond(message, soa=True)
        reply = self.servers[server.rpartition(":")[0].strip("[]")](message, tcp)
        if reply is None:
            await asyncio.sleep(1e6)
        assert reply is not None
        return reply

    def direct(self) -> list[str]:
        """The servers of the zone that were sent a query, once for each query."""
        return [server for _, server, _, _ in self.queries if server != RESOLVER]


def look(net: Net, **vantage: Any) -> Snapshot:
    """A look at the names alone."""
    request = Request(
        domain=DOMAIN,
        asked=DOMAIN,
        helo="probe.example.test",
        vantage=Vantage(helo="probe.example.test", nameservers=(RESOLVER,), **vantage),
        dns_only=True,
    )

    async def story() -> Snapshot:
        means = Means(dialer=MemoryDialer(MemoryNetwork()), tls=None, wall=wall, ask=net.exchange)
        snapshot = await take_snapshot(request, Resolver(net.exchange, (RESOLVER,)), means)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return snapshot

    return play(story())


def found(snapshot: Snapshot) -> dict[str, str]:
    """What is found about the zone's servers and its names: codes, and whom they are about."""
    wanted = ("MX1", "MX2", "MX4", "MX5")
    return {
        one.code: one.subject for judgement in judge_snapshot(snapshot, wanted=wanted) for one in judgement.findings
    }


def status(snapshot: Snapshot, code: str) -> tuple[Status, str]:
    (judgement,) = judge_snapshot(snapshot, wanted=(code,))
    return judgement.status, judgement.reason or ""


def heard(snapshot: Snapshot) -> dict[str, Heard]:
    return {one.authority.address: one.heard for one in voices_of(DOMAIN, snapshot.authorities)}


def test_every_server_is_asked_itself_for_the_mx_records_and_its_serial_without_recursion() -> None:
    net = Net({"198.41.0.4": sound(), "199.9.14.201": sound()})
    snapshot = look(net)

    assert sorted(net.direct()) == ["198.41.0.4:53"] * 2 + ["199.9.14.201:53"] * 2
    assert {recursive for _, server, _, recursive in net.queries if server != RESOLVER} == {False}
    assert [voice.serial for voice in voices_of(DOMAIN, snapshot.authorities)] == [7, 7]
    assert snapshot.queries == len(net.queries)
    assert found(snapshot) == {}
    assert all(status(snapshot, code)[0] is Status.PASSES for code in ("MX117", "MX118", "MX401", "MX405"))


def test_servers_are_asked_at_the_port_that_is_said_and_over_the_families_that_are_tried() -> None:
    servers = {"198.41.0.4": sound(), "2001:503:ba3e::2:30": sound()}
    net, four = Net(servers), Net(servers)
    look(net, authority_port=5353)
    look(four, families=(4,))

    assert set(net.direct()) == {"198.41.0.4:5353", "[2001:503:ba3e::2:30]:5353"}
    assert set(four.direct()) == {"198.41.0.4:53"}


def test_the_zone_of_a_name_below_it_is_found_by_going_up() -> None:
    records = {(DOMAIN, "NS"): (), ("test", "NS"): ("test. 3600 IN NS ns1.example.test.",)}
    net = Net({"198.41.0.4": sound()}, records)
    snapshot = look(net)

    assert {one.zone for one in snapshot.authorities} == {"test"}
    assert ("test", "SOA") in {asked for _, server, asked, _ in net.queries if server != RESOLVER}


def test_private_servers_are_not_asked() -> None:
    net = Net({"10.0.0.53": sound(), "127.0.0.1": sound()})
    snapshot = look(net)

    assert net.direct() == []
    assert status(snapshot, "MX117")[0] is Status.INCONCLUSIVE
    assert "--allow-special" in status(snapshot, "MX117")[1]


@pytest.mark.parametrize(
    ("odd", "wanted", "state"),
    [
        (sound(MX[0], serial=6), {"MX117": DOMAIN}, Heard.SPEAKS),
        (lambda query, tcp: respond(query, soa=True, flags=AA), {"MX117": DOMAIN}, Heard.SPEAKS),
        (lambda query, tcp: respond(query, *MX), {"MX118": "ns2.example.test"}, Heard.NOT_AUTHORITATIVE),
        (lambda query, tcp: respond(query), {"MX118": "ns2.example.test"}, Heard.NOT_AUTHORITATIVE),
        (lambda query, tcp: respond(query, rcode=dns.rcode.REFUSED), {"MX118": "ns2.example.test"}, Heard.FAILS),
        (lambda query, tcp: respond(query, rcode=dns.rcode.SERVFAIL), {"MX118": "ns2.example.test"}, Heard.FAILS),
        (silent, {"MX118": "ns2.example.test"}, Heard.SILENT),
        (lambda query, tcp: b"\0" * 40, {"MX118": "ns2.example.test"}, Heard.FAILS),
        (
            lambda query, tcp: respond(dns.message.make_query("other.test", "MX", id=query.id), flags=AA),
            {"MX118": "ns2.example.test"},
            Heard.FAILS,
        ),
        (
            lambda query, tcp: respond(
                query,
                "example.test. 60 IN CNAME a.example.test.",
                "a.example.test. 60 IN CNAME example.test.",
                flags=AA,
            ),
            {"MX117": DOMAIN},
            Heard.SPEAKS,
        ),
        (lambda query, tcp: respond(query, flags=AA | int(dns.flags.TC)), {"MX118": "ns2.example.test"}, Heard.FAILS),
        (
            lambda query, tcp: respond(query, *MX, flags=AA).replace(b"\x03mx1", b"\x3fmx1"),
            {"MX118": "ns2.example.test"},
            Heard.FAILS,
        ),
    ],
    ids=[
        *("behind", "empty", "no-authority", "referral", "refused", "servfail", "silent", "garbage", "other-question"),
        *("alias-loop", "truncated-for-ever", "wrong-label-length"),
    ],
)
def test_a_server_that_is_off_is_told_and_the_look_ends(odd: Say, wanted: dict[str, str], state: Heard) -> None:
    net = Net({"198.41.0.4": sound(), "199.9.14.201": odd})
    snapshot = look(net)

    assert found(snapshot) == wanted
    assert heard(snapshot) == {"198.41.0.4": Heard.SPEAKS, "199.9.14.201": state}
    assert snapshot.elapsed < 16
    assert len(net.direct()) <= 2 + 8


def test_where_nobody_is_heard_nobody_is_blamed() -> None:
    snapshot = look(Net({"198.41.0.4": silent, "199.9.14.201": silent}))

    assert found(snapshot) == {}
    for code in ("MX117", "MX118", "MX401", "MX405"):
        assert status(snapshot, code)[0] is Status.INCONCLUSIVE, code
        assert "lets DNS out" in status(snapshot, code)[1]


def test_a_family_without_a_way_blames_no_server() -> None:
    snapshot = look(Net({"198.41.0.4": sound(), "2001:503:ba3e::2:30": silent}))

    assert found(snapshot) == {}
    assert status(snapshot, "MX118")[0] is Status.INCONCLUSIVE
    assert "2001:503:ba3e::2:30" in status(snapshot, "MX118")[1]


def test_a_resolver_with_an_older_copy_is_told_with_what_is_left_of_it() -> None:
    net = Net({"198.41.0.4": sound(), "199.9.14.201": sound()}, {(DOMAIN, "MX"): (MX[0].replace("3600", "1200"),)})
    snapshot = look(net)

    assert found(snapshot) == {"MX405": DOMAIN}
    (judgement,) = judge_snapshot(snapshot, wanted=("MX405",))
    assert "in 1200 s at the latest" in judgement.findings[0].means


def test_a_hundred_name_servers_are_not_all_asked() -> None:
    servers = {f"198.41.{at}.4": sound() for at in range(100)}
    net = Net(servers)
    snapshot = look(net)

    assert len(set(net.direct())) == 8
    assert len(net.queries) <= 60
    assert found(snapshot) == {}


def test_a_hundred_silent_name_servers_take_no_longer_than_one() -> None:
    net = Net({f"198.41.{at}.4": silent for at in range(100)})
    snapshot = look(net)

    assert snapshot.elapsed < 16
    assert len(net.direct()) == 16


def test_three_hundred_mx_records_are_looked_up_as_far_as_the_budget_goes_and_the_best_first() -> None:
    many = tuple(f"example.test. 3600 IN MX {at} h{at:03}.example.test." for at in range(300))
    records = {(DOMAIN, "MX"): many} | {
        (f"h{at:03}.{DOMAIN}", "A"): (f"h{at:03}.{DOMAIN}. 60 IN A 198.51.{at // 100}.{at % 100}",) for at in range(300)
    }
    net = Net({"198.41.0.4": sound(*many)}, records)
    snapshot = look(net)

    assert len(net.queries) == snapshot.queries <= 200
    assert snapshot.elapsed < 20
    asked = {question.name for question in snapshot.unasked if question.rrtype is RecordType.A}
    assert "h000.example.test" not in asked
    assert "h299.example.test" in asked
    assert status(snapshot, "MX201")[0] is Status.INCONCLUSIVE
    assert "more are not in the zone, or beyond the budget" in status(snapshot, "MX201")[1]


def test_three_hundred_hosts_that_cannot_be_looked_up_cost_no_more() -> None:
    many = tuple(f"example.test. 3600 IN MX {at} h{at:03}.example.test." for at in range(300))
    net = Net({"198.41.0.4": sound(*many)}, {(DOMAIN, "MX"): many})
    net.broken = "h"
    snapshot = look(net)

    assert len(net.queries) == snapshot.queries <= 200
    assert status(snapshot, "MX204")[0] is Status.INCONCLUSIVE


@pytest.mark.parametrize("budget", [1, 5, 12, 20, 25])
def test_the_budget_holds_for_the_zones_own_servers_too(budget: int) -> None:
    net = Net({f"198.41.{at}.4": silent for at in range(8)})
    snapshot = look(net, budget=budget)

    assert len(net.queries) == snapshot.queries <= max(budget, 7)
    assert snapshot.unasked
    assert found(snapshot) == {}
    assert status(snapshot, "MX117")[0] is Status.INCONCLUSIVE


def test_who_the_budget_did_not_reach_is_not_called_silent() -> None:
    servers: dict[str, Say] = {"198.41.0.4": sound(), "199.9.14.201": silent, "192.33.4.12": silent}
    full = len(Net(servers).queries)
    snapshots = [look(Net(servers), budget=budget) for budget in range(20, 40)]

    assert full == 0
    for snapshot in snapshots:
        states = heard(snapshot).values()
        if Heard.NOT_ASKED in states:
            assert status(snapshot, "MX118")[0] is not Status.PASSES
        tries = [one.answer.tries for one in snapshot.authorities if one.answer.status is AnswerStatus.TIMEOUT]
        assert all(count >= 2 for count in tries)


def test_a_name_server_without_an_address_is_lame() -> None:
    net = Net({"198.41.0.4": sound()})
    net.records[DOMAIN, "NS"] += (f"{DOMAIN}. 3600 IN NS gone.{DOMAIN}.",)
    snapshot = look(net)

    assert found(snapshot) == {"MX118": "gone.example.test"}


def test_an_interrupted_look_keeps_what_servers_have_said() -> None:
    net = Net({"198.41.0.4": sound(), "199.9.14.201": silent})
    request = Request(
        domain=DOMAIN,
        asked=DOMAIN,
        helo="probe.example.test",
        vantage=Vantage(helo="probe.example.test"),
        dns_only=True,
    )

    async def story() -> Snapshot:
        means = Means(dialer=MemoryDialer(MemoryNetwork()), tls=None, wall=wall, ask=net.exchange)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(take_snapshot(request, Resolver(net.exchange, (RESOLVER,)), means))
            await asyncio.sleep(1)
            task.cancel()
        return task.result()

    snapshot = play(story())
    assert not snapshot.complete
    assert heard(snapshot) == {"198.41.0.4": Heard.SPEAKS}
    assert Question(name=DOMAIN, rrtype=RecordType.MX) in {one.answer.question for one in snapshot.authorities}
