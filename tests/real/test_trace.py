"""What the mailers of Debian write on top of a message, read: who had it from whom, when, and over which TLS."""

import smtplib
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mxprobe.facts.dsn import read_dsn
from mxprobe.facts.proof import TOKEN_HEADER
from mxprobe.lab.mta.exim import Exim
from mxprobe.lab.mta.mailer import Mailer, Setup
from mxprobe.lab.mta.opensmtpd import OpenSmtpd
from mxprobe.lab.mta.postfix import Postfix
from mxprobe.lab.mta.sendmail import Sendmail
from mxprobe.mx.trace import read_copy
from mxprobe.probe.mailboxes import Watch, open_mailbox
from tests.support.mailers import Certificate, Nsd, Tree, free_address, free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

NAME, CLIENT = "mx1.example.test", "out.example.org"
ALICE = "alice@example.test"
ZONE = """\
$ORIGIN example.test.
$TTL 300
@ SOA ns.example.test. hostmaster.example.test. 1 3600 900 604800 300
@ NS ns
@ MX 10 mx1
ns A 127.0.0.1
mx1 A {address}
"""
MESSAGE = f"{TOKEN_HEADER}: abc-1\r\nMessage-ID: <1@example.org>\r\nSubject: a drill\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    ("kind", "secured"),
    [(Postfix, True), (Postfix, False), (Exim, True), (Exim, False), (Sendmail, True), (OpenSmtpd, False)],
)
async def test_the_line_of_a_real_mailer_is_read(
    kind: type[Mailer], secured: bool, tree: Tree, tmp_path: Path, certificate: Callable[[str], Certificate]
) -> None:
    address = free_address()
    given = certificate(NAME)
    trusting = ssl.create_default_context(cafile=str(given.authority))
    trusting.check_hostname = False
    names = free_address()
    setup = Setup(
        address=address,
        nameserver=names,
        port=free_port(address),
        hostname=NAME,
        mailboxes=frozenset({ALICE}),
        certificate=given,
        extra={"smtpd_tls_received_header": "yes"} if kind is Postfix else {},  # as shipped it says "ESMTPS" alone
    )
    zones = {"example.test": ZONE.format(address=address)}
    with Nsd(tree, tmp_path, zones, names, 53), kind(tree, tmp_path, setup) as mailer:
        with smtplib.SMTP(address, setup.port, local_hostname=CLIENT, timeout=10) as client:
            if secured:
                client.starttls(context=trusting)
            client.sendmail("bob@example.org", [ALICE], MESSAGE)
        mailer.run_queue()  # sendmail queues first
        mailer.await_messages(ALICE)
        [found] = await open_mailbox(f"maildir:{mailer.home / 'mail' / ALICE}", Watch(since=time.time())).look()

    copy = read_copy(*found)
    assert copy is not None
    token, arrived = copy
    hop = arrived.hops[0]
    assert token == "abc-1"
    assert hop.by == NAME
    assert CLIENT in f"{hop.source} {hop.client}"
    assert "127.0.0.1" in f"{hop.source} {hop.client}"
    assert hop.protocol.upper() == ("ESMTPS" if secured else "ESMTP")
    assert ("TLSv1.3" in hop.tls or "TLS1.3" in hop.tls) is secured, hop.tls
    assert hop.queued_as
    assert hop.at is not None
    assert abs(hop.at - arrived.at) < 60
    assert arrived.message_id == "<1@example.org>"
    assert "bob@example.org" in arrived.return_path


@pytest.mark.parametrize("kind", [Postfix, Exim, OpenSmtpd, Sendmail])
async def test_the_report_of_a_real_mailer_is_found_and_tied_to_its_token(
    kind: type[Mailer], tree: Tree, tmp_path: Path
) -> None:
    address, names = free_address(), free_address()
    setup = Setup(
        address=address,
        port=free_port(address),
        hostname=NAME,
        mailboxes=frozenset({ALICE}),
        trusts=("127.0.0.0/8",),
        nameserver=names,
    )
    zone = ZONE.format(address=address)
    zones = {"example.test": zone, "other.test": zone.replace("example", "other")}
    with Nsd(tree, tmp_path, zones, names, 53), kind(tree, tmp_path, setup) as mailer:
        with smtplib.SMTP(address, setup.port, local_hostname=CLIENT, timeout=10) as client:
            client.sendmail(ALICE, ["carol@missing.other.test"], MESSAGE)
        mailer.run_queue()
        mailer.await_messages(ALICE)
        [found] = await open_mailbox(f"maildir:{mailer.home / 'mail' / ALICE}", Watch(since=time.time())).look()

    assert read_copy(*found) is None
    [bounce] = read_dsn(found.content, TOKEN_HEADER)
    assert (bounce.recipient, bounce.action, bounce.token) == ("carol@missing.other.test", "failed", "abc-1")
    assert bounce.status is not None
    assert bounce.status.startswith("5.")
    assert bounce.reporter == NAME
