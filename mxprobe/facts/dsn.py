"""A delivery status notification as values: who says of which recipient that the message failed, and with which status.

What is read may be hostile: it is bounded, and never a reason to raise. Standards: RFC 3462 §1 (multipart/report),
RFC 3464 §2.1 (its fields), RFC 3463 (enhanced status codes).
"""

import re
from email import message_from_bytes
from email.message import Message

from msgspec import Struct

_REPORT = "message/delivery-status"
_HEADERS = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global")
_MOST_OCTETS = 1_048_576
_MOST_PARTS = 64
_MOST_RECIPIENTS = 64
_LONGEST_FIELD = 1_024
_LONGEST_TOKEN = 200
_SPACE = re.compile(r"\s+")


class Bounce(Struct, frozen=True, kw_only=True):
    """What a notification says of one recipient. `action` is `failed`, `delayed`, ...; `token` is the value of the
    header by which the message it is about was marked.

    `diagnostic` is what the host `remote` said, or else what the reporter says of it; both may be empty.
    """

    recipient: str
    action: str
    status: str | None
    reporter: str
    token: str | None
    diagnostic: str = ""
    remote: str = ""


def read_dsn(content: bytes, token_header: str) -> tuple[Bounce, ...]:
    """What the notification says, one entry a recipient; nothing where the message is none.

    Of a form older than RFC 3464 the one with `X-Failed-Recipients` is known (Exim's, where a host sets it up so).
    """
    try:
        message = message_from_bytes(content[:_MOST_OCTETS])
        parts = [part for _, part in zip(range(_MOST_PARTS), message.walk(), strict=False)]
        report = next((part for part in parts if part.get_content_type() == _REPORT), None)
        if report is None or not isinstance(report.get_payload(), list):
            return _read_old(message, token_header)
        token = next((found for part in parts if (found := _token(part, token_header))), None)
        return _read_report(report, token)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return ()  # parts within parts without end, or what the parser of the standard library stumbles over


def _read_report(report: Message, token: str | None) -> tuple[Bounce, ...]:
    payload = report.get_payload()
    blocks = [block for block in payload if isinstance(block, Message)] if isinstance(payload, list) else []
    reporter = _value(blocks[0].get("Reporting-MTA")) if blocks else ""
    about = [block for block in blocks if block.get("Final-Recipient") or block.get("Original-Recipient")]
    return tuple(
        Bounce(
            recipient=_value(block.get("Final-Recipient") or block.get("Original-Recipient")).strip("<>").lower(),
            action=_text(block.get("Action", "")).lower(),
            status=next(iter(_text(block.get("Status")).split()), None),
            reporter=reporter,
            token=token,
            diagnostic=_value(block.get("Diagnostic-Code")),
            remote=_value(block.get("Remote-MTA")),
        )
        for block in about[:_MOST_RECIPIENTS]
    )


def _read_old(message: Message, token_header: str) -> tuple[Bounce, ...]:
    """A notification in prose behind which the message stands as text, its recipients in the header."""
    recipients = _text(message.get("X-Failed-Recipients"))
    payload = message.get_payload()
    if not recipients or not isinstance(payload, str):
        return ()
    match = re.search(rf"^{re.escape(token_header)}:[ \t]*(\S{{1,{_LONGEST_TOKEN}}})\s*$", payload, re.M | re.I)
    return tuple(
        Bounce(
            recipient=recipient.strip(" <>").lower(),
            action="failed",
            status=None,
            reporter="",
            token=_readable(match[1]) if match else None,
        )
        for recipient in recipients.split(",")[:_MOST_RECIPIENTS]
        if recipient.strip(" <>")
    )


def _value(field: object) -> str:
    """What stands behind the type in `rfc822; alice@example.test`."""
    return _text(field).partition(";")[2].strip()


def _text(field: object) -> str:
    """A field's value in one line."""
    return _SPACE.sub(" ", _readable(str(field or "")[:_LONGEST_FIELD])).strip()


def _readable(text: str) -> str:
    """Text that can be saved: octets that are no UTF-8 become `\\xNN`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _token(part: Message, header: str) -> str | None:
    """The mark of the message that a part returns, whole or its headers alone."""
    if part.get_content_type() not in _HEADERS:
        return None
    payload = part.get_payload()
    if isinstance(payload, list):
        inner = payload[0] if payload else None
    else:
        decoded = part.get_payload(decode=True)
        inner = message_from_bytes(decoded) if isinstance(decoded, bytes) else None
    found = _text(inner.get(header)) if isinstance(inner, Message) else ""
    return found if 0 < len(found) <= _LONGEST_TOKEN else None
