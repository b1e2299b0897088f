"""A message of a story as bytes: how it begins, and what each relay writes on top of it.

Standards: RFC 5321 §4.4 (Received), §6.3 (counting them ends a circle).
"""

from email.parser import BytesHeaderParser
from email.utils import formatdate

from msgspec import Struct

from mxprobe.facts.proof import TOKEN_HEADER
from mxprobe.scenario.model import Send

_TRACE = b"received:"
_FILLING = b"What follows fills the message up to the size that the story asks for. ..."


class Letter(Struct, frozen=True, kw_only=True):
    """A message in a queue: its name in the story, its envelope, its bytes."""

    message: str
    mail_from: str
    recipients: tuple[str, ...]
    content: bytes


def write_message(step: Send, name: str, now: float) -> bytes:
    """A message whose every byte follows from the story, filled up to the step's size where that is larger."""
    seconds = round(now)
    lines = (
        f"From: <{step.mail_from}>",
        f"To: {', '.join(f'<{recipient}>' for recipient in step.to)}",
        f"Subject: {name}",
        f"Message-ID: <{name}.{seconds}@elsewhere.test>",
        f"{TOKEN_HEADER}: {name}",
        "",
        f"A message of the story, sent {seconds} seconds after its beginning.",
        "",
    )
    return _fill("\r\n".join(lines).encode(), step.size)


def _fill(content: bytes, size: int) -> bytes:
    """The message with lines behind it, to this size in octets; a last line has two octets at least, its ending."""
    line = _FILLING + b"\r\n"
    missing = size - len(content)
    if missing < len(b"\r\n"):
        return content
    whole, rest = divmod(missing - len(b"\r\n"), len(line))
    return content + line * whole + _FILLING[:rest] + b"\r\n"


def read_token(content: bytes) -> str | None:
    """A message's name in the story, where it has one."""
    token = BytesHeaderParser().parsebytes(content).get(TOKEN_HEADER)
    return None if token is None else str(token)


def stamp(host: str, client: str, at: float, content: bytes) -> bytes:
    """The message with the line of a host that hands it on; `client` is a name, `at` the wall-clock moment."""
    date = formatdate(at)
    return f"Received: from {client} by {host} with ESMTP;\r\n {date}\r\n".encode() + content


def count_hops(content: bytes) -> int:
    """How many hosts have handed the message on."""
    head = content.partition(b"\r\n\r\n")[0].lower()
    return sum(line.startswith(_TRACE) for line in head.split(b"\r\n"))
