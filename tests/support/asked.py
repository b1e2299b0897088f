"""Mail hosts of the memory network that write down what they are told, and looks that ask them for a matrix."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiosmtpd.smtp import SMTP

from mxprobe.errors import InputError
from mxprobe.facts.dns import AddressRecord, Answer, AnswerStatus, MxRecord, Question, RecordType, TextRecord
from mxprobe.facts.snapshot import Snapshot, Vantage
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.probe.matrix import MatrixRequest
from mxprobe.probe.snapshot import Request, take_snapshot
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means
from tests.wire.hosts import Mailbox, MemoryDialer, play, wall

ONE, TWO = "198.41.0.4", "199.9.14.201"
HELO = "probe.elsewhere.test"
RANDOM = "q7x2m9k4w8z1n5c3v6b0t2r8"
DROP = "421 dropped"
"""Said by a host that then tears the connection down."""
Answering = Callable[[str, str, int], str]
"""What a host says to RCPT: of the sender, the recipient and how often it was asked for this pair."""


def knows(*names: str, otherwise: str = "550 5.1.1 no such user") -> Answering:
    """A host that takes these local parts at example.test, and relays for nobody."""

    def answer(sender: str, recipient: str, times: int) -> str:
        local, _, domain = recipient.partition("@")
        if domain != "example.test":
            return "554 5.7.1 Relay access denied"
        return "250 2.1.5 ok" if local in names else otherwise

    return answer


class Listening(Mailbox):
    """Answers RCPT as told, and keeps every verb that it hears."""

    def __init__(self, answering: Answering, *, pipelining: bool) -> None:
        super().__init__(pipelining=pipelining)
        self.answering = answering
        self.heard: list[tuple[float, str]] = []
        self.times: Counter[tuple[str, str]] = Counter()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        pair = (envelope.mail_from, address)
        self.times[pair] += 1
        said = self.answering(envelope.mail_from, address, self.times[pair])
        if said == DROP:
            server.transport.abort()
        if said.startswith("2"):
            envelope.rcpt_tos.append(address)
        return said


class Host(SMTP):
    """Keeps the verbs of the client in its handler."""

    def data_received(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        handler: Listening = self.event_handler
        handler.heard += [(now, line) for line in data.decode().split("\r\n") if line]
        super().data_received(data)


class StubResolver(Resolver):
    """Knows a chain, the texts of consent and the addresses of names by heart."""

    def __init__(self, hosts: Mapping[str, tuple[int, str]], texts: tuple[str, ...], names: Mapping[str, str]) -> None:
        self.hosts, self.texts, self.names = hosts, texts, names
        self.asked: list[Question] = []

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        self.asked.append(question)
        records: tuple[Any, ...] = ()
        address = self.hosts.get(question.name, (0, self.names.get(question.name)))[1]
        if question.rrtype is RecordType.MX and question.name == "example.test":
            records = tuple(
                MxRecord(preference=number, exchange=name, ttl=60) for name, (number, _) in self.hosts.items()
            )
        elif question.rrtype is RecordType.A and address:
            records = (AddressRecord(address=address, ttl=60),)
        elif question.rrtype is RecordType.TXT and question.name == "_mxprobe.example.test":
            records = tuple(TextRecord(text=text, ttl=60) for text in self.texts)
        known = question.name in self.names or question.name in self.hosts or question.name == "example.test"
        status = AnswerStatus.FOUND if records else AnswerStatus.NODATA if known else AnswerStatus.NXDOMAIN
        return Answer(question=question, status=status, records=records)


class Asked:
    """The outcome of one look: the snapshot, and for each address what its host heard."""

    def __init__(self, snapshot: Snapshot, heard: dict[str, Listening], told: list[str]) -> None:
        self.snapshot = snapshot
        self.hosts = heard
        self.told = told
        self.announced: list[Snapshot] = []

    def lines(self, address: str, verb: str = "") -> list[str]:
        """What the host at an address was told, of one verb."""
        return [line for _, line in self.hosts[address].heard if line.upper().startswith(verb)]


def ask_matrix(
    answering: Mapping[str, Answering],
    wish: MatrixRequest | None = None,
    *,
    texts: tuple[str, ...] = (),
    **changes: Any,
) -> Asked:
    """A look at example.test for alice, with hosts at addresses, each a worse preference than the one before."""
    return play(_look(answering, wish, texts, changes))


async def _look(
    answering: Mapping[str, Answering], wish: MatrixRequest | None, texts: tuple[str, ...], changes: dict[str, Any]
) -> Asked:
    names = changes.pop("names", {HELO: "203.0.113.9"})
    hosts = changes.pop("hosts", None) or {
        f"mx{number}.example.test": (10 * number, address) for number, address in enumerate(answering, 1)
    }
    pipelining = changes.pop("pipelining", True)
    network = MemoryNetwork(latency=0.05)
    heard: dict[str, Listening] = {}
    for address, answer in answering.items():
        handler = heard[address] = Listening(answer, pipelining=pipelining)
        network.listen(address, 25, _factory(handler))
    told: list[str] = []
    announced: list[Snapshot] = []
    recipients = changes.pop("recipients", ("alice@example.test",))
    request = Request(
        domain="example.test",
        asked="example.test",
        helo=HELO,
        vantage=Vantage(helo=HELO, nameservers=("memory",)),
        recipients=recipients,
        own_sender=True,
        matrix=wish,
        **changes,
    )
    means = Means(dialer=MemoryDialer(network), tls=None, wall=wall)
    seen = Asked(None, heard, told)  # type: ignore[arg-type]
    seen.announced = announced

    def announce(snapshot: Snapshot) -> None:
        assert not any(host.heard for host in heard.values())
        announced.append(snapshot)

    try:
        seen.snapshot = await take_snapshot(request, StubResolver(hosts, texts, names), means, told.append, announce)
    except InputError:
        assert not any(host.heard for host in heard.values())
        raise
    await asyncio.sleep(5)
    assert not network.open_ends
    return seen


def _factory(handler: Listening) -> Callable[[], SMTP]:
    return lambda: Host(handler, hostname="mx.example.test", loop=asyncio.get_running_loop(), timeout=86400 * 365)
