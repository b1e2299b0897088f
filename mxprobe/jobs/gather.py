"""Finds and reads what is to be played: stories, folders of them, plans, and the library's stories by their names."""

import os.path
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.jobs.library import STANDARD, find_in_library, library_words
from mxprobe.jobs.zone_text import read_zone_text
from mxprobe.rules.all import ALL_RULES
from mxprobe.scenario.load import Around, load_bytes
from mxprobe.scenario.load_plan import PlanFile, Shelf, is_plan, load_plan_bytes
from mxprobe.scenario.mistakes import check_zone
from mxprobe.scenario.model import Scenario
from mxprobe.scenario.zone import Over


class Source(Struct, frozen=True, kw_only=True):
    """A file to read, and how reports call it."""

    path: Path
    name: str


class Staged(Struct, frozen=True, kw_only=True):
    """A story to be played, and the plan that has it played."""

    scenario: Scenario
    plan: PlanFile | None = None

    @property
    def senders(self) -> tuple[str, ...]:
        """Those of the plan, else the story's own."""
        return (self.plan.senders if self.plan else ()) or self.scenario.senders


def gather(paths: tuple[str | Path, ...], over: Over | None = None) -> tuple[Staged, ...]:
    """Every story under `paths`, those of roles `over` a zone, and those of plans over the plans' own.

    Without paths: the standard stories. Raises InputError naming path and line.
    """
    if not paths and over is None:
        raise InputError("there is nothing to play: name a scenario file, a folder of them or a plan")
    staged: list[Staged] = []
    for source in _find(paths or (STANDARD,)):
        data = _read(source)
        if not is_plan(data):
            staged.append(Staged(scenario=_load(source, data, over)))
            continue
        if over is not None:
            raise InputError("a plan has a zone of its own, and cannot be played over another", place=_place(source))
        staged += _load_plan(source, data)
    return tuple(staged)


def load_stories(paths: Iterable[str | Path], over: Over | None = None) -> tuple[Scenario, ...]:
    """The stories of `gather`, without their plans."""
    return tuple(one.scenario for one in gather(tuple(paths), over))


def find_stories(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    """The files under `paths`, folders searched, each once; a name that is no path is one of the library."""
    return tuple(source.path for source in _find(paths))


def read_over(zone: Path | None, domain: str | None) -> Over | None:
    """The zone that is played over, if any. Raises InputError for one without its domain, or the other way round."""
    if zone is None and domain is None:
        return None
    if zone is None or domain is None:
        raise InputError("a zone and its domain belong together: --zone db.example.com --domain example.com")
    try:
        name = to_ascii(domain)
    except NameRefused as error:
        raise InputError(f"--domain {domain}: {error}") from error
    over = Over(domain=name, text=read_zone_text(zone), path=str(zone))
    check_zone(over)
    return over


def _place(source: Source) -> Place:
    return Place(source.name)


def _find(paths: Iterable[str | Path]) -> tuple[Source, ...]:
    found: list[Source] = []
    for path in map(Path, paths):
        shipped = {} if path.exists() else find_in_library(path.as_posix())
        if path.is_dir():
            stories = _stories_in(path)
            if not stories:
                raise InputError("no scenario file (*.yaml) in this folder", place=Place(str(path)))
            found += [Source(path=story, name=str(story)) for story in stories]
        elif path.is_file():
            found.append(Source(path=path, name=str(path)))
        elif shipped:
            found += [Source(path=story, name=name) for name, story in shipped.items()]
        else:
            raise InputError("there is no such file or folder", place=Place(str(path)))
    return tuple(dict.fromkeys(found))


def _stories_in(folder: Path) -> list[Path]:
    """The files of stories in a folder and those below it; links that lead nowhere count, and are complained of."""
    return sorted(path for path in folder.rglob("*.yaml") if not path.is_dir())


def _read(source: Source) -> bytes:
    try:
        return source.path.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", place=_place(source)) from error


def _load(source: Source, data: bytes, over: Over | None) -> Scenario:
    """One story, which may only expect findings that there are rules for."""
    folder = source.path.parent
    around = Around(read=lambda name: (folder / name).read_text(encoding="utf-8"), over=over)
    scenario = load_bytes(data, source.name, around)
    if over is not None and not scenario.zone_path:
        says = f"this story has a domain of its own, and cannot be played over {over.path}"
        raise InputError(
            says, place=_place(source), hint="Stories without `domain` fit any zone: mxprobe run standard."
        )
    rules = {module.RULE.code: module.RULE.name for module in ALL_RULES}
    expectations = (scenario.expect, *(difference.expect for difference in scenario.differs))
    by_looks = (wanted for expect in expectations for look in expect.looks for wanted in look.findings)
    for wanted in chain(by_looks, *(expect.findings for expect in expectations)):
        name = rules.get(wanted.code)
        if name is not None and wanted.name in ("", name):
            continue
        line = data.decode().splitlines()[wanted.line - 1]
        place = Place(source.name, wanted.line, line.find(wanted.code) + 1, line, len(wanted.code))
        message = f"{wanted.code} is called {name}" if name else f"there is no rule {wanted.code}"
        raise InputError(message, place=place, hint="All rules: mxprobe explain rules.")
    return scenario


def _load_plan(source: Source, data: bytes) -> list[Staged]:
    """The stories of a plan, over its zone. Words of a plan are paths from its folder, or names in the library."""
    folder = source.path.parent
    known: dict[str, Path] = {}

    def find(word: str) -> tuple[str, ...]:
        stories = {} if word.startswith(".") or word.endswith(".yaml") else find_in_library(word)
        path = Path(locate(word))
        if not stories and path.exists():
            files = _stories_in(path) if path.is_dir() else [path]
            stories = {str(file): file for file in files if file != source.path}
        known.update(stories)
        return tuple(stories)

    def locate(word: str) -> str:
        return os.path.normpath(folder / word)

    def read(word: str) -> str:
        return Path(locate(word)).read_text(encoding="utf-8")

    plan = load_plan_bytes(data, source.name, Shelf(find=find, names=library_words(), locate=locate, read=read))
    _check_codes(plan)
    staged = []
    for name in plan.stories:
        text = _read(Source(path=known[name], name=name))
        if is_plan(text):
            raise InputError(f"{name} is a plan; a plan plays stories", place=_place(source))
        staged.append(Staged(scenario=_load(Source(path=known[name], name=name), text, plan.over), plan=plan))
    return staged


def _check_codes(plan: PlanFile) -> None:
    """A plan may only waive findings that there are rules for."""
    known = {module.RULE.code for module in ALL_RULES}
    for one in plan.exemptions:
        if one.code and one.code not in known:
            hint = "All rules: mxprobe explain rules."
            raise InputError(f"there is no rule {one.code}", place=Place(plan.path, one.line), hint=hint)
