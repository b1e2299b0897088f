"""Conducts a survey: reads the list, hands out its pieces, keeps what comes back, and writes the lines.

    list -> entries -> resolved -> endpoints -> visited -> told -> results

Everything that is known stands in the journal, and becomes good a few times a second: first the lines that are in the
results, then the journal that knows of them. What a killed run wrote of the results beyond that is taken away when the
survey goes on. The order of lines is that in which they were done.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from mxprobe import __version__
from mxprobe.errors import CouldNotLook
from mxprobe.facts.progress import Counts, Progress
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.survey import Entry, Manner
from mxprobe.jobs.survey.handout import HandOut
from mxprobe.jobs.survey.journal import Journal, Standing
from mxprobe.jobs.survey.outputs import Output
from mxprobe.jobs.survey.pieces import AnyPiece, Resolving, Telling, Visiting
from mxprobe.jobs.survey.reading import Listing, Reader
from mxprobe.jobs.survey.tasks import (
    LineRow,
    PaceRow,
    PutOffRow,
    ResolvedRow,
    ResolveTask,
    Row,
    Task,
    TellTask,
    VisitedRow,
    VisitTask,
    WorkerLost,
    Workforce,
)
from mxprobe.report.json import LookDocument

_log = logging.getLogger("mxprobe.jobs")

KEEP = 0.25
"""Seconds of work that a killed survey does again, at most."""

_SHOWN = 0.5  # seconds between two words of progress
_GRACE = 1.5  # seconds that what is in flight has to end when a survey is interrupted
_THROTTLING = 5
_MOST_LOST = 20  # workers that end one behind the other, each of them, before any gives a row


class Survey(Struct, frozen=True, kw_only=True):
    """What is conducted; `wall` is the clock."""

    manner: Manner
    listing: Listing
    journal: Journal
    output: Output
    wall: Callable[[], float] = time.time


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a survey, earlier runs of it included; `elapsed` seconds are of this one.

    `twice` domains stood in the list before, `failed` entries and endpoints were given up. Not `complete`: it was
    interrupted, and can go on.
    """

    complete: bool
    entries: int
    twice: int
    resolved: int
    queries: int
    endpoints: int
    visited: int
    sessions: int
    throttled: int
    written: int
    failed: int
    elapsed: float


async def conduct(survey: Survey, workforce: Workforce, progress: Callable[[Progress], None]) -> Outcome:
    """Conduct a survey to its end; cancelled, give what came of it, all that was done being kept.

    Raises InputError where the list is not that of the survey that goes on, or has a line that is none, and where the
    results cannot be written.
    """
    return await _Conductor(survey, workforce, progress).run()


