"""Moments and reactions: what a host or name server is asked, and what it shall do. Pure values.

A fault and a well-behaved host are both functions from a moment to reactions; the lab acts the reactions out in order.
An empty tuple means "nothing to say": the next in line is asked.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import AnswerStatus, Question
from mxprobe.facts.smtp import Phase


class Moment(Struct, frozen=True, kw_only=True):
    """One point where something can go wrong.

    `now` is story time in seconds, `host` the host's name, `address` that of its addresses which was connected to; a
    name server is asked a `question`, the host of the MTA-STS policy for the page at `path`; `client` the address that
    speaks, `client_host` its name in the story; `session` numbers the connection (0: it does not stand yet),
    `open_sessions` counts those that the host had open when this one came, with it; `argument` is what the command
    carried (the EHLO name, an address), `parameters` what stood behind the address of MAIL; `size` the octets of the
    message, as declared at MAIL or as they came at the dot; `message` its name, which is known at the dot alone. `seen`
    counts the earlier moments that matched the fault, `times` has the last of them (at most 1,000); `first_seen` is
    when this triplet of client, sender and recipient first came here; `hops` counts the hosts that have handed the
    message on before, `began` is when the fault did.
    """

    now: float
    host: str
    address: str = ""
    phase: Phase | None = None
    question: Question | None = None
    path: str | None = None
    client: str = ""
    client_host: str = ""
    session: int = 0
    open_sessions: int = 0
    argument: str = ""
    parameters: tuple[str, ...] = ()
    size: int | None = None
    message: str | None = None
    mail_from: str = ""
    recipients: tuple[str, ...] = ()
    recipient: str | None = None
    hops: int = 0
    secured: bool = False
    seen: int = 0
    times: tuple[float, ...] = ()
    first_seen: float | None = None
    began: float = 0.0


class Reply(Struct, frozen=True, kw_only=True, tag="reply"):
    """Say this in place of the usual answer; `text` may have several lines."""

    code: int
    text: str


class Silence(Struct, frozen=True, kw_only=True, tag="silence"):
    """Say nothing, and keep the connection."""


class Close(Struct, frozen=True, kw_only=True, tag="close"):
    """End the connection politely (FIN), saying nothing.

    At the final dot `kept` says that the message is stored first: its sender cannot know.
    """

    kept: bool = True


class Reset(Struct, frozen=True, kw_only=True, tag="reset"):
    """End the connection with a reset (RST); `kept` as in `Close`."""

    kept: bool = True


class Delay(Struct, frozen=True, kw_only=True, tag="delay"):
    """Wait so many seconds, then go on with what follows."""

    seconds: float


class Raw(Struct, frozen=True, kw_only=True, tag="raw"):
    """Send these bytes in place of a reply; `every` so many seconds again, without end (None: once).

    `kept` as in `Close`.
    """

    data: bytes
    every: float | None = None
    kept: bool = False


class Slowly(Struct, frozen=True, kw_only=True, tag="slowly"):
    """Send every byte of this reply and of those that follow so many seconds after the one before."""

    seconds: float


class Withhold(Struct, frozen=True, kw_only=True, tag="withhold"):
    """Leave these keywords out of the extensions behind EHLO."""

    keywords: tuple[str, ...]


class Offer(Struct, frozen=True, kw_only=True, tag="offer"):
    """Say this line of an extension behind EHLO, in place of what is usually said of its keyword."""

    line: str


class Syn(StrEnum):
    """What becomes of an attempt to connect."""

    REFUSE = "refuse"
    DROP = "drop"
    UNREACHABLE = "unreachable"


class Connection(Struct, frozen=True, kw_only=True, tag="connection"):
    """Refuse or ignore the attempt to connect."""

    syn: Syn


class Names(Struct, frozen=True, kw_only=True, tag="names"):
    """Answer a question with a status in place of records; TIMEOUT is no answer at all."""

    status: AnswerStatus


class Truncate(Struct, frozen=True, kw_only=True, tag="truncate"):
    """Cut the answer short over UDP, and say nothing over TCP."""


class Lame(Struct, frozen=True, kw_only=True, tag="lame"):
    """Answer as a server that has not got the zone: no authority, no records, a referral to the root."""


class Stale(Struct, frozen=True, kw_only=True, tag="stale"):
    """Answer with what was served before this moment of the story."""

    since: float


class Forge(Struct, frozen=True, kw_only=True, tag="forge"):
    """Answer with MX records that name these hosts."""

    mx: tuple[str, ...]


class SignatureKind(StrEnum):
    """What is the matter with DNSSEC signatures."""

    BOGUS = "bogus"
    EXPIRED = "expired"


class Signatures(Struct, frozen=True, kw_only=True, tag="signatures"):
    """Give the usual records with signatures of this kind; what is not signed stays as it is."""

    kind: SignatureKind


class BreakHandshake(Struct, frozen=True, kw_only=True, tag="break-handshake"):
    """Answer the ClientHello with bytes that are no TLS."""


class CertificateKind(StrEnum):
    """What is the matter with a certificate."""

    VALID = "valid"
    EXPIRED = "expired"
    WRONG_NAME = "wrong-name"
    SELF_SIGNED = "self-signed"
    NOT_YET_VALID = "not-yet-valid"
    UNKNOWN_AUTHORITY = "unknown-authority"
    MISSING_INTERMEDIATE = "missing-intermediate"
    WEAK_KEY = "weak-key"
    NEW_KEY = "new-key"
    BY_SNI = "by-sni"


class Present(Struct, frozen=True, kw_only=True, tag="present"):
    """Present a certificate of this kind."""

    kind: CertificateKind


class TlsVersion(StrEnum):
    """The versions of TLS."""

    TLS_1_0 = "1.0"
    TLS_1_1 = "1.1"
    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


class SpeakTls(Struct, frozen=True, kw_only=True, tag="speak-tls"):
    """Shake hands in this version of TLS and in no other."""

    version: TlsVersion


class Page(Struct, frozen=True, kw_only=True, tag="page"):
    """Answer a request of HTTP with this; `location` is where it points, `endless` sends the body again and again."""

    code: int = 200
    content_type: str = "text/plain"
    body: bytes = b""
    location: str | None = None
    endless: bool = False


class Keep(Struct, frozen=True, kw_only=True, tag="keep"):
    """Take the message into the mailbox."""


class HandOn(Struct, frozen=True, kw_only=True, tag="hand-on"):
    """Take the message into the queue, to be handed on to a better host."""


class AskHost(Struct, frozen=True, kw_only=True, tag="ask-host"):
    """Ask another host whether it takes mail for the recipient, and say no where it does not, or cannot be asked."""

    host: str
    recipient: str


Reaction = (
    Reply
    | Silence
    | Close
    | Reset
    | Delay
    | Raw
    | Slowly
    | Withhold
    | Offer
    | Connection
    | Names
    | Truncate
    | Lame
    | Stale
    | Forge
    | Signatures
    | BreakHandshake
    | Present
    | SpeakTls
    | Page
    | Keep
    | HandOn
    | AskHost
)

MODIFIERS = (Delay, Slowly, Withhold, Offer, Present, SpeakTls)
"""Reactions that change how the next in line acts and do not take its place: such faults compose with all others."""
