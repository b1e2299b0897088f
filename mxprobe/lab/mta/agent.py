"""A real mailer in a world: it is given its messages by SMTP, as anybody would, and what it does with them is watched.

To the world it is one of its mailers; the queue, the retries and the bounces are its own.

Standards: RFC 5321 §3.3.
"""

import abc
import time
from collections.abc import Iterable

from msgspec.structs import replace

from mxprobe.errors import MxprobeError
from mxprobe.facts.run import Fate
from mxprobe.facts.session import Endpoint
from mxprobe.lab.letter import Letter
from mxprobe.lab.mailer import Mailer, Surroundings
from mxprobe.lab.mta.book import Book
from mxprobe.lab.mta.mailer import Ended
from mxprobe.lab.mta.mailer import Mailer as Real
from mxprobe.lab.sockets import dial
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.profile import Profile
from mxprobe.mx.senders import rfc5321
from mxprobe.mx.tlsneed import Need
from mxprobe.wire.send import Manner, Parcel, send
from mxprobe.wire.trust import Trust

_HELO = "client.elsewhere.test"
_LONG = 1e6
_PATIENT = replace(
    rfc5321.PROFILE,
    timeouts=replace(rfc5321.PROFILE.timeouts, connect=_LONG, banner=_LONG, ehlo=_LONG, mail=_LONG, rcpt=_LONG),
)

_NOTHING_FOLLOWS = 0.3
"""Real seconds without another attempt after which a round is over."""


class Foreign(Mailer, abc.ABC):
    """Stands for a mailer that is not the lab's; what it does is told by its book."""

    def __init__(self, book: Book, helo: str, kind: tuple[Profile, TlsPolicy], around: Surroundings) -> None:
        super().__init__(book.who, helo, kind, around)
        self.book = book

    async def deliver(self, letter: Letter) -> None:
        """Give the mailer a message, and come back when nobody waits for it any more."""
        self.held += 1
        self.book.take(letter)
        await self.inject(letter)
        waiting = self.book.waiting[letter.message]
        await waiting.settled.wait()
        self.held -= 1
        self.emptied_at = self.around.now()

    def lose(self, fates: Iterable[Fate]) -> None:
        """A real queue is not emptied by the story."""
        raise MxprobeError(f"{self.who} is a real mailer: the story cannot take its queue away")

    @abc.abstractmethod
    async def inject(self, letter: Letter) -> None:
        """Hand a message over, and tell the book of whom the mailer did not take it for."""

    @abc.abstractmethod
    def read_log(self) -> None:
        """Tell the book what is known of the mailer but from the hosts."""


class Agent(Foreign):
    """Stands for a real mailer, which runs already. `source` is the address from which it is given mail."""

    def __init__(self, real: Real, book: Book, kind: tuple[Profile, TlsPolicy], around: Surroundings) -> None:
        super().__init__(book, real.setup.hostname, kind, around)
        self.real = real
        self.source = ""
        self._seen = 0
        self._put_off: dict[str, tuple[float, str]] = {}

    def read_log(self) -> None:
        """Tell the book what has come into the mailer's log.

        Some log that a recipient waits after each host that they tried: that a round is over is only known when
        nothing follows.
        """
        noted, now = self.real.noted(), time.monotonic()
        for line in noted[self._seen :]:
            self._put_off.pop(line.recipient, None)
            if line.how is Ended.DEFERRED:
                self._put_off[line.recipient] = (now, line.words)
        self._seen = len(noted)
        for recipient, (since, words) in tuple(self._put_off.items()):
            if now - max(since, self.book.tried_at) >= _NOTHING_FOLLOWS and self.book.is_idle:
                del self._put_off[recipient]
                self.book.give_up_round(recipient, words)

    async def inject(self, letter: Letter) -> None:
        """Hand a message over, on a connection of its own. Raises MxprobeError where the mailer does not take it."""
        around = self.around
        at = Endpoint(host=self.helo, address=self.real.address, port=self.real.port)
        parcel = Parcel(mail_from=letter.mail_from, recipients=letter.recipients, content=letter.content)
        manner = Manner(
            profile=_PATIENT,
            need=Need(policy=TlsPolicy.NONE),
            trust=Trust(anchors=around.knowledge.anchors, now=around.knowledge.wall()),
            queued_for=0.0,
            helo=_HELO,
            clear=True,
            tls=around.tls,
        )
        sent = await send(at, parcel, manner, lambda end: dial(end.address, end.port, self.source))
        refused = [recipient for recipient, cell in sent.recipients if cell != "Z1"]
        if sent.cell not in ("Z1", "R8") or refused:
            turn = sent.turns[-1]
            words = turn.reply.text if turn.reply is not None else (turn.failure.kind if turn.failure else "")
            for recipient in refused or letter.recipients:
                self.book.turn_away(letter.message, recipient, f"{words}")
