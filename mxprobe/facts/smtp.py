"""The words of SMTP: phases of a session, replies with their raw bytes and every oddity, commands.

Standards: RFC 5321 §4.2 (replies), RFC 3463 (enhanced status codes), RFC 3207 (STARTTLS).
"""

import re
from enum import StrEnum

from msgspec import Struct

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?= |$)")


class Phase(StrEnum):
    """The steps of a session, in the words of a scenario file."""

    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    HELO = "helo"
    STARTTLS = "starttls"
    TLS = "tls"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"
    RSET = "rset"
    QUIT = "quit"


class Oddity(StrEnum):
    """What a well-behaved peer does not do. Oddities are facts; whether one matters is for others to say."""

    BARE_LF = "bare-lf"
    BARE_CR = "bare-cr"
    NUL = "nul"
    CONTROL = "control-characters"
    NON_ASCII = "non-ascii"
    MIXED_CODES = "mixed-codes"
    MALFORMED = "malformed"
    OVERLONG_LINE = "overlong-line"
    TOO_LONG = "too-long"
    UNTERMINATED = "unterminated"
    EARLY_TALK = "early-talk"
    AFTER_STARTTLS = "bytes-after-starttls"


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reply, all its lines.

    `raw` is what came over the wire (cut at the reader's cap), `code` that of the last line or None where no line had
    one, `lines` the text behind the codes with everything unprintable escaped.
    """

    raw: bytes
    code: int | None
    lines: tuple[str, ...] = ()
    oddities: tuple[Oddity, ...] = ()

    @property
    def severity(self) -> int | None:
        """The first digit of the code: 2 and 3 positive, 4 later, 5 no; None where there is no code."""
        return None if self.code is None else self.code // 100

    @property
    def is_positive(self) -> bool:
        """2yz."""
        return self.severity == 2

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code of the first line that has one (RFC 3463 §2)."""
        for line in self.lines:
            if match := _ENHANCED.match(line):
                return match[1]
        return None

    @property
    def text(self) -> str:
        """The reply in one line, code first, as it is quoted to people."""
        words = " / ".join(line for line in self.lines if line)
        return f"{self.code if self.code is not None else '???'} {words}".strip()


class Command(Struct, frozen=True, kw_only=True):
    """One command line as a host read it; `verb` in upper case, `argument` escaped text."""

    raw: bytes
    verb: str
    argument: str = ""
    oddities: tuple[Oddity, ...] = ()
