"""Where messages may arrive: what is found there, once each, what is kept of it, and what is left alone."""

import asyncio
import contextlib
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.dsn import read_dsn
from mxprobe.facts.proof import TOKEN_HEADER, Found
from mxprobe.mx.trace import MOST_OCTETS, read_copy
from mxprobe.probe.mailboxes import KINDS, Mailbox, Watch, open_mailbox
from mxprobe.probe.mailboxes.imap import read_account
from mxprobe.wire.secret import Secret
from tests.support.imap_server import imap_server

WATCH = Watch(user="alice@example.test", password=Secret("hunter2-hunter2"))
OTHER = b"From: <carol@example.test>\nSubject: hello\n\nX-Mxprobe-Token: in the body\n"


def letter(token: str) -> bytes:
    """A message of ours."""
    return f"Received: from a.test by b.test\nMessage-ID: <{token}@a.test>\n{TOKEN_HEADER}: {token}\n\nbody\n".encode()


def report(token: str) -> bytes:
    """A report that a message of ours was refused."""
    return (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; b.test\n\n"
        "Final-Recipient: rfc822; alice@example.test\nAction: failed\nStatus: 5.1.1\n"
        f"--B\nContent-Type: text/rfc822-headers\n\n{TOKEN_HEADER}: {token}\n--B--\n"
    ).encode()


def tokens(found: tuple[Found, ...]) -> list[str]:
    """Of which messages copies were found."""
    copies = [read_copy(*message) for message in found]
    return [copy[0] for copy in copies if copy is not None]


def names_in(maildir: Path) -> list[str]:
    """The files of all messages."""
    return sorted(path.name for path in maildir.rglob("*.test*"))


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """An empty Maildir with two folders for unwanted mail and one of another kind."""
    path = tmp_path / "Maildir"
    for folder in ("", ".Junk", ".INBOX.Spam", ".Friends"):
        for part in ("tmp", "new", "cur"):
            (path / folder / part).mkdir(parents=True)
    return path


async def test_a_maildir_is_looked_through_and_nothing_is_found_twice(maildir: Path) -> None:
    (maildir / "new/1.one.test").write_bytes(letter("one"))
    (maildir / "cur/2.other.test:2,S").write_bytes(OTHER)
    (maildir / ".Junk/cur/3.two.test:2,").write_bytes(letter("two"))
    (maildir / ".INBOX.Spam/new/4.three.test").write_bytes(letter("three"))
    (maildir / ".Friends/new/5.four.test").write_bytes(letter("four"))
    (maildir / "tmp/6.five.test").write_bytes(letter("five"))
    os.utime(maildir / "new/1.one.test", (0, 1795425612))
    mailbox = open_mailbox(f"maildir:{maildir}", WATCH)

    found = await mailbox.look()

    assert [(copy.place, copy.is_junk) for copy in found] == [("INBOX", False), ("INBOX.Spam", True), ("Junk", True)]
    assert tokens(found) == ["one", "three", "two"]
    assert found[0].at == 1795425612
    assert found[0].content == letter("one").removesuffix(b"body\n")
    (maildir / "new/1.one.test").rename(maildir / "cur/1.one.test:2,S")
    (maildir / "new/7.six.test").write_bytes(letter("six"))
    assert tokens(await mailbox.look()) == ["six"]
    assert await mailbox.look() == ()
    assert mailbox.describe() == f"Maildir {maildir}"


async def test_a_report_in_a_maildir_is_kept_whole_and_only_where_it_is_about_ours(maildir: Path) -> None:
    (maildir / "new/1.ours.test").write_bytes(report("one"))
    (maildir / "new/2.other.test").write_bytes(report("x").replace(TOKEN_HEADER.encode(), b"X-Other"))

    [found] = await open_mailbox(f"maildir:{maildir}", WATCH).look()

    assert found.content == report("one")
    assert [bounce.token for bounce in read_dsn(found.content, TOKEN_HEADER)] == ["one"]


async def test_what_is_older_than_the_proof_is_not_read(maildir: Path) -> None:
    (maildir / "new/1.one.test").write_bytes(letter("one"))
    later = Watch(since=time.time() + 2 * 86_400)

    assert await open_mailbox(f"maildir:{maildir}", later).look() == ()


