"""Reads what a look is compared with: an earlier probe that was saved, what is approved, the plan of a migration.

Prints nothing. Files are anybody's work: what they are not is said with the file's name.
"""

from pathlib import Path

from msgspec.structs import replace

from mxprobe.errors import InputError, Place
from mxprobe.facts.beside import Beside
from mxprobe.facts.names import to_unicode
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs.look import Look, domain_of, judge
from mxprobe.jobs.saved import read_octets, read_saved
from mxprobe.jobs.survey.results import are_many


def read_beside(
    domain: str, baseline: Path | None = None, expect: Path | None = None, migration: Path | None = None
) -> Beside | None:
    """What `domain` is compared with; None where nothing is named. Raises InputError."""
    if baseline is None and expect is None and migration is None:
        return None
    domain = domain_of(domain)
    beside = Beside(before=None if baseline is None else _of_domain(baseline, domain))
    if expect is not None:
        from mxprobe.rules.domain import RULES
        from mxprobe.scenario.load_approved import load_approved
        from mxprobe.scenario.small_file import MOST_OCTETS

        named = {word: module.RULE.code for module in RULES for word in (module.RULE.code, module.RULE.name)}
        approved = load_approved(read_octets(expect, MOST_OCTETS), str(expect), named)
        _check_domain(approved.domain, domain, expect)
        beside = replace(beside, approved=approved)
    if migration is None:
        return beside
    from mxprobe.scenario.load_migration import load_migration
    from mxprobe.scenario.small_file import MOST_OCTETS

    plan = load_migration(read_octets(migration, MOST_OCTETS), str(migration))
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


def _of_domain(path: Path, domain: str) -> Snapshot:
    """The look of a saved probe of `domain`."""
    snapshot = read_saved(path, domain if are_many(path) else None)
    if snapshot.domain != domain:
        says = f"this is a probe of {to_unicode(snapshot.domain)}, and {to_unicode(domain)} is looked at"
        raise InputError(says, place=Place(str(path)))
    return snapshot
