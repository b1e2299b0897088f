"""Reads a plan: which stories are played over a domain's own zone, what its owner knows of it, and what is waived.

A plan reads no files and knows no day: both are handed in. Its hosts and senders are read as those of a story.
"""

import datetime
import re
from collections.abc import Callable, Mapping

from msgspec import Struct
from ruamel.yaml.nodes import MappingNode, Node

from mxprobe.errors import InputError, Place
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.facts.run import Run, Waiver
from mxprobe.scenario.document import Reader, read_document
from mxprobe.scenario.load import read_owner, read_senders
from mxprobe.scenario.mistakes import check_zone
from mxprobe.scenario.zone import Over

_KEYS = ("story", "domain", "zone", "recipients", "hosts", "senders", "play", "waive")
_WAIVE_KEYS = ("story", "senders", "code", "because", "until")
_CODE = re.compile(r"MX\d{3}\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")


class Shelf(Struct, frozen=True, kw_only=True):
    """Where a plan finds things: `find` gives the names of the stories that a word stands for, none where there are
    none, `names` all words of the library; `locate` gives the path of a zone file as people know it, `read` its text.
    """

    find: Callable[[str], tuple[str, ...]]
    names: tuple[str, ...]
    locate: Callable[[str], str]
    read: Callable[[str], str]


class Exemption(Struct, frozen=True, kw_only=True):
    """What a plan waives: failures of these stories by these senders (empty: all), because of this finding or any.

    `until` is the last day on which it holds, as in 2027-03-31.
    """

    stories: tuple[str, ...]
    senders: tuple[str, ...]
    code: str
    because: str
    until: str
    line: int


class PlanFile(Struct, frozen=True, kw_only=True):
    """A plan that was read. `stories` are names that its shelf knows; no `senders`: those of each story."""

    path: str
    story: str
    over: Over
    senders: tuple[str, ...]
    stories: tuple[str, ...]
    exemptions: tuple[Exemption, ...]

    def waivers_of(self, run: Run, today: str) -> tuple[Waiver, ...]:
        """What the plan waives of a play, used or not."""
        misses = run.verdict.misses if run.verdict else ()
        return tuple(
            Waiver(
                path=self.path,
                line=one.line,
                because=one.because,
                until=one.until,
                ended=today > one.until,
                covers=bool(misses) and all(one.code in ("", miss.code) for miss in misses),
            )
            for one in self.exemptions
            if run.path in one.stories and (not one.senders or run.sender in one.senders)
        )


def is_plan(data: bytes) -> bool:
    """Whether a file is a plan, and no story; what is no YAML is neither, and its reader says why."""
    try:
        _, root = read_document(data.decode("utf-8-sig"), "")
    except (InputError, UnicodeDecodeError):
        return False
    return isinstance(root, MappingNode) and any(key.value == "play" for key, _ in root.value)


def load_plan(text: str, path: str, shelf: Shelf) -> PlanFile:
    """The plan in `text`. Raises InputError with file, line and what would be right."""
    document, root = read_document(text, path)
    return _PlanReader(Reader(document), shelf).plan(root)


class _PlanReader:
    """Reads one plan."""

    def __init__(self, reader: Reader, shelf: Shelf) -> None:
        self.reader, self.shelf = reader, shelf
        self.refuse = reader.document.refuse

    def plan(self, root: Node) -> PlanFile:
        reader = self.reader
        entries = reader.entries(root, _KEYS, "a plan")
        for key in ("story", "domain", "zone", "play"):
            reader.require(root, entries, key, "the plan")
        over = self._over(entries)
        check_zone(over)
        senders = read_senders(reader, entries["senders"]) if "senders" in entries else ()
        words = reader.items(entries["play"], "`play`")
        stories = tuple(dict.fromkeys(name for word in words for name in self._stories(word)))
        if not stories:
            self.refuse(entries["play"], "a plan plays something: [standard]")
        waived = reader.items(entries["waive"], "`waive`") if "waive" in entries else ()
        return PlanFile(
            path=reader.document.path,
            story=" ".join(reader.text(entries["story"]).split()),
            over=read_owner(reader, root, entries, over),
            senders=senders,
            stories=stories,
            exemptions=tuple(self._exemption(item, stories, senders) for item in waived),
        )

    def _over(self, entries: Mapping[str, Node]) -> Over:
        word = self.reader.text(entries["zone"])
        try:
            domain = to_ascii(self.reader.text(entries["domain"]))
            return Over(domain=domain, text=self.shelf.read(word), path=self.shelf.locate(word))
        except NameRefused as error:
            self.refuse(entries["domain"], f"not a domain name: {error}")
        except OSError as error:
            self.refuse(entries["zone"], f"the zone file cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self.refuse(entries["zone"], "the zone file is not UTF-8")

    def _stories(self, node: Node) -> tuple[str, ...]:
        word = self.reader.text(node)
        found = self.shelf.find(word)
        if not found:
            self.reader.document.refuse_unknown(node, word, self.shelf.names, "story or folder of stories")
        return found

    def _exemption(self, node: Node, stories: tuple[str, ...], senders: tuple[str, ...]) -> Exemption:
        reader = self.reader
        entries = reader.entries(node, _WAIVE_KEYS, "a waiver")
        for key in ("story", "because", "until"):
            reader.require(node, entries, key, "the waiver")
        waived = tuple(name for name in self._stories(entries["story"]) if name in stories)
        if not waived:
            reader.document.refuse_unknown(
                entries["story"], reader.text(entries["story"]), stories, "story played here"
            )
        labels = read_senders(reader, entries["senders"]) if "senders" in entries else ()
        if senders and not set(labels) <= set(senders):
            self.refuse(entries["senders"], f"the plan has no such sender; it has {', '.join(senders)}")
        code = reader.text(entries["code"]) if "code" in entries else ""
        if "code" in entries and not _CODE.match(code):
            self.refuse(entries["code"], "a code is that of a finding: MX957")
        if not reader.text(entries["because"]):
            self.refuse(entries["because"], "a waiver says why")
        return Exemption(
            stories=waived,
            senders=labels,
            code=code,
            because=reader.text(entries["because"]),
            until=self._day(entries["until"]),
            line=reader.line(node),
        )

    def _day(self, node: Node) -> str:
        word = self.reader.text(node)
        try:
            if _DATE.match(word):
                return datetime.date.fromisoformat(word).isoformat()
        except ValueError:
            pass
        self.refuse(node, f"`{word}` is no day: year, month and day, as in 2027-03-31")


def load_plan_bytes(data: bytes, path: str, shelf: Shelf) -> PlanFile:
    """`load_plan` for the bytes of a file. Raises InputError where they are no UTF-8 as well."""
    try:
        return load_plan(data.decode("utf-8-sig"), path, shelf)
    except UnicodeDecodeError as error:
        raise InputError(f"the file is not UTF-8 (byte {error.start + 1})", place=Place(path)) from error
