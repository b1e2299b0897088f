"""Plays scenario files by their senders and gives each run with its findings and its verdict. Prints nothing."""

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.errors import InputError, Place
from mxprobe.facts.finding import Finding, Status
from mxprobe.facts.run import Run
from mxprobe.lab.play import play_story
from mxprobe.mx.senders import NoSuchSender, parse_sender
from mxprobe.rules import ALL_RULES, judge_run
from mxprobe.scenario.expect import judge
from mxprobe.scenario.load import load_bytes
from mxprobe.scenario.model import Scenario


class PlayOptions(Struct, frozen=True, kw_only=True):
    """`senders` in place of those that a story names (empty: its own); `seed` of every random choice."""

    seed: int = 1
    senders: tuple[str, ...] = ()


def play(
    paths: Iterable[str | Path], options: PlayOptions | None = None, progress: Callable[[Run], None] | None = None
) -> tuple[Run, ...]:
    """Every story under `paths` (files, or folders of them), each by its senders, in the order of their paths.

    `progress` is called after each play. Raises InputError for a path or a file that cannot be right, before anything
    is played.
    """
    options = options or PlayOptions()
    for label in options.senders:
        _check_sender(label)
    scenarios = load_stories(paths)
    runs: list[Run] = []
    for scenario in scenarios:
        for sender in options.senders or scenario.senders:
            run = play_one(scenario, sender, options.seed)
            runs.append(run)
            if progress is not None:
                progress(run)
    return tuple(runs)


def play_one(scenario: Scenario, sender: str, seed: int) -> Run:
    """One play with its findings and its verdict."""
    run = play_story(scenario, sender, seed)
    findings: tuple[Finding, ...] = tuple(
        finding for judgement in judge_run(run) if judgement.status is Status.FIRES for finding in judgement.findings
    )
    run = replace(run, findings=findings)
    return replace(run, verdict=judge(scenario, run))


def load_stories(paths: Iterable[str | Path]) -> tuple[Scenario, ...]:
    """The stories of files and folders. Raises InputError naming the path, and in a file the line."""
    return tuple(_load(path) for path in find_stories(paths))


def _load(path: Path) -> Scenario:
    """One story, which may only expect findings that there are rules for."""
    data = path.read_bytes()
    scenario = load_bytes(data, str(path))
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
