"""Lets be what the operator waives, until the day that he names: such a finding stays visible and counts for nothing.

What is only said to be good is not waived. What follows from a waived finding is waived with it, under its `also`.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from mxprobe.facts.approved import Approved, Exemption
from mxprobe.facts.finding import Finding, Judgement, Severity, Waived


def waive(judgements: Iterable[Judgement], approved: Approved | None, today: str) -> tuple[Judgement, ...]:
    """The judgements, each finding that a waiver in force on the day `today` (2027-03-31) covers marked with it."""
    if approved is None or not approved.exemptions:
        return tuple(judgements)
    in_force = tuple(one for one in approved.exemptions if today <= one.until)
    return tuple(
        replace(judgement, findings=tuple(_mark(found, in_force, approved.path) for found in judgement.findings))
        for judgement in judgements
    )


def _mark(found: Finding, in_force: tuple[Exemption, ...], path: str) -> Finding:
    one = next((one for one in in_force if covers(one, found)), None)
    if one is None:
        return found
    return replace(found, waived=Waived(because=one.because, until=one.until, place=str(one.place(path))))


def covers(one: Exemption, found: Finding) -> bool:
    """Whether a waiver is about a finding: its rule, and every host that the finding is about."""
    if one.rule != found.code or found.severity is Severity.OK:
        return False
    names = (name.partition("/")[0] for name in found.subject.split(", "))
    return not one.hosts or all(name in one.hosts for name in names)
