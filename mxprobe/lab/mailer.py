"""A mailer of the lab: takes messages, walks the chain by the delivery engine, waits, retries, and gives back.

The sender under test is one; every backup host has one behind it for what it hands on. The engine decides, this acts.

Standards: RFC 5321 §4.5.4.1 (queue), §5.1 (a relay drops itself and worse), §6.1 (bounces).
"""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import Question, RecordType, index_answers
from mxprobe.facts.run import Event, EventKind, Fate, TlsUse
from mxprobe.facts.session import Endpoint
from mxprobe.facts.smtp import Reply
from mxprobe.lab.guard import Guard, Knowledge
from mxprobe.lab.letter import Letter
from mxprobe.mx.cells import CELLS
from mxprobe.mx.delivery import Attempt, Delivery, Move, MoveKind, aged, start
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.plan import Plan, decided_by_names, plan_mx, plan_onward, without_worse
from mxprobe.mx.profile import Profile
from mxprobe.mx.retry import gives_up, next_attempt
from mxprobe.mx.tlsneed import Need
from mxprobe.wire.resolver import Resolver, look_up
from mxprobe.wire.send import Connect, Manner, Parcel, Sent, ask, send
from mxprobe.wire.trust import Trust

_EXPIRED = "E3"

_ANY = Need(policy=TlsPolicy.MAY)
"""What a host needs of another that it only asks about a recipient."""

_PATIENCE = 30.0
"""Seconds that a host waits for another to say whether it knows a recipient."""


class Surroundings(Struct, frozen=True, kw_only=True):
    """What a mailer has around it: names, connections, the story's clock and book, names of hosts for people."""

    resolver: Resolver
    connect: Connect
    tls: ssl.SSLContext
    knowledge: Knowledge
    record: Callable[[Event], None]
    short: Callable[[str], str]
    now: Callable[[], float]
    awake: Callable[[str], Awaitable[None]]
    sleep: Callable[[float], Awaitable[None]]
    families: tuple[int, ...]
    port: int
    seed: int


