"""Reads the list of a survey as far ahead as it is wanted, and again from its beginning when the survey goes on.

Standard input may have nothing to say for long, so that it is read in a thread; a file is read in place.
"""

import asyncio
import threading
from typing import Protocol

from mxprobe.errors import InputError
from mxprobe.facts.survey import Entry
from mxprobe.jobs.survey.journal import Standing, digest_of

BLOCK = 2000
"""Entries read at one time."""


class Listing(Protocol):
    """A list of entries, numbered from 0 in its order."""

    @property
    def share_read(self) -> float | None:
        """How much of it was read, from 0 to 1; None where nobody knows."""
        ...

    def take(self, most: int) -> tuple[Entry, ...]:
        """The next entries, at most so many and at least one; none at the end. Raises InputError."""
        ...


class Reader:
    """Blocks of a list."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._threaded = listing.share_read is None

    async def take(self, most: int = BLOCK) -> tuple[Entry, ...]:
        """The next entries; none at the end."""
        if not self._threaded:
            return self._listing.take(most)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[Entry, ...]] = loop.create_future()

        def settle(entries: tuple[Entry, ...], error: Exception | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(entries)
            else:
                future.set_exception(error)

        def read() -> None:
            entries: tuple[Entry, ...] = ()
            failure: Exception | None = None
            try:
                entries = self._listing.take(most)
            except Exception as error:  # rim: raised again where the entries are waited for
                failure = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, entries, failure)

        # Not the loop's own threads: those are waited for at the end, and nobody may ever write to standard input.
        threading.Thread(target=read, name="survey-list", daemon=True).start()
        return await future

    async def pass_by(self, standing: Standing) -> None:
        """Read what an earlier run has read. Raises InputError where it is another list."""
        digest, left = b"", standing.taken
        while left:
            entries = await self.take(min(left, BLOCK))
            if not entries:
                raise _another(f"it has {standing.taken - left} domains, and {standing.taken} were read of the other")
            digest = digest_of(digest, entries)
            left -= len(entries)
        if digest != standing.digest:
            raise _another("its domains are others, or in another order")
        if standing.whole and await self.take(1):
            raise _another(f"it has more domains than the {standing.taken} of the other")


def _another(why: str) -> InputError:
    hint = "A survey goes on with the list that it was begun with."
    return InputError(f"this is not the list of the survey that is to go on: {why}", hint=hint)