async def test_links_pipes_and_directories_in_a_maildir_are_passed_by(maildir: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(letter("elsewhere"))
    (maildir / "new/1.link.test").symlink_to(tmp_path / "elsewhere")
    (maildir / "new/2.directory.test").mkdir()
    os.mkfifo(maildir / "new/3.pipe.test")
    (maildir / "new/4.large.test").write_bytes(letter("large") + b"x" * 2 * MOST_OCTETS)

    assert tokens(await open_mailbox(f"maildir:{maildir}", WATCH).look()) == ["large"]


async def test_a_maildir_that_has_gone_can_come_back(maildir: Path) -> None:
    mailbox = open_mailbox(f"maildir:{maildir}", WATCH)
    os.rename(maildir, maildir.with_name("gone"))

    with pytest.raises(CouldNotLook, match="No such file"):
        await mailbox.look()


async def test_clean_removes_from_a_maildir_what_is_ours_alone(maildir: Path) -> None:
    (maildir / "new/1.one.test").write_bytes(letter("one"))
    (maildir / "cur/2.prefix.test:2,S").write_bytes(letter("one-more"))
    (maildir / "cur/3.other.test:2,S").write_bytes(OTHER)
    (maildir / "new/4.report.test").write_bytes(report("one"))
    (maildir / ".Junk/new/5.one.test").write_bytes(letter("one"))
    (maildir / ".Friends/new/6.one.test").write_bytes(letter("one"))

    assert await open_mailbox(f"maildir:{maildir}", WATCH).clean(frozenset({"one"})) == 3

    assert names_in(maildir) == ["2.prefix.test:2,S", "3.other.test:2,S", "6.one.test"]


def in_mbox(content: bytes, date: str = "Mon Nov 23 09:20:12 2026") -> bytes:
    """A message as it stands in an mbox."""
    return f"From bob@example.test {date}\n".encode() + content + b"\n"


async def test_an_mbox_is_read_from_where_the_last_look_ended(tmp_path: Path) -> None:
    path = tmp_path / "alice"
    mailbox = open_mailbox(f"mbox:{path}", Watch())
    assert await mailbox.look() == ()
    path.write_bytes(in_mbox(OTHER) + in_mbox(letter("one")) + in_mbox(report("two")))

    found = await mailbox.look()

    assert tokens(found) == ["one"]
    assert found[0].at == min(time.mktime((2026, 11, 23, 9, 20, 12, 0, 1, -1)), path.stat().st_mtime)
    assert found[0].content == letter("one").removesuffix(b"body\n")
    assert found[1].content == report("two") + b"\n"
    with path.open("ab") as file:
        file.write(in_mbox(letter("three"), "no date"))
    found = await mailbox.look()
    assert tokens(found) == ["three"]
    assert found[0].at == path.stat().st_mtime
    assert await mailbox.look() == ()
    assert mailbox.describe() == f"mbox {path}"


async def test_an_mbox_written_anew_by_a_mail_reader_holds_nothing_new(tmp_path: Path) -> None:
    path = tmp_path / "alice"
    path.write_bytes(in_mbox(OTHER) + in_mbox(letter("one")) + in_mbox(letter("two")))
    mailbox = open_mailbox(f"mbox:{path}", Watch())
    assert tokens(await mailbox.look()) == ["one", "two"]

    path.with_name("new").write_bytes(in_mbox(b"Status: RO\n" + letter("two")) + in_mbox(letter("three")))
    path.with_name("new").replace(path)

    assert tokens(await mailbox.look()) == ["three"]


async def test_an_mbox_is_left_alone_while_a_mailer_writes_to_it(tmp_path: Path) -> None:
    path = tmp_path / "alice"
    path.write_bytes(in_mbox(letter("one")))
    mailbox = open_mailbox(f"mbox:{path}", Watch())
    (tmp_path / "alice.lock").touch()

    assert await mailbox.look() == ()
    with pytest.raises(CouldNotLook, match="lock; nothing was removed"):
        await mailbox.clean(frozenset({"one"}))

    (tmp_path / "alice.lock").unlink()
    assert tokens(await mailbox.look()) == ["one"]


async def test_an_mbox_that_another_process_has_locked_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "alice"
    path.write_bytes(in_mbox(letter("one")))
    mailbox = open_mailbox(f"mbox:{path}", Watch())
    code = (
        "import fcntl, sys\nfile = open(sys.argv[1], 'rb+')\n"
        "fcntl.lockf(file, fcntl.LOCK_EX)\nprint('locked', flush=True)\nsys.stdin.read()"
    )
    process = await asyncio.create_subprocess_exec(
        "python3", "-c", code, path, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()

    assert await mailbox.look() == ()

    await process.communicate(b"")
    assert tokens(await mailbox.look()) == ["one"]


async def test_clean_takes_from_an_mbox_what_is_ours_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "alice"
    kept = in_mbox(OTHER) + in_mbox(letter("one-more"))
    path.write_bytes(in_mbox(letter("one")) + kept + in_mbox(report("one")))
    path.chmod(0o600)
    mailbox = open_mailbox(f"mbox:{path}", Watch())

    assert await mailbox.clean(frozenset({"one"})) == 2

    assert path.read_bytes() == kept
    assert path.stat().st_mode & 0o777 == 0o600
    assert tokens(await mailbox.look()) == ["one-more"]


def command(tmp_path: Path, script: str) -> str:
    """A word that names a command."""
    path = tmp_path / "arrived"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"command:{path} 'a word'"


async def test_a_command_is_asked_for_each_token_until_it_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MXPROBE_IMAP_PASSWORD", "hunter2-hunter2")
    script = (
        f'echo "$1 $MXPROBE_TOKEN $MXPROBE_IMAP_PASSWORD" >>{tmp_path}/asked\n'
        f'test "$MXPROBE_TOKEN" = two && exit 1\nprintf "{TOKEN_HEADER}: one\\nMessage-ID: <1>\\n\\nbody\\n"'
    )
    mailbox = open_mailbox(command(tmp_path, script), Watch(tokens=("one", "two")))

    [found] = await mailbox.look()
    assert await mailbox.look() == ()

    assert found.content == f"{TOKEN_HEADER}: one\nMessage-ID: <1>\n\n".encode()
    assert not found.at_known
    assert abs(found.at - time.time()) < 10
    assert (tmp_path / "asked").read_text() == "a word one \na word two \na word two \n"
    assert await mailbox.clean(frozenset({"one"})) == 0
    assert mailbox.describe() == f"the command {tmp_path}/arrived"


async def test_what_a_failed_look_had_found_is_found_by_the_next(tmp_path: Path) -> None:
    script = f'test "$MXPROBE_TOKEN" = one && rm {tmp_path}/one && exit 0\nrm {tmp_path}/ready || exit 2'
    (tmp_path / "one").touch()  # a command that says yes but once: it is not asked again
    mailbox = open_mailbox(command(tmp_path, script), Watch(tokens=("one", "two")))
    with pytest.raises(CouldNotLook):
        await mailbox.look()
    (tmp_path / "ready").touch()

    assert tokens(await mailbox.look()) == ["one", "two"]

    head = letter("one").removesuffix(b"body\n")
    fetched = b"* 1 FETCH (BODY[HEADER]<0> {%d}\r\n%b)\r\n" % (len(head), head)
    answers: dict[bytes, bytes | None] = {
        b"SEARCH": b"* SEARCH 5\r\n%b OK done\r\n",
        b"FETCH": fetched + b"%b OK done\r\n",
        b"LIST": b'* LIST (\\Junk) "/" Junk\r\n%b OK done\r\n',
        b'"JUNK"': b"* BYE\r\n",
    }
    async with imap_server(tmp_path, answers) as server:
        watch = Watch(user="a", password=Secret("b"), cafile=server.account.cafile)
        mailbox = open_mailbox(f"localhost:{server.account.port}", watch)
        with pytest.raises(CouldNotLook):
            await mailbox.look()
        del server.answers[b'"JUNK"']
        assert tokens(await mailbox.look()) == ["one"]  # the same message in either folder: it was moved
        assert await mailbox.look() == ()
        await mailbox.close()


@pytest.mark.parametrize("printed", ["", "it is here", f"{TOKEN_HEADER}: another"])
async def test_a_command_that_prints_no_message_of_that_token_still_says_that_it_came(
    tmp_path: Path, printed: str
) -> None:
    mailbox = open_mailbox(command(tmp_path, f"echo '{printed}'"), Watch(tokens=("one",)))

    assert tokens(await mailbox.look()) == ["one"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo first >&2; printf 'no \\033[31mhost\\n' >&2; exit 2", r"ended with status 2: no \\x1b\[31mhost"),
        ("sleep 60", r"did not end within 0\.3 s"),
        ("while :; do echo again; done", r"did not end within 0\.3 s"),
        ("sleep 60 & exit 0", r"did not end within 0\.3 s"),
    ],
)
async def test_a_command_that_fails_or_stays_is_an_error_in_time(tmp_path: Path, script: str, words: str) -> None:
    mailbox = open_mailbox(command(tmp_path, script), Watch(tokens=("one",), limit=0.3))
    began = time.monotonic()

    with pytest.raises(CouldNotLook, match=words):
        await mailbox.look()

    assert time.monotonic() - began < 3


async def test_a_command_asked_for_bounces_has_to_print_them(tmp_path: Path) -> None:
    (tmp_path / "report").write_bytes(report("one"))
    returns = Watch(tokens=("one",), argument="--returns")

    [found] = await open_mailbox(command(tmp_path, f"cat {tmp_path}/report"), returns).look()
    assert [bounce.token for bounce in read_dsn(found.content, TOKEN_HEADER)] == ["one"]
    with pytest.raises(CouldNotLook, match="something came back for one, and printed no report"):
        await open_mailbox(command(tmp_path, "exit 0"), returns).look()


async def test_a_message_that_is_moved_to_another_folder_is_the_same_message(maildir: Path) -> None:
    (maildir / "new/1.one.test").write_bytes(letter("one"))
    mailbox = open_mailbox(f"maildir:{maildir}", WATCH)
    assert tokens(await mailbox.look()) == ["one"]

    (maildir / "new/1.one.test").rename(maildir / ".Junk/cur/9.new-name.test:2,")
    second = letter("one").replace(b"Received: from a.test by b.test", b"Received: from c.test by b.test")
    (maildir / ".INBOX.Spam/new/2.second.test").write_bytes(second)

    assert [found.place for found in await mailbox.look()] == ["INBOX.Spam"]
    assert await mailbox.look() == ()


async def test_reports_that_bear_no_name_are_told_apart(maildir: Path) -> None:
    (maildir / "new/1.one.test").write_bytes(report("one"))
    (maildir / "new/2.two.test").write_bytes(report("two"))

    assert len(await open_mailbox(f"maildir:{maildir}", WATCH).look()) == 2


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of standard input."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield writing
    with contextlib.suppress(OSError):
        os.close(writing)


async def _looked(mailbox: Mailbox) -> list[str]:
    """What is found once all that was typed has been read."""
    for _ in range(3):
        await asyncio.sleep(0)
    return tokens(await mailbox.look())


async def test_the_person_types_the_mark_of_what_came(typing: int) -> None:
    mailbox = open_mailbox("token", Watch(tokens=("aa11", "bb22", "cc33")))
    assert await mailbox.look() == ()

    os.write(typing, b"zz99\nSubject: mxprobe aa11: does mail over mx2 arrive?\r\nbb")
    assert await _looked(mailbox) == ["aa11"]
    os.write(typing, b"22 cc33\naa11\n")
    assert await _looked(mailbox) == ["bb22", "cc33"]
    assert mailbox.describe() == "you: type or paste the mark of each message that came"
    assert await mailbox.clean(frozenset({"aa11"})) == 0
    await mailbox.close()
    os.write(typing, b"nobody reads this\n")


async def test_the_time_of_what_is_typed_is_not_known(typing: int) -> None:
    mailbox = open_mailbox("token", Watch(tokens=("aa11",)))
    await mailbox.look()
    os.write(typing, b"aa11\n")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    [found] = await mailbox.look()

    assert (found.place, found.at_known) == ("seen by whoever says so", False)
    copy = read_copy(*found)
    assert copy is not None
    assert not copy[1].at_known
    await mailbox.close()


async def test_the_end_of_the_input_and_long_lines_are_fine(typing: int) -> None:
    mailbox = open_mailbox("token", Watch(tokens=("aa11", "bb22")))
    await mailbox.look()

    for _ in range(30):
        os.write(typing, b"\xff" * 2_000)
        assert await _looked(mailbox) == []
    assert len(vars(mailbox)["_line"]) <= 4_096
    os.write(typing, b"aa11\nbb22")  # the first is behind more than anybody types on one line
    os.close(typing)
    for _ in range(3):
        await asyncio.sleep(0)

    assert await _looked(mailbox) == ["bb22"]
    assert await mailbox.look() == ()
    await mailbox.close()


async def test_a_file_as_input_is_read_and_where_there_is_none_nobody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "typed").write_text("aa11")
    for path, found in ((tmp_path / "typed", ["aa11"]), (Path(os.devnull), [])):
        with path.open() as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            mailbox = open_mailbox("token", Watch(tokens=("aa11",)))
            assert tokens(await mailbox.look()) == found
            assert await _looked(mailbox) == []
            await mailbox.close()
    for nothing in (None, io.StringIO("aa11\n"), stdin):
        monkeypatch.setattr("sys.stdin", nothing)
        assert await open_mailbox("token", Watch(tokens=("aa11",))).look() == ()


def test_what_comes_back_is_not_typed() -> None:
    with pytest.raises(InputError, match="--returns token: what comes back is not typed"):
        open_mailbox("token", Watch(argument="--returns"))


@pytest.mark.parametrize(
    ("word", "described"),
    [
        ("imap.example.test", "IMAP imap.example.test:993 as alice@example.test"),
        ("imap.example.test:1993", "IMAP imap.example.test:1993 as alice@example.test"),
        ("bob@imap.example.test", "IMAP imap.example.test:993 as bob"),
        ("imap://bob@imap.example.test", "IMAP imap.example.test:993 as bob"),
        ("imaps://bob@example.test@imap.example.test:994/", "IMAP imap.example.test:994 as bob@example.test"),
        ("imap://bob%40example.test@imap.example.test", "IMAP imap.example.test:993 as bob@example.test"),
        ("imap+starttls://bob@[2001:db8::1]", "IMAP 2001:db8::1:143 (STARTTLS) as bob"),
        ("localhost", "IMAP localhost:993 as alice@example.test"),
        ("localhost:1993", "IMAP localhost:1993 as alice@example.test"),
    ],
)
def test_imap_is_named_by_a_host_or_an_address(word: str, described: str) -> None:
    assert open_mailbox(word, WATCH).describe() == described


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("", "no kind of mailbox"),
        ("pop3://imap.example.test", "no mailbox that can be understood"),
        ("pop3:alice", "no kind of mailbox"),
        ("/var/mail/alice", "no kind of mailbox"),
        ("imap://imap.example.test:99999", "no mailbox that can be understood"),
        ("imap://", "no mailbox that can be understood"),
        ("imap.example.test/INBOX", "no kind of mailbox"),
        ("imap://alice@imap.example.test:143", r"port 143 .* STARTTLS"),
        ("maildir:/nowhere/at/all", "is no Maildir"),
        ("mbox:/nowhere/at/all", "lies in no directory"),
        ("mbox:/tmp", "is a directory"),
        ("command:", "a command is missing"),
        ("command:no-such-program-here", "there is no program no-such-program-here"),
        ("command:'", "is no command"),
    ],
)
def test_a_word_that_names_no_mailbox_is_refused_with_the_argument(word: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_mailbox(word, Watch(user="alice", password=Secret("x"), argument="--returns"))

    assert "--returns" in str(caught.value)


@pytest.mark.parametrize(
    "word",
    [
        "imap://alice:hunter2-hunter2@imap.example.test",
        "alice:hunter2-hunter2@imap.example.test",
        "imap://alice:hunter2-hunter2@/",
        "imap://alice:hunter2-/hunter2-hunter2@imap.example.test",
        "pop3://alice:hunter2-hunter2@imap.example.test",
    ],
)
def test_a_password_in_a_word_is_refused_and_not_repeated(word: str) -> None:
    with pytest.raises(InputError) as caught:
        open_mailbox(word, WATCH)

    assert "hunter2" not in str(caught.value)


def test_without_a_name_or_a_password_imap_says_what_is_missing() -> None:
    with pytest.raises(InputError, match="whose mail"):
        read_account("imap.example.test", Watch(password=Secret("x")))
    with pytest.raises(InputError, match=r"password of alice.*MXPROBE_IMAP_PASSWORD|password of alice"):
        read_account("imap.example.test", Watch(user="alice"))


async def test_a_look_that_is_cancelled_leaves_no_thread_waiting(tmp_path: Path) -> None:
    async with imap_server(tmp_path, {b"SEARCH": None}, limit=30) as server:
        account = server.account
        watch = Watch(user=account.user, password=account.password, cafile=account.cafile, limit=account.limit)
        mailbox = open_mailbox(f"localhost:{account.port}", watch)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await mailbox.look()
        await mailbox.close()
        await asyncio.get_running_loop().shutdown_default_executor()

    assert time.monotonic() - began < 5


def test_every_kind_is_named_once() -> None:
    names = [name for kind in KINDS for name in kind.names]

    assert len(names) == len(set(names))
    assert all(kind.example.partition(":")[0] in kind.names for kind in KINDS)


def test_nothing_that_holds_a_password_shows_it(maildir: Path) -> None:
    mailboxes: list[Mailbox] = [open_mailbox("imap.example.test", WATCH), open_mailbox(f"maildir:{maildir}", WATCH)]

    for mailbox in mailboxes:
        assert "hunter2" not in f"{mailbox!r} {mailbox.describe()} {vars(mailbox)!r} {WATCH!r} {WATCH}"
