"""What a session is measured against: bare handshakes, and clients that take the same steps and judge nothing.

The bare handshakes run against a host in the same process over memory; only the client's processor time counts. The
clients connect, say EHLO, STARTTLS and EHLO, then MAIL, RCPT, RSET and QUIT in one piece; certificates are not verified
and nothing is kept of the replies but their codes.
"""

import asyncio
import ssl
from collections.abc import Callable
from time import process_time
from typing import cast

from OpenSSL import SSL

from mxprobe.facts.session import Endpoint
from mxprobe.lab.certs import Authority
from mxprobe.scenario.reaction import TlsVersion
from mxprobe.wire.tls import offer_groups
from tests.bench.sink import SEED, host_name

EHLO, STARTTLS = b"EHLO probe.example.test\r\n", b"STARTTLS\r\n"
GROUP = b"MAIL FROM:<>\r\nRCPT TO:<alice@bench.test>\r\nRSET\r\nQUIT\r\n"
_CHUNK = 16384


class Failed(Exception):
    """The sink did not answer as it should."""


def host_contexts(certificates: int) -> list[ssl.SSLContext]:
    """Contexts of a host, one a certificate, as the sink has them."""
    authority = Authority(SEED)
    names = [f"*.c{number}.bench.test" for number in range(certificates)]
    return [authority.context(name, version=TlsVersion.TLS_1_3) for name in names]


def bare_pyopenssl(count: int, hosts: list[ssl.SSLContext]) -> float:
    """Seconds of the client's processor time for one handshake of pyOpenSSL over memory, without verification.

    It offers the groups that a session offers, since those of the library take a quarter more.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    offer_groups(context)
    spent = 0.0
    for number in range(count):
        host = _Host(hosts[number % len(hosts)])
        name = host_name(number).encode()
        started = process_time()
        connection = SSL.Connection(context, None)
        connection.set_connect_state()
        connection.set_tlsext_host_name(name)
        while True:
            is_done = _goes_on(connection.do_handshake)
            flight = connection.bio_read(_CHUNK)
            spent += process_time() - started
            answer = host.answer(flight)
            started = process_time()
            if is_done:
                break
            connection.bio_write(answer)
        del connection
        spent += process_time() - started
    return spent / count


def bare_stdlib(count: int, hosts: list[ssl.SSLContext]) -> float:
    """The same for the standard library's ssl."""
    context = _trusting_anybody()
    spent = 0.0
    for number in range(count):
        host = _Host(hosts[number % len(hosts)])
        name = host_name(number)
        started = process_time()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        connection = context.wrap_bio(incoming, outgoing, server_hostname=name)
        while True:
            is_done = _goes_on(connection.do_handshake)
            flight = outgoing.read()
            spent += process_time() - started
            answer = host.answer(flight)
            started = process_time()
            if is_done:
                break
            incoming.write(answer)
        del connection, incoming, outgoing
        spent += process_time() - started
    return spent / count


class _Host:
    """The other end of a handshake over memory."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def answer(self, flight: bytes) -> bytes:
        self.incoming.write(flight)
        _goes_on(self.tls.do_handshake)
        return self.outgoing.read()


def _goes_on(shake_hands: Callable[[], None]) -> bool:
    try:
        shake_hands()
    except (ssl.SSLWantReadError, SSL.WantReadError):
        return False
    return True


def _trusting_anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class MinimalClient:
    """Sessions with as little as a Python client can do: one protocol, TLS of the standard library over memory."""

    def __init__(self) -> None:
        self.context = _trusting_anybody()

    async def visit(self, endpoint: Endpoint) -> None:
        """One session. Raises Failed."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        await loop.create_connection(lambda: _Minimal(self, endpoint.host, ended), endpoint.address, endpoint.port)
        await ended


class _Minimal(asyncio.Protocol):
    """One session of the minimal client; `step` counts the flights of the peer."""

    def __init__(self, client: MinimalClient, host: str, ended: asyncio.Future[None]) -> None:
        self.client, self.host, self.ended = client, host, ended
        self.step, self.heard = 0, b""
        self.tls: ssl.SSLObject | None = None
        self.shaken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.tls is None:
            self.hear(data)
            return
        self.incoming.write(data)
        try:
            if not self.shaken:
                self.tls.do_handshake()
                self.shaken = True
                self.tls.write(EHLO)
                self.transport.write(self.outgoing.read())
            self.hear(self.tls.read(_CHUNK))
        except ssl.SSLWantReadError:
            if not self.shaken:
                self.transport.write(self.outgoing.read())

    def hear(self, data: bytes) -> None:
        self.heard += data
        *_, last = self.heard[:-2].rsplit(b"\r\n", 1)
        if not self.heard.endswith(b"\r\n") or last[3:4] == b"-":
            return
        if self.step == 4:
            if last.startswith(b"221"):
                self.tls = None
                self.transport.close()
            return
        if not last.startswith(b"2"):
            self.transport.abort()
            return
        self.heard = b""
        self.step += 1
        if self.step == 1:
            self.transport.write(EHLO)
        elif self.step == 2:
            self.transport.write(STARTTLS)
        elif self.step == 3:
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = self.client.context.wrap_bio(self.incoming, self.outgoing, server_hostname=self.host)
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.transport.write(self.outgoing.read())
        elif self.tls is not None:
            self.tls.write(GROUP)
            self.transport.write(self.outgoing.read())

    def connection_lost(self, exc: Exception | None) -> None:
        if self.ended.done():
            return
        if self.step == 4 and b"\r\n221" in self.heard:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(Failed(f"the session came to step {self.step} and heard {self.heard!r}"))


class StreamClient:
    """Sessions as one writes them with asyncio's streams."""

    def __init__(self) -> None:
        self.context = _trusting_anybody()

    async def visit(self, endpoint: Endpoint) -> None:
        """One session. Raises Failed."""
        reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port)
        try:
            await _replies(reader, 1)
            for command in (EHLO, STARTTLS):
                writer.write(command)
                await _replies(reader, 1)
            await writer.start_tls(self.context, server_hostname=endpoint.host)
            for command, replies in ((EHLO, 1), (GROUP, 4)):
                writer.write(command)
                await _replies(reader, replies)
        finally:
            writer.transport.abort()


async def _replies(reader: asyncio.StreamReader, count: int) -> None:
    for _ in range(count):
        while (line := await reader.readline())[3:4] == b"-":
            pass
        if not line.startswith(b"2"):
            raise Failed(f"the sink said {line!r}")