class Mailer:
    """One mailer. Where the MX records name it, it hands on to better hosts alone; `onward` gets all it has instead."""

    def __init__(self, who: str, helo: str, kind: tuple[Profile, TlsPolicy], around: Surroundings) -> None:
        self.who, self.helo = who, helo
        self.profile, self.policy = kind
        self.around = around
        self.onward = ""
        self.guard = Guard(self.policy, around.knowledge)
        self.held = 0
        self.emptied_at = 0.0
        self._last_words: dict[tuple[str, str], Reply | None] = {}
        self._bad: dict[Endpoint, float] = {}
        self._failed: dict[Endpoint, int] = {}

    async def deliver(self, letter: Letter) -> None:
        """See a letter through: round after round, until every recipient is settled."""
        now = self.around.now
        since, rounds, pending = now(), 0, letter.recipients
        dice = random.Random(f"{self.around.seed}/{self.who}/{letter.message}")  # seeded on purpose
        self.held += 1
        while pending:
            await self.around.awake(self.helo)
            rounds += 1
            pending = await self._round(letter, pending, (rounds, now() - since, dice))
            if not pending:
                break
            if gives_up(self.profile.schedule, rounds, now() - since):
                self._give_back(letter, [(recipient, _EXPIRED) for recipient in pending])
                break
            await self.around.sleep(next_attempt(self.profile.schedule, rounds))
        self.held -= 1
        self.emptied_at = now()

    def lose(self, fates: Iterable[Fate]) -> None:
        """The queue is gone, with what it held by the story's book; who saw its letters through is told apart."""
        self.held, self.emptied_at = 0, self.around.now()
        for fate in fates:
            if self.who in fate.held:
                lost = Event(at=round(self.emptied_at, 6), kind=EventKind.VANISHED, who=self.who, message=fate.message)
                self.around.record(replace(lost, recipient=fate.recipient))

    async def ask_recipient(self, host: str, recipient: str) -> bool | None:
        """Whether another host takes mail for a recipient, asked without sending any; None where it does not say."""
        plan = await self._plan_to(recipient.rpartition("@")[2], host)
        for target in plan.targets(self.around.port):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    return await ask(target.endpoint, recipient, self._manner(_ANY), self.around.connect)
        return None

    async def _round(
        self, letter: Letter, pending: tuple[str, ...], at: tuple[int, float, random.Random]
    ) -> tuple[str, ...]:
        """One walk over the chain with fresh names; the recipients that have to wait."""
        number, queued_for, dice = at
        domain = letter.recipients[0].rpartition("@")[2]
        await self.guard.prepare(domain)
        plan = await self._plan(domain)
        cell = decided_by_names(self.profile, self.policy, plan)
        if cell is not None:
            return self._without_hosts(letter, pending, cell)
        targets = plan.targets(self.around.port)
        delivery = aged(start(self.profile, self.policy, targets, pending), queued_for, again=plan.temporary)
        while True:
            moves = delivery.lawful()
            move = moves[0] if len(moves) == 1 else dice.choice(moves)
            if move.kind is not MoveKind.TRY:
                return self._end_round(letter, delivery, move)
            delivery = await self._try(letter, delivery, move, number)

    def _remember(self, endpoint: Endpoint, cell: str) -> None:
        memory = self.profile.memory
        if memory is None:
            return
        self._failed[endpoint] = self._failed.get(endpoint, 0) + 1 if cell in memory.cells else 0
        if self._failed[endpoint] >= memory.after:
            self._bad[endpoint] = self.around.now() + memory.seconds

    async def _plan(self, domain: str) -> Plan:
        """The chain as it is now, without what is no better than the mailer itself."""
        if self.onward:
            return await self._plan_to(domain, self.onward)
        answers = await look_up(domain, self.around.resolver, self.around.families)
        return without_worse(plan_mx(domain, index_answers(answers)), self.helo)

    async def _plan_to(self, domain: str, host: str) -> Plan:
        """The chain of a mailer that has one place to go, whatever the MX records say."""
        questions = [Question(name=host, rrtype=rrtype) for rrtype in (RecordType.A, RecordType.AAAA)]
        answers = [await self.around.resolver.ask(question) for question in questions[: len(self.around.families)]]
        return plan_onward(domain, host, index_answers(answers))

    def _without_hosts(self, letter: Letter, pending: tuple[str, ...], cell: str) -> tuple[str, ...]:
        """The names alone decide: give back, or wait."""
        if self.profile.ruling(cell, self.policy).action is Action.BOUNCE:
            self._give_back(letter, [(recipient, cell) for recipient in pending])
            return ()
        self._note(EventKind.WAITS, letter, pending, Seen(cell=cell, text=CELLS[cell].event))
        return pending

    async def _try(self, letter: Letter, delivery: Delivery, move: Move, number: int) -> Delivery:
        """Try one address, and tell the book and the engine; a host that is ruled out is not dialled."""
        endpoint = move.endpoint
        if endpoint is None:
            raise AssertionError("a move to try names an address")
        host = self.around.short(endpoint.host)
        if self._bad.get(endpoint, 0.0) > self.around.now():
            passed = Seen(host=host, cell="C5", text=CELLS["C5"].event)
            self._note(EventKind.REFUSED, letter, move.recipients, passed)
            return delivery.record(Attempt(endpoint=endpoint, cell="C5"))
        need = await self.guard.need(letter.recipients[0].rpartition("@")[2], endpoint)
        if need.rules_out and need.cell is not None:
            self._note(
                EventKind.REFUSED, letter, move.recipients, Seen(host=host, cell=need.cell, text=CELLS[need.cell].event)
            )
            return delivery.record(Attempt(endpoint=endpoint, cell=need.cell, policy=need.policy))
        self._note(EventKind.TRIED, letter, move.recipients, Seen(host=host, number=number))
        manner = self._manner(need, queued_for=delivery.queued_for, clear=move.clear)
        parcel = Parcel(mail_from=letter.mail_from, recipients=move.recipients, content=letter.content)
        sent = await send(endpoint, parcel, manner, self.around.connect)
        attempt = Attempt(
            endpoint=endpoint, cell=sent.cell, recipients=sent.recipients, clear=move.clear, policy=need.policy
        )
        self._remember(endpoint, sent.cell)
        after = delivery.record(attempt)
        self._note_outcome(letter, move, sent, (delivery, after))
        return after

    def _manner(self, need: Need, *, queued_for: float = 0.0, clear: bool = False) -> Manner:
        """How it speaks to a host."""
        knowledge = self.around.knowledge
        return Manner(
            profile=self.profile,
            need=need,
            trust=Trust(anchors=knowledge.anchors, now=knowledge.wall()),
            queued_for=queued_for,
            helo=self.helo,
            clear=clear,
            tls=self.around.tls,
        )

    def _note_outcome(self, letter: Letter, move: Move, sent: Sent, change: tuple[Delivery, Delivery]) -> None:
        before, after = change
        taken = set(after.delivered) - set(before.delivered)
        host = self.around.short(move.endpoint.host) if move.endpoint else None
        for recipient in move.recipients:
            turn = sent.turn_of(recipient)
            self._last_words[letter.message, recipient] = turn.reply
            said = turn.reply.text if turn.reply else (turn.failure.detail if turn.failure else "")
            kind = EventKind.ACCEPTED if recipient in dict(taken) else EventKind.REFUSED
            cell = dict(sent.recipients).get(recipient)
            cell = sent.cell if cell in (None, "R1") else cell
            self._note(
                kind, letter, (recipient,), Seen(host=host, cell=cell, text=said, tls=dict(sent.tls).get(recipient))
            )

    def _end_round(self, letter: Letter, delivery: Delivery, move: Move) -> tuple[str, ...]:
        """Give back what bounced; what waits is returned."""
        if move.kind is MoveKind.BOUNCE:
            delivery = delivery.bounce(delivery.last_cell or "E2")
        elif move.kind is MoveKind.WAIT:
            delivery = delivery.postpone(move.cell or "E1")
        self._give_back(letter, list(delivery.bounced))
        waiting = tuple(recipient for recipient, _ in delivery.postponed)
        for recipient, cell in delivery.postponed:
            self._note(EventKind.WAITS, letter, (recipient,), Seen(cell=cell, text=CELLS[cell].event))
        return waiting

    def _give_back(self, letter: Letter, bounced: list[tuple[str, str]]) -> None:
        """Bounce to the envelope sender; mail from the null sender is dropped (RFC 5321 §6.1)."""
        for recipient, cell in bounced:
            words = self._last_words.get((letter.message, recipient))
            kind = EventKind.BOUNCED if letter.mail_from else EventKind.LOST
            seen = Seen(
                cell=cell,
                text=words.text if words and CELLS[cell].status is None else CELLS[cell].event,
                status=CELLS[cell].status or (words.enhanced if words else None),
            )
            self._note(kind, letter, (recipient,), seen)

    def _note(self, kind: EventKind, letter: Letter, recipients: tuple[str, ...], seen: "Seen") -> None:
        """A line in the story's book for each recipient."""
        for recipient in recipients:
            event = Event(
                at=round(self.around.now(), 6),
                kind=kind,
                who=self.who,
                host=seen.host,
                message=letter.message,
                recipient=recipient,
                to=letter.mail_from if kind is EventKind.BOUNCED else None,
                text=seen.text,
                status=seen.status,
                cell=seen.cell,
                round=seen.number,
                tls=seen.tls,
            )
            self.around.record(event)


class Seen(Struct, frozen=True, kw_only=True):
    """What an event of a mailer is about: the other host, the cell, words, a status, the round, how it travelled."""

    host: str | None = None
    cell: str | None = None
    text: str = ""
    status: str | None = None
    number: int | None = None
    tls: TlsUse | None = None
