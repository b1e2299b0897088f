"""Reads the file that says when alarms keep quiet (`--alarm-config FILE`).

    maintenance:
      - {from: 2026-03-01T02:00Z, until: 2026-03-01T04:00Z, because: new kernel}
      - {every: sunday 02:00, for: 2h, because: patch day, host: mx1}
      - {every: day 03:15, for: 20m, because: backup of the disks, host: [mx1, mx2]}
      - {from: 2026-03-08T08:00Z, until: 2026-03-08T09:00Z, because: new name servers, changes: true}
    cannot-look: 4h

Times of a window that comes again are UTC. A name without a dot belongs to the domain that is looked at. Changes of the
domain's records are muted only where a window says `changes: true`.
"""

import re
from collections.abc import Mapping

from msgspec import Struct
from ruamel.yaml.nodes import Node

from mxprobe.facts.alarm import Window
from mxprobe.scenario.cast import Cast
from mxprobe.scenario.document import Reader
from mxprobe.scenario.small_file import open_file, read_moment

_MOST_WINDOWS = 128
_KEYS = ("maintenance", "cannot-look")
_WINDOW_KEYS = ("from", "until", "every", "for", "because", "host", "changes")
_EMPTY = "the file is empty; it has to say maintenance or cannot-look"
_DAY, _WEEK = 86400.0, 604800.0
_DAYS = ("thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday")
"""As they follow one another from the first day of 1970."""

_EVERY = re.compile(r"([a-z]+) ([01]\d|2[0-3]):([0-5]\d)")


class AlarmConfig(Struct, frozen=True, kw_only=True):
    """What the file says; `cannot_look` None: nothing."""

    windows: tuple[Window, ...] = ()
    cannot_look: float | None = None


def load_windows(data: bytes, path: str, domain: str) -> AlarmConfig:
    """What a file says of `domain`. Raises InputError, which names file, line, key and what would be right."""
    reader, root = open_file(data, path, _EMPTY)
    entries = reader.entries(root, _KEYS, "the times of alarms")
    if not entries:
        reader.document.refuse(root, "the file says nothing: maintenance and cannot-look are missing")
    windows = _Windows(reader, domain)
    return AlarmConfig(
        windows=windows.read(entries["maintenance"]) if "maintenance" in entries else (),
        cannot_look=windows.length(entries["cannot-look"]) if "cannot-look" in entries else None,
    )


class _Windows:
    def __init__(self, reader: Reader, domain: str) -> None:
        self.reader, self.refuse = reader, reader.document.refuse
        self.cast = Cast(reader=reader, domain=domain)

    def read(self, node: Node) -> tuple[Window, ...]:
        """All windows."""
        items = self.reader.items(node, "`maintenance`")
        if len(items) > _MOST_WINDOWS:
            self.refuse(node, f"`maintenance` has {len(items)} windows; {_MOST_WINDOWS} is the most")
        return tuple(map(self._window, items))

    def _window(self, node: Node) -> Window:
        entries = self.reader.entries(node, _WINDOW_KEYS, "a window")
        because = self.reader.text(self.reader.require(node, entries, "because", "the window"))
        if not because:
            self.refuse(entries["because"], "a window says why: `because` is empty")
        start, lasts, every = self._again(node, entries) if "every" in entries else self._once(node, entries)
        hosts = self.reader.one_or_more(entries["host"]) if "host" in entries else ()
        if "host" in entries and not hosts:
            self.refuse(entries["host"], "a window without a `host` is about all hosts; an empty list is about none")
        return Window(
            start=start,
            lasts=lasts,
            every=every,
            hosts=tuple(self.cast.complete(host) for host in hosts),
            changes=self.reader.truth(entries["changes"]) if "changes" in entries else False,
            because=because,
        )

    def _once(self, node: Node, entries: Mapping[str, Node]) -> tuple[float, float, None]:
        if "for" in entries and "until" in entries:
            self.refuse(entries["until"], "a window has an `until` or a `for`, not both")
        start = read_moment(self.reader, self.reader.require(node, entries, "from", "the window"))
        if "for" in entries:
            return start, self.length(entries["for"]), None
        until = read_moment(self.reader, self.reader.require(node, entries, "until", "the window"))
        if until <= start:
            self.refuse(entries["until"], "a window ends after it begins: `until` is not after `from`")
        return start, until - start, None

    def _again(self, node: Node, entries: Mapping[str, Node]) -> tuple[float, float, float]:
        for key in ("from", "until"):
            if key in entries:
                self.refuse(entries[key], f"a window that comes again has `every` and `for`, and no `{key}`")
        word = self.reader.text(entries["every"]).lower()
        match = _EVERY.fullmatch(word)
        if match is None or match[1] not in (*_DAYS, "day"):
            self.refuse(
                entries["every"],
                f"`{word}` is no time that comes again",
                hint="Right is a day of the week, or `day`, and a time in UTC: sunday 02:00, day 03:15.",
            )
        start = 3600.0 * int(match[2]) + 60.0 * int(match[3])
        every = _DAY
        if match[1] != "day":
            start, every = start + _DAY * _DAYS.index(match[1]), _WEEK
        lasts = self.length(self.reader.require(node, entries, "for", "the window"))
        if lasts >= every:
            self.refuse(entries["for"], "a window that is open for that long never closes")
        return start, lasts, every

    def length(self, node: Node) -> float:
        """A span of time that is one."""
        seconds = self.reader.duration(node)
        if seconds <= 0:
            self.refuse(node, "no time at all: a window is longer than that")
        return seconds
