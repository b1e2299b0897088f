"""IMAP with servers that lie, stall, never stop or say the password back: an error of ours, in time, without it."""

import asyncio
import time
import traceback
from pathlib import Path

import msgspec
import pytest

from mxprobe.errors import CouldNotLook, MxprobeError
from mxprobe.facts.proof import TOKEN_HEADER
from mxprobe.wire.imap import Connection, Folder, Stored
from mxprobe.wire.imapline import MailboxRefused
from mxprobe.wire.secret import Secret
from tests.support.imap_server import FOREVER, PASSWORD, imap_server

LETTER = f"{TOKEN_HEADER}: one\r\n\r\n".encode()


def fetched(content: bytes) -> bytes:
    """An answer to FETCH."""
    head = b'* 1 FETCH (UID 5 INTERNALDATE "23-Nov-2026 10:20:12 +0100" BODY[HEADER]<0> {%d}\r\n' % len(content)
    return head + content + b")\r\n%b OK done\r\n"


async def look(connection: Connection) -> tuple[tuple[Folder, Stored], ...]:
    """One look, in a thread, from nothing seen."""
    try:
        return await asyncio.to_thread(connection.look, set(), 0.0)
    finally:
        await asyncio.to_thread(connection.close)


def shown(error: BaseException) -> str:
    """All that a careless program may show of an error: text, form, what our functions held, and causes."""
    found = [str(error), repr(error)]
    report: BaseException | None = error
    while report is not None:
        told = traceback.TracebackException.from_exception(report, capture_locals=True)
        found += [str(report), *(str(frame.locals) for frame in told.stack if "/tests/" not in frame.filename)]
        report = report.__context__
    return "\n".join(found)


@pytest.mark.parametrize(
    ("answers", "greeting", "words"),
    [
        ({}, None, "no answer within"),
        ({}, b"* OK begun and never ended", "no answer within"),
        ({}, FOREVER + b"* OK again\r\n", "IMAP"),
        ({}, b"220 mx.example.test ESMTP\r\n", "unexpected response"),
        ({}, b"* BYE too many\r\n", "BYE"),
        (
            {b"CAPABILITY": FOREVER + b"* OK " + b"x" * 9000 + b"\r\n"},
            b"* OK ready\r\n",
            "more than an answer can hold",
        ),
        ({b"SEARCH": FOREVER + b"x" * 9000}, b"* OK ready\r\n", "more than an answer can hold"),
        ({b"SEARCH": b"* SEARCH {999999999999}\r\n"}, b"* OK ready\r\n", "more than an answer can hold"),
        ({b"SEARCH": b"* SEARCH {100}\r\nshort"}, b"* OK ready\r\n", "no answer within"),
        ({b"SEARCH": b"* SEARCH {" + b"9" * 5000 + b"}\r\n"}, b"* OK ready\r\n", "IMAP"),
        ({b"SEARCH": None}, b"* OK ready\r\n", "no answer within"),
        ({b"SEARCH": b"%b NO \x1b[31m no\r\n"}, b"* OK ready\r\n", r"it says .*\\x1b\[31m no"),
        ({b"EXAMINE": b"%b NO no INBOX\r\n"}, b"* OK ready\r\n", "no INBOX"),
        ({b"LOGIN": FOREVER + b"+ more\r\n"}, b"* OK ready\r\n", "IMAP"),
        ({b"LIST": b"\xff\x00\r\n"}, b"* OK ready\r\n", "unexpected response"),
    ],
)
async def test_a_server_that_is_no_server_is_an_error_in_time(
    tmp_path: Path, answers: dict[bytes, bytes | None], greeting: bytes | None, words: str
) -> None:
    async with imap_server(tmp_path, answers, greeting=greeting, limit=0.5) as server:
        began = time.monotonic()
        with pytest.raises(CouldNotLook, match=words) as caught:
            await look(Connection(server.account))
        assert time.monotonic() - began < 2

    assert f"alice@example.test at localhost:{server.account.port}" in str(caught.value)
    assert PASSWORD not in shown(caught.value)


async def test_nobody_listening_is_an_error(tmp_path: Path) -> None:
    async with imap_server(tmp_path) as server:
        account = msgspec.structs.replace(server.account, port=1)

    with pytest.raises(CouldNotLook, match="Connection refused"):
        await look(Connection(account))


