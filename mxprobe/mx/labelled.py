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

_BODY = """\
This message was sent by mxprobe to see whether mail that goes over {via}
arrives. It was asked for by somebody who may do so for {domain}
({allowed_by}).

Nothing needs to be done. The mark {token} tells this message from others.
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
    """The message of one route, with CRLF line ends; `at` in seconds since 1970 UTC."""
    message = EmailMessage(policy=SMTP)
    sender = author.mail_from or f"postmaster@{author.helo}"
    message["From"] = f"mxprobe <{sender}>"
    message["To"] = route.recipient
    message["Subject"] = f"mxprobe {route.token}: does mail over {route.via} arrive?"
    message["Date"] = format_datetime(datetime.datetime.fromtimestamp(at, datetime.UTC))
    message["Message-ID"] = f"<{route.token}.mxprobe@{author.helo.strip('[]')}>"
    message["Auto-Submitted"] = "auto-generated"
    message[TOKEN_HEADER] = route.token
    message["X-Mxprobe"] = f"mxprobe/{__version__}" + (f"; contact={author.contact}" if author.contact else "")
    contact = f"Questions: {author.contact}\n" if author.contact else ""
    message.set_content(
        _BODY.format(via=route.via, domain=domain, allowed_by=allowed_by, token=route.token, contact=contact)
    )
    return message.as_bytes()
