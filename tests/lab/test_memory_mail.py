"""Mail over the memory network: aiosmtplib speaks to aiosmtpd, plain and with TLS, and leaves nothing behind."""

import asyncio
import datetime
import random
import ssl
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mxprobe.lab.memory import MemoryNetwork, MemorySocket
from tests.lab.ears import MX1, Ear, now, play, story_loop


class Mailbox(MessageHandler):
    def __init__(self) -> None:
        super().__init__()
        self.subjects = list[str]()

    def handle_message(self, message: Any) -> None:
        self.subjects.append(message["Subject"])


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A host's context with a throw-away certificate, and a client's that trusts anybody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx1.example.test")])
    start = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    file: Path = tmp_path_factory.mktemp("tls") / "mx1.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    host = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    host.load_cert_chain(file)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    return host, client


def mail_host(mailbox: Mailbox, context: ssl.SSLContext | None = None) -> Callable[[], SMTP]:
    return lambda: SMTP(
        mailbox,
        hostname="mx1.example.test",
        loop=asyncio.get_running_loop(),
        timeout=86400 * 365,
        tls_context=context,
    )


def a_message() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.test", "b@example.test", "over memory"
    message["Message-ID"], message["Date"] = "<1@example.test>", "Wed, 01 Jan 2025 00:00:00 +0000"
    message.set_content("Hello.\n")
    return message


def sender_on(sock: MemorySocket, context: ssl.SSLContext, *, use_tls: bool = False) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname="mx1.example.test" if use_tls else None,
        port=None,
        sock=sock,  # type: ignore[arg-type]  # typed for real sockets
        local_hostname="sender.example.test",
        tls_context=context,
        use_tls=use_tls,
        start_tls=False,
    )


async def send(network: MemoryNetwork, context: ssl.SSLContext, *, starttls: bool) -> float:
    """Send one message to MX1, and say how long it took from SYN to the reply to QUIT."""
    before = now()
    smtp = sender_on(await network.connect(MX1, 25), context)
    try:
        await smtp.connect()
        if starttls:
            await smtp.starttls(server_hostname="mx1.example.test")
        await smtp.send_message(a_message())
        await smtp.quit()
        return now() - before
    finally:
        smtp.close()


@pytest.mark.parametrize(("starttls", "round_trips"), [(False, 8), (True, 11)])
def test_aiosmtplib_sends_to_aiosmtpd_in_its_known_number_of_round_trips(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], starttls: bool, round_trips: int
) -> None:
    async def story() -> tuple[float, list[str]]:
        network, mailbox = MemoryNetwork(latency=0.05), Mailbox()
        network.listen(MX1, 25, mail_host(mailbox, contexts[0] if starttls else None))
        took = await send(network, contexts[1], starttls=starttls)
        assert (
            await story_loop().until_quiet(horizon=3600) < 2
        )  # neither aiosmtpd's nor the TLS layer's timers hold it up
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not network.open_ends
        return took, mailbox.subjects

    took, subjects = play(story())
    assert subjects == ["over memory"]
    assert took == pytest.approx(round_trips * 0.1)


def test_tls_from_the_first_byte_works_too(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def story() -> tuple[tuple[int, str], Any, list[str]]:
        network, mailbox, loop = MemoryNetwork(latency=0.05), Mailbox(), asyncio.get_running_loop()

        def host() -> SSLProtocol:
            return SSLProtocol(loop, mail_host(mailbox)(), contexts[0], loop.create_future(), server_side=True)

        network.listen(MX1, 465, host)
        smtp = sender_on(await network.connect(MX1, 465), contexts[1], use_tls=True)
        try:
            await smtp.connect()
            await smtp.send_message(a_message())
            version = smtp.get_transport_info("ssl_object").version()
            return await smtp.quit(), version, mailbox.subjects
        finally:
            smtp.close()

    (code, _), version, subjects = play(story())
    assert (code, version, subjects) == (221, "TLSv1.3", ["over memory"])


def test_a_tls_goodbye_that_nobody_answers_does_not_hold_the_story_up(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async def story() -> tuple[float, float]:
        network = MemoryNetwork(latency=0.05)
        network.listen(MX1, 25, mail_host(Mailbox(), contexts[0]))
        smtp = sender_on(await network.connect(MX1, 25), contexts[1])
        await smtp.connect()
        await smtp.starttls(server_hostname="mx1.example.test")
        await smtp.ehlo()
        _, host_end = network.open_ends
        host_end.pause_reading()
        smtp.close()
        quiet = await story_loop().until_quiet(horizon=3600)
        await asyncio.sleep(60)
        assert [end for end in network.open_ends if end is not host_end] == []
        host_end.abort()
        return quiet, now()

    quiet, ended = play(story())
    assert quiet < 2
    assert ended > 60


def test_garbage_in_the_handshake_is_an_error_for_the_client_and_leaves_nothing_open(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async def story() -> None:
        network = MemoryNetwork(latency=0.05)
        network.listen(MX1, 465, lambda: Ear(banner=b"220 this is no TLS\r\n"))
        sock = await network.connect(MX1, 465)
        with pytest.raises(ssl.SSLError):
            await story_loop().create_connection(
                Ear,
                sock=sock,
                ssl=contexts[1],
                server_hostname="mx1.example.test",
            )
        await asyncio.sleep(1)
        assert not network.open_ends

    play(story())


def test_two_hundred_sessions_cancelled_at_random_moments_leave_no_task(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async def story() -> tuple[int, int]:
        network, mailbox, odds = MemoryNetwork(latency=0.05), Mailbox(), random.Random(20)
        network.listen(MX1, 25, mail_host(mailbox, contexts[0]))
        sessions = []
        async with asyncio.TaskGroup() as group:
            for number in range(200):
                session = group.create_task(send(network, contexts[1], starttls=number % 4 == 0))
                asyncio.get_running_loop().call_later(odds.uniform(0, 1.3), session.cancel)
                sessions.append(session)
        await asyncio.sleep(100)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not network.open_ends
        return sum(session.cancelled() for session in sessions), len(mailbox.subjects)

    cancelled, arrived = play(story())
    assert 50 < cancelled < 200
    assert arrived >= 200 - cancelled


def test_a_plain_session_costs_little(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def story() -> float:
        network = MemoryNetwork()
        network.listen(MX1, 25, mail_host(Mailbox()))
        costs = []
        for _ in range(10):
            before = time.process_time()
            await send(network, contexts[1], starttls=False)
            costs.append(time.process_time() - before)
        return min(costs)

    assert play(story()) < 0.010  # measured: a tenth of that
