"""A message of a story as bytes: how it begins, and what each relay writes on top of it.

Standards: RFC 5321 §4.4 (Received), §6.3 (counting them ends a circle).
"""

from email.utils import formatdate

from msgspec import Struct

from mxprobe.scenario.model import Send

TOKEN_HEADER = "X-Mxprobe-Token"
"""The header that carries a message's name in the story."""

_TRACE = b"received:"


class Letter(Struct, frozen=True, kw_only=True):
    """A message in a queue: its name in the story, its envelope, its bytes."""

    message: str
    mail_from: str
    recipients: tuple[str, ...]
    content: bytes


def write_message(step: Send, name: str, now: float) -> bytes:
    """A small message whose every byte follows from the story."""
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
    return "\r\n".join(lines).encode()


def stamp(host: str, client: str, at: float, content: bytes) -> bytes:
    """The message with the line of a host that hands it on; `at` is the wall-clock moment."""
    date = formatdate(at)
    return f"Received: from [{client}] by {host} with ESMTP;\r\n {date}\r\n".encode() + content


def count_hops(content: bytes) -> int:
    """How many hosts have handed the message on."""
    head = content.partition(b"\r\n\r\n")[0].lower()
    return sum(line.startswith(_TRACE) for line in head.split(b"\r\n"))
