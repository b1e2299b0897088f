"""The world on loopback sockets is the world in memory: same verdicts, same attempts, same words, over real TCP.

Compared are the verdict, the findings, every attempt in its order, the fates, what each mailer and host did with each
message, and every session as its host saw it. Moments may differ by `LATE`: on sockets only connecting and asking take
the latency of the world in memory, there every line does. Sessions are compared without their order, which is that of
their ends. Every play is watched as well: in memory it opens no socket, on loopback it leaves the machine's own
addresses never.
"""

import asyncio
import errno
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mxprobe.errors import MxprobeError
from mxprobe.facts.run import EventKind, Run, WorldKind
from mxprobe.facts.session import FailureKind, Turn
from mxprobe.jobs.play import load_stories, play_one
from mxprobe.lab import sockets
from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.lab.socket_clock import SocketLoop
from mxprobe.mx.senders import find_profile
from mxprobe.scenario.load import load
from mxprobe.scenario.model import Scenario
from mxprobe.wire import send
from tests.lab.test_faults import FAULTS, STORY
from tests.support.sockets import watch_sockets

LIBRARY = Path(__file__).parents[2] / "scenarios"
SCENARIOS = load_stories([LIBRARY])

LATE = 0.5
"""Seconds of story time for each attempt of a story: twenty-five round trips."""

EXCEPTIONS: dict[str, str] = {}
"""Stories by name that go another way on sockets, each with its reason. One that does not is an error as well."""

MOST_EXCEPTIONS = 15


def _parameters(scenario: Scenario, sender: str) -> Any:
    name = Path(scenario.path).stem
    why = EXCEPTIONS.get(name)
    marks = [] if why is None else [pytest.mark.xfail(reason=why, raises=AssertionError, strict=True)]
    return pytest.param(scenario, sender, id=f"{name}-{sender}", marks=marks)


PLAYS = [_parameters(scenario, sender) for scenario in SCENARIOS for sender in scenario.senders]


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "sender"), PLAYS)
def test_a_story_goes_the_same_way_on_sockets(scenario: Scenario, sender: str) -> None:
    memory, loopback = _play_in_both(scenario, sender)

    assert loopback.verdict == memory.verdict
    assert [finding.code for finding in loopback.findings] == [finding.code for finding in memory.findings]
    assert _attempts(loopback) == _attempts(memory)
    assert _fates(loopback) == _fates(memory)
    assert _deeds(loopback) == _deeds(memory)
    assert _sessions(loopback) == _sessions(memory)
    assert _looks(loopback) == _looks(memory)
    assert _conditions(loopback) == _conditions(memory)
    assert _latest(loopback, memory) < LATE * (1 + len(_attempts(memory)))


@pytest.mark.parametrize(("fault", "where"), FAULTS)
def test_a_fault_strikes_the_same_way_on_sockets(fault: str, where: str) -> None:
    story = load(STORY.format(host="mx1", fault=fault, where=where), "story.yaml")
    memory, loopback = _play_in_both(story, "rfc5321")

    assert _attempts(loopback) == _attempts(memory)
    assert _deeds(loopback) == _deeds(memory)
    assert _sessions(loopback) == _sessions(memory)


def test_few_stories_are_exceptions_and_all_of_them_exist() -> None:
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
    assert set(EXCEPTIONS) <= {Path(scenario.path).stem for scenario in SCENARIOS}
    assert all(EXCEPTIONS.values())


def _play_in_both(scenario: Scenario, sender: str) -> tuple[Run, Run]:
    with watch_sockets() as seen:
        memory = play_one(scenario, sender, seed=1)
    assert seen == []
    with watch_sockets() as seen:
        loopback = play_one(scenario, sender, 1, WorldKind.LOOPBACK)
    assert [one for one in seen if one.leaves_loopback] == []
    assert any(one.event == "socket.bind" for one in seen)
    return memory, loopback


