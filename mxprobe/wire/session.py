"""Speaks one SMTP session to see how a host behaves: connect, banner, EHLO, STARTTLS, EHLO, recipients, QUIT.

No message is sent, and no MAIL unless recipients are named. Commands are pipelined where the host offers it, so that a
look costs as few round trips as TCP, TLS and SMTP allow. Whatever the host does becomes a turn; the session ends within
its deadline and leaves no open socket. Which hosts to visit, and how often, is decided elsewhere.

Standards: RFC 5321 §3.1, §3.2, §4.5.3.2 (limits), RFC 2920 (pipelining), RFC 3207 (STARTTLS).
"""

from collections.abc import Callable

from msgspec import Struct

from mxprobe.facts.session import Endpoint, Session
from mxprobe.wire.dial import Dialer
from mxprobe.wire.tls import TlsContext


class Limits(Struct, frozen=True, kw_only=True):
    """The longest wait of each phase in seconds, and of the whole session."""

    connect: float = 30.0
    banner: float = 60.0
    ehlo: float = 60.0
    starttls: float = 60.0
    tls: float = 60.0
    mail: float = 60.0
    rcpt: float = 60.0
    rset: float = 60.0
    quit: float = 10.0
    session: float = 180.0


class SessionScript(Struct, frozen=True, kw_only=True):
    """What is said in a session.

    `helo` None means the literal of the address we come from; `deadline` is in the event loop's time and the session
    ends at the nearer of it and its own limit. With `depth` BANNER only the greeting is read.
    """

    helo: str | None = None
    mail_from: str = ""
    recipients: tuple[str, ...] = ()
    limits: Limits = Limits()
    deadline: float | None = None
    source: str | None = None
    only_banner: bool = False


class Means(Struct, frozen=True, kw_only=True):
    """What a session is made with: the dialer, the TLS context (None: STARTTLS is not tried), the wall clock."""

    dialer: Dialer
    tls: TlsContext | None
    wall: Callable[[], float]


async def speak(endpoint: Endpoint, script: SessionScript, means: Means) -> Session:
    """The session with `endpoint`, as far as it came. Raises nothing of the network's."""
    raise NotImplementedError
