"""A fast SMTP host for benchmarks, in a process of its own, on every loopback address: 127.a.b.c is one endpoint each.

It knows EHLO, STARTTLS (TLS 1.3, ECDSA P-256, a certificate for each of many names), HELO, MAIL, RCPT, RSET, NOOP and
QUIT, and groups commands. Recipients that begin with `ghost` are refused, those with `late` put off. It can hold
sessions at their second EHLO until enough stand there, and turn away an operator's callers with 421. To be used as

    with standing(Settings(certificates=50)) as sink:
        endpoint = sink.endpoint(7)         # mx7.c7.bench.test, 127.1.0.7
        context = TlsContext(sink.cafile)
        sink.stats().sessions

Standards: RFC 5321 §4.1, RFC 2920 §3.2 (grouped commands), RFC 3207 §4.
"""

import asyncio
import json
import os
import resource
import ssl
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

import msgspec
from msgspec import Struct

from mxprobe.facts.session import Endpoint
from mxprobe.lab.certs import Authority
from mxprobe.scenario.reaction import TlsVersion

ROOT = Path(__file__).parents[2]
SEED = 8
_BACKLOG = 8192


class Settings(Struct, frozen=True, kw_only=True):
    """How the sink behaves.

    `certificates` are the distinct ones, number k for every `*.ck.bench.test`; a caller without such a name gets one by
    the address it called. `hold` sessions must stand behind EHLO inside TLS before any of them is answered (0: none
    is held). Callers of addresses that begin with `throttled` are told 421 after `allowed` connections in a `window`
    of seconds. `tickets` are the session tickets behind each handshake.
    """

    certificates: int = 200
    hold: int = 0
    throttled: str = ""
    allowed: int = 0
    window: float = 60.0
    tickets: int = 2
    starttls: bool = True


class Stats(Struct, frozen=True, kw_only=True):
    """What the sink has seen: connections, those turned away with 421, handshakes, commands, distinct addresses."""

    sessions: int = 0
    turned_away: int = 0
    handshakes: int = 0
    recipients: int = 0
    quits: int = 0
    open: int = 0
    most_open: int = 0
    addresses: int = 0
    cpu: float = 0.0


def host_name(number: int, certificates: int = 200) -> str:
    """A host name that one of the certificates is made out to."""
    return f"mx{number}.c{number % certificates}.bench.test"


def address_of(number: int) -> str:
    """The loopback address of that number: 127.1.0.0 upwards, 16 million of them."""
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


class Sink(Struct, frozen=True, kw_only=True):
    """A sink that stands. `cafile` has its authority in PEM, as `pem` has."""

    port: int
    pid: int
    cafile: Path
    pem: bytes
    settings: Settings
    ask: Callable[[str], str]

    def endpoint(self, number: int) -> Endpoint:
        """Endpoint `number`, with a name that its certificate has."""
        host = host_name(number, self.settings.certificates)
        return Endpoint(host=host, address=address_of(number), port=self.port)

    def stats(self) -> Stats:
        """What it has seen until now."""
        return msgspec.json.decode(self.ask("stats"), type=Stats)

    def release(self) -> None:
        """Answer the sessions that are held, however many they are."""
        self.ask("release")


@contextmanager
def standing(settings: Settings | None = None) -> Iterator[Sink]:
    """A sink in a process of its own on a free port; it ends with the block, and with this process in any case."""
    settings = settings or Settings()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "tests.bench.sink", msgspec.json.encode(settings).decode()]
    pipe = subprocess.PIPE
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=environment) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        told, heard = child.stdin, child.stdout

        def ask(word: str) -> str:
            told.write(word + "\n")
            told.flush()
            return heard.readline()

        try:
            port = json.loads(heard.readline())["port"]
            pem = Authority(SEED).pem
            cafile = Path(folder, "authority.pem")
            cafile.write_bytes(pem)
            yield Sink(port=port, pid=child.pid, cafile=cafile, pem=pem, settings=settings, ask=ask)
        finally:
            child.terminate()


# -- the process itself ----------------------------------------------------------------------------------------------


