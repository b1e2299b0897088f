"""Plays scenario files by their senders and gives each run with its findings and its verdict. Prints nothing."""

import signal
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mxprobe import __version__
from mxprobe.errors import InputError, Place
from mxprobe.facts.finding import Finding, Status
from mxprobe.facts.run import Run, WorldKind
from mxprobe.jobs.chance import has_chance
from mxprobe.jobs.gather import Staged, gather, read_over
from mxprobe.jobs.gather import find_stories as find_stories
from mxprobe.jobs.gather import load_stories as load_stories
from mxprobe.jobs.pace import check_pace
from mxprobe.jobs.select import read_expression
from mxprobe.lab.play import play_story
from mxprobe.lab.seams import Look
from mxprobe.lab.world import EPOCH
from mxprobe.mx.judge import judge_moves
from mxprobe.mx.senders import NoSuchSender, parse_sender
from mxprobe.rules import judge_run
from mxprobe.scenario.causes import find_causes
from mxprobe.scenario.expect import judge
from mxprobe.scenario.load_own import NAME_IT, NO_COMMAND
from mxprobe.scenario.load_plan import PlanFile
from mxprobe.scenario.model import OWN, REAL, REAL_MAILERS, Probe, Prove, Scenario, modelled_name
from mxprobe.scenario.zonefile import read_zone_file

T = TypeVar("T")
U = TypeVar("U")

_WORTH_A_PROCESS = 24
_HANDED_OUT = 8
"""So many plays are given to a process at a time: Ctrl-C waits for no more than those."""

_MISSING = {"backup": "no host is a backup", "others": "there is one host alone", "first-nameserver": "no name server"}
"""Why a story that needs such a role cannot be played."""


class PlayOptions(Struct, frozen=True, kw_only=True):
    """`senders` in place of those that a story names (empty: its own); `seed` of every random choice.

    Each play is made `repeat` times, with one seed after the other; many plays are shared among `jobs` processes.
    `only` names plays by words of their path and sender ("postfix and not tls"); `only_random` leaves those that
    contain a random choice. With `brief` what went as written keeps its head alone (no events, no sessions), and of a
    play that goes wrong with many seeds the first is kept whole: thousands of seeds take little memory.

    `zone` and `domain` are the master file and the domain that stories of roles are played over. `world` is what the
    stories are staged on: "memory", or "loopback" for real sockets. With real mailers `pace` seconds of story time pass
    in a real one; they play in the network that is `here` already, one play at a time, or else in one of their own.
    Waivers hold by the day `today` (2027-03-31; None: that of this machine, in UTC).
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
    pace: float = 100.0
    here: bool = False
    today: str | None = None


def play(
    paths: Iterable[str | Path], options: PlayOptions | None = None, progress: Callable[[Run], None] | None = None
) -> tuple[Run, ...]:
    """Every story under `paths` (files, folders, plans, names in the library), each by its senders, in their order.

    Without paths the standard stories are played over the zone. `progress` is called after each play. Raises InputError
    for a path or a file that cannot be right, before anything is played, and where no play is the one that is wanted
    or none of them can be made; MxprobeError where this machine lacks the loopback addresses that a world needs.
    """
    check_pace((options or PlayOptions()).pace)
    options = options or PlayOptions()
    for label in options.senders:
        _check_sender(label)
    today = options.today or datetime.now(UTC).date().isoformat()
    staged = gather(tuple(paths), read_over(options.zone, options.domain))
    pairs = _choose([(one, sender) for one in staged for sender in options.senders or one.senders], options)
    _check_playable(pairs)
    _check_own(pairs)
    seeds = range(options.seed, options.seed + options.repeat)
    plays = [Play(one.scenario, sender, seed, options) for one, sender in pairs for seed in seeds]
    plans = [one.plan for one, _ in pairs for _ in seeds]
    runs: list[Run] = []
    kept: set[tuple[str, str]] = set()
    with closing(_share(_play, plays, 1 if options.here else options.jobs)) as played:
        for plan, run in zip(plans, played, strict=True):
            told = head_of(run) if options.brief and (run.path, run.sender) in kept else run
            runs.append(told if plan is None else _under_plan(told, plan, today))
            if run.went_wrong:
                kept.add((run.path, run.sender))
            if progress is not None:
                progress(runs[-1])
    return tuple(runs)


def head_of(run: Run) -> Run:
    """A run without what happened in it: which play it was, how long it took, its verdict."""
    return replace(run, events=(), fates=(), sessions=(), conditions=(), queues=())


def _under_plan(run: Run, plan: PlanFile, today: str) -> Run:
    """The run with what its plan says of it."""
    return replace(run, plan=plan.path, waivers=plan.waivers_of(run, today))


Pair = tuple[Staged, str]


def _choose(pairs: list[Pair], options: PlayOptions) -> list[Pair]:
    """The plays that are wanted. Raises InputError where there is none."""
    if options.only:
        wanted = read_expression(options.only)
        pairs = [(one, sender) for one, sender in pairs if wanted(f"{one.scenario.path} {sender}")]
        if not pairs:
            raise InputError(f"-k {options.only!r}: no play has a path and a sender like this")
    if options.only_random:
        with closing(_share(_has_chance, pairs, options.jobs)) as answers:
            pairs = [pair for pair, chance in zip(pairs, answers, strict=True) if chance]
        if not pairs:
            raise InputError("no play here contains a random choice: every seed would tell the same story")
    return pairs


def _check_playable(pairs: list[Pair]) -> None:
    """Raise InputError where none of the plays can be made: a check that checks nothing is not green."""
    stories = [one.scenario for one, _ in pairs]
    if stories and all(story.missing for story in stories):
        names = ", ".join(dict.fromkeys(story.path for story in stories))
        reasons = "; ".join(dict.fromkeys(map(_why_not, stories)))
        raise InputError(f"nothing could be played ({names}): {reasons}")


def _check_own(pairs: list[Pair]) -> None:
    """Raise InputError for a story that shall be played by a mailer of the user's own, and has no command for it."""
    for one, sender in pairs:
        if sender == OWN and one.scenario.own is None and not one.scenario.missing:
            raise InputError(f"--sender {OWN}: {NO_COMMAND}", place=Place(one.scenario.path), hint=NAME_IT)


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
    options = play.options
    run = play_one(play.scenario, play.sender, play.seed, options.world, Beside(pace=options.pace, here=options.here))
    return head_of(run) if play.options.brief and run.verdict is not None and run.verdict.passed else run


