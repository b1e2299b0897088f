"""A small internet for surveys: who is resolved to what, and what each visit says, by number alone. Nothing is dialled.

`Scripted` makes tasks as workers would and remembers what it was asked; its lines say all that a journal has of an
entry.
"""

import asyncio
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from mxprobe.facts.progress import Progress
from mxprobe.facts.session import Endpoint, Session, Side
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Asked, Depth, Entry, Errand, Manner, Pace, PutOff
from mxprobe.jobs.survey.chains import encode_errands
from mxprobe.jobs.survey.conduct import Outcome, Survey, conduct
from mxprobe.jobs.survey.journal import Journal
from mxprobe.jobs.survey.material import Material
from mxprobe.jobs.survey.materials import Materials
from mxprobe.jobs.survey.outputs import LinesFile, Output
from mxprobe.jobs.survey.tasks import (
    LineRow,
    PaceRow,
    PutOffRow,
    ResolvedRow,
    ResolveTask,
    Row,
    Task,
    TellTask,
    ToldRow,
    VisitedRow,
    VisitTask,
    WorkerLost,
)
from mxprobe.jobs.survey.told import decode_told

TLS = Manner(depth=Depth.TLS, vantage=Vantage(helo="probe.test"))
DNS = replace(TLS, depth=Depth.DNS)
RCPT = replace(TLS, depth=Depth.RCPT, owned=True)


def entries_of(count: int, recipients: int = 0) -> tuple[Entry, ...]:
    """So many domains, each with as many recipients."""
    return tuple(
        Entry(
            number=number,
            domain=f"d{number}.test",
            asked=f"D{number}.test",
            recipients=tuple(f"r{who}@d{number}.test" for who in range(recipients)),
        )
        for number in range(count)
    )


class Listed:
    """A list in memory; `share` None: nobody knows how long it is."""

    def __init__(self, entries: tuple[Entry, ...], share: float | None = 0.5) -> None:
        self._entries = iter(entries)
        self.share_read = share

    def take(self, most: int) -> tuple[Entry, ...]:
        """The next entries, in small blocks."""
        return tuple(islice(self._entries, min(most, 7)))


def endpoints_of(number: int) -> Iterator[tuple[str, int]]:
    """Hosts and ranks of a domain: a tenth has none, half a provider's two, the others one of their own."""
    kind = number % 10
    if kind == 0:
        return
    if kind <= 5:
        yield f"mx1.big{kind % 2}.test", 0
        yield f"mx2.big{kind % 2}.test", 1
        return
    yield f"mx.d{number}.test", 0
    if kind == 9:
        yield "mx1.big0.test", 1


def errands_for(entry: Entry) -> tuple[Errand, ...]:
    """The visits that an entry needs."""
    return tuple(
        Errand(
            key=f"{host}/192.0.2.1",
            endpoint=Endpoint(host=host, address=f"2001:db8::{zlib.crc32(host.encode()):x}"),
            operator=host.partition(".")[2],
            rank=rank,
        )
        for host, rank in endpoints_of(entry.number)
    )


class Scripted:
    """Makes tasks. `made` counts the errands that were done, `asked` the entries that were resolved.

    `loses` is called with each row that is about to be given, and loses the worker where it says so. Of every third
    endpoint the first attempt is put off.
    """

    size = 2

    def __init__(self, loses: Callable[[Row], bool] = lambda row: False) -> None:
        self.made = Counter[tuple[str, str]]()
        self.asked = Counter[int]()
        self.tasks: list[Task] = []
        self.at_work: list[VisitTask] = []
        self._loses = loses

    async def perform(self, task: Task, manner: Manner) -> AsyncGenerator[tuple[Row, ...], None]:
        """Rows, two at a time."""
        self.tasks.append(task)
        if isinstance(task, VisitTask):
            self.at_work.append(task)
        try:
            batch: list[Row] = []
            for row in self._rows(task):
                if self._loses(row):
                    raise WorkerLost("it was too much")
                self._count(row)
                batch.append(row)
                if len(batch) == 2:
                    yield tuple(batch)
                    batch.clear()
                    await asyncio.sleep(0)
            yield tuple(batch)
        finally:
            if isinstance(task, VisitTask):
                self.at_work.remove(task)

    def _count(self, row: Row) -> None:
        if isinstance(row, VisitedRow):
            self.made[row.key, row.place] += 1
        elif isinstance(row, ResolvedRow):
            self.asked[row.number] += 1

    def _rows(self, task: Task) -> Iterator[Row]:
        match task:
            case ResolveTask():
                known = dict[bytes, int]()
                for row in map(resolved, task.entries):
                    hosts_of = known.setdefault(row.hosts, row.number)
                    yield row if hosts_of == row.number else replace(row, hosts=b"", hosts_of=hosts_of)
            case VisitTask():
                for errand in task.errands:
                    yield visited(errand)
                yield PaceRow(pace=Pace(operator="big0.test", at_once=2, spacing=0.1, throttled=1, place=task.place))
            case TellTask():
                with Materials(Path(task.journal)) as materials:
                    yield from (line(material) for material in materials.of(task.numbers))


