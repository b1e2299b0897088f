"""Plays scenario files by their senders and gives each run with its findings and its verdict. Prints nothing."""

import signal
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.errors import InputError, Place
from mxprobe.facts.finding import Finding, Status
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.facts.run import Run, WorldKind
from mxprobe.jobs.chance import has_chance
from mxprobe.jobs.select import read_expression
from mxprobe.lab.play import play_story
from mxprobe.lab.seams import Look
from mxprobe.mx.senders import NoSuchSender, parse_sender
from mxprobe.rules import ALL_RULES, judge_run
from mxprobe.scenario.expect import judge
from mxprobe.scenario.load import Around, load_bytes
from mxprobe.scenario.model import Probe, Scenario
from mxprobe.scenario.zone import Over, check_zone

T = TypeVar("T")
U = TypeVar("U")

_WORTH_A_PROCESS = 24
_HANDED_OUT = 8
"""So many plays are given to a process at a time: Ctrl-C waits for no more than those."""


class PlayOptions(Struct, frozen=True, kw_only=True):
    """`senders` in place of those that a story names (empty: its own); `seed` of every random choice.

    Each play is made `repeat` times, with one seed after the other; many plays are shared among `jobs` processes.
    `only` names plays by words of their path and sender ("postfix and not tls"); `only_random` leaves those that
    contain a random choice. With `brief` what went as written keeps its head alone (no events, no sessions), and of a
    play that goes wrong with many seeds the first is kept whole: thousands of seeds take little memory.

    `zone` and `domain` are the master file and the domain that stories of roles are played over. `world` is what the
    stories are staged on: "memory", or "loopback" for real sockets.
    """

    seed: int = 1
    repeat: int = 1
    jobs: int = 1
    senders: tuple[str, ...] = ()
    only: str = ""
    only_random: bool = False
    brief: bool = False
    zone: Path | None = None
    domain: str | None = None
    world: WorldKind = WorldKind.MEMORY


def play(
    paths: Iterable[str | Path], options: PlayOptions | None = None, progress: Callable[[Run], None] | None = None
) -> tuple[Run, ...]:
    """Every story under `paths` (files, or folders of them), each by its senders, in the order of their paths.

    `progress` is called after each play. Raises InputError for a path or a file that cannot be right, before anything
    is played, and where no play is the one that is wanted; MxprobeError where this machine lacks the loopback addresses
    that a world needs.
    """
    options = options or PlayOptions()
    for label in options.senders:
        _check_sender(label)
    scenarios = load_stories(paths, _over(options))
    pairs = _choose([(story, sender) for story in scenarios for sender in options.senders or story.senders], options)
    seeds = range(options.seed, options.seed + options.repeat)
    plays = [Play(*pair, seed, options) for pair in pairs for seed in seeds]
    runs: list[Run] = []
    kept: set[tuple[str, str]] = set()
    with closing(_share(_play, plays, options.jobs)) as played:
        for run in played:
            runs.append(head_of(run) if options.brief and (run.path, run.sender) in kept else run)
            if run.verdict is not None and not run.verdict.passed:
                kept.add((run.path, run.sender))
            if progress is not None:
                progress(run)
    return tuple(runs)


def head_of(run: Run) -> Run:
    """A run without what happened in it: which play it was, how long it took, its verdict."""
    return replace(run, events=(), fates=(), sessions=(), conditions=(), queues=())


Pair = tuple[Scenario, str]


def _choose(pairs: list[Pair], options: PlayOptions) -> list[Pair]:
    """The plays that are wanted. Raises InputError where there is none."""
    if options.only:
        wanted = read_expression(options.only)
        pairs = [(story, sender) for story, sender in pairs if wanted(f"{story.path} {sender}")]
        if not pairs:
            raise InputError(f"-k {options.only!r}: no play has a path and a sender like this")
    if options.only_random:
        with closing(_share(_has_chance, pairs, options.jobs)) as answers:
            pairs = [pair for pair, chance in zip(pairs, answers, strict=True) if chance]
        if not pairs:
            raise InputError("no play here contains a random choice: every seed would tell the same story")
    return pairs


