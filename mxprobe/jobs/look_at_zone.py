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
from mxprobe.jobs.look import Look, judge
from mxprobe.jobs.zone_text import read_zone_text
from mxprobe.mx.plan import plan_mx
from mxprobe.scenario.operators import is_inside
from mxprobe.scenario.zoneanswers import answer_from
from mxprobe.scenario.zonefile import ZoneFile, read_zone_file


def look_at_zone(zone: str | Path, domain: str) -> Look:
    """What the rules and the forecast make of `domain` as its master file `zone` ("-": standard input) has it.

    Names in the file are completed by `domain` until an $ORIGIN says otherwise.
    Raises InputError for a file that cannot be read, naming the line that is no record, and for one without the domain.
    """
    try:
        name = to_ascii(domain)
    except NameRefused as error:
        raise InputError(f"--domain {domain}: {error}") from error
    path = STANDARD_INPUT if str(zone) == "-" else str(zone)
    return judge(snapshot_of(read_zone_file(read_zone_text(Path(zone)), name, path), domain, time.time()))


def snapshot_of(zone: ZoneFile, asked: str, now: float) -> Snapshot:
    """The zone as a saved probe in which nobody was asked; `now` seconds since 1970 UTC."""
    if not any(is_inside(name, zone.domain) for name in zone.names):
        raise InputError(f"this zone has no record of {zone.domain}", place=Place(zone.path))
    answers = answer_from(zone)
    plan = plan_mx(zone.domain, index_answers(answers))
    visits = (
        Visit(endpoint=target.endpoint, preference=target.preference, not_visited=NotVisited.DNS_ONLY)
        for target in plan.targets()
    )
    lines = (
        ZoneLine(
            name=record.name,
            rrtype=record.rrtype,
            data=record.points_to or record.data,
            line=record.line,
            text=record.text,
        )
        for record in zone.records
    )
    return Snapshot(
        domain=zone.domain,
        asked=asked,
        version=__version__,
        started_at=now,
        elapsed=0.0,
        vantage=Vantage(helo="", attempts=0),
        answers=answers,
        visits=tuple(visits),
        zone=ZoneSource(path=zone.path, lines=tuple(lines)),
    )