class _Conductor:
    """One run of a survey."""

    def __init__(self, survey: Survey, workforce: Workforce, progress: Callable[[Progress], None]) -> None:
        self._survey = survey
        self._journal = survey.journal
        self._workforce = workforce
        self._progress = progress
        self._reader = Reader(survey.listing)
        self._hand_out = HandOut(survey.journal, survey.manner, workforce.size, survey.journal.places)
        self._before = survey.journal.standing
        self._changed = asyncio.Event()
        self._reads = asyncio.Event()
        self._started_at = survey.wall()
        self._kept_at = self._shown_at = 0.0
        self._fails = False
        self._lost = 0

    async def run(self) -> Outcome:
        """Work until all is done, or somebody says that it is enough."""
        began = asyncio.get_running_loop().time()
        await self._reader.pass_by(self._journal.standing)
        complete = True
        try:
            await self._work()
            self._keep()
            self._survey.output.finish(self._journal.path)
        except asyncio.CancelledError:
            # Ctrl-C asks for an end, and what was done so far is kept.
            complete = False
            self._keep()
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
        self._show()
        return self._outcome(complete, asyncio.get_running_loop().time() - began)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            try:
                await self._hand_out_all(tasks)
            except asyncio.CancelledError:
                if not self._fails:
                    await self._wind_up()
                raise

    async def _hand_out_all(self, tasks: asyncio.TaskGroup) -> None:
        """Hand out whatever can be, until nothing is left."""
        while not self._is_over():
            now = self._survey.wall()
            self._hand_out.wake(now)
            while (piece := self._hand_out.next(now)) is not None:
                tasks.create_task(self._make(piece, self._task_of(piece)))
            if self._hand_out.wants_entries:
                self._reads.set()
            self._look_after()
            await self._wait()

    def _is_over(self) -> bool:
        standing, book = self._journal.standing, self._journal.book
        return (
            self._hand_out.all_resolved
            and self._hand_out.is_idle
            and not (book.ready or book.out or book.later or book.tellable)
            and standing.told == standing.resolved
        )

    async def _wait(self) -> None:
        """Until something has come back, or something is due."""
        due = self._journal.book.next_due() if self._journal.book.later else None
        longest = KEEP if due is None else min(KEEP, max(0.0, due - self._survey.wall()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._changed.wait()
        self._changed.clear()

    async def _wind_up(self) -> None:
        """What is in flight may end, for a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                while self._hand_out.out:
                    self._changed.clear()
                    await self._changed.wait()

    # What comes in --------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Read the list as far as it is wanted."""
        try:
            while not self._journal.standing.whole:
                await self._reads.wait()
                self._reads.clear()
                while self._hand_out.wants_entries:
                    entries = await self._reader.take()
                    self._journal.list_entries(entries, last=not entries)
                    self._changed.set()
                    await asyncio.sleep(0)
        except BaseException:
            self._fails = True
            raise

    def _task_of(self, piece: AnyPiece) -> Task:
        match piece:
            case Resolving():
                return ResolveTask(entries=tuple(piece.owed.values()))
            case Visiting():
                paces = self._journal.book.paces_of(piece.operators, piece.place)
                return VisitTask(errands=tuple(piece.owed.values()), paces=paces, place=piece.place)
            case Telling():
                self._keep()  # whoever tells reads what is committed
                return TellTask(journal=str(self._journal.path.absolute()), numbers=tuple(piece.owed))

    async def _make(self, piece: AnyPiece, task: Task) -> None:
        """Have a piece made, and take what comes of it."""
        reason = "a worker gave nothing for it"
        try:
            async for rows in self._workforce.perform(task, self._survey.manner):
                self._take(piece, rows)
                self._lost = 0 if rows else self._lost
                self._changed.set()
        except WorkerLost as error:
            reason = str(error)
            _log.warning("a worker was lost, and %d of its task are handed out again: %s", len(piece.owed), reason)
            self._count_lost(reason)
        except BaseException:
            self._fails = True
            raise
        if (lost := self._hand_out.take_back(piece, self._survey.wall())) is not None:
            self._give_up(lost, reason)
        self._changed.set()

    def _count_lost(self, reason: str) -> None:
        """Raises CouldNotLook where workers are lost whatever they are given."""
        self._lost += 1
        if self._lost > _MOST_LOST * (1 + self._workforce.size):
            self._fails = True
            hint = "What was done is kept, and --resume goes on with it."
            raise CouldNotLook(f"workers of the survey end again and again, and do nothing before: {reason}. {hint}")

    def _take(self, piece: AnyPiece, rows: tuple[Row, ...]) -> None:
        """Keep rows, each once: what a piece does not owe was given before."""
        self._journal.begin()
        resolved: list[ResolvedRow] = []
        lines: list[LineRow] = []
        for row in rows:
            match row, piece:
                case ResolvedRow(), Resolving() if piece.owed.pop(row.number, None) is not None:
                    resolved.append(row)
                case VisitedRow(), Visiting() if (errand := piece.owed.pop(row.key, None)) is not None:
                    self._journal.book.keep_visited(row, errand)
                case PutOffRow(), Visiting() if piece.owed.pop(row.put_off.errand.key, None) is not None:
                    self._journal.book.put_off(row)
                case PaceRow(), _:
                    self._journal.book.keep_pace(row.pace)
                case LineRow(), Telling() if row.number in piece.owed:
                    del piece.owed[row.number]
                    lines.append(row)
        if resolved:
            self._journal.keep_resolved(resolved)
        if lines:
            self._keep_lines(lines)

    def _keep_lines(self, lines: list[LineRow]) -> None:
        self._survey.output.append(lines)
        self._journal.keep_lines(lines)
        if self._survey.output.keeps_documents:
            self._journal.keep_documents(lines)

    def _give_up(self, piece: AnyPiece, reason: str) -> None:
        """Write down what no worker could make, with the reason."""
        self._journal.begin()
        match piece:
            case Resolving():
                for number in piece.owed:
                    self._journal.fail_entry(number, reason)
            case Visiting():
                for errand in piece.owed.values():
                    self._journal.fail_errand(errand, reason)
            case Telling():
                self._keep_lines([self._untold(entry, reason) for entry in self._journal.entries(piece.owed)])

    def _untold(self, entry: Entry, reason: str) -> LineRow:
        """The line of an entry that no worker could tell."""
        snapshot = Snapshot(
            domain=entry.domain,
            asked=entry.asked,
            version=__version__,
            started_at=self._survey.wall(),
            elapsed=0.0,
            vantage=self._survey.manner.vantage,
            recipients=entry.recipients,
            complete=False,
        )
        document = msgspec.json.encode(LookDocument(snapshot=snapshot, reason=f"could not be told: {reason}"))
        return LineRow(number=entry.number, domain=entry.domain, document=document, tally=b"{}")

    # What goes out --------------------------------------------------------------------------------------------------

    def _look_after(self) -> None:
        """Keep, and show how far it is, when it is time to."""
        now = asyncio.get_running_loop().time()
        if self._journal.is_dirty and now - self._kept_at >= KEEP:
            self._keep()
        if now - self._shown_at >= _SHOWN:
            self._shown_at = now
            self._show()

    def _keep(self) -> None:
        """What was done is good from here on: first in the results, then in the journal, which knows how long they are.

        Whoever is killed between the two has a tail of the results that the journal knows nothing of.
        """
        self._kept_at = asyncio.get_running_loop().time()
        if self._journal.is_dirty:
            self._journal.keep_written(self._survey.output.keep())
            self._journal.commit()

    def _show(self) -> None:
        standing = self._journal.standing
        self._progress(
            Progress(
                depth=self._survey.manner.depth,
                started_at=self._started_at,
                at=self._survey.wall(),
                done=_counts(self._journal.counted),
                before=_counts(self._before),
                share_listed=1.0 if standing.whole else self._survey.listing.share_read,
                waiting=self._journal.book.later,
                in_flight=self._journal.book.out,
                paces=self._journal.book.throttling(_THROTTLING),
            )
        )

    def _outcome(self, complete: bool, elapsed: float) -> Outcome:
        standing = self._journal.counted
        return Outcome(
            complete=complete,
            entries=standing.taken - standing.twice,
            twice=standing.twice,
            resolved=standing.resolved,
            queries=standing.queries,
            endpoints=standing.errands,
            visited=standing.visited,
            sessions=standing.sessions,
            throttled=self._journal.book.count_throttling(),
            written=standing.told,
            failed=standing.failed,
            elapsed=elapsed,
        )


def _counts(standing: Standing) -> Counts:
    return Counts(
        listed=standing.taken - standing.twice,
        resolved=standing.resolved,
        errands=standing.errands,
        visited=standing.visited,
        told=standing.told,
        sessions=standing.sessions,
        queries=standing.queries,
    )