def _share(work: Callable[[T], U], items: Sequence[T], jobs: int) -> Generator[U]:
    """What the work makes of the items, in their order. A process is worth its start where it has many of them."""
    jobs = min(jobs, len(items) // _WORTH_A_PROCESS)
    if jobs < 2:
        yield from map(work, items)
        return
    way = "fork" if "fork" in get_all_start_methods() else None
    with ProcessPoolExecutor(jobs, mp_context=get_context(way), initializer=_leave_interrupts) as pool:
        try:
            yield from pool.map(work, items, chunksize=_HANDED_OUT)
        finally:
            pool.shutdown(cancel_futures=True)


class Play(NamedTuple):
    """One play that is to be made."""

    scenario: Scenario
    sender: str
    seed: int
    options: PlayOptions


def _play(play: Play) -> Run:
    run = play_one(play.scenario, play.sender, play.seed, play.options.world)
    return head_of(run) if play.options.brief and run.verdict is not None and run.verdict.passed else run


def _has_chance(pair: Pair) -> bool:
    return has_chance(*pair)


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that people see; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def play_one(scenario: Scenario, sender: str, seed: int, world: WorldKind = WorldKind.MEMORY) -> Run:
    """One play with its findings and its verdict."""
    run = play_story(scenario, sender, seed, _look(scenario), world)
    findings: tuple[Finding, ...] = tuple(
        finding for judgement in judge_run(run) if judgement.status is Status.FIRES for finding in judgement.findings
    )
    run = replace(run, findings=findings)
    return replace(run, verdict=judge(scenario, run))


def _look(scenario: Scenario) -> Look | None:
    """What steps that probe do; loaded only where a story has one."""
    if not any(isinstance(step, Probe) for step in scenario.steps):
        return None
    from mxprobe.jobs.look_around import look_around

    return look_around


def _over(options: PlayOptions) -> Over | None:
    """The zone that is played over, if any. Raises InputError for one without its domain, or the other way round."""
    if options.zone is None and options.domain is None:
        return None
    if options.zone is None or options.domain is None:
        raise InputError("a zone and its domain belong together: --zone db.example.com --domain example.com")
    try:
        domain = to_ascii(options.domain)
        text = sys.stdin.read() if str(options.zone) == "-" else options.zone.read_text(encoding="utf-8")
    except NameRefused as error:
        raise InputError(f"--domain {options.domain}: {error}") from error
    except OSError as error:
        raise InputError(f"the zone cannot be read: {error.strerror}", place=Place(str(options.zone))) from error
    except UnicodeDecodeError as error:
        raise InputError("the zone is not UTF-8", place=Place(str(options.zone))) from error
    over = Over(domain=domain, text=text, path=str(options.zone))
    check_zone(over)
    return over


def load_stories(paths: Iterable[str | Path], over: Over | None = None) -> tuple[Scenario, ...]:
    """The stories of files and folders, those of roles `over` a zone. Raises InputError naming path and line."""
    return tuple(_load(path, over) for path in find_stories(paths))


def _load(path: Path, over: Over | None) -> Scenario:
    """One story, which may only expect findings that there are rules for."""
    data = path.read_bytes()
    around = Around(read=lambda name: (path.parent / name).read_text(encoding="utf-8"), over=over)
    scenario = load_bytes(data, str(path), around)
    rules = {module.RULE.code: module.RULE.name for module in ALL_RULES}
    expectations = (scenario.expect, *(difference.expect for difference in scenario.differs))
    for wanted in (wanted for expect in expectations for wanted in expect.findings):
        name = rules.get(wanted.code)
        if name is not None and wanted.name in ("", name):
            continue
        line = data.decode().splitlines()[wanted.line - 1]
        place = Place(str(path), wanted.line, line.find(wanted.code) + 1, line, len(wanted.code))
        message = f"{wanted.code} is called {name}" if name else f"there is no rule {wanted.code}"
        raise InputError(message, place=place, hint="All rules: mxprobe explain rules.")
    return scenario


def find_stories(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    """The scenario files under `paths`, folders searched, each once and sorted."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            stories = sorted(path.rglob("*.yaml"))
            if not stories:
                raise InputError("no scenario file (*.yaml) in this folder", place=Place(str(path)))
            found += stories
        elif path.is_file():
            found.append(path)
        else:
            raise InputError("there is no such file or folder", place=Place(str(path)))
    return tuple(dict.fromkeys(found))


def _check_sender(label: str) -> None:
    try:
        parse_sender(label)
    except NoSuchSender as error:
        near = f"; did you mean {error.near[0]}?" if error.near else ""
        hint = "All mailers: mxprobe explain profiles."
        raise InputError(
            f"--sender {label}: no mailer or TLS policy is called `{error.name}`{near}", hint=hint
        ) from error
