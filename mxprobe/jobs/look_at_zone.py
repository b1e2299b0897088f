"""Looks at a domain that is not published yet: its zone file in place of the DNS, every host assumed to answer.

No question is asked and nothing is dialled. Prints nothing.
"""

import time
from pathlib import Path

from mxprobe import __version__
from mxprobe.errors import InputError, Place
from mxprobe.facts.dns import index_answers
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.facts.snapshot import STANDARD_INPUT, NotVisited, Snapshot, Vantage, Visit, ZoneLine, ZoneSource
from mxprobe.jobs.look import Look, judge, names_typed
from mxprobe.jobs.zone_text import read_zone_text
from mxprobe.mx.plan import plan_mx
from mxprobe.mx.wishes import WISHES
from mxprobe.scenario.zoneanswers import answer_from, lines_behind
from mxprobe.scenario.zonefile import Record, ZoneFile, read_zone_file

_MOST_SHOWN = 200
"""So much of a line, and of what a record says, is kept."""

_ABOUT_US = "resolver"
"""The family of facts that is about whoever asks, which a file cannot tell."""


def look_at_zone(zone: str | Path, domain: str, dkim_selectors: tuple[str, ...] = ()) -> Look:
    """What the rules and the forecast make of `domain` as its master file `zone` ("-": standard input) has it.

    Names in the file are completed by `domain` until an $ORIGIN says otherwise. Keys of `dkim_selectors` are looked
    for. Raises InputError for a file that cannot be read, naming the line that is no record, and for one without the
    domain.
    """
    try:
        name = to_ascii(domain)
    except NameRefused as error:
        raise InputError(f"--domain {domain}: {error}") from error
    selectors = names_typed("DKIM selector", dkim_selectors)
    path = STANDARD_INPUT if str(zone) == "-" else str(zone)
    read = read_zone_file(read_zone_text(Path(zone)), name, path)
    return judge(snapshot_of(read, domain, time.time(), selectors))


def snapshot_of(zone: ZoneFile, asked: str, now: float, selectors: tuple[str, ...] = ()) -> Snapshot:
    """The zone as a saved probe in which nobody was asked; `now` seconds since 1970 UTC."""
    if not zone.nodes:
        raise InputError(f"this zone has no record of {zone.domain}", place=Place(zone.path))
    answers = answer_from(zone, selectors)
    plan = plan_mx(zone.domain, index_answers(answers))
    visits = (
        Visit(endpoint=target.endpoint, preference=target.preference, not_visited=NotVisited.DNS_ONLY)
        for target in plan.targets()
    )
    lines = (_line(name, record) for name, record in lines_behind(zone, answers))
    return Snapshot(
        domain=zone.domain,
        asked=asked,
        version=__version__,
        started_at=now,
        elapsed=0.0,
        vantage=Vantage(helo="", attempts=0, dkim_selectors=selectors),
        answers=answers,
        visits=tuple(visits),
        zone=ZoneSource(path=zone.path, lines=tuple(lines), records=zone.size),
        asked_for=tuple(wish.name for wish in WISHES if wish.name != _ABOUT_US),
    )


def _line(name: str, record: Record) -> ZoneLine:
    return ZoneLine(
        name=name,
        rrtype=record.rrtype,
        data=_cut(record.points_to or record.data),
        line=record.line,
        text=_cut(record.text),
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
