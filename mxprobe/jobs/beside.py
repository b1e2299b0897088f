"""Reads what a look is compared with: an earlier probe that was saved, and the file of what is approved.

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


def read_beside(domain: str, baseline: Path | None = None, expect: Path | None = None) -> Beside | None:
    """What `domain` is compared with; None where nothing is named. Raises InputError."""
    if baseline is None and expect is None:
        return None
    domain = domain_of(domain)
    beside = Beside(before=None if baseline is None else _of_domain(baseline, domain))
    if expect is None:
        return beside
    from mxprobe.rules.domain import RULES
    from mxprobe.scenario.load_approved import MOST_OCTETS as MOST
    from mxprobe.scenario.load_approved import load_approved

    named = {word: module.RULE.code for module in RULES for word in (module.RULE.code, module.RULE.name)}
    approved = load_approved(read_octets(expect, MOST), str(expect), named)
    if approved.domain != domain:
        says = f"this file is about {to_unicode(approved.domain)}, and {to_unicode(domain)} is looked at"
        raise InputError(says, place=Place(str(expect)))
    return replace(beside, approved=approved)


def look_beside(look: Look, baseline: Path | None = None, expect: Path | None = None) -> Look:
    """A look judged again with what it is compared with. Raises InputError, also for a baseline that is younger."""
    beside = read_beside(look.snapshot.domain, baseline, expect)
    if beside is None:
        return look
    if beside.before is not None and beside.before.started_at > look.snapshot.started_at:
        raise InputError(
            "this probe is younger than the one that it should be the baseline of", place=Place(str(baseline))
        )
    return judge(look.snapshot, beside=beside)


def _of_domain(path: Path, domain: str) -> Snapshot:
    """The look of a saved probe of `domain`."""
    snapshot = read_saved(path)
    if snapshot.domain != domain:
        says = f"this is a probe of {to_unicode(snapshot.domain)}, and {to_unicode(domain)} is looked at"
        raise InputError(says, place=Place(str(path)))
    return snapshot
