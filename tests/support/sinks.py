"""Mail hosts of the memory network for surveys: quick, all alike, and limited by operator where it is wanted."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Any

from msgspec import Struct, field

from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Errand, Manner, Pace, PutOff, Visited
from mxprobe.lab.memory import MemoryNetwork, SynAnswer
from mxprobe.probe.errands import make_errands
from mxprobe.wire.session import Means
from tests.wire.hosts import MemoryDialer, play, wall

LATENCY = 0.05
Given = Visited | PutOff | Pace


class Rules(Struct, kw_only=True):
    """How the hosts of one operator behave. `a_minute` sessions are served in any minute, others are told `limit`.

    `silent`: nothing is ever said. `dead`: the SYN is lost. `drops`: so many RCPT are answered in a session, and then
    it is closed with 421.
    """

    a_minute: int = 10**9
    at_once: int = 10**9
    limit: bytes = b"421 4.7.0 Too many connections from you\r\n"
    silent: bool = False
    dead: bool = False
    pipelining: bool = True
    refuses: frozenset[str] = frozenset()
    drops: int = 10**9
    served: deque[float] = field(default_factory=deque)
    turned_away: int = 0
    open: int = 0
    most: int = 0
    starts: list[float] = field(default_factory=list)
    rcpts: Counter[str] = field(default_factory=Counter)


class World:
    """Addresses with the rules of their operators, and what was seen of those who came."""

    def __init__(self) -> None:
        self.network = MemoryNetwork(latency=LATENCY)
        self.rules: dict[str, Rules] = defaultdict(Rules)
        self.at_address: Counter[str] = Counter()
        self.most_at_address = 0
        self.dialled: list[str] = []
        self._of: dict[str, Rules] = {}
        self.network.on_syn = self._on_syn

    def add(self, endpoint: Endpoint, operator: str) -> None:
        """A host at an address, unless one is there."""
        if endpoint.address not in self._of:
            rules = self._of[endpoint.address] = self.rules[operator]
            self.network.listen(endpoint.address, 25, lambda: _Sink(self, endpoint.address, rules))

    def _on_syn(self, address: str, port: int) -> SynAnswer | None:
        self.dialled.append(address)
        rules = self._of.get(address)
        return SynAnswer.DROP if rules is not None and rules.dead else None

    @property
    def means(self) -> Means:
        """What sessions in this world are made with; in clear."""
        return Means(dialer=MemoryDialer(self.network), tls=None, wall=wall)


class _Sink(asyncio.Protocol):
    """A host that answers every command at once."""

    def __init__(self, world: World, address: str, rules: Rules) -> None:
        self.world, self.address, self.rules = world, address, rules
        self.transport: Any = None
        self.buffer = b""
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, rules, now = transport, self.rules, asyncio.get_running_loop().time()
        self.world.at_address[self.address] += 1
        self.world.most_at_address = max(self.world.most_at_address, self.world.at_address[self.address])
        rules.open += 1
        rules.most = max(rules.most, rules.open)
        rules.starts.append(now)
        while rules.served and rules.served[0] <= now - 60:
            rules.served.popleft()
        if rules.silent:
            return
        if len(rules.served) >= rules.a_minute or rules.open > rules.at_once:
            rules.turned_away += 1
            self.transport.write(rules.limit)
            self.transport.close()
            return
        rules.served.append(now)
        self.transport.write(b"220 sink ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self.world.at_address[self.address] -= 1
        self.rules.open -= 1

    def data_received(self, data: bytes) -> None:
        *lines, self.buffer = (self.buffer + data).split(b"\r\n")
        for line in lines:
            if not self.transport.is_closing():
                self._answer(line.decode())

    def _answer(self, line: str) -> None:
        verb = line.split(" ")[0].upper()
        if verb == "EHLO":
            self.transport.write(b"250-sink\r\n250 PIPELINING\r\n" if self.rules.pipelining else b"250 sink\r\n")
        elif verb == "RCPT":
            recipient = line.partition("<")[2].rstrip(">")
            self.rules.rcpts[recipient] += 1
            self.asked += 1
            if self.asked > self.rules.drops:
                self.transport.write(b"421 4.3.2 closing\r\n")
                self.transport.close()
            else:
                refused = recipient in self.rules.refuses
                self.transport.write(b"550 5.1.1 no such user\r\n" if refused else b"250 2.1.5 ok\r\n")
        elif verb == "QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
        else:
            self.transport.write(b"250 ok\r\n")


class Made(Struct, kw_only=True):
    """What came of errands: when each thing was given, in seconds from the start."""

    given: list[tuple[float, Given]] = field(default_factory=list)
    world: World

    @property
    def visits(self) -> dict[str, tuple[float, Visited]]:
        """By key, and when it was given."""
        return {one.key: (at, one) for at, one in self.given if isinstance(one, Visited)}

    @property
    def put_off(self) -> list[PutOff]:
        """What was given back."""
        return [one for _, one in self.given if isinstance(one, PutOff)]

    @property
    def paces(self) -> list[Pace]:
        """What was learnt, as it came."""
        return [one for _, one in self.given if isinstance(one, Pace)]


def manner(**changes: Any) -> Manner:
    """A survey down to EHLO with the usual politeness."""
    fields: dict[str, Any] = {"depth": Depth.EHLO, "vantage": Vantage(helo="probe.test"), "helo": "probe.test"}
    return Manner(**{**fields, **changes})


def errand(name: str, number: int, **changes: Any) -> Errand:
    """An errand to a host of an operator, at an address of its own."""
    operator = changes.pop("operator", name)
    address = changes.pop("address", None) or f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"
    endpoint = Endpoint(host=f"mx{number}.{name}", address=address)
    return Errand(key=endpoint.id, endpoint=endpoint, operator=operator, **changes)


async def collect(made: Made, errands: Sequence[Errand], how: Manner, paces: Iterable[Pace] = ()) -> None:
    """Make errands, and write down what comes."""
    loop = asyncio.get_running_loop()
    async with aclosing(make_errands(errands, paces, how, made.world.means)) as stream:
        async for one in stream:
            made.given.append((loop.time(), one))


def make(errands: Sequence[Errand], how: Manner, paces: Iterable[Pace] = (), **rules: Rules) -> Made:
    """Make errands in a world of its own where operators have rules, and leave no task and no connection behind."""
    return play(_make(errands, how, tuple(paces), rules))


async def _make(errands: Sequence[Errand], how: Manner, paces: tuple[Pace, ...], rules: dict[str, Rules]) -> Made:
    made = Made(world=World())
    made.world.rules |= {name.replace("_", "."): one for name, one in rules.items()}
    for one in errands:
        made.world.add(one.endpoint, one.operator)
    await collect(made, errands, how, paces)
    await asyncio.sleep(10)
    assert not made.world.network.open_ends
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return made
