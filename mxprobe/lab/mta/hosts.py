"""A real mailer as one of the domain's hosts: a backup that hands on, or the primary that keeps mail.

It listens where the story's host is, and nobody asks it what it decides. What it has taken is known from who gave it,
what it hands on from the hosts behind it, what it keeps from its mailboxes, and what it gives back from the post of
those who sent. A story can stop it and start it again; other faults are for hosts of the lab.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from mxprobe.facts.run import Event, EventKind, Fate
from mxprobe.lab.letter import Letter, read_token
from mxprobe.lab.mailer import Mailer, Surroundings
from mxprobe.lab.mta.book import Book
from mxprobe.lab.mta.mailer import KeyPair, Setup
from mxprobe.lab.world import World
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.profile import Profile
from mxprobe.scenario.model import Scenario

_LOOK = 0.25
"""Real seconds between two looks at its queue and mailboxes."""


def setup_of_host(world: World, host: str, nameserver: str, workdir: Path, pace: float) -> Setup:
    """What is asked of the mailer in the place of a host: the same as of the lab's own there."""
    scenario, spec = world.scenario, world.scenario.spec(host)
    addresses = world.addresses[host]
    issued = world.authority.issue(host)
    chain, key, cafile = (workdir / f"{host}.{what}.pem" for what in ("chain", "key", "authority"))
    chain.write_bytes(issued.chain_pem)
    key.write_bytes(issued.key_pem)
    cafile.write_bytes(world.authority.pem)
    known = _known_at(scenario, host)
    keeps = scenario.keeps_mail(host)
    return Setup(
        address=next(address for address in addresses if ":" not in address),
        address6=next((address for address in addresses if ":" in address), None),
        hostname=host,
        nameserver=nameserver,
        mailboxes=frozenset(known) if keeps else frozenset(),
        relays=() if keeps else (scenario.domain,),
        knows=None if spec.any_recipient else frozenset(known),
        verifies=bool(spec.verifies),
        certificate=KeyPair(chain=chain, key=key),
        cafile=cafile,
        pace=pace,
    )


def _known_at(scenario: Scenario, host: str) -> tuple[str, ...]:
    spec = scenario.spec(host)
    return scenario.recipients if spec.recipients is None else spec.recipients


class Standing(Protocol):
    """What stands in the place of a host: a mailer, or a program of the user's own."""

    setup: Setup

    @property
    def pid(self) -> int | None:
        """Its process id; None when it does not run."""

    def start(self) -> None:
        """Start it, and return when it is ready."""

    def stop(self) -> None:
        """End it and everything it started."""

    def queue(self) -> tuple[str, ...]:
        """The recipients that wait in its queue now."""

    def messages(self, mailbox: str) -> list[bytes]:
        """The messages that have arrived in a mailbox."""


class RealHost(Mailer):
    """Stands for a real mailer at a host of the domain; what it does with mail is told by its book."""

    def __init__(self, real: Standing, book: Book, kind: tuple[Profile, TlsPolicy], around: Surroundings) -> None:
        super().__init__(book.who, real.setup.hostname, kind, around)
        self.real, self.book = real, book
        self._stored: dict[str, int] = {}

    def lose(self, fates: Iterable[Fate]) -> None:
        """Its queue is on its disk, which the story cannot take."""

    def has_taken(self, message: str, mail_from: str, recipient: str) -> None:
        """A message was given to it, for this recipient."""
        if not self.real.setup.relays:
            return
        waiting = self.book.waiting.get(message)
        if waiting is None:
            self.book.take(Letter(message=message, mail_from=mail_from, recipients=(recipient,), content=b""))
        else:
            waiting.pending.add(recipient)
        self._tell(EventKind.QUEUED, message, recipient)

    async def follow(self) -> None:
        """Look again and again at its queue, its log and its mailboxes, and whether it shall be stopped."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK * self.real.setup.pace)

    async def look(self) -> None:
        """Look once."""
        runs = self.real.pid is not None
        stopped = any(spell.use.fault.STOPS for spell in self.book.world.strikes.lasting(self.helo))
        if stopped and runs:
            await asyncio.to_thread(self.real.stop)
        elif not stopped and not runs:
            await asyncio.to_thread(self.real.start)
        if stopped:
            return
        held = len(await asyncio.to_thread(self.real.queue))
        if self.held and not held:
            self.emptied_at = self.around.now()
        self.held = held
        self._tell_arrivals()

    def _tell_arrivals(self) -> None:
        """Every message that has come into a mailbox since."""
        for mailbox in sorted(self.real.setup.mailboxes):
            stored = self.real.messages(mailbox)
            known = self._stored.get(mailbox, 0)
            tokens = [read_token(content) for content in stored]
            told = [event.message for event in self.book.world.events if self._is_arrival(event, mailbox)]
            for token in tokens if len(stored) > known else ():
                if token in told:
                    told.remove(token)
                elif token is not None:
                    self._tell(EventKind.ARRIVED, token, mailbox)
            self._stored[mailbox] = len(stored)

    def _is_arrival(self, event: Event, mailbox: str) -> bool:
        return event.kind is EventKind.ARRIVED and event.who == self.who and event.recipient == mailbox

    def _tell(self, kind: EventKind, message: str, recipient: str) -> None:
        at = round(self.around.now(), 6)
        self.around.record(Event(at=at, kind=kind, who=self.who, message=message, recipient=recipient))