@pytest.mark.parametrize(
    "answer",
    [
        f"%b NO alice may not come in with {PASSWORD}\r\n",
        f"* BAD {PASSWORD}\r\n%b BAD {PASSWORD}\r\n",
        f"what is {PASSWORD}?\r\n",
        f"+ {PASSWORD}\r\n%b NO {PASSWORD}\r\n",
    ],
)
@pytest.mark.parametrize("capability", [b"IMAP4rev1", b"IMAP4rev1 AUTH=PLAIN"])
async def test_a_password_said_back_is_not_shown(tmp_path: Path, answer: str, capability: bytes) -> None:
    answers: dict[bytes, bytes | None] = {
        b"CAPABILITY": b"* CAPABILITY " + capability + b"\r\n%b OK done\r\n",
        b"LOGIN": answer.encode(),
        b"AUTHENTICATE": answer.encode(),
    }
    async with imap_server(tmp_path, answers) as server:
        connection = Connection(server.account)
        with pytest.raises(MxprobeError) as caught:
            await look(connection)

    assert PASSWORD not in shown(caught.value)
    assert PASSWORD not in repr(connection) + repr(vars(connection)) + repr(server.account)


async def test_a_password_said_back_later_is_veiled(tmp_path: Path) -> None:
    async with imap_server(tmp_path, {b"SEARCH": f"%b NO {PASSWORD} is what you said\r\n".encode()}) as server:
        with pytest.raises(CouldNotLook, match=r"it says .\*\*\* is what you said") as caught:
            await look(Connection(server.account))

    assert PASSWORD not in shown(caught.value)


async def test_login_says_name_and_password_quoted(tmp_path: Path) -> None:
    async with imap_server(tmp_path) as server:
        account = msgspec.structs.replace(server.account, user='al"ice', password=Secret('a "b\\'))
        assert await look(Connection(account)) == ()

    assert server.heard[1] == rb'LOGIN "al\"ice" "a \"b\\"'


@pytest.mark.parametrize(
    ("password", "capability", "words"),
    [
        ("pässword", b"IMAP4rev1", "other characters than ASCII"),
        ("pass", b"IMAP4rev1 LOGINDISABLED", "does not let"),
    ],
)
async def test_a_password_that_cannot_be_said_is_refused(
    tmp_path: Path, password: str, capability: bytes, words: str
) -> None:
    capabilities = b"* CAPABILITY " + capability + b"\r\n%b OK done\r\n"
    async with imap_server(tmp_path, {b"CAPABILITY": capabilities}) as server:
        account = msgspec.structs.replace(server.account, password=Secret(password))
        with pytest.raises(MailboxRefused, match=words) as caught:
            await look(Connection(account))

    assert "pässword" not in shown(caught.value)
    assert not any(said.startswith(b"LOGIN") for said in server.heard)


@pytest.mark.parametrize(
    ("answer", "greeting", "words"),
    [
        (b"%b BAD what\r\n", b"* OK ready\r\n", "it starts no TLS"),
        (b"%b OK done\r\n", b"* PREAUTH ready\r\n", "it starts no TLS"),
        (b"%b OK done\r\n* CAPABILITY IMAP4rev1\r\n", b"* OK ready\r\n", "somebody put words into it"),
    ],
)
async def test_without_tls_nothing_is_said(tmp_path: Path, answer: bytes, greeting: bytes, words: str) -> None:
    async with imap_server(tmp_path, {b"STARTTLS": answer}, greeting=greeting, starttls=True) as server:
        with pytest.raises(MailboxRefused, match=words):
            await look(Connection(server.account))

    assert set(server.heard) <= {b"CAPABILITY", b"STARTTLS"}


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    async with imap_server(tmp_path) as server:
        with pytest.raises(MailboxRefused, match=r"certificate is not good.*127\.0\.0\.1.*--imap-cafile"):
            await look(Connection(msgspec.structs.replace(server.account, host="127.0.0.1")))

    assert server.heard == []


@pytest.mark.parametrize(("text", "words"), [(None, "No such file"), ("nothing", "holds no certificates")])
async def test_a_file_without_authorities_is_refused(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "other.pem").write_text(text)
    async with imap_server(tmp_path) as server:
        account = msgspec.structs.replace(server.account, cafile=str(tmp_path / "other.pem"))
        with pytest.raises(MailboxRefused, match=f"--imap-cafile .*other.pem: .*{words}"):
            await look(Connection(account))


