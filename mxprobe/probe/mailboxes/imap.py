"""A mailbox behind IMAP: INBOX and the folder for unwanted mail, over TLS with the certificate checked.

Standards: RFC 8314 §3.2 (port 993), RFC 3501 §6.2.1 (STARTTLS).
"""

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import unquote

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.proof import Found
from mxprobe.probe.mailboxes.mailbox import Kind, Watch, cut, mark_of, token_of
from mxprobe.wire.imap import Connection, Stored
from mxprobe.wire.imapline import Account

_PORT, _STARTTLS_PORT = 993, 143
_GRACE = 2.0
_SCHEMES = ("imap", "imaps", "imap+starttls")
_WORD = re.compile(
    r"(?:(?P<scheme>[a-z+]+)://)?(?:(?P<user>[^/]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/@:\[\]\s]+)(?::(?P<port>\d{1,5}))?/?"
)
_USER_HINT = "For example imap://alice@imap.example.com; an @ within the name is written as it is, or as %40"
Value = TypeVar("Value")


class ImapMailbox:
    """One account, one connection that is kept between looks and made anew at need."""

    can_clean = True

    def __init__(self, account: Account, since: float) -> None:
        self._account = account
        self._since = since
        self._connection = Connection(account)
        self._seen = set[tuple[str, str, int]]()
        self._marks = set[bytes]()
        self._turn = asyncio.Lock()

    def describe(self) -> str:
        """Host, port and name."""
        account = self._account
        return f"IMAP {account.host}:{account.port}{' (STARTTLS)' if account.starttls else ''} as {account.user}"

    async def look(self) -> tuple[Found, ...]:
        """New messages of ours and reports about them; none is marked as seen."""
        seen = set(self._seen)
        stored = await self._ask(lambda connection: connection.look(seen, self._since))
        self._seen = seen  # not before: a look that failed half-way has found nothing
        found = []
        for folder, message in stored:
            content = cut(message.content)
            if content is None or (mark := mark_of(content)) in self._marks:
                continue  # not ours, or moved here from another folder since it was found there
            self._marks.add(mark)
            found.append(Found(content, folder.name, message.at, folder.is_junk))
        return tuple(found)

    async def clean(self, tokens: frozenset[str]) -> int:
        """Mark as deleted, and expunge where the server can do that to single messages."""
        return await self._ask(lambda connection: connection.remove(tokens, _bears))

    async def close(self) -> None:
        """LOGOUT."""
        await self._ask(Connection.close)

    async def _ask(self, work: Callable[[Connection], Value]) -> Value:
        """Do what blocks in a thread. One that is cancelled, or waits for the name of a host longer than it should,
        is left to end by itself, its connection closed."""
        async with self._turn:
            connection = self._connection
            try:
                async with asyncio.timeout(self._account.limit + _GRACE):
                    return await asyncio.to_thread(work, connection)
            except (TimeoutError, asyncio.CancelledError) as error:
                connection.abort()
                self._connection = Connection(self._account)
                if isinstance(error, asyncio.CancelledError):
                    raise
        raise CouldNotLook(f"{self.describe()}: no answer within {self._account.limit:g} s")


def _bears(stored: Stored) -> str | None:
    content = cut(stored.content)
    return None if content is None else token_of(content)


def _open(word: str, watch: Watch) -> ImapMailbox:
    account = read_account(word, watch)
    return ImapMailbox(account, watch.since)


def read_account(word: str, watch: Watch) -> Account:
    """The account that a word names. Raises InputError, which repeats nothing of a word that holds a password."""
    match = _WORD.fullmatch(word)
    scheme = (match["scheme"] or "imaps") if match else ""
    if match is None or scheme not in _SCHEMES or (match["port"] and not 0 < int(match["port"]) < 65536):
        shown = "what it names" if "@" in word else word
        raise InputError(
            f"{watch.argument}: {shown} is no mailbox that can be understood",
            hint="IMAP is written imap.example.com, imap://USER@HOST:PORT or imap+starttls://USER@HOST",
        )
    if ":" in (match["user"] or ""):
        raise InputError(
            f"{watch.argument}: no password belongs on a command line, where everybody on the machine can read it",
            hint="It comes from MXPROBE_IMAP_PASSWORD, --password-file FILE or --password-command WORDS",
        )
    is_starttls = scheme == "imap+starttls"
    port = int(match["port"] or (_STARTTLS_PORT if is_starttls else _PORT))
    host = match["host"].strip("[]")
    if port == _STARTTLS_PORT and not is_starttls:
        raise InputError(
            f"{watch.argument}: port 143 of {host} speaks TLS only after STARTTLS",
            hint=f"Write imap+starttls://{host}, or leave the port out for 993",
        )
    user = unquote(match["user"] or watch.user)
    if not user or not user.isprintable():
        raise InputError(f"{watch.argument}: nothing says whose mail it is at {host}", hint=_USER_HINT)
    if watch.password is None:
        raise InputError(
            f"{watch.argument}: the password of {user} at {host} is missing",
            hint="It comes from MXPROBE_IMAP_PASSWORD, --password-file FILE or --password-command WORDS",
        )
    return Account(
        host=host,
        port=port,
        user=user,
        password=watch.password,
        starttls=is_starttls,
        cafile=watch.cafile,
        limit=watch.limit,
    )


KIND = Kind(names=_SCHEMES, example="imap://alice@imap.example.com", open=_open)
