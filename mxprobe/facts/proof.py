"""A proof: labelled messages sent through the MX hosts of one domain, and what was seen of them afterwards.

Times are seconds since 1970 UTC. Hosts are named as the MX records name them. Nothing here judges.
"""

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.run import TlsUse
from mxprobe.facts.session import Endpoint, Turn
from mxprobe.facts.smtp import Phase

PROOF_SCHEMA = 1

TOKEN_HEADER = "X-Mxprobe-Token"
"""The header that marks a message of ours; its value is the token."""


class Hop(Struct, frozen=True, kw_only=True):
    """One Received line: `by` wrote it when it got the message from `source`, at `at` (None: no date that can be read).

    `source` is the name that the client gave, `client` what stands in the parentheses behind it (its address, as a
    rule); `protocol` is the word behind `with`, `tls` what the line says of TLS (empty: nothing), `queued_as` the word
    behind `id`; `raw` is the line, unfolded.
    """

    by: str
    source: str = ""
    client: str = ""
    protocol: str = ""
    tls: str = ""
    queued_as: str = ""
    at: float | None = None
    raw: str = ""


class Copy(Struct, frozen=True, kw_only=True):
    """A message of ours that was found: in which `place`, when it got there, by which hops, the oldest first.

    `notes` are the values of Authentication-Results and Received-SPF, `return_path` that of Return-Path. `is_junk`: it
    lay where unwanted mail is put. `at_known` False: `at` is when somebody said so, and not when it came.
    """

    place: str
    at: float
    hops: tuple[Hop, ...] = ()
    notes: tuple[str, ...] = ()
    return_path: str = ""
    message_id: str = ""
    is_junk: bool = False
    at_known: bool = True


class Found(NamedTuple):
    """A message that lies in a mailbox: its header (of a report of delivery all, up to 262,144 octets), in which
    folder, since when (seconds since 1970 UTC), and whether that folder is for unwanted mail; `at_known` False: `at` is
    when somebody said so, and not when it came."""

    content: bytes
    place: str
    at: float
    is_junk: bool = False
    at_known: bool = True


class Answer(StrEnum):
    """What a host said to a message or a recipient: takes it, never will, not now, or nothing that tells."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "later"
    UNKNOWN = "unknown"


class Handover(Struct, frozen=True, kw_only=True):
    """One attempt to hand a message over: to whom, the outcome-table cell it ended in, what was said on the way.

    `answer` UNKNOWN: the content may have left, and nobody knows whether it was kept.
    """

    endpoint: Endpoint
    at: float
    answer: Answer
    cell: str
    turns: tuple[Turn, ...] = ()
    tls: TlsUse | None = None
    tls_version: str = ""

    @property
    def said(self) -> str:
        """The last thing that the host said of the message, in its own words: no farewell."""
        spoken = (turn for turn in reversed(self.turns) if turn.phase is not Phase.QUIT)
        return next((turn.reply.text for turn in spoken if turn.reply is not None), "")


class Route(Struct, frozen=True, kw_only=True):
    """One message and its way: straight to `via`, a host of preference `preference`, marked with `token`.

    `is_unknown`: it is for a recipient who is not there, to see who says so and when. `down` are the better hosts that
    could not be reached while it was handed over. `begun_at` is set before anything is said of it, `trying_at` before
    each attempt until that one's handover stands here: while it is set nobody knows how far the attempt came, and the
    message is never sent again.
    """

    token: str
    via: str
    preference: int
    recipient: str
    is_unknown: bool = False
    down: tuple[str, ...] = ()
    begun_at: float | None = None
    trying_at: float | None = None
    handovers: tuple[Handover, ...] = ()
    copies: tuple[Copy, ...] = ()
    bounces: tuple[Bounce, ...] = ()

    @property
    def last(self) -> Handover | None:
        """The last attempt to hand it over."""
        return self.handovers[-1] if self.handovers else None


class Box(StrEnum):
    """Where is looked: for copies, or for what comes back to the envelope sender."""

    MAILBOX = "mailbox"
    RETURNS = "returns"


class Blind(Struct, frozen=True, kw_only=True):
    """A time in which a box could not be looked at, and why: from the first look that failed to the next that did not.

    `until` None: not by the end of the watch, so that nobody knows what came since.
    """

    box: Box
    since: float
    until: float | None = None
    reason: str = ""


class Proof(Struct, frozen=True, kw_only=True):
    """Everything that was seen. `watched_until` is when nobody looked for copies any more, `deadline` until when a
    message that was accepted may still come; `allowed_by` the record or the flag that allowed it. A message that was
    accepted is handed on late once `overdue` seconds have gone by. `up_at` is when hosts that were down were first seen
    to take connections again (None: they were not). `policy_missing` says why there is a sign of an MTA-STS policy and
    it could not be had. `signed` is the domain that the messages were signed for by DKIM (empty: they were not).

    `unusable` are hosts of the chain that no message can be handed to from here, and why. `down_at_end` are the hosts
    of the best preference that took no connection when the watch ended without everything having come.

    `mailbox` and `returns` say in words where copies and bounces were looked for (empty: nowhere), `blind` when they
    could not be looked at.
    """

    schema: int = PROOF_SCHEMA
    kind: str = "proof"
    version: str
    domain: str
    recipient: str
    mail_from: str
    helo: str
    allowed_by: str
    began_at: float
    watched_until: float
    deadline: float
    chain: tuple[tuple[int, str], ...] = ()
    addresses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unusable: tuple[tuple[str, str], ...] = ()
    routes: tuple[Route, ...] = ()
    mailbox: str = ""
    returns: str = ""
    complete: bool = True
    overdue: float = 1800.0
    up_at: float | None = None
    down_at_end: tuple[str, ...] = ()
    policy_missing: str = ""
    blind: tuple[Blind, ...] = ()
    signed: str = ""

    @property
    def best(self) -> int:
        """The best preference."""
        return min((preference for preference, _ in self.chain), default=0)

    @property
    def primaries(self) -> frozenset[str]:
        """The hosts of the best preference."""
        return frozenset(host for preference, host in self.chain if preference == self.best)

    def is_primary(self, host: str) -> bool:
        """Whether a host has the best preference."""
        return (self.best, host) in self.chain