def _attempts(run: Run) -> list[tuple[object, ...]]:
    tried = (event for event in run.events if event.kind is EventKind.TRIED)
    return [(event.who, event.host, event.message, event.recipient, event.round) for event in tried]


def _fates(run: Run) -> list[tuple[object, ...]]:
    """How every copy ended, without the moments."""
    return [
        (
            fate.message,
            fate.recipient,
            fate.tried,
            [host for host, _ in fate.accepted],
            [place for place, _ in fate.arrivals],
            [(by, status) for by, _, status in fate.bounces],
            fate.held,
        )
        for fate in run.fates
    ]


def _deeds(run: Run) -> dict[tuple[str, str | None], list[tuple[object, ...]]]:
    """What each did with each message, in order: what others do meanwhile may come a latency sooner or later."""
    deeds: dict[tuple[str, str | None], list[tuple[object, ...]]] = {}
    for event in run.events:
        what = (event.kind, event.host, event.recipient, event.round, event.cell, event.text, event.status)
        deeds.setdefault((event.who, event.message), []).append(what)
    return deeds


def _sessions(run: Run) -> Counter[tuple[object, ...]]:
    """What the hosts saw, turn by turn; of a relay's mail but the size, for its trace line has addresses in it."""
    return Counter(
        (
            session.endpoint.host,
            tuple((turn.phase, _said(turn), turn.reply, turn.failure and turn.failure.kind) for turn in session.turns),
        )
        for session in run.sessions
    )


def _said(turn: Turn) -> bytes:
    return re.sub(rb" SIZE=\d+", b"", turn.command or b"")


def _looks(run: Run) -> list[tuple[object, ...]]:
    """What steps that probe have found, without addresses, which are others on sockets."""
    return [
        (look.name, finding.code, finding.subject, _ADDRESS.sub("ADDRESS", finding.says))
        for look in run.looks
        for finding in look.findings
    ]


_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def _conditions(run: Run) -> list[tuple[object, ...]]:
    """What was wrong with whom, without the moments: some follow from what happens."""
    return [(one.host, one.fault, one.phase, one.hinders, one.ends is None) for one in run.conditions]


def _latest(one: Run, other: Run) -> float:
    """The most that an event of one run is away from the same event of the other."""

    def moments(run: Run) -> dict[tuple[str, str | None], list[float]]:
        found: dict[tuple[str, str | None], list[float]] = {}
        for event in run.events:
            found.setdefault((event.who, event.message), []).append(event.at)
        return found

    ours, theirs = moments(one), moments(other)
    return max(
        (abs(mine - yours) for key in ours for mine, yours in zip(ours[key], theirs[key], strict=True)), default=0.0
    )


# -- what real sockets show -------------------------------------------------------------------------------------------


def _loopback(fault: str, where: str) -> Run:
    story = load(STORY.format(host="mx1", fault=fault, where=where), "story.yaml")
    return play_one(story, "rfc5321", 1, WorldKind.LOOPBACK)


@pytest.mark.parametrize(
    ("fault", "code"), [("tcp-refuse", errno.ECONNREFUSED), ("tcp-unreachable", errno.EHOSTUNREACH)]
)
def test_the_sender_hears_it_from_the_system(fault: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int | None] = []
    usual = send._failure

    def note(error: Exception, *more: Any) -> Any:
        codes.append(getattr(error, "errno", None))
        return usual(error, *more)

    monkeypatch.setattr(send, "_failure", note)
    _loopback(fault, "")

    assert codes[0] == code


def test_a_reset_is_a_real_one() -> None:
    async def story() -> None:
        (listener,) = sockets.bind_port(["127.0.0.1"]).values()
        server = await asyncio.get_running_loop().create_server(_Resetter, sock=listener)
        with await sockets.dial("127.0.0.1", sockets.port_of(listener), None) as sock:
            assert await asyncio.get_running_loop().sock_recv(sock, 9) == b"220 "
            with pytest.raises(ConnectionResetError):
                await asyncio.get_running_loop().sock_recv(sock, 9)
        server.close()

    play_in_fresh_loop(story, SocketLoop)


