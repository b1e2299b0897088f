"""Where the people live who send: a host that takes every mail for them, and reads the notifications among it.

Standards: RFC 5321 §4.5.5 (notifications have a null sender), RFC 3464.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from aiosmtpd.smtp import SMTP

from mxprobe.facts.dsn import Bounce, read_dsn
from mxprobe.facts.proof import TOKEN_HEADER

NAME = "mx.elsewhere.test"
"""What it is called."""

_NO_TIMEOUT = 1e8


class _Postbox:
    """The hook of aiosmtpd that takes a message."""

    def __init__(self, take: Callable[[str, Bounce], None]) -> None:
        self._take = take

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        """Take a message, and tell what it says of others; the first argument is the address that it came from."""
        for bounce in read_dsn(bytes(envelope.content), TOKEN_HEADER):
            self._take(str(session.peer[0]), bounce)
        return "250 2.0.0 Ok"


def postbox_protocol(take: Callable[[str, Bounce], None], tls: ssl.SSLContext) -> Callable[[], SMTP]:
    """A factory of protocols for connections to the host; `take` gets the client's address with every report.

    It offers STARTTLS with the context `tls`: some mailers send nothing in clear.
    """

    def accept() -> SMTP:
        loop = asyncio.get_running_loop()
        return SMTP(_Postbox(take), hostname=NAME, loop=loop, timeout=_NO_TIMEOUT, tls_context=tls)

    return accept
