"""Writes the story of a real mailer down from what the hosts saw of it, in the words of every other story.

A SYN is an attempt, a finished session says whose message it was about and how it ended, a notification in the sender's
post is a bounce, and the mailer's log says when it gave a round up. Attempts are written down in the order in which
they were begun, each when it is over; one that named nobody is taken to be for every message that waits.
"""

import asyncio
import time
from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.run import Event, EventKind, TlsUse
from mxprobe.facts.session import Endpoint, Session
from mxprobe.facts.smtp import Phase
from mxprobe.lab.letter import Letter
from mxprobe.lab.mta.names import Heard
from mxprobe.lab.world import EPOCH, World
from mxprobe.mx.cells import CELLS
from mxprobe.mx.foreign import Attempt, Transaction, ended_in, goes_on, read_transactions

_FAILED = "failed"

_STANDS_STILL = 1.0
"""Real seconds after which a session in which nothing is said is taken for one that is only kept."""

MEMORY = 6 * 3600.0
"""Seconds after a failure for which a mailer that remembers hosts may pass one over: no schedule waits longer."""


class Waiting(Struct, kw_only=True):
    """A message that the mailer has: who still waits for it, its round, the attempts of that round, the last refusals.

    `settled` is set when nobody waits any more; `waits` counts how often the mailer has put a recipient off; `idle`
    says that no host was tried since the last time; what was tried before `since` was not for it.
    """

    letter: Letter
    pending: set[str]
    round: int = 1
    attempts: list[Attempt] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    waits: dict[str, int] = field(default_factory=dict)
    idle: bool = True
    since: float = 0.0
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def settle(self, recipient: str) -> None:
        """This recipient waits no more."""
        self.pending.discard(recipient)
        if not self.pending:
            self.settled.set()


class Approach(Struct, kw_only=True):
    """A connection that was tried: the `cell` that it met where it came to no session, else its session so far.

    `written` transactions of it stand in the book already, and it was told of the recipients in `told`; something
    was last heard of it at `heard_at`, in real time; `is_over`: nothing more will come of it.
    """

    at: float
    endpoint: Endpoint
    cell: str | None = None
    session: Session | None = None
    written: int = 0
    told: set[tuple[str, str]] = field(default_factory=set)
    heard_at: float = field(default_factory=time.monotonic)
    is_over: bool = False

    @property
    def can_be_told(self) -> bool:
        """Whether what follows it can be written down: it is over, or has come to the end of a message."""
        return self.is_over or self.session is not None


