"""The day until which something was waived is over.

What it sees. An entry under `waive` in the file of --expect whose `until` lies before the day (UTC) of the look. What
it waived counts again.
Why it matters. A waiver is a promise to mend something by a day. Somebody has to mend it, or to promise anew.
Example. The second host was to come by March:
    approved waive: [{rule: MX302, because: the second host comes in spring, until: 2027-03-31}]
    looked 2027-04-01T00:00Z
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
What to do. Mend what was waived, and remove the entry; or have a later day reviewed.
Standards. None.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.drift.reading import NOTHING_APPROVED
from mxprobe.rules.moments import day_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX535", name="waiver-ended", severity=Severity.ERROR, behind=())


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each waiver whose day is over."""
    approved, today = beside.approved, day_of(snapshot.started_at)
    if approved is None:
        return inconclusive(RULE, NOTHING_APPROVED)
    found = list[Finding]()
    for one in approved.exemptions:
        if today <= one.until:
            continue
        place = one.place(approved.path)
        about = f" at {', '.join(one.hosts)}" if one.hosts else ""
        words = Words(
            says=f"the waiver of {one.rule}{about} ended on {one.until} ({place})",
            seen=(f"{place}: because {one.because}", f"looked at on {today}"),
            means=f"What {one.rule} finds there counts again.",
            do=f"Mend it and remove the waiver; or give it a later day in {approved.path}.",
            places=(place,),
        )
        found.append(finding(RULE, str(place), words))
    return conclude(RULE, found)
