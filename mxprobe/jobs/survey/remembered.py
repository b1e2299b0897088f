"""What one process remembers from one line of a survey to the next: what very many domains have in common.

Sessions are decoded, masked and encoded once, and so is what the DNS said of hosts, with the chains that follow from
it. Bounded: what was not needed for longest goes first.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.codec import masked
from mxprobe.facts.dns import Answer
from mxprobe.facts.session import Session, Turn
from mxprobe.facts.smtp import Phase
from mxprobe.facts.survey import Told
from mxprobe.jobs.survey.material import Material
from mxprobe.mx.delivery import Target
from mxprobe.mx.envelopes import Attempts
from mxprobe.mx.once import chain_by, keep_chain
from mxprobe.mx.plan import Plan
from mxprobe.mx.tallied import Account, account_of_answering

MOST_OCTETS = 8_388_608
"""So many octets of JSON are remembered, of sessions and of answers."""

MOST_VALUES = 1024
"""So many endpoints are remembered at the most, and so many times what the DNS said of hosts."""

MOST_CHAINS = 64
"""So many chains are remembered for the same hosts."""

_MOST_FRAMES = 4  # of each: most entries have as many turns as all others

_ANSWERS = msgspec.json.Decoder(tuple[Answer, ...])
_SESSIONS = msgspec.json.Decoder(tuple[Session, ...])


class Frame(Struct, frozen=True, kw_only=True):
    """What entries have in common all of whose recipients were taken in one session: the JSON of the sessions before
    their own turns and behind them, and what is counted of the address; `sessions` are without these turns."""

    sessions: tuple[Session, ...]
    before: bytes
    behind: bytes
    account: Account


class Heard(Struct, frozen=True, kw_only=True):
    """The sessions with an endpoint, masked: `whole` as they were made, and as an entry sees them that asked about
    nobody, with their JSON and what is counted of them. `frames` are known by the number of the session, and how many
    turns are framed."""

    whole: Attempts
    sessions: tuple[Session, ...]
    octets: bytes
    account: Account | None
    frames: dict[tuple[int, int], Frame | None] = {}

    def frame(self, session: int, turns: int) -> Frame | None:
        """The frame of so many turns in a session; None where what was shared matters to what is counted."""
        if (session, turns) not in self.frames:
            if len(self.frames) >= _MOST_FRAMES:
                self.frames.clear()
            self.frames[session, turns] = _frame(self.whole, session, turns)
        return self.frames[session, turns]


def _frame(whole: Attempts, session: int, turns: int) -> Frame | None:
    own = (_PLACE,) * turns
    seen = whole.as_seen(Told(number=0, session=session, turns=own))
    shared = replace(seen[-1], turns=tuple(turn for turn in seen[-1].turns if turn is not _PLACE))
    account = account_of_answering(shared, accepts=True)
    # No host can have the text of a place in a session: what it says is within quotes that are escaped.
    before, found, behind = msgspec.json.encode(seen).partition(msgspec.json.encode(own)[1:-1])
    if account is None or not found:
        return None
    return Frame(sessions=(*seen[:-1], shared), before=before, behind=behind, account=account)


_PLACE = Turn(phase=Phase.MAIL, started=-1.0, ended=-1.0)
"""Stands where the own turns of an entry belong; no session has one."""


class Hosts(Struct, frozen=True, kw_only=True):
    """What the DNS said of the hosts of some domains, masked, and its JSON; the chains that were worked out with it."""

    answers: tuple[Answer, ...]
    octets: bytes
    chains: dict[object, tuple[Plan, tuple[Target, ...]]] = {}


class Names(Struct, frozen=True, kw_only=True):
    """What the DNS said of one domain: of itself alone as it was (`own`), and in all masked, with its JSON."""

    own: tuple[Answer, ...]
    answers: tuple[Answer, ...]
    octets: bytes
    hosts: Hosts

    def targets(self, domain: str, port: int) -> tuple[Target, ...]:
        """Every address of the chain, which is worked out once for domains with the same MX records and hosts."""
        chains = self.hosts.chains
        first = self.answers[0] if self.hosts.answers else None
        if first is None or not first.mx:
            return chain_by(self.answers, domain).targets(port)
        key = (first.mx, first.aliases, port)
        known = chains.get(key)
        if known is None:
            if len(chains) >= MOST_CHAINS:
                chains.clear()
            plan = chain_by(self.answers, domain)
            known = chains[key] = (plan, plan.targets(port))
        else:
            keep_chain(self.answers, replace(known[0], domain=domain))
        return known[1]


V = TypeVar("V")


class _Remembered(Generic[V]):
    """What follows from octets, for those that were asked about last."""

    def __init__(self, most_octets: int, work: Callable[[bytes], V]) -> None:
        self._most = most_octets
        self._work = work
        self._octets = 0
        self._values: OrderedDict[bytes, V] = OrderedDict()

    def of(self, octets: bytes) -> V:
        """What follows; raises what the work does."""
        known = self._values.get(octets)
        if known is not None:
            self._values.move_to_end(octets)
            return known
        value = self._values[octets] = self._work(octets)
        self._octets += len(octets)
        while len(self._values) > MOST_VALUES or (self._octets > self._most and len(self._values) > 1):
            gone, _ = self._values.popitem(last=False)
            self._octets -= len(gone)
        return value


class Memory:
    """All that is remembered."""

    def __init__(self, most_octets: int = MOST_OCTETS) -> None:
        self.heard = _Remembered(most_octets, _hear).of
        """The sessions of an endpoint by their JSON. Raises msgspec.MsgspecError."""
        self.hosts = _Remembered(most_octets, _read_hosts).of
        """What the DNS said of hosts by its JSON. Raises msgspec.MsgspecError."""


def _hear(octets: bytes) -> Heard:
    whole = _SESSIONS.decode(octets)
    whole = masked(whole) if _has_address(octets, whole) else whole
    attempts = Attempts(whole)
    sessions = attempts.as_seen(None)
    account = account_of_answering(sessions[-1]) if sessions else None
    return Heard(whole=attempts, sessions=sessions, octets=msgspec.json.encode(sessions), account=account)


def _read_hosts(octets: bytes) -> Hosts:
    answers, octets = _masked_answers(_ANSWERS.decode(octets), octets)
    return Hosts(answers=answers, octets=octets)


def _has_address(octets: bytes, sessions: tuple[Session, ...]) -> bool:
    """Whether sessions may have the address of a mailbox: in their JSON, or in the bytes that it has as base64."""
    if _may_name_somebody(octets) or any(b"@" in session.surplus for session in sessions):
        return True
    return any(
        (turn.command is not None and b"@" in turn.command) or (turn.reply is not None and b"@" in turn.reply.raw)
        for session in sessions
        for turn in session.turns
    )


def names_of(material: Material, memory: Memory) -> Names:
    """What the DNS said of an entry. Raises msgspec.MsgspecError."""
    hosts, own = memory.hosts(material.hosts), _ANSWERS.decode(material.answers)
    answers, octets = _masked_answers(own, material.answers)
    if hosts.answers:  # then there are some about the domain as well
        answers, octets = answers + hosts.answers, b",".join((octets[:-1], hosts.octets[1:]))
    return Names(own=own, answers=answers, octets=octets, hosts=hosts)


def _masked_answers(answers: tuple[Answer, ...], octets: bytes) -> tuple[tuple[Answer, ...], bytes]:
    """Answers and their JSON, masked where there may be anything to mask."""
    if not _may_name_somebody(octets):
        return answers, octets
    answers = masked(answers)
    return answers, msgspec.json.encode(answers)


def _may_name_somebody(octets: bytes) -> bool:
    """Whether there may be the address of a mailbox in it, or the account of one."""
    return b"@" in octets or b"IMAP " in octets
