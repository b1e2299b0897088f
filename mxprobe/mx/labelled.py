"""The message that a proof sends: it says what it is, who sends it and why, and bears a mark that can be found again.

Standards: RFC 5322 §3.6 (its header), RFC 3834 §5 (Auto-Submitted: nobody answers it by machine).
"""

import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from msgspec import Struct

from mxprobe import __version__
from mxprobe.facts.proof import TOKEN_HEADER, Route
from mxprobe.facts.text import escape_text

_SEVEN_BITS = SMTP.clone(cte_type="7bit")  # not every host on the way offers 8BITMIME

_BODY = """\
This message was sent by mxprobe to see whether mail arrives that goes
over {via}.
It was asked for by somebody who may do so for {domain}
({allowed_by}).

Nothing needs to be done. This mark tells the message from others:
{token}
{contact}"""

SAID_PLACE = "seen by whoever says so"
"""Where a message lies of which somebody says that it came."""

BY_HAND = "you: type or paste the mark of each message that came"
"""How arrival is seen where the person looks: the mark stands in the subject of each message."""


class Author(Struct, frozen=True, kw_only=True):
    """Who sends: the envelope sender, the EHLO name, and whom to write to about it (empty: nobody is named)."""

    mail_from: str
    helo: str
    contact: str = ""


def write_labelled(route: Route, domain: str, author: Author, allowed_by: str, at: float) -> bytes:
    """The message of one route, with CRLF line ends; `at` in seconds since 1970 UTC.

    What others have named, hosts and addresses, is text without a line end: it can add no field, and end no header.
    """
    via, recipient, token = escape_text(route.via), escape_text(route.recipient), escape_text(route.token)
    helo, contact = escape_text(author.helo), escape_text(author.contact)
    message = EmailMessage(policy=_SEVEN_BITS)
    message["From"] = f"mxprobe <{escape_text(author.mail_from) or f'postmaster@{helo}'}>"
    message["To"] = recipient
    message["Subject"] = f"mxprobe {token}: does mail over {via} arrive?"
    message["Date"] = format_datetime(datetime.datetime.fromtimestamp(at, datetime.UTC))
    message["Message-ID"] = f"<{token}.mxprobe@{helo}>"
    message["Auto-Submitted"] = "auto-generated"
    message[TOKEN_HEADER] = token
    message["X-Mxprobe"] = f"mxprobe/{__version__}" + (f"; contact={contact}" if contact else "")
    message.set_content(
        _BODY.format(
            via=via,
            domain=escape_text(domain),
            allowed_by=escape_text(allowed_by),
            token=token,
            contact=f"Questions: {contact}\n" if contact else "",
        )
    )
    return message.as_bytes()