def _has_chance(pair: Pair) -> bool:
    """Real mailers are not asked: what they do is not drawn by a seed."""
    return not pair[0].scenario.is_real(pair[1]) and has_chance(pair[0].scenario, pair[1])


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that people see; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Beside(Struct, frozen=True, kw_only=True):
    """What only real mailers need: the pace of the story, and whether they play in the network that is `here`."""

    pace: float = 100.0
    here: bool = False


BESIDE = Beside()


def play_one(
    scenario: Scenario, sender: str, seed: int, world: WorldKind = WorldKind.MEMORY, beside: Beside = BESIDE
) -> Run:
    """One play with its findings and its verdict, and with the causes that a zone has for its failure."""
    if scenario.missing:
        return _not_played(scenario, sender, seed)
    run = _play_out(scenario, sender, (seed, world, beside))
    findings: tuple[Finding, ...] = tuple(
        finding for judgement in judge_run(run) if judgement.status is Status.FIRES for finding in judgement.findings
    )
    moves = judge_moves(run) if sender.startswith(REAL) else ()
    run = replace(run, findings=findings, moves=moves)
    run = replace(run, verdict=judge(scenario, run), over=scenario.zone_path)
    if not run.over or not run.went_wrong:
        return run
    zone = read_zone_file(scenario.zone, scenario.domain, scenario.zone_path)
    return replace(run, causes=find_causes(scenario, zone, run))


def _play_out(scenario: Scenario, sender: str, how: tuple[int, WorldKind, Beside]) -> Run:
    """The play itself, with real mailers where it has any; what they need is loaded only then."""
    seed, world, beside = how
    if not scenario.is_real(sender):
        return play_story(scenario, sender, seed, _look(scenario), world)
    from mxprobe.lab.mta.play import Wanted, play_real

    wanted = Wanted(scenario=scenario, sender=sender, seed=seed, pace=beside.pace, here=beside.here)
    return play_real(wanted, _look(scenario))


def _not_played(scenario: Scenario, sender: str, seed: int) -> Run:
    """A play that is none, for want of somebody whom the story is about."""
    return Run(
        version=__version__,
        story=scenario.story,
        path=scenario.path,
        domain=scenario.domain,
        sender=sender,
        seed=seed,
        epoch=EPOCH,
        ended=0.0,
        over=scenario.zone_path,
        not_played=_why_not(scenario),
    )


def _why_not(scenario: Scenario) -> str:
    """Why a story cannot be played."""
    nobody = _MISSING.get(scenario.missing, f"nobody is `{scenario.missing}`")
    return f"{nobody} in the zone of {scenario.domain}"


def _look(scenario: Scenario) -> Look | None:
    """What steps that probe do; loaded only where a story has one."""
    if not any(isinstance(step, Probe | Prove) for step in scenario.steps):
        return None
    from mxprobe.jobs.look_around import look_around

    return look_around


def _check_sender(label: str) -> None:
    known = modelled_name(label)
    if label == OWN:
        return
    if label.startswith(REAL) and known.partition("+")[0] not in REAL_MAILERS:
        hint = f"There are {', '.join(REAL + name for name in REAL_MAILERS)}."
        raise InputError(f"--sender {label}: no real mailer is called so", hint=hint)
    try:
        parse_sender(known)
    except NoSuchSender as error:
        near = f"; did you mean {error.near[0]}?" if error.near else ""
        hint = "All mailers: mxprobe explain profiles."
        raise InputError(
            f"--sender {label}: no mailer or TLS policy is called `{error.name}`{near}", hint=hint
        ) from error