def resolved(entry: Entry) -> ResolvedRow:
    """What the DNS says of an entry."""
    answers = f'["{entry.domain}"]'.encode()
    return ResolvedRow(
        number=entry.number,
        started_at=1.0,
        elapsed=0.5,
        queries=3,
        answers=answers,
        hosts=msgspec.json.encode([host for host, _ in endpoints_of(entry.number)]),
        errands=encode_errands(errands_for(entry)),
        asks=Asked(number=entry.number, recipients=entry.recipients) if entry.recipients else None,
    )


def session_of(errand: Errand) -> Session:
    """The next session of an errand."""
    return Session(endpoint=errand.endpoint, side=Side.CLIENT, started_at=float(len(errand.sessions)))


def visited(errand: Errand) -> Row:
    """What a visit comes to: put off once for a third of the hosts, done for the others."""
    sessions = (*errand.sessions, session_of(errand))
    if sum(errand.key.encode()) % 3 == 0 and not errand.sessions:
        return PutOffRow(put_off=PutOff(errand=replace(errand, sessions=sessions), due=0.0))
    told = tuple(
        ToldRow(number=ask.number, session=len(sessions) - 1, turns=f'["{ask.recipients[0]}"]'.encode())
        for ask in errand.asks
    )
    return VisitedRow(
        key=errand.key,
        sessions=msgspec.json.encode(sessions),
        told=msgspec.msgpack.encode(told),
        heard=bool(told),
        place=errand.place,
    )


def line(material: Material) -> LineRow:
    """All that is known of an entry, in a line."""
    ordered = replace(material, visits=tuple(sorted(material.visits, key=lambda visit: (visit.key, visit.place))))
    plain = msgspec.to_builtins(ordered)
    for visit in plain["visits"]:
        del visit["visit"]  # numbered in the order of work
    return LineRow(
        number=material.entry.number,
        domain=material.entry.domain,
        document=msgspec.json.encode(plain),
        tally=msgspec.json.encode({"visits": len(material.visits), "chained": bool(material.visits)}),
    )


def expected_lines(entries: tuple[Entry, ...]) -> list[bytes]:
    """The lines of a survey that nothing disturbs, sorted."""
    return sorted(_expected(entry) for entry in entries)


def _expected(entry: Entry) -> bytes:
    from mxprobe.jobs.survey.material import VisitMaterial

    visits = []
    asks = (Asked(number=entry.number, recipients=entry.recipients),) if entry.recipients else ()
    for errand in errands_for(entry):
        row = visited(replace(errand, asks=asks))
        if isinstance(row, PutOffRow):
            row = visited(row.put_off.errand)
        assert isinstance(row, VisitedRow)
        told = decode_told(row.told).get(entry.number)
        visits.append(
            VisitMaterial(
                key=errand.key,
                endpoint=errand.endpoint,
                sessions=row.sessions,
                session=None if told is None else told.session,
                turns=None if told is None else told.turns,
            )
        )
    row = resolved(entry)
    material = Material(
        entry=entry, started_at=1.0, elapsed=0.5, answers=row.answers, hosts=row.hosts, visits=tuple(visits)
    )
    return line(material).document


async def survey_once(
    path: Path, entries: tuple[Entry, ...], workforce: Scripted, manner: Manner = TLS, output: Output | None = None
) -> Outcome:
    """One run over a list into `path`, gone on with where it was begun."""
    output = output or LinesFile(path)
    journal_path = path.with_name(path.name + ".journal")
    with closing(Journal.open(journal_path, manner, resume=True)) as journal, closing(output):
        if not output.open(journal.standing.written, resume=True):
            journal.tell_again()
        parts = Survey(manner=manner, listing=Listed(entries), journal=journal, output=output)
        return await conduct(parts, workforce, _tell_nobody)


def _tell_nobody(progress: Progress) -> None:
    pass
