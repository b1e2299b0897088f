"""A primary and a backup in the memory world that answer by a script, a proof of them, and what was kept on the way."""

import asyncio
from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import AddressRecord, Answer, AnswerStatus, MxRecord, Question, RecordType
from mxprobe.facts.dsn import Bounce
from mxprobe.facts.proof import TOKEN_HEADER, Found, Proof
from mxprobe.facts.session import Endpoint
from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.mx.labelled import Author
from mxprobe.probe.planning import Wanted, plan_proof
from mxprobe.probe.prove import Means, prove
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.tls import permissive_context
from tests.support.proofs import ADDRESSES, BEGAN, MX1, MX2, proof

Records = dict[str, tuple[str, ...] | AnswerStatus]
"""What names resolve to: addresses, or how asking for them ends."""


class Host:
    """Answers RCPT, DATA's end and nothing else by a script; the last of several answers stands for all that follow.

    `content` calls back with each token that has arrived whole, before that is answered.
    """

    def __init__(self, rcpt: tuple[str, ...] = ("250 ok",), dot: tuple[str, ...] = ("250 ok",)) -> None:
        self.rcpt, self.dot = rcpt, dot
        self.tokens: list[str] = []
        self.said: list[str] = []
        self.content: Callable[[str], None] = lambda _: None

    def listen(self, network: MemoryNetwork, address: str) -> None:
        """Take connections there."""
        network.listen(address, 25, lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._serve))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 host ESMTP\r\n")
        while line := await reader.readline():
            said = line.decode().strip()
            self.said.append(said)
            match said.partition(" ")[0].upper():
                case "RCPT":
                    answer = self._next(self.rcpt, sum(1 for one in self.said if one.startswith("RCPT")))
                case "DATA":
                    writer.write(b"354 go\r\n")
                    answer = await self._take(reader)
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    answer = "250 ok"
            writer.write(f"{answer}\r\n".encode())
        writer.close()

    async def _take(self, reader: asyncio.StreamReader) -> str:
        token = ""
        while (line := await reader.readline()).strip() != b".":
            if line.lower().startswith(TOKEN_HEADER.lower().encode()):
                token = line.split()[1].decode()
        self.tokens.append(token)
        self.content(token)
        return self._next(self.dot, len(self.tokens))

    @staticmethod
    def _next(script: tuple[str, ...], number: int) -> str:
        return script[min(number, len(script)) - 1]


class Drill(Struct, kw_only=True):
    """The world of one proof. `hosts` that are missing take no connection. `looks` is what the mailbox gives at each
    look, by the seconds since the start; None: nobody looks. `at_content` is what was on disk when a content
    arrived.
    """

    hosts: dict[str, Host]
    names: Records = {}
    looks: Callable[[float], Iterable[Found | Bounce]] | None = None
    wishes: dict[str, object] = {}
    kept: list[Proof] = []
    told: list[str] = []
    at_content: list[Proof] = []
    arrivals: dict[str, float] = {}

    def run(self, known: Proof | None = None) -> Proof:
        """The proof as it ends; a proof that is `known` is gone on with, and sends nothing."""
        return play_in_fresh_loop(lambda: self._run(known))

    async def _run(self, known: Proof | None) -> Proof:
        loop = asyncio.get_running_loop()
        network = MemoryNetwork()
        for address in ADDRESSES.values():
            network.add_address(address)

        def note(token: str) -> None:
            self.arrivals.setdefault(token, loop.time())
            self.at_content.append(self.kept[-1])

        for name, host in self.hosts.items():
            host.listen(network, ADDRESSES[name])
            host.content = note

        async def connect(endpoint: Endpoint) -> object:
            return await network.connect(endpoint.address, endpoint.port)

        async def looking() -> Iterable[Found | Bounce]:
            return self.looks(loop.time()) if self.looks is not None else ()

        resolver = _Names(self.names)
        wanted = Wanted(
            **{  # type: ignore[arg-type]
                "author": Author(mail_from="me@probe.test", helo="probe.test"),
                "watch": 300.0,
                "allow_special": True,
                "sends": known is None,
                **self.wishes,
            }
        )
        means = Means(
            resolver=resolver,
            connect=connect,
            anchors=b"",
            tls=permissive_context(),
            wall=lambda: BEGAN + loop.time(),
            mailbox=looking if self.looks is not None else None,
        )
        if known is None:
            blank = replace(
                proof(), mailbox="a Maildir" if self.looks is not None else "", returns="", watched_until=BEGAN
            )
            known = await plan_proof(blank, wanted, resolver)
        try:
            return await prove(known, wanted, means, self.kept.append, self.told.append)
        finally:
            network.close()


class _Names(Resolver):
    """Two MX hosts with their addresses, but for those of which something else is said."""

    def __init__(self, names: Records) -> None:
        self.names = names
        self.sent = 0

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        if question.rrtype is RecordType.MX:
            says = self.names.get("MX")
            if isinstance(says, AnswerStatus):
                return Answer(question=question, status=says)
            records = (MxRecord(preference=10, exchange=MX1, ttl=60), MxRecord(preference=20, exchange=MX2, ttl=60))
            return Answer(question=question, status=AnswerStatus.FOUND, records=records)
        says = self.names.get(question.name, (ADDRESSES.get(question.name, ""),))
        if isinstance(says, AnswerStatus):
            return Answer(question=question, status=says)
        if question.rrtype is not RecordType.A:
            return Answer(question=question, status=AnswerStatus.NODATA)
        found = tuple(AddressRecord(address=address, ttl=60) for address in says)
        return Answer(question=question, status=AnswerStatus.FOUND, records=found)


def found(token: str, at: float = BEGAN + 1, way: str = "from mx2.example.test by mx1.example.test") -> Found:
    """A message of ours as it lies in a mailbox."""
    return Found(
        f"Received: {way}; Mon, 23 Nov 2026 09:20:12 +0000\r\n{TOKEN_HEADER}: {token}\r\n\r\n".encode(), "INBOX", at
    )