class _Resetter(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"220 ")
        sockets.reset(transport)


def test_a_black_hole_takes_the_whole_timeout_and_no_more() -> None:
    tried, refused = [event for event in _loopback("tcp-black-hole", "").events if event.message == "letter"][1:3]

    assert refused.at - tried.at == pytest.approx(find_profile("rfc5321").timeouts.connect, abs=0.001)
    assert (refused.kind, refused.cell) == (EventKind.REFUSED, "C2")


def test_mailers_come_from_addresses_of_their_own() -> None:
    run = _loopback("tcp-refuse", "")
    sources = {session.endpoint.host: session.source for session in run.sessions}
    backup = next(session.endpoint.address for session in run.sessions if session.endpoint.host == "mx2.example.test")

    assert sources["mx1.example.test"] == backup
    assert sources["mx2.example.test"] not in {session.endpoint.address for session in run.sessions}


BOTH_FAMILIES = """\
story: Hosts with addresses of both families.
domain: example.test
zone: |
  @    3600 IN MX 10 mx1
  @    3600 IN MX 20 mx2
  mx1  3600 IN A 203.0.113.9
  mx1  3600 IN AAAA 2001:db8::1
  mx2  3600 IN AAAA 2001:db8::2
recipients: [alice]
hosts:
  mx1: {always: {greylist: {wait: 4m, trusts: [mx2]}}}
  mx2: {always: {greylist: 4m}}
steps:
  - {at: 1m, send: letter, to: alice}
expect:
  letter: {tried: [mx1, mx2], accepted: mx1, arrived: {in: mailbox, after: 4m, before: 2h}}
"""


def test_both_families_have_addresses_on_loopback() -> None:
    memory, loopback = _play_in_both(load(BOTH_FAMILIES, "story.yaml"), "rfc5321")

    assert loopback.verdict == memory.verdict
    assert loopback.verdict is not None
    assert loopback.verdict.passed
    assert _attempts(loopback) == _attempts(memory)
    assert {(":" in session.endpoint.address) for session in loopback.sessions} == {True, False}


ONE_MACHINE = """\
story: The mail host is the web server, too.
domain: example.test
zone: |
  @    3600 IN MX 10 mx1
  @    3600 IN A 203.0.113.9
  mx1  3600 IN A 203.0.113.9
recipients: [alice]
steps:
  - {at: 0m, break: mx1, with: {reply: 451 4.3.0 later}, phase: mail, for: 10m}
  - {at: 1m, send: letter, to: alice}
expect:
  letter: {tried: [mx1], accepted: mx1, arrived: {in: mailbox, after: 10m, before: 2h}}
"""


@pytest.mark.parametrize("kind", WorldKind)
def test_two_names_of_one_address_are_one_machine_by_its_better_name(kind: WorldKind) -> None:
    run = play_one(load(ONE_MACHINE, "story.yaml"), "rfc5321", 1, kind)

    assert run.verdict is not None
    assert run.verdict.misses == ()


def test_two_plays_never_have_the_same_addresses() -> None:
    addresses = {_loopback("close", "phase: mail,").sessions[0].endpoint.address for _ in range(3)}

    assert len(addresses) == 3
    assert all(re.fullmatch(r"127\.\d+\.\d+\.10", address) for address in addresses)


def test_a_reset_is_written_down_by_the_host_as_its_own_deed() -> None:
    session = _loopback("reset", "phase: mail,").sessions[0]

    assert session.failure is not None
    assert session.failure.kind is FailureKind.RESET


def test_a_machine_without_such_addresses_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxprobe.lab.loopback.choose_block", lambda: "192.0.2")
    with pytest.raises(MxprobeError, match=r"192\.0\.2\.\d+ cannot be used: .*\. On macOS give lo0 an alias"):
        _loopback("tcp-refuse", "")