async def test_a_message_comes_with_the_date_of_the_server_and_is_fetched_once(tmp_path: Path) -> None:
    answers: dict[bytes, bytes | None] = {b"SEARCH": b"* SEARCH 5\r\n%b OK done\r\n", b"FETCH": fetched(LETTER)}
    seen = set[tuple[str, str, int]]()
    async with imap_server(tmp_path, answers) as server:
        connection = Connection(server.account)
        [(folder, stored)] = await asyncio.to_thread(connection.look, seen, 1795426812.0)
        assert await asyncio.to_thread(connection.look, seen, 1795426812.0) == ()
        await asyncio.to_thread(connection.close)

    assert folder == Folder(name="INBOX", is_junk=False)
    assert stored == Stored(key=("INBOX", "9", 5), content=LETTER, at=1795425612.0, is_report=False)
    assert b'UID SEARCH SINCE 22-Nov-2026 HEADER X-Mxprobe-Token ""' in server.heard
    assert [said for said in server.heard if b"FETCH" in said] == [
        b"UID FETCH 5 (INTERNALDATE BODY.PEEK[HEADER]<0.262144>)"
    ]
    assert server.heard[-1] == b"LOGOUT"


@pytest.mark.parametrize(
    ("rows", "entered"),
    [
        (rb'* LIST (\HasNoChildren \Junk) "/" "Un \"wanted\" \\ mail"', rb'EXAMINE "Un \"wanted\" \\ mail"'),
        (b'* LIST () "." INBOX.Spam', b'EXAMINE "INBOX.Spam"'),
        (b'* LIST () "/" {6}\r\na/Junk', b'EXAMINE "a/Junk"'),
        (b"* LIST () NIL Junk", b'EXAMINE "Junk"'),
        (b'* LIST () "/" Spammers', None),
        (b'* LIST (\\Junk) "/" {9}\r\na\r\nDELETE', None),
        (b'* LIST (\\Junk) "/" "\xff\xfe"', None),
        (b"* LIST nonsense", None),
    ],
)
async def test_the_folder_of_unwanted_mail_is_found(tmp_path: Path, rows: bytes, entered: bytes | None) -> None:
    async with imap_server(tmp_path, {b"LIST": rows + b"\r\n%b OK done\r\n"}) as server:
        await look(Connection(server.account))

    inbox = b'EXAMINE "INBOX"'
    assert [said for said in server.heard if b"EXAMINE" in said] == [inbox, *([entered] if entered else [])]


async def test_without_uidplus_a_message_is_only_marked(tmp_path: Path) -> None:
    answers: dict[bytes, bytes | None] = {
        b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n%b OK done\r\n",
        b"SEARCH": b"* SEARCH 5\r\n%b OK done\r\n",
        b"FETCH": fetched(LETTER),
    }
    async with imap_server(tmp_path, answers) as server:
        connection = Connection(server.account)
        removed = await asyncio.to_thread(connection.remove, frozenset({"one"}), lambda _: "one")
        assert await asyncio.to_thread(connection.remove, frozenset({"one"}), lambda _: "two") == 0
        assert await asyncio.to_thread(connection.remove, frozenset({'" DELETED'}), lambda _: "one") == 0
        await asyncio.to_thread(connection.close)

    assert removed == 1
    assert [said for said in server.heard if b"STORE" in said] == [rb"UID STORE 5 +FLAGS.SILENT (\Deleted)"]
    assert not any(b"EXPUNGE" in said or b"CLOSE" in said for said in server.heard)


async def test_many_large_messages_are_found_look_by_look(tmp_path: Path) -> None:
    uids = " ".join(str(uid) for uid in range(1, 251)).encode()
    answers: dict[bytes, bytes | None] = {
        b"SEARCH": b"* SEARCH " + uids + b"\r\n%b OK done\r\n",
        b"FETCH": fetched(LETTER + b"x" * 20_000),
    }
    seen = set[tuple[str, str, int]]()
    async with imap_server(tmp_path, answers) as server:
        connection = Connection(server.account)
        looks = [len(await asyncio.to_thread(connection.look, seen, 0.0)) for _ in range(3)]
        await asyncio.to_thread(connection.close)

    assert looks == [200, 50, 0]


async def test_a_message_that_has_gone_is_looked_for_again(tmp_path: Path) -> None:
    answers: dict[bytes, bytes | None] = {b"SEARCH": b"* SEARCH 5 x\r\n%b OK done\r\n", b"FETCH": b"%b OK done\r\n"}
    seen = set[tuple[str, str, int]]()
    async with imap_server(tmp_path, answers) as server:
        connection = Connection(server.account)
        assert await asyncio.to_thread(connection.look, seen, 0.0) == ()
        await asyncio.to_thread(connection.close)

    assert seen == set()
