"""One SMTP session as a sequence of turns: the same value whether our client or the lab's host wrote it.

Times inside a session are seconds since its start; `started_at` is its one wall-clock stamp (seconds since 1970 UTC).
What a remote does is a value here, never an exception. In JSON, fields of sessions, turns, replies and answers that
have their default are left out: most have, and a survey writes very many.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.smtp import Oddity, Phase, Reply
from mxprobe.facts.tls import TlsFacts


class Endpoint(Struct, frozen=True, kw_only=True, order=True):
    """One address of one host. `host` is the name it was reached by, without a final dot."""

    host: str
    address: str
    port: int = 25

    @property
    def id(self) -> str:
        """Stable across runs: host/address, with the port where it is not 25."""
        return f"{self.host}/{self.address}" + ("" if self.port == 25 else f":{self.port}")

    @property
    def is_ipv6(self) -> bool:
        """Whether the address is an IPv6 address."""
        return ":" in self.address


class FailureKind(StrEnum):
    """How a turn ended without a usable reply."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    NO_FAMILY = "no-family"
    LOCAL = "local"
    RESET = "reset"
    CLOSED = "closed"
    MALFORMED = "malformed"
    TOO_LONG = "too-long"
    TLS = "tls"


class Failure(Struct, frozen=True, kw_only=True):
    """What went wrong, in which phase, `after` seconds of waiting in it; `detail` is escaped text for people."""

    kind: FailureKind
    phase: Phase
    detail: str = ""
    after: float = 0.0


class Turn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command and its reply (the banner, the connection and the handshake are turns without a command).

    `subject` is the address of MAIL and RCPT; `secured` says that the turn ran inside TLS. The body of a message is
    never kept: the BODY turn has its size in `size`.
    """

    phase: Phase
    started: float
    ended: float
    command: bytes | None = None
    subject: str | None = None
    reply: Reply | None = None
    failure: Failure | None = None
    secured: bool = False
    size: int | None = None

    @property
    def elapsed(self) -> float:
        """Seconds from the command (or the phase's start) to the end of the reply."""
        return self.ended - self.started


class Side(StrEnum):
    """Who wrote the session down."""

    CLIENT = "client"
    HOST = "host"


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One connection from dial to close.

    `round_trips` counts the waits for the peer (client side only). `failure` is the one that ended the session, None
    where it came to its planned end. `surplus` are bytes that no command had asked for.
    """

    endpoint: Endpoint
    side: Side
    started_at: float
    turns: tuple[Turn, ...] = ()
    tls: TlsFacts | None = None
    failure: Failure | None = None
    round_trips: int = 0
    source: str | None = None
    surplus: bytes = b""
    oddities: tuple[Oddity, ...] = ()

    def last_turn(self, phase: Phase) -> Turn | None:
        """The last turn of `phase`, None where the session never came there."""
        for turn in reversed(self.turns):
            if turn.phase is phase:
                return turn
        return None

    @property
    def banner(self) -> Reply | None:
        """The greeting, None where none came."""
        turn = self.last_turn(Phase.BANNER)
        return turn.reply if turn else None

    @property
    def extensions(self) -> tuple[str, ...]:
        """The lines of the last successful EHLO behind the greeting line, as sent."""
        for turn in reversed(self.turns):
            if turn.phase is Phase.EHLO and turn.reply and turn.reply.is_positive:
                return turn.reply.lines[1:]
        return ()

    def offers(self, keyword: str) -> bool:
        """Whether any EHLO reply of the session offered the extension (STARTTLS vanishes inside TLS)."""
        wanted = keyword.upper()
        for turn in self.turns:
            if turn.phase is Phase.EHLO and turn.reply is not None and turn.reply.is_positive:
                for line in turn.reply.lines[1:]:
                    if line.split(" ", 1)[0].upper() == wanted:
                        return True
        return False

    @property
    def recipients(self) -> tuple[Turn, ...]:
        """The RCPT turns in order."""
        return tuple(turn for turn in self.turns if turn.phase is Phase.RCPT)
