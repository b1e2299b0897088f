"""What the tests of the wire share: a memory dialer, hosts that behave, hosts that do not, and their certificates."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mxprobe.facts.session import Endpoint, Session
from mxprobe.lab.clock import StoryLoop
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.wire.dial import SocketDialer
from mxprobe.wire.session import Means, SessionScript, speak
from mxprobe.wire.tls import TlsContext

T = TypeVar("T")
P = TypeVar("P", bound=asyncio.BaseProtocol)

MX1 = "192.0.2.1"
EPOCH = 1_767_225_600.0  # 2026-01-01, the wall clock at story time 0
YEAR = 365 * 86400.0

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def play(story: Coroutine[Any, Any, T]) -> T:
    """Run a story on a loop of its own."""
    with asyncio.Runner(loop_factory=StoryLoop) as runner:
        return runner.run(story)


def wall() -> float:
    return EPOCH + asyncio.get_running_loop().time()


class MemoryDialer:
    """Dials on a memory network."""

    def __init__(self, network: MemoryNetwork) -> None:
        self.network = network

    async def open(
        self, protocol_factory: Callable[[], P], address: str, port: int, *, source: str | None = None
    ) -> tuple[asyncio.Transport, P]:
        sock = await self.network.connect(address, port, source=source)
        try:
            return await asyncio.get_running_loop().create_connection(protocol_factory, sock=sock)  # type: ignore[call-overload, no-any-return]
        except BaseException:
            sock.close()
            raise


class Mailbox(Sink):
    """Knows alice, defers late, refuses all others; offers PIPELINING where told to."""

    def __init__(self, *, pipelining: bool = True) -> None:
        self.pipelining = pipelining

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        local = address.partition("@")[0]
        if local == "late":
            return "451 4.7.1 come back later"
        if local != "alice":
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"


def mail_host(context: ssl.SSLContext | None = None, *, pipelining: bool = True) -> Callable[[], SMTP]:
    """A factory of hosts for `MemoryNetwork.listen` or `loop.create_server`."""
    return lambda: SMTP(
        Mailbox(pipelining=pipelining),
        hostname="mx1.example.test",
        loop=asyncio.get_running_loop(),
        timeout=86400 * 365,
        tls_context=context,
    )


class Issued:
    """A host's certificate with its key, as an ssl context, and the trust anchor as PEM."""

    def __init__(self, context: ssl.SSLContext, anchor: bytes) -> None:
        self.context = context
        self.anchor = anchor


@cache
def issue(
    name: str = "mx1.example.test", *, begins: float = EPOCH - YEAR, ends: float = EPOCH + YEAR, version: str = "1.3"
) -> Issued:
    """A certificate of a throw-away authority, for a host that speaks this version of TLS at most."""
    key = ec.generate_private_key(ec.SECP256R1())
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Root for {name}")])
    root = (
        _builder(root_name, root_name, root_key, (EPOCH - 9 * YEAR, EPOCH + 9 * YEAR))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    leaf = (
        _builder(subject, root_name, key, (begins, ends))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if version == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    with TemporaryDirectory() as folder:
        file = Path(folder) / "host.pem"
        file.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(file)
    return Issued(context, root.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, dates: tuple[float, float]
) -> x509.CertificateBuilder:
    begins, ends = (datetime.datetime.fromtimestamp(date, datetime.UTC) for date in dates)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def trusting(issued: Issued) -> TlsContext:
    """A client's context that trusts the throw-away authority alone."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "anchors.pem"
        file.write_bytes(issued.anchor)
        return TlsContext(file)


@asynccontextmanager
async def standing(talk: Talk) -> AsyncIterator[Endpoint]:
    """A peer on a real socket of this machine that does whatever `talk` does; dropped at the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    tasks = set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield Endpoint(host="mx1.example.test", address="127.0.0.1", port=server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def speak_with(talk: Talk, script: SessionScript, tls: TlsContext | None = None) -> Session:
    """The session with a peer on a real socket."""
    async with standing(talk) as endpoint:
        return await speak(endpoint, script, Means(dialer=SocketDialer(), tls=tls, wall=lambda: EPOCH))
