"""A mailer of the user's own: as the sender, which a command hands every message, or as a host that hands mail on.

Nobody reads its queue or its log, so nothing says that somebody waits. What is seen is its attempts, the mail that the
hosts took, and the notifications that come into the sender's post.
"""

import time

from mxprobe.lab.letter import Letter
from mxprobe.lab.mailer import Mailer
from mxprobe.lab.mta.agent import Foreign
from mxprobe.lab.mta.book import Book
from mxprobe.lab.mta.mailer import Setup
from mxprobe.lab.mta.programs import Programs

_HEARD = 0.2
"""Real seconds after which all is heard of what a program did that has ended."""

_PATIENCE = 5.0
"""Real seconds after which an attempt of a program that has ended is waited for no longer."""


class OwnMailer(Foreign):
    """Stands for the user's mailer in place of the one that was `known` before; `programs` are started already."""

    def __init__(self, programs: Programs, book: Book, known: Mailer) -> None:
        super().__init__(book, known.helo, (known.profile, known.policy), known.around)
        self.programs = programs

    async def inject(self, letter: Letter) -> None:
        """Run the command, and wait for its end. Where that is not a good one, nobody has the message now.

        A command may be the whole mailer: those recipients whom a host has taken it for have it all the same.
        """
        program = self.programs.inject(letter)
        while (ended := program.ended()) is None:
            await self.programs.pause()
        if not ended:
            return
        began = time.monotonic()
        while (spent := time.monotonic() - began) < _HEARD or (spent < _PATIENCE and not self.book.is_idle):
            await self.programs.pause()
        said = program.last_words()
        for recipient in sorted(self.book.waiting[letter.message].pending):
            self.book.turn_away(letter.message, recipient, f"{program.name}: {said}" if said else ended)

    def read_log(self) -> None:
        """It has none that could be read."""


class OwnHost:
    """The user's program in the place of a host, as `mxprobe.lab.mta.hosts` has it. The book knows what it holds."""

    def __init__(self, programs: Programs, book: Book, setup: Setup) -> None:
        self.programs, self.book, self.setup = programs, book, setup

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is stopped. MxprobeError where it has come to an end by itself."""
        self.programs.check()
        return self.programs.pid

    def start(self) -> None:
        """Start it, and return when it listens."""
        self.programs.launch()
        self.programs.await_listening()

    def stop(self) -> None:
        """End it with its group."""
        self.programs.halt()

    def queue(self) -> tuple[str, ...]:
        """The recipients of what it has taken, and neither handed on nor given back."""
        return tuple(recipient for waiting in self.book.waiting.values() for recipient in sorted(waiting.pending))

    def messages(self, mailbox: str) -> list[bytes]:
        """Nobody can read its mailboxes."""
        return []
