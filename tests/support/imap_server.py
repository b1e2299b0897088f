"""An IMAP server that says what a test wants: well-behaved but for the commands that are given other answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from mxprobe.lab.certs import Authority
from mxprobe.wire.imapline import Account
from mxprobe.wire.secret import Secret

AUTHORITY = Authority(7)
NAME = "localhost"
PASSWORD = "hunter2-hunter2"
FOREVER = b"\0forever\0"
"""An answer that begins so goes on with what stands behind it, again and again."""

_GREETING = b"* OK ready\r\n"
_ANSWERS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n%b OK done\r\n",
    b"LIST": b'* LIST () "/" INBOX\r\n%b OK done\r\n',
    b"EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 9] here\r\n%b OK [READ-ONLY]\r\n",
    b"SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 9] here\r\n%b OK [READ-WRITE]\r\n",
    b"SEARCH": b"* SEARCH\r\n%b OK done\r\n",
    b"LOGOUT": b"* BYE\r\n%b OK done\r\n",
}


class ImapServer:
    """What was said to it is in `heard`, without tags; `account` is how to get in.

    `answers` are by command, or by a command's last word, which counts more.
    """

    def __init__(self, answers: Mapping[bytes, bytes | None], greeting: bytes | None, starttls: bool) -> None:
        self.heard = list[bytes]()
        self.answers = {**_ANSWERS, **answers}
        self._greeting = greeting
        self._starttls = starttls
        self.account: Account

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it goes."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if self._greeting is not None:
                await _say(writer, self._greeting)
            while line := await reader.readline():
                tag, _, said = line.rstrip(b"\r\n").partition(b" ")
                self.heard.append(said)
                words = said.upper().split()
                word = words[1] if words[0] == b"UID" else words[0]
                answer = self.answers.get(words[-1], self.answers.get(word, b"%b OK done\r\n"))
                if answer is None:
                    continue
                await _say(writer, answer.replace(b"%b", tag))
        writer.close()


async def _say(writer: asyncio.StreamWriter, answer: bytes) -> None:
    if not answer.startswith(FOREVER):
        writer.write(answer)
        return await writer.drain()
    while not writer.is_closing():
        writer.write(answer.removeprefix(FOREVER))
        await writer.drain()
        await asyncio.sleep(0)
    return None


@contextlib.asynccontextmanager
async def imap_server(
    folder: Path,
    answers: Mapping[bytes, bytes | None] | None = None,
    *,
    greeting: bytes | None = _GREETING,
    starttls: bool = False,
    limit: float = 5.0,
) -> AsyncIterator[ImapServer]:
    """A server with answers of its own by command (None: it stays silent); `%b` stands for the tag.

    With `starttls` it speaks in clear, and never TLS.
    """
    (folder / "authority.pem").write_bytes(AUTHORITY.pem)
    server = ImapServer(answers or {}, greeting, starttls)
    context = None if starttls else AUTHORITY.context(NAME)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    server.account = Account(
        host=NAME,
        port=listening.sockets[0].getsockname()[1],
        user="alice@example.test",
        password=Secret(PASSWORD),
        starttls=starttls,
        cafile=str(folder / "authority.pem"),
        limit=limit,
    )
    async with listening:
        yield server
