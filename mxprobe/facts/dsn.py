"""A delivery status notification as values: who says of which recipient that the message failed, and with which status.

Standards: RFC 3462 §1 (multipart/report), RFC 3464 §2.1 (its fields), RFC 3463 (enhanced status codes).
"""

from email import message_from_bytes
from email.message import Message

from msgspec import Struct

_REPORT = "message/delivery-status"
_HEADERS = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global")


class Bounce(Struct, frozen=True, kw_only=True):
    """What a notification says of one recipient. `action` is `failed`, `delayed`, ...; `token` is the value of the
    header by which the message it is about was marked, `diagnostic` what the next host said."""

    recipient: str
    action: str
    status: str | None
    reporter: str
    token: str | None
    diagnostic: str = ""


def read_dsn(content: bytes, token_header: str) -> tuple[Bounce, ...]:
    """What the notification says, one entry a recipient; nothing where the message is none."""
    message = message_from_bytes(content)
    parts = list(message.walk())
    report = next((part for part in parts if part.get_content_type() == _REPORT), None)
    if report is None or not isinstance(report.get_payload(), list):
        return ()
    blocks = [block for block in report.get_payload() if isinstance(block, Message)]
    reporter = _value(blocks[0].get("Reporting-MTA")) if blocks else ""
    token = next((found for part in parts if (found := _token(part, token_header))), None)
    return tuple(
        Bounce(
            recipient=_value(block.get("Final-Recipient") or block.get("Original-Recipient")).strip("<>").lower(),
            action=str(block.get("Action", "")).strip().lower(),
            status=str(block["Status"]).split()[0] if block.get("Status") else None,
            reporter=reporter,
            token=token,
            diagnostic=_value(block.get("Diagnostic-Code")),
        )
        for block in blocks
        if block.get("Final-Recipient") or block.get("Original-Recipient")
    )


def _value(field: object) -> str:
    """What stands behind the type in `rfc822; alice@example.test`."""
    return str(field or "").partition(";")[2].strip()


def _token(part: Message, header: str) -> str | None:
    """The mark of the message that a part returns, whole or its headers alone."""
    if part.get_content_type() not in _HEADERS:
        return None
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else message_from_bytes(str(payload).encode())
    found = inner.get(header) if isinstance(inner, Message) else None
    return None if found is None else str(found)
