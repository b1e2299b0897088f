"""Looks at the domains of a list, each distinct endpoint once: the results, and the journal to go on with, in files.

Prints nothing. What is looked at, and how, comes in as a list and a manner; here files, journal and workers are put
together. Conducting is `conduct`'s.
"""

import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError, MxprobeError, Place, first_of
from mxprobe.facts.progress import Progress
from mxprobe.facts.survey import Manner
from mxprobe.facts.vantages import VantagePoint
from mxprobe.jobs.survey.conduct import Outcome, Survey, conduct
from mxprobe.jobs.survey.journal import Journal
from mxprobe.jobs.survey.listing import EntryList
from mxprobe.jobs.survey.outputs import Destination, Output, destination
from mxprobe.jobs.survey.tables import cannot_keep
from mxprobe.jobs.survey.tasks import Workforce
from mxprobe.jobs.survey.workforce import InProcess, Processes

_log = logging.getLogger("mxprobe.jobs")

_SHORT = 8000  # octets of a list, some 1,000 domains at the most, for which no process is worth its start


class SurveyOptions(Struct, frozen=True, kw_only=True):
    """What is surveyed, and where the results go.

    `out` is "-", FILE.jsonl, FILE.parquet or sqlite:FILE. `journal` None: beside the results; where these go to
    standard output, it is forgotten at the end, and nobody can go on with it. `resume` goes on with a survey that was
    begun, and begins it where it was not. `workers` processes (None: one a core, and this process alone for a short
    list; 0: this process alone). With `scheduler`, the address of a Dask cluster, the workers there ask and dial, at
    each of the `places` where there are any, and those here write.
    """

    entries: EntryList
    out: str
    manner: Manner
    journal: Path | None = None
    resume: bool = False
    workers: int | None = None
    scheduler: str | None = None
    places: tuple[VantagePoint, ...] = ()


def tell_nobody(progress: Progress) -> None:
    """For whom does not want to know how far it is."""


async def survey(options: SurveyOptions, progress: Callable[[Progress], None] = tell_nobody) -> Outcome:
    """Survey a list. `progress` is called twice a second.

    Cancelled, it gives what came of it, the outcome saying that it is not complete; what was done is kept. Raises
    InputError for a journal or results that are there already (without `resume`), of another list or manner, or that
    cannot be written, and CouldNotLook where a worker process does not start.
    """
    with closing(options.entries):
        where = destination(options.out)
        path = _journal_path(options, where)
        output = where.make()
        made = tuple(one for one in (path, where.path) if one is not None and not one.exists())
        places = tuple(place.name for place in options.places) or ("",)
        if not options.resume or not path.exists() or not path.stat().st_size:
            _refuse_results(where)
        try:
            opened = Journal.open(path, options.manner, resume=options.resume, places=places)
            with closing(opened) as journal, closing(output):
                return await _go(options, journal, output, progress)
        except BaseExceptionGroup as group:
            ours, others = group.split(MxprobeError)
            if ours is None or others is not None:
                raise
            raise first_of(ours) from None
        finally:
            if where.path is None and options.journal is None:
                _remove(path)
            elif not options.entries.found:  # nothing was begun, and nothing of it is in the way of another list
                for one in made:
                    _remove(one)


async def _go(
    options: SurveyOptions, journal: Journal, output: Output, progress: Callable[[Progress], None]
) -> Outcome:
    """Conduct what is opened."""
    if not output.open(journal.standing.written, resume=options.resume):
        _log.warning("what was written of the results is gone; all lines are written again")
        journal.tell_again()
    async with _workforce(options) as workforce:
        parts = Survey(manner=options.manner, listing=options.entries, journal=journal, output=output)
        try:
            return await conduct(parts, workforce, progress)
        except (sqlite3.Error, BaseExceptionGroup) as error:
            failure = _of_journal(error)
            if failure is None:
                raise
            raise cannot_keep(journal.path, failure) from error


def _of_journal(error: BaseException) -> sqlite3.Error | None:
    """What the journal raised, however deep it stands in a group of exceptions."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_of_journal, error.exceptions)), None)
    return error if isinstance(error, sqlite3.Error) else None


def _journal_path(options: SurveyOptions, where: Destination) -> Path:
    """Where the journal is. Raises InputError where there can be none to go on with."""
    path = options.journal or where.journal
    if path is None:
        if options.resume:
            raise InputError("a survey to standard output goes on only with the --journal FILE it was begun with")
        import tempfile

        descriptor, name = tempfile.mkstemp(prefix="mxprobe-survey-", suffix=".journal")
        os.close(descriptor)
        return Path(name)
    if not path.parent.is_dir():
        raise InputError("there is no folder for the journal", place=Place(str(path)))
    return path


def _refuse_results(where: Destination) -> None:
    """Raises InputError where there are results, and no journal that knows of them."""
    if where.path is not None and where.path.exists() and (not where.path.is_file() or where.path.stat().st_size):
        hint = "--resume goes on with a survey whose journal is there; to begin anew, remove the results."
        raise InputError(
            "there are results already, and they are not overwritten", place=Place(str(where.path)), hint=hint
        )


def _remove(path: Path) -> None:
    for name in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        name.unlink(missing_ok=True)


@asynccontextmanager
async def _workforce(options: SurveyOptions) -> AsyncIterator[Workforce]:
    """Who works: the workers of a cluster, or who is here."""
    async with _workers_here(options) as here:
        if options.scheduler is None:
            yield here
            return
        from mxprobe.jobs.survey.cluster import Cluster

        async with Cluster(options.scheduler, here, options.places) as cluster:
            yield cluster


@asynccontextmanager
async def _workers_here(options: SurveyOptions) -> AsyncIterator[Workforce]:
    """A process for each core, and this one alone where the list is short."""
    workers, size = options.workers, options.entries.size
    if workers is None:
        is_short = size is not None and size <= _SHORT
        workers = (
            0 if is_short else len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        )
    if workers == 0:
        yield InProcess()
        return
    async with Processes(workers) as processes:
        yield processes
