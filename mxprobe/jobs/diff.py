"""Compares two saved probes of one domain: what differs, and what today's rules say of it.

Prints nothing, asks nobody.
"""

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.errors import InputError, Place
from mxprobe.facts.beside import Beside
from mxprobe.facts.change import Changes
from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.names import to_unicode
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs.saved import read_saved
from mxprobe.mx.changes import compare_looks
from mxprobe.rules.moments import say_moment

_TOLD = (Severity.ERROR, Severity.WARNING)


class Compared(Struct, frozen=True, kw_only=True):
    """Two looks beside each other. `judgements` are those of the rules that compare, and findings of others that the
    earlier look does not raise; `mended` are findings of the earlier look that a rule now finds in order."""

    before: Snapshot
    now: Snapshot
    changes: Changes
    judgements: tuple[Judgement, ...]
    mended: tuple[Finding, ...]


def diff(old: Path | str, new: Path | str, domain: str | None = None) -> Compared:
    """Compare the saved probe `new` with the earlier one, `old`; of results of surveys the lines about a `domain`.

    Raises InputError for a file that is no saved probe, for probes of two domains, and where `old` is the younger one.
    """
    before, now = read_saved(Path(old), domain), read_saved(Path(new), domain)
    if before.domain != now.domain:
        says = f"this is a probe of {to_unicode(now.domain)}, and {old} is one of {to_unicode(before.domain)}"
        raise InputError(says, place=Place(str(new)), hint="Right are two probes of one domain, the earlier one first.")
    if before.started_at > now.started_at:
        says = f"this probe of {say_moment(before.started_at)} is younger than {new} of {say_moment(now.started_at)}"
        raise InputError(says, place=Place(str(old)), hint=f"The earlier one comes first: mxprobe diff {new} {old}")
    return compare(before, now)


def compare(before: Snapshot, now: Snapshot) -> Compared:
    """Compare two looks at one domain, the earlier one first."""
    from mxprobe.rules import judge_snapshot
    from mxprobe.rules.domain.drift import COMPARING

    compares = {module.RULE.code for module in COMPARING}
    was, judged = judge_snapshot(before), judge_snapshot(now, beside=Beside(before=before))
    known = {found.id for judgement in was for found in judgement.findings}
    shown = [one if one.code in compares else _new_alone(one, known) for one in judged]
    open_now = {one.code for one in judged if one.status is Status.INCONCLUSIVE}
    told = {found.id for judgement in judged for found in judgement.findings}
    under = {code.split(" ")[0] for judgement in judged for found in judgement.findings for code in found.also}
    return Compared(
        before=before,
        now=now,
        changes=compare_looks(before, now),
        judgements=tuple(one for one in shown if one is not None),
        mended=tuple(
            found
            for judgement in was
            for found in judgement.findings
            if found.severity in _TOLD and found.id not in told and found.code not in open_now | under
        ),
    )


def _new_alone(judgement: Judgement, known: set[str]) -> Judgement | None:
    """A judgement with the findings that are new, None without any."""
    findings = tuple(one for one in judgement.findings if one.severity in _TOLD and one.id not in known)
    return replace(judgement, findings=findings) if findings else None