class Book:
    """What one real mailer does. `who` it is in events; `names` is what it was told of the domain's names; `blur` are
    the seconds of story time by which a host may notice the end of a session late; a host that failed may be passed
    over for `memory` seconds (0: this mailer remembers none).

    A failure that named nobody is known to be of the only message that waits. Where several do, it is held back for the
    one that is named next behind it, or put off: each of them takes one failure of an address at most.

    `tried_at` is the real time of the last attempt, by the machine's monotonic clock.
    """

    def __init__(self, world: World, who: str, names: Heard, blur: float) -> None:
        self.world, self.who, self.names, self.blur = world, who, names, blur
        self.memory = MEMORY
        self._unclaimed: list[Approach] = []
        self.waiting: dict[str, Waiting] = {}
        self._line: list[Approach] = []
        self._failed: dict[str, float] = {}
        self.tried_at = 0.0

    @property
    def is_settled(self) -> bool:
        """Whether nobody waits for a message any more."""
        return not any(waiting.pending for waiting in self.waiting.values())

    @property
    def is_idle(self) -> bool:
        """Whether no attempt is on its way; some mailers keep a session open in which nothing more is said."""
        lately = time.monotonic() - _STANDS_STILL
        return all(approach.is_over or approach.heard_at < lately for approach in self._line)

    def has_waited(self, times: int) -> bool:
        """Whether everybody who waits was put off so many times, and no attempt is on its way."""
        return self.is_idle and all(
            waiting.waits.get(recipient, 0) >= times
            for waiting in self.waiting.values()
            for recipient in waiting.pending
        )

    def take(self, letter: Letter) -> None:
        """The mailer has a message from now on."""
        self.waiting[letter.message] = Waiting(letter=letter, pending=set(letter.recipients), since=self.world.now)

    def see(self, endpoint: Endpoint, cell: str | None) -> None:
        """A connection was tried; `cell` is what it met where it comes to no session."""
        self.tried_at = time.monotonic()
        self._line.append(Approach(at=self.world.now, endpoint=endpoint, cell=cell, is_over=cell is not None))
        self._write_on()

    def read(self, session: Session, *, over: bool) -> None:
        """A session has come so far, or is over; it is told of when it is over, and at the end of every message."""
        for approach in self._line:
            began = approach.session.started_at if approach.session is not None else session.started_at
            same = approach.endpoint.address == session.endpoint.address and began == session.started_at
            if same and not approach.is_over:
                approach.heard_at = time.monotonic()
                if over or session.turns[-1].phase is Phase.DOT:
                    approach.session, approach.is_over = session, over
                    self._write_on()
                return

    def close(self) -> None:
        """The story is over: what was begun is written down without an end."""
        for approach in self._line:
            self._write(approach)
        self._line.clear()
        for name in [name for name, waiting in self.waiting.items() if waiting.pending]:
            self._claim(name, self.world.now)

    def give_up_round(self, recipient: str, words: str) -> None:
        """The mailer's log says that a recipient has to wait: of several messages, that of which most was tried."""
        names = [name for name, waiting in self.waiting.items() if recipient in waiting.pending]
        name = min(
            names, key=lambda one: (self.waiting[one].idle, self.waiting[one].waits.get(recipient, 0)), default=""
        )
        if not name:
            return
        waiting = self.waiting[name]
        self._claim(name, self.world.now)
        waiting.waits[recipient] = waiting.waits.get(recipient, 0) + 1
        cell = self._by_names(waiting) or "E1"
        self._record(replace(_blank(EventKind.WAITS, name, recipient), text=words, cell=cell))
        waiting.idle, waiting.since = True, self.world.now

    def bounce(self, bounce: Bounce) -> None:
        """A notification has come to the sender of a message."""
        for name, waiting in self.waiting.items():
            if bounce.action == _FAILED and bounce.recipient in waiting.pending and bounce.token in (None, name):
                self._claim(name, self.world.now)
                waiting.settle(bounce.recipient)
                back = _blank(EventKind.BOUNCED, name, bounce.recipient)
                cell = self._by_names(waiting) or waiting.refused.get(bounce.recipient)
                self._record(replace(back, to=waiting.letter.mail_from, status=bounce.status, cell=cell))
                return

    def turn_away(self, name: str, recipient: str, words: str) -> None:
        """The mailer itself did not take a message, or a recipient: whoever had it knows at once."""
        waiting = self.waiting[name]
        waiting.settle(recipient)
        cell = waiting.refused.get(recipient)
        back = replace(_blank(EventKind.BOUNCED, name, recipient), text=words, cell=cell)
        self._record(replace(back, to=waiting.letter.mail_from))

    def _by_names(self, waiting: Waiting) -> str | None:
        """The cell that names ended in, where they led to no host."""
        return self.names.cell if waiting.idle else None

    # -- attempts, in the order of their beginnings -------------------------------------------------------------------

    def _write_on(self) -> None:
        """Write down what can be told, up to the first attempt of which nothing is known yet."""
        for approach in tuple(self._line):
            if not approach.can_be_told:
                return
            self._write(approach)
            if approach.is_over:
                self._line.remove(approach)

    def _write(self, approach: Approach) -> None:
        """What became of each recipient in an attempt, as far as it is not written yet."""
        session = approach.session
        transactions = () if session is None else read_transactions(session)
        new, approach.written = transactions[approach.written :], len(transactions)
        if session is not None and not transactions:
            approach.cell = ended_in(session)
        if not transactions:
            self._hold_back(approach)
        for transaction in new:
            for name, cells in self._whose(transaction, self._stored(approach, transaction)):
                self._claim(name, approach.at, approach.endpoint)
                self._write_try(approach, name, cells, transaction.cell)
                self._write_named(approach, transaction, name, cells)

    def _write_named(self, approach: Approach, transaction: Transaction, name: str, cells: dict[str, str]) -> None:
        """How an attempt ended for the recipients of the message that it named."""
        session, waiting = approach.session, self.waiting[name]
        began = (session.started_at if session is not None else EPOCH) - EPOCH
        for recipient, cell in cells.items():
            kind = EventKind.ACCEPTED if cell == "Z1" else EventKind.REFUSED
            at = self._noticed(approach, began + transaction.ended)
            tls = None if transaction.secured is None else _TLS[transaction.secured]
            ended = replace(_blank(kind, name, recipient), at=at, cell=cell, text=transaction.said, tls=tls)
            self._record(replace(ended, host=self.world.scenario.short(approach.endpoint.host)))
            self._remember(approach, cell)
            if cell == "Z1":
                waiting.settle(recipient)
            else:
                waiting.refused[recipient] = cell

    def _remember(self, approach: Approach, cell: str | None) -> None:
        """Whether a host has failed lately: what it says of a recipient is no failure, and taking mail ends one."""
        host = approach.endpoint.host
        if cell == "Z1":
            self._failed.pop(host, None)
        elif cell is not None and cell[0] != "R":
            self._failed[host] = approach.at

    def _hold_back(self, approach: Approach) -> None:
        """An attempt that named nobody: it was for the only one who waits, or for whoever is named next."""
        self._remember(approach, approach.cell)
        waits = [name for name, waiting in self.waiting.items() if waiting.pending and waiting.since <= approach.at]
        if len(waits) == 1:
            self._write_unnamed(approach, waits[0])
        elif waits:
            self._unclaimed.append(approach)

    def _claim(self, name: str, before: float, at: Endpoint | None = None) -> None:
        """Take the attempts that were made for a message up to a moment, and nobody was named in: one an address.

        `at` is the address that it is named at now, in the same round: none of a worse preference was for it.
        """
        waiting, taken = self.waiting[name], set()
        limit = None if at is None else self._preference(at.host)
        for approach in sorted(self._unclaimed, key=lambda one: one.at):
            address = approach.endpoint.address
            mine = waiting.since <= approach.at <= before and address not in taken
            if mine and (limit is None or self._preference(approach.endpoint.host) <= limit):
                taken.add(address)
                self._unclaimed.remove(approach)
                self._write_unnamed(approach, name)

    def _noticed(self, approach: Approach, at: float) -> float:
        """When the mailer knew how an attempt ended that a host saw end at `at`: before it began the next."""
        nexts = (one.at for one in self._line if approach.at < one.at and at - self.blur < one.at < at)
        return min((at, *nexts))

    def _write_unnamed(self, approach: Approach, name: str) -> None:
        """An attempt that named nobody, written down for the recipients of the message that it was for."""
        host, session, cell = self.world.scenario.short(approach.endpoint.host), approach.session, approach.cell
        last = session.turns[-1].ended if session is not None and session.turns else 0.0
        at = approach.at if session is None else self._noticed(approach, session.started_at - EPOCH + last)
        words = "" if session is None else _last_words(session)
        waiting = self.waiting[name]
        cells = dict.fromkeys(sorted(waiting.pending), cell or "")
        if not cells:
            return
        self._write_try(approach, name, cells, cell)
        for recipient in cells if cell is not None else ():
            waiting.refused[recipient] = cell or ""
            refused = replace(_blank(EventKind.REFUSED, name, recipient), host=host, cell=cell, text=words)
            self._record(replace(refused, at=at))

    def _stored(self, approach: Approach, transaction: Transaction) -> str | None:
        """The message that a host stored as the transaction ended: what it read in it says whose it was."""
        if approach.session is None or transaction.cell != "Z1":
            return None
        host = self.world.scenario.short(approach.endpoint.host)
        ended = approach.session.started_at - EPOCH + transaction.ended
        kept = [
            event
            for event in self.world.events
            if event.kind in (EventKind.ARRIVED, EventKind.QUEUED)
            and event.who == host
            and event.recipient in dict(transaction.recipients)
        ]
        return min(kept, key=lambda event: abs(event.at - ended)).message if kept else None

    def _whose(self, transaction: Transaction, stored: str | None) -> Iterable[tuple[str, dict[str, str]]]:
        """The message that a transaction is about, and its recipients' cells: the one that was stored at its end, else
        the one that has waited longest.

        A transaction that was refused before it named any is about all of them.
        """
        cells = dict(transaction.recipients)
        known = {stored: self.waiting[stored]} if stored in self.waiting else self.waiting
        for who_waits in (True, False):  # a session may be told of when its message is settled already
            for name, waiting in known.items():
                people = waiting.pending if who_waits else set(waiting.letter.recipients)
                named = {recipient: cell for recipient, cell in cells.items() if recipient in people}
                if people and waiting.letter.mail_from == transaction.mail_from and (named or not cells):
                    return [(name, named or dict.fromkeys(sorted(people), transaction.cell))]
        return []

    def _write_try(self, approach: Approach, name: str, recipients: Iterable[str], cell: str | None) -> None:
        """The attempt itself, once for each recipient; a new round where it does not lead on."""
        waiting = self.waiting[name]
        recipients = [recipient for recipient in recipients if (name, recipient) not in approach.told]
        if not recipients:
            return
        approach.told.update((name, recipient) for recipient in recipients)
        preference = self._preference(approach.endpoint.host)
        self._write_passed_over(approach, name, recipients)
        attempt = Attempt(endpoint=approach.endpoint, preference=preference, cell=cell)
        if not goes_on(waiting.attempts, attempt):
            waiting.round += 1
            waiting.attempts = []
        waiting.attempts.append(attempt)
        waiting.idle = False
        for recipient in recipients:
            tried = replace(_blank(EventKind.TRIED, name, recipient), at=approach.at, round=waiting.round)
            self._record(replace(tried, host=self.world.scenario.short(approach.endpoint.host)))

    def _write_passed_over(self, approach: Approach, name: str, recipients: Iterable[str]) -> None:
        """The better hosts that the mailer did not ask now, since it had not reached them a short while ago.

        Nobody sees a memory; that an attempt has failed before is what the hosts can tell of it.
        """
        preference = self._preference(approach.endpoint.host)
        asked = {attempt.endpoint.host for attempt in self.waiting[name].attempts}
        for host, since in self._failed.items():
            recently = approach.at - self.memory < since < approach.at
            if recently and self._preference(host) < preference and host not in asked:
                for recipient in recipients:
                    passed = replace(_blank(EventKind.REFUSED, name, recipient), at=approach.at, cell="C5")
                    text = CELLS["C5"].event
                    self._record(replace(passed, host=self.world.scenario.short(host), text=text))

    def _preference(self, host: str) -> int:
        """The preference of a host as the first of the name servers has it now."""
        content = next(iter(self.world.contents.values()))
        return next((number for number, name in content.mx if name == host), 0)

    def _record(self, event: Event) -> None:
        """Write an event of this mailer down; without a moment of its own it happens now."""
        at = event.at or self.world.now
        self.world.record(replace(event, at=round(at, 6), who=self.who))


def _blank(kind: EventKind, message: str, recipient: str) -> Event:
    return Event(at=0.0, kind=kind, who="", message=message, recipient=recipient)


_TLS = {True: TlsUse.UNVERIFIED, False: TlsUse.NONE}


def _last_words(session: Session) -> str:
    """What the host said last, but for its farewell."""
    said = (
        turn.reply.text for turn in reversed(session.turns) if turn.reply is not None and turn.phase is not Phase.QUIT
    )
    return next(said, "")