class _State:
    """What all connections share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counts = dict.fromkeys(("sessions", "turned_away", "handshakes", "recipients", "quits"), 0)
        self.open = self.most_open = 0
        self.addresses: set[str] = set()
        self.recent: deque[float] = deque()
        self.held: list[_Caller] = []
        self.contexts = _contexts(settings) if settings.starttls else []

    def is_too_many(self, address: str) -> bool:
        """Whether a call to `address` comes on top of what its operator allows."""
        settings = self.settings
        if not settings.throttled or not address.startswith(settings.throttled):
            return False
        now = asyncio.get_running_loop().time()
        while self.recent and self.recent[0] < now - settings.window:
            self.recent.popleft()
        if len(self.recent) >= settings.allowed:
            return True
        self.recent.append(now)
        return False

    def context(self, address: str) -> ssl.SSLContext:
        """The context for callers who name nobody."""
        return self.contexts[int(address.rpartition(".")[2]) % len(self.contexts)]

    def stats(self) -> Stats:
        return Stats(
            **self.counts,
            open=self.open,
            most_open=self.most_open,
            addresses=len(self.addresses),
            cpu=sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
        )

    def release(self) -> None:
        held, self.held = self.held, []
        for caller in held:
            caller.answer(_INSIDE)


def _contexts(settings: Settings) -> list[ssl.SSLContext]:
    authority = Authority(SEED)
    names = [f"*.c{number}.bench.test" for number in range(settings.certificates)]
    contexts = [authority.context(name, version=TlsVersion.TLS_1_3) for name in names]
    by_label = {f"c{number}": context for number, context in enumerate(contexts)}

    def choose(tls: Any, asked: str | None, _: ssl.SSLContext) -> None:
        labels = (asked or "").split(".")
        context = by_label.get(labels[1]) if len(labels) > 1 else None
        if context is not None:
            tls.context = context

    for context in contexts:
        context.num_tickets = settings.tickets
        context.sni_callback = choose
    return contexts


_GREETING = b"220 sink.bench.test ESMTP\r\n"
_OFFERED = b"250-sink.bench.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 HELP\r\n"
_INSIDE = b"250-sink.bench.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250 HELP\r\n"
_OK = b"250 2.1.0 Ok\r\n"
_ORDINARY = {b"MAIL": _OK, b"RSET": _OK, b"NOOP": _OK}
_READ = 65536


class _Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, state: _State) -> None:
        self.state = state
        self.counts = state.counts
        self.tls: ssl.SSLObject | None = None
        self.shaken = False
        self.rest = b""
        self.closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        state = self.state
        # Not asserted: uvloop's transports are none of asyncio's by birth.
        self.transport = transport = cast(asyncio.Transport, transport)
        self.address: str = transport.get_extra_info("sockname")[0]
        self.counts["sessions"] += 1
        state.addresses.add(self.address)
        state.open += 1
        state.most_open = max(state.most_open, state.open)
        if state.is_too_many(self.address):
            self.counts["turned_away"] += 1
            transport.write(b"421 4.7.0 too many connections, try again later\r\n")
            transport.close()
            return
        transport.write(_GREETING)

    def connection_lost(self, exc: Exception | None) -> None:
        self.state.open -= 1
        self.tls = None

    def data_received(self, data: bytes) -> None:
        if self.tls is not None:
            self.incoming.write(data)
            try:
                self._read_tls()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                self.transport.abort()
                return
            if self.closing:
                self._say_goodbye()
            self._flush()
        else:
            self._take(data)
        if self.closing:
            self.transport.close()

    def _read_tls(self) -> None:
        assert self.tls is not None
        if not self.shaken:
            self.tls.do_handshake()
            self.shaken = True
            self.counts["handshakes"] += 1
        while data := self.tls.read(_READ):
            self._take(data)
        self.closing = True

    def _say_goodbye(self) -> None:
        assert self.tls is not None
        with suppress(ssl.SSLError):  # a caller that has not said it too, which we do not wait for
            self.tls.unwrap()

    def _flush(self) -> None:
        waiting = self.outgoing.read()
        if waiting and not self.transport.is_closing():
            self.transport.write(waiting)

    def answer(self, reply: bytes) -> None:
        """Send a reply that was held back."""
        if self.tls is not None and not self.transport.is_closing():
            self.tls.write(reply)
            self._flush()

    def _take(self, data: bytes) -> None:
        data = self.rest + data if self.rest else data
        *lines, self.rest = data.split(b"\n")
        replies = b"".join([_ORDINARY.get(line[:4]) or self._reply(line) for line in lines])
        if not replies:
            return
        if self.shaken and self.tls is not None:
            self.tls.write(replies)
        else:
            self.transport.write(replies)
            if self.state.contexts and replies.startswith(b"220"):
                self._start_tls()

    def _start_tls(self) -> None:
        self.rest = b""
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = self.state.context(self.address)
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def _reply(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        counts = self.counts
        if verb == b"RCPT":
            counts["recipients"] += 1
            if b"<ghost" in line:
                return b"550 5.1.1 no such user\r\n"
            return b"451 4.7.1 later\r\n" if b"<late" in line else _OK
        if verb == b"MAIL":
            return _OK
        if verb in (b"EHLO", b"HELO"):
            return self._greet()
        if verb == b"STAR" and self.state.contexts:
            return b"220 2.0.0 Ready\r\n"
        if verb == b"QUIT":
            counts["quits"] += 1
            self.closing = True
            return b"221 2.0.0 Bye\r\n"
        return _OK if verb in (b"RSET", b"NOOP") else b"502 5.5.2 unknown\r\n"

    def _greet(self) -> bytes:
        state = self.state
        if self.tls is None:
            return _OFFERED if state.contexts else _INSIDE
        if not state.settings.hold:
            return _INSIDE
        state.held.append(self)
        if len(state.held) >= state.settings.hold:
            asyncio.get_running_loop().call_soon(state.release)
        return b""


async def _serve(settings: Settings, told: IO[str]) -> None:
    state = _State(settings)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    listener = await loop.create_server(lambda: _Caller(state), "0.0.0.0", 0, backlog=_BACKLOG)

    def obey() -> None:
        word = told.readline().strip()
        if not word:
            ended.set()
            return
        if word == "release":
            state.release()
        print(msgspec.json.encode(state.stats()).decode(), flush=True)

    loop.add_reader(told, obey)
    print(json.dumps({"port": listener.sockets[0].getsockname()[1]}), flush=True)
    await ended.wait()
    listener.close()


def main() -> None:
    """Stand until standard input ends."""
    settings = msgspec.json.decode(sys.argv[1], type=Settings) if len(sys.argv) > 1 else Settings()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        import uvloop  # an extra: without it the sink is only slower
    except ImportError:
        asyncio.run(_serve(settings, sys.stdin))
        return
    uvloop.run(_serve(settings, sys.stdin))


if __name__ == "__main__":
    main()
