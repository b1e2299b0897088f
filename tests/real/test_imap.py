"""A mailbox behind a real Dovecot: what is found in it, what is left alone, and who is not trusted."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from mxprobe.facts.proof import TOKEN_HEADER
from mxprobe.mx.trace import read_copy
from mxprobe.probe.mailboxes import Mailbox, Watch, open_mailbox
from mxprobe.probe.mailboxes.mailbox import token_of
from mxprobe.wire.imapline import MailboxRefused
from mxprobe.wire.secret import Secret
from tests.support.dovecot import PROGRAM, Dovecot
from tests.support.mailers import Certificate, Tree, free_port, require

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

Issue = Callable[[str], Certificate]
NAME = "localhost"
ADDRESS = "127.0.0.1"  # what the name in the certificate means on every machine


def letter(token: str, received: str = "") -> bytes:
    """A message of ours."""
    return (
        f"{received}From: <bob@example.test>\n{TOKEN_HEADER}: {token}\nSubject: a drill\n\nbody of {token}\n".encode()
    )


def report(token: str) -> bytes:
    """A report that a message of ours was refused."""
    return (
        "From: MAILER-DAEMON@mx2.example.test\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "--B\n\nIt was refused.\n--B\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx2.example.test\n\n"
        "Final-Recipient: rfc822; alice@example.test\nAction: failed\nStatus: 5.1.1\n"
        f"--B\nContent-Type: text/rfc822-headers\n\n{TOKEN_HEADER}: {token}\n--B--\n"
    ).encode()


@pytest.fixture
def dovecot(tree: Tree, tmp_path: Path, certificate: Issue) -> Iterator[Dovecot]:
    """A running server."""
    require((tree.path / PROGRAM.lstrip("/")).is_file(), "the tree has no Dovecot: unpack dovecot-imapd into it")
    doors = ADDRESS, free_port(ADDRESS), free_port(ADDRESS)
    with Dovecot(tree, tmp_path / "dovecot", certificate(NAME), doors) as server:
        yield server


def watch(server: Dovecot, **more: object) -> Watch:
    """How its account is looked at."""
    plain = Watch(
        since=time.time(),
        user=server.user,
        password=Secret(server.password),
        cafile=str(server.certificate.authority),
        limit=10,
    )
    return msgspec.structs.replace(plain, **more)


def words(server: Dovecot) -> tuple[str, str]:
    """The account by its two ports."""
    return f"imap://{NAME}:{server.port}", f"imap+starttls://{NAME}:{server.starttls_port}"


async def looked(mailbox: Mailbox) -> list[tuple[str, str, bool]]:
    """Token, place and whether it is junk, of what is new."""
    found = []
    for message in await mailbox.look():
        copy = read_copy(*message)
        assert copy is not None
        assert b"body of" not in message.content
        found.append((copy[0], copy[1].place, copy[1].is_junk))
    return sorted(found)


@pytest.mark.parametrize("way", [0, 1], ids=["TLS", "STARTTLS"])
async def test_messages_of_ours_are_found_once_each_and_not_marked_as_seen(dovecot: Dovecot, way: int) -> None:
    dovecot.put("1.first.test", letter("one", "Received: from a.test by b.test; Mon, 23 Nov 2026 09:20:12 +0000\n"))
    dovecot.put("2.other.test", b"From: <carol@example.test>\nSubject: hello\n\nof somebody else\n")
    mailbox = open_mailbox(words(dovecot)[way], watch(dovecot))

    [first] = await mailbox.look()
    assert await looked(mailbox) == []
    dovecot.put("3.second.test", letter("two"), dovecot.junk)
    assert await looked(mailbox) == [("two", "Unwanted", True)]
    await mailbox.close()

    copy = read_copy(*first)
    assert copy is not None
    assert copy[0] == "one"
    assert (copy[1].place, [hop.by for hop in copy[1].hops]) == ("INBOX", ["b.test"])
    assert abs(first.at - time.time()) < 60
    assert not [path.name for path in dovecot.maildir().rglob("*.test:2,*S*")]


async def test_a_report_about_a_message_of_ours_is_found_whole(dovecot: Dovecot) -> None:
    dovecot.put("1.ours.test", report("three"))
    dovecot.put("2.another.test", report("x").replace(TOKEN_HEADER.encode(), b"X-Other"))
    mailbox = open_mailbox(words(dovecot)[0], watch(dovecot))

    [found] = await mailbox.look()
    mixed = report("four").replace(b"multipart/report; report-type=delivery-status;", b"multipart/mixed;")
    dovecot.put("3.opensmtpd.test", mixed)
    dovecot.put("4.exim.test", f"X-Failed-Recipients: a@b.test\n\nbelow:\n{TOKEN_HEADER}: five\n".encode())
    others = await mailbox.look()
    await mailbox.close()

    assert found.content.replace(b"\r\n", b"\n") == report("three")
    assert [token_of(other.content) for other in others] == ["four", "five"]


async def test_a_connection_that_died_is_made_anew(dovecot: Dovecot) -> None:
    mailbox = open_mailbox(words(dovecot)[0], watch(dovecot))
    assert await looked(mailbox) == []
    dovecot.stop()
    dovecot.start()
    dovecot.put("1.late.test", letter("late"))

    assert await looked(mailbox) == [("late", "INBOX", False)]
    await mailbox.close()


async def test_a_wrong_password_is_said_and_not_shown(dovecot: Dovecot) -> None:
    mailbox = open_mailbox(words(dovecot)[0], watch(dovecot, password=Secret("wr0ng-passw0rd")))

    with pytest.raises(MailboxRefused, match=r"does not let alice@example\.test in") as caught:
        await mailbox.look()

    assert "wr0ng" not in str(caught.value)
    assert "--password-file" in str(caught.value)


@pytest.mark.parametrize("way", [0, 1], ids=["TLS", "STARTTLS"])
async def test_a_certificate_of_nobody_known_is_refused_before_the_password_is_said(dovecot: Dovecot, way: int) -> None:
    mailbox = open_mailbox(words(dovecot)[way], watch(dovecot, cafile=None))

    with pytest.raises(MailboxRefused, match="its certificate is not good"):
        await mailbox.look()

    assert "auth attempts" not in dovecot.log().replace("no auth attempts", "")


async def test_a_certificate_for_another_name_is_refused(dovecot: Dovecot) -> None:
    mailbox = open_mailbox(f"imap://{ADDRESS}:{dovecot.port}", watch(dovecot))

    with pytest.raises(MailboxRefused, match=r"its certificate is not good: .*127\.0\.0\.1"):
        await mailbox.look()


async def test_clean_removes_messages_with_tokens_of_ours_and_reports_about_them_alone(dovecot: Dovecot) -> None:
    put = {
        "1.one.test": letter("one"),
        "2.prefix.test": letter("one-more"),
        "3.report.test": report("one"),
        "4.other.test": b"Subject: X-Mxprobe-Token: one\n\nX-Mxprobe-Token: one\n",
        "5.another.test": report("two"),
    }
    for name, content in put.items():
        dovecot.put(name, content)
    dovecot.put("6.junk.test", letter("one"), dovecot.junk)
    mailbox = open_mailbox(words(dovecot)[0], watch(dovecot))

    assert await mailbox.clean(frozenset({"one", 'no " token'})) == 3
    await mailbox.close()

    left = {path.name.partition(":")[0] for path in dovecot.maildir().rglob("*.test*")}
    assert left == {"2.prefix.test", "4.other.test", "5.another.test"}
