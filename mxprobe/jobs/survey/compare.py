"""Compares the results of two surveys, a domain at a time: lines of JSON, in any order.

Of the earlier results nothing is kept in memory but where each line begins. Findings are those that the lines have; the
rules are asked again only where one is gone, since what could not be judged any more is not mended. Domains are told
by the weight of what changed, then by name. Whoever wants all of one names it (`mxprobe diff --domain`).
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.change import Area, Weight
from mxprobe.facts.compared import DomainCompared, Noted, SurveysCompared
from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.snapshot import SNAPSHOT_SCHEMA, Snapshot
from mxprobe.jobs.survey.line import ShortFinding
from mxprobe.jobs.survey.results import HINT, Lines, domain_in, is_table, lines_in
from mxprobe.mx.changes import compare_looks
from mxprobe.rules import judge_snapshot

_BAD = (Severity.ERROR, Severity.WARNING)


class _Reach(Struct, frozen=True, kw_only=True):
    depth: str


class _Read(Struct, frozen=True, kw_only=True):
    snapshot: Snapshot
    findings: tuple[ShortFinding, ...] | None = None
    tally: _Reach | None = None


_DECODER = msgspec.json.Decoder(_Read)


def compare_results(old: Path, new: Path) -> SurveysCompared:
    """What changed between two surveys. Raises InputError for files that are no lines of surveys."""
    for path in (old, new):
        if is_table(path):
            hint = "One domain of them: --domain NAME. All: surveys whose results are lines of JSON."
            raise InputError("tables are not compared as a whole", place=Place(str(path)), hint=hint)
    told, come, met = [], [], set[str]()
    both = unequal = 0
    with Lines(old) as before:
        for domain, line, place in _lines(new):
            if domain in met:
                continue  # results have one line a domain; of a history the first stands for all
            met.add(domain)
            if domain not in before.begins:
                come.append(domain)
                continue
            both += 1
            earlier, later = _read(before.about(domain), Place(str(old))), _read(line, place)
            unequal += earlier.tally != later.tally
            compared = _compare(domain, earlier, later)
            if compared.is_told:
                told.append(compared)
        gone = sorted(domain for domain in before.begins if domain not in met)
    return SurveysCompared(
        old=str(old),
        new=str(new),
        both=both,
        unequal=unequal,
        domains=tuple(sorted(told, key=_by_weight)),
        gone=tuple(gone),
        come=tuple(sorted(come)),
    )


def _by_weight(one: DomainCompared) -> tuple[int, str]:
    """The heaviest first, what has findings alone behind what changed, and what could not be compared last."""
    if one.weight is not None:
        return one.weight.rank, one.domain
    return len(Weight) + (not one.new) + bool(one.unknown), one.domain


def _lines(path: Path) -> Iterator[tuple[str, bytes, Place]]:
    for number, line in lines_in(path):
        place = Place(str(path), number)
        yield domain_in(line, place), line, place


def _read(line: bytes, place: Place) -> _Read:
    try:
        read = _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"no line of a survey: {error}", place=place, hint=HINT) from error
    if read.snapshot.schema > SNAPSHOT_SCHEMA:
        raise InputError(f"this probe is of schema {read.snapshot.schema}, which is a later one", place=place)
    return read


def _compare(domain: str, before: _Read, now: _Read) -> DomainCompared:
    changes = compare_looks(before.snapshot, now.snapshot)
    unknown = next((one.why for one in changes.unknown if one.area is Area.MX), "")
    new: tuple[Noted, ...] = ()
    mended: tuple[Noted, ...] = ()
    if before.findings is not None and now.findings is not None:
        then, today = _bad(before.findings), _bad(now.findings)
        new = tuple(one for key, one in today.items() if key not in then)
        gone = tuple(one for key, one in then.items() if key not in today)
        mended = _judged(gone, now.snapshot) if gone else ()
    return DomainCompared(domain=domain, changes=changes.changes, new=new, mended=mended, unknown=unknown)


def _judged(gone: tuple[Noted, ...], now: Snapshot) -> tuple[Noted, ...]:
    """Of the findings that a look does not have any more, those that its rules find in order: a host that was not
    visited, or less than before, mends nothing, nor does a finding that stands under another now."""
    judged = judge_snapshot(now)
    open_now = {one.code for one in judged if one.status is Status.INCONCLUSIVE}
    under = {code.split(" ")[0] for one in judged for found in one.findings for code in found.also}
    return tuple(one for one in gone if one.code not in open_now | under)


def _bad(findings: tuple[ShortFinding, ...]) -> dict[tuple[str, str], Noted]:
    """The errors and warnings, by code and subject."""
    return {
        (one.code, one.subject): Noted(code=one.code, subject=one.subject, severity=one.severity)
        for one in findings
        if one.severity in _BAD
    }
