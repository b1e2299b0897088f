"""Reads what a look is compared with: an earlier probe that was saved, what is approved, the plan of a migration.

Prints nothing. Files are anybody's work: what they are not is said with the file's name, and memory is bounded.
"""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from mxprobe.errors import InputError, Place
from mxprobe.facts.beside import Beside
from mxprobe.facts.names import to_unicode
from mxprobe.facts.snapshot import SNAPSHOT_SCHEMA, Snapshot
from mxprobe.jobs.look import Look, domain_of, judge

MOST_OCTETS = 16_777_216
"""No saved probe is larger."""

MOST_YAML = 65536
"""No file that a person writes is larger."""

_HINT = "It comes from `mxprobe probe --save FILE` or `--format json`."


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = ""
    schema: int = 0


class _SavedLook(msgspec.Struct, frozen=True, kw_only=True):
    snapshot: Snapshot


def read_beside(
    domain: str, baseline: Path | None = None, expect: Path | None = None, migration: Path | None = None
) -> Beside | None:
    """What `domain` is compared with; None where nothing is named. Raises InputError."""
    if baseline is None and expect is None and migration is None:
        return None
    domain = domain_of(domain)
    beside = Beside(before=None if baseline is None else _read_baseline(baseline, domain))
    if expect is not None:
        from mxprobe.rules.domain import RULES
        from mxprobe.scenario.load_approved import load_approved

        named = {word: module.RULE.code for module in RULES for word in (module.RULE.code, module.RULE.name)}
        approved = load_approved(_read(expect, MOST_YAML), str(expect), named)
        _check_domain(approved.domain, domain, expect)
        beside = replace(beside, approved=approved)
    if migration is None:
        return beside
    from mxprobe.scenario.load_migration import load_migration

    plan = load_migration(_read(migration, MOST_YAML), str(migration))
    _check_domain(plan.domain, domain, migration)
    if beside.migration is not None:
        says = f"{expect} has a `migration` as well: one plan is enough, here or there"
        raise InputError(says, place=Place(str(migration)))
    if beside.approved is not None:
        beside = replace(beside, approved=replace(beside.approved, migration=plan))
    return replace(beside, plan=plan)


def _check_domain(named: str, domain: str, path: Path) -> None:
    """Raises InputError where a file is about another domain than the one that is looked at."""
    if named != domain:
        says = f"this file is about {to_unicode(named)}, and {to_unicode(domain)} is looked at"
        raise InputError(says, place=Place(str(path)))


def look_beside(
    look: Look, baseline: Path | None = None, expect: Path | None = None, migration: Path | None = None
) -> Look:
    """A look judged again with what it is compared with. Raises InputError, also for a baseline that is younger."""
    beside = read_beside(look.snapshot.domain, baseline, expect, migration)
    if beside is None:
        return look
    if beside.before is not None and beside.before.started_at > look.snapshot.started_at:
        raise InputError(
            "this probe is younger than the one that it should be the baseline of", place=Place(str(baseline))
        )
    return judge(look.snapshot, beside=beside)


def _read_baseline(path: Path, domain: str) -> Snapshot:
    """The look of a saved probe of `domain`."""
    data = _read(path, MOST_OCTETS)
    place = Place(str(path))
    try:
        saved = msgspec.json.decode(data, type=_Kind)
        if saved.kind != "look" or saved.schema != 1:
            raise InputError("this is no saved probe of schema 1", place=place, hint=_HINT)
        snapshot = msgspec.json.decode(data, type=_SavedLook).snapshot
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"no saved probe: {error}", place=place, hint=_HINT) from error
    if snapshot.schema > SNAPSHOT_SCHEMA:
        says = f"this probe is of schema {snapshot.schema}; up to {SNAPSHOT_SCHEMA} can be read"
        raise InputError(says, place=place)
    if snapshot.domain != domain:
        says = f"this is a probe of {to_unicode(snapshot.domain)}, and {to_unicode(domain)} is looked at"
        raise InputError(says, place=place)
    return snapshot


def _read(path: Path, most: int) -> bytes:
    """The octets of a file that is not larger than it may be."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(path))) from error
    if len(data) > most:
        raise InputError(f"the file has more than {most} octets", place=Place(str(path)))
    return data
