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
from mxprobe.lab.world import EPOCH, World
from mxprobe.mx.cells import CELLS
from mxprobe.mx.foreign import Attempt, ended_in, goes_on, read_transactions

_FAILED = "failed"

_STANDS_STILL = 1.0
"""Real seconds after which a session in which nothing is said is taken for one that is only kept."""

_REMEMBERED = 3600.0
"""Seconds after a failure in which passing a host over is taken for remembering it."""


class Waiting(Struct, kw_only=True):
    """A message that the mailer has: who still waits for it, its round, the attempts of that round, the last refusals.

    `settled` is set when nobody waits any more; `waits` counts how often the mailer has put a recipient off.
    """

    letter: Letter
    pending: set[str]
    round: int = 1
    attempts: list[Attempt] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    waits: dict[str, int] = field(default_factory=dict)
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
    """What one real mailer does. `who` it is in events; `pace` is how much faster than real time the story goes.

    `tried_at` is the real time of the last attempt, by the machine's monotonic clock.
    """

    def __init__(self, world: World, who: str, pace: float) -> None:
        self.world, self.who, self.pace = world, who, pace
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
        self.waiting[letter.message] = Waiting(letter=letter, pending=set(letter.recipients))

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

    def give_up_round(self, recipient: str, words: str) -> None:
        """The mailer's log says that a recipient has to wait."""
        for name, waiting in self.waiting.items():
            if recipient in waiting.pending:
                waiting.waits[recipient] = waiting.waits.get(recipient, 0) + 1
                self._record(replace(_blank(EventKind.WAITS, name, recipient), text=words, cell="E1"))

    def bounce(self, bounce: Bounce) -> None:
        """A notification has come to the sender of a message."""
        for name, waiting in self.waiting.items():
            if bounce.action == _FAILED and bounce.recipient in waiting.pending and bounce.token in (None, name):
                waiting.settle(bounce.recipient)
                back = _blank(EventKind.BOUNCED, name, bounce.recipient)
                cell = waiting.refused.get(bounce.recipient)
                self._record(replace(back, to=waiting.letter.mail_from, status=bounce.status, cell=cell))
                return

    def turn_away(self, name: str, recipient: str, words: str) -> None:
        """The mailer itself did not take a message, or a recipient: whoever had it knows at once."""
        waiting = self.waiting[name]
        waiting.settle(recipient)
        cell = waiting.refused.get(recipient)
        back = replace(_blank(EventKind.BOUNCED, name, recipient), text=words, cell=cell)
        self._record(replace(back, to=waiting.letter.mail_from))

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
        if session is None:
            self._write_unnamed(approach, approach.cell, "")
        elif not transactions:
            self._write_unnamed(approach, ended_in(session), _last_words(session))
        for transaction in new:
            tls = None if transaction.secured is None else _TLS[transaction.secured]
            for name, cells in self._whose(transaction.mail_from, dict(transaction.recipients), transaction.cell):
                self._write_try(approach, name, cells, transaction.cell)
                for recipient, cell in cells.items():
                    kind = EventKind.ACCEPTED if cell == "Z1" else EventKind.REFUSED
                    at = (session.started_at if session else EPOCH) - EPOCH + transaction.ended
                    ended = replace(_blank(kind, name, recipient), at=at, cell=cell, text=transaction.said, tls=tls)
                    self._record(replace(ended, host=self.world.scenario.short(approach.endpoint.host)))
                    if cell == "Z1":
                        self.waiting[name].settle(recipient)
                    else:
                        self.waiting[name].refused[recipient] = cell

    def _write_unnamed(self, approach: Approach, cell: str | None, words: str) -> None:
        """An attempt that named nobody: it was for whoever waits."""
        if cell is not None:
            self._failed[approach.endpoint.host] = approach.at
        host = self.world.scenario.short(approach.endpoint.host)
        for name, waiting in self.waiting.items():
            cells = dict.fromkeys(sorted(waiting.pending), cell or "")
            if not cells:
                continue
            self._write_try(approach, name, cells, cell)
            for recipient in cells if cell is not None else ():
                waiting.refused[recipient] = cell or ""
                self._record(replace(_blank(EventKind.REFUSED, name, recipient), host=host, cell=cell, text=words))

    def _whose(self, mail_from: str, cells: dict[str, str], whole: str) -> Iterable[tuple[str, dict[str, str]]]:
        """The message that a transaction is about, the one that has waited longest, and its recipients' cells.

        A transaction that was refused before it named any is about all of them.
        """
        for who_waits in (True, False):  # a session may be told of when its message is settled already
            for name, waiting in self.waiting.items():
                people = waiting.pending if who_waits else set(waiting.letter.recipients)
                named = {recipient: cell for recipient, cell in cells.items() if recipient in people}
                if people and waiting.letter.mail_from == mail_from and (named or not cells):
                    return [(name, named or dict.fromkeys(sorted(people), whole))]
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
            recently = approach.at - _REMEMBERED < since < approach.at
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
