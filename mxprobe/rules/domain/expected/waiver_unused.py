"""Something is waived that is not so.

What it sees. An entry under `waive` in the file of --expect, its day not over, that covers no finding, though its rule
could be judged.
Why it matters. It was mended, or never was; left in the file, the entry would hide it when it comes back.
Example. Both hosts are there, and one alone is waived still:
    approved waive: [{rule: MX302, because: the second host comes in spring, until: 2027-03-31}]
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
What to do. Remove the entry.
Standards. None.
"""

from mxprobe.facts.approved import Exemption
from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.drift.reading import NOTHING_APPROVED
from mxprobe.rules.moments import day_of
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(code="MX536", name="waiver-unused", severity=Severity.INFO, behind=())


def find_among(snapshot: Snapshot, beside: Beside, judgements: tuple[Judgement, ...]) -> Judgement:
    """A finding for each waiver that nothing needs, by all `judgements` with what is waived in them."""
    approved, today = beside.approved, day_of(snapshot.started_at)
    if approved is None:
        return inconclusive(RULE, NOTHING_APPROVED)
    used = {one.waived.place for judgement in judgements for one in judgement.findings if one.waived is not None}
    judged = {judgement.code: judgement for judgement in judgements}
    found, unknown = list[Finding](), list[str]()
    for one in approved.exemptions:
        place = one.place(approved.path)
        if today > one.until or str(place) in used:
            continue
        reason = _open(judged.get(one.rule), one)
        if reason:
            unknown.append(f"whether the waiver of {one.rule} ({place}) is needed: {reason}")
            continue
        about = f" at {', '.join(one.hosts)}" if one.hosts else ""
        words = Words(
            says=f"{one.rule} finds nothing{about} that would have to be waived ({place})",
            seen=(f"{place}: until {one.until}, because {one.because}",),
            do=f"Remove the waiver from {approved.path}.",
            places=(place,),
        )
        found.append(finding(RULE, str(place), words))
    return decide(RULE, found, unknown)


def _open(judgement: Judgement | None, one: Exemption) -> str:
    """Why it is not known whether a waiver is needed; empty where its rule looked everywhere and told all."""
    if judgement is None:
        return "its rule was not asked"
    if judgement.status is Status.INCONCLUSIVE:
        return "its rule could not be judged"
    if judgement.reason:
        return f"its rule says: {judgement.reason}"
    return ""
