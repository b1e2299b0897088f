"""Sending one message: what goes over the wire, where each end lands in the outcome table, and how long is waited."""

import asyncio
import ssl
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from mxprobe.facts.session import Endpoint
from mxprobe.facts.smtp import Phase
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.senders import find_profile
from mxprobe.mx.tlsneed import Need
from mxprobe.wire.send import Manner, Parcel, Sent, send
from mxprobe.wire.trust import Trust
from tests.wire.hosts import EPOCH, MX1, Mailbox, Talk, issue, mail_host, play

ENDPOINT = Endpoint(host="mx1.example.test", address=MX1)
NOBODY = Trust(anchors=b"", now=0.0)
CONTENT = b"Subject: dots\r\n\r\n.one\r\n..two\r\nthree.\r\n"


def _anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _deliver(
    host: Any, *people: str, policy: TlsPolicy = TlsPolicy.MAY, sender: str = "rfc5321", trust: Trust = NOBODY
) -> tuple[Sent, float]:
    """How sending to alice (or `people`) ends at a host, and how long it took."""

    async def story() -> tuple[Sent, float]:
        network = MemoryNetwork(latency=0.05)
        network.listen(MX1, 25, host)
        manner = Manner(
            profile=find_profile(sender),
            need=Need(policy=policy),
            trust=trust,
            queued_for=0.0,
            helo="sender.elsewhere.test",
            clear=False,
            tls=_anybody(),
        )
        recipients = tuple(f"{name}@example.test" for name in people or ("alice",))
        parcel = Parcel(mail_from="a@elsewhere.test", recipients=recipients, content=CONTENT)
        loop = asyncio.get_running_loop()
        began = loop.time()
        sent = await send(ENDPOINT, parcel, manner, lambda endpoint: network.connect(endpoint.address, endpoint.port))
        took = loop.time() - began
        await asyncio.sleep(5)
        assert not network.open_ends
        return sent, took

    return play(story())


def _scripted(talk: Talk) -> Any:
    """A host that a coroutine speaks for."""
    return lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader(), talk)


def _answering(**replies: str) -> Any:
    """A host that answers each command by its verb, `dot` and `banner` too; "" is silence, "close" the end."""
    usual = {
        "banner": "220 mx1",
        "ehlo": "250 mx1",
        "mail": "250 ok",
        "rcpt": "250 ok",
        "data": "354 go",
        "dot": "250 ok",
    }
    said = {**usual, "quit": "221 bye", **replies}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb = "banner"
        while said[verb] not in ("", "close"):
            writer.write(f"{said[verb]}\r\n".encode())
            if verb == "quit":
                break
            if verb == "data" and said[verb].startswith("354"):
                await reader.readuntil(b"\r\n.\r\n")
                verb = "dot"
            else:
                line = await reader.readline()
                if not line:
                    break
                verb = line[:4].decode().lower()
        if said[verb] == "":
            await reader.read()
        writer.close()

    return _scripted(talk)


def test_a_message_arrives_as_it_was_with_and_without_tls() -> None:
    kept: list[bytes] = []

    class Keeping(Mailbox):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            kept.append(envelope.content)
            return "250 2.0.0 ok"

    def host(context: ssl.SSLContext | None) -> Any:
        return lambda: SMTP(
            Keeping(), hostname="mx1.example.test", loop=asyncio.get_running_loop(), timeout=1e8, tls_context=context
        )

    plain, _ = _deliver(host(None))
    secured, _ = _deliver(host(issue().context))

    assert kept == [CONTENT, CONTENT]
    assert (plain.cell, secured.cell) == ("Z1", "Z1")
    assert [turn.phase for turn in plain.turns][-4:] == [Phase.RCPT, Phase.DATA, Phase.DOT, Phase.QUIT]
    assert (plain.tls_version, secured.tls_version) == ("", "TLSv1.3")
    assert secured.turns[-1].secured
    assert not plain.turns[-1].secured


@pytest.mark.parametrize(
    ("replies", "cell"),
    [
        ({"banner": "421 busy"}, "B2"),
        ({"banner": "554 no"}, "B3"),
        ({"mail": "451 later"}, "M2"),
        ({"rcpt": "450 later"}, "R8"),
        ({"rcpt": "550 no"}, "R8"),
        ({"rcpt": "421 closing"}, "R6"),
        ({"data": "451 later"}, "X2"),
        ({"data": "554 no"}, "X3"),
        ({"data": "close"}, "X4"),
        ({"dot": "452 full"}, "Z2"),
        ({"dot": "554 no"}, "Z3"),
        ({"dot": "421 closing"}, "Z4"),
        ({"dot": "close"}, "Z6"),
        ({"quit": "close"}, "Z1"),
        ({}, "Z1"),
    ],
    ids=str,
)
def test_every_end_has_its_cell(replies: dict[str, str], cell: str) -> None:
    sent, took = _deliver(_answering(**replies))

    assert sent.cell == cell
    assert took < 10


@pytest.mark.parametrize(
    ("verb", "cell", "limit"), [("data", "X4", 120.0), ("dot", "Z5", 600.0), ("rcpt", "R7", 300.0)]
)
def test_silence_is_borne_for_the_limit_of_its_own_phase(verb: str, cell: str, limit: float) -> None:
    sent, took = _deliver(_answering(**{verb: ""}))

    assert sent.cell == cell
    assert limit <= took < limit + 6


def test_recipients_are_answered_one_by_one() -> None:
    sent, _ = _deliver(mail_host(), "alice", "ghost", "late")

    assert dict(sent.recipients) == {"alice@example.test": "Z1", "ghost@example.test": "R4", "late@example.test": "R2"}
    assert sent.turn_of("ghost@example.test").phase is Phase.RCPT
    assert sent.turn_of("alice@example.test").phase is Phase.QUIT


def test_a_sender_that_insists_on_tls_gives_no_mail_to_a_host_without_it() -> None:
    sent, _ = _deliver(mail_host(), policy=TlsPolicy.ENCRYPT)

    assert sent.cell == "T1"
    assert Phase.MAIL not in [turn.phase for turn in sent.turns]


@pytest.mark.parametrize(("sender", "cell"), [("rfc5321", "Z1"), ("kumomta", "T5"), ("stalwart", "T5")])
def test_a_mailer_may_ask_for_a_valid_certificate_where_no_policy_does(sender: str, cell: str) -> None:
    def host() -> Any:
        return SMTP(
            Mailbox(),
            hostname="mx1.example.test",
            loop=asyncio.get_running_loop(),
            timeout=1e8,
            tls_context=issue().context,
        )

    sent, _ = _deliver(host, sender=sender, trust=Trust(anchors=issue("other.example.test").anchor, now=EPOCH))

    assert sent.cell == cell
    assert (Phase.MAIL in [turn.phase for turn in sent.turns]) is (cell == "Z1")


def test_an_address_without_a_machine_is_a_cell_and_no_exception() -> None:
    async def story() -> Sent:
        network = MemoryNetwork(latency=0.05)
        manner = Manner(
            profile=find_profile("postfix"),
            need=Need(policy=TlsPolicy.MAY),
            trust=NOBODY,
            queued_for=0.0,
            helo="sender.elsewhere.test",
            clear=False,
            tls=_anybody(),
        )
        parcel = Parcel(mail_from="", recipients=("alice@example.test",), content=CONTENT)
        return await send(ENDPOINT, parcel, manner, lambda endpoint: network.connect(endpoint.address, endpoint.port))

    assert play(story()).cell == "C3"
