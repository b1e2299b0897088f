"""What a mailbox is to a proof: a place that is looked at again and again for messages that carry a token of ours.

Each kind is one file beside this one and one line in the list of `mxprobe.probe.mailboxes`.
"""

import hashlib
from collections.abc import Callable
from email.parser import BytesHeaderParser
from typing import Protocol

from msgspec import Struct

from mxprobe.facts.dsn import read_dsn
from mxprobe.facts.proof import TOKEN_HEADER, Found
from mxprobe.mx.trace import MOST_OCTETS, header_of, read_copy
from mxprobe.wire.secret import Secret

DAY = 86_400.0
"""How much older than the proof a message may seem that is still looked at: clocks differ, and time zones."""


RETURNS = "--returns"
"""The option behind which stands where bounces come back to."""


class Mailbox(Protocol):
    """Where messages may arrive. Raises CouldNotLook where looking failed and may work later, other kinds of
    MxprobeError where the person has to change something. `can_clean`: messages can be removed from there."""

    can_clean: bool

    def describe(self) -> str:
        """What is looked at, in words for people: never with a password. Empty: nobody looks."""

    async def look(self) -> tuple[Found, ...]:
        """What is there and was not there at the last look; the first look finds what lay there already."""

    async def clean(self, tokens: frozenset[str]) -> int:
        """Remove messages with one of these tokens, and reports about them, and nothing else; how many they were."""

    async def close(self) -> None:
        """Give back what is held open; nothing is looked at after."""


class Watch(Struct, frozen=True, kw_only=True):
    """What every kind of mailbox is told.

    `since`: nothing older is wanted. `tokens` are those that may arrive: for a command, which is asked for each.
    `user` is whose mail it is where the word does not say; `argument` the option that the word stood behind, for
    messages to people. `limit` bounds a look in seconds. `cafile` replaces the machine's authorities for IMAP.
    """

    since: float = 0.0
    tokens: tuple[str, ...] = ()
    user: str = ""
    password: Secret | None = None
    cafile: str | None = None
    limit: float = 30.0
    argument: str = "--mailbox"


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of mailbox: the words before the colon that name it, an example, and what opens one.

    `open` gets the whole word; it raises InputError for one that cannot be right, and reaches out to nothing.
    """

    names: tuple[str, ...]
    example: str
    open: Callable[[str, Watch], Mailbox]


def token_of(content: bytes) -> str | None:
    """The token of a message of ours, or of the message that a report of delivery is about."""
    found = read_copy(content, "", 0.0, False)
    if found is not None:
        return found[0]
    return next((bounce.token for bounce in read_dsn(content, TOKEN_HEADER) if bounce.token), None)


def is_report(content: bytes) -> bool:
    """Whether a header may be one of a report of delivery: by its type, by Exim's field, or by who sent it, as
    OpenSMTPD calls its own multipart/mixed."""
    header = BytesHeaderParser().parsebytes(header_of(content))
    return (
        header.get_content_type() == "multipart/report"
        or "X-Failed-Recipients" in header
        or "mailer-daemon" in str(header.get("From", "")).lower()
    )


def mark_of(content: bytes, more: bytes = b"") -> bytes:
    """What tells a message from another copy of it, and stays when it is moved or a mail reader notes its state in the
    header: its Message-ID and Received lines, and `more`; all of a message that has no Message-ID."""
    fields = [
        (name.lower(), str(value)) for name, value in BytesHeaderParser().parsebytes(header_of(content)).raw_items()
    ]
    lasting = [value for name, value in fields if name in {"received", "message-id"}]
    told = "\n".join(lasting).encode("utf-8", "surrogateescape")
    is_told = any(name == "message-id" for name, _ in fields)
    return hashlib.sha256(more + (told if is_told else content)).digest()


def cut(content: bytes) -> bytes | None:
    """What of a message is kept: of ours the header, of a report of ours all that is read, of others nothing."""
    content = content[:MOST_OCTETS]
    if read_copy(content, "", 0.0, False) is not None:
        return header_of(content)
    return content if is_report(content) and token_of(content) is not None else None
