"""A null MX stands beside other MX records.

What it sees. The null MX and at least one other record in one set.
Why it matters. It must stand alone: senders read the set in different ways.
Example. A host was added and the null MX not removed:
    example.test MX 0 .
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
What to do. Remove either the null MX or the others.
Standards. RFC 7505 §3.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.pasting import mx_now, mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX107", name="null-mx-not-alone", severity=Severity.ERROR, references=("RFC 7505 §3",))


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the set."""
    answer = snapshot.mx
    if answer is None or answer.status.is_temporary:
        return inconclusive(RULE, "the MX lookup gave no answer")
    names = [record.exchange for record in answer.mx]
    if "." not in names or len(names) == 1:
        return conclude(RULE, [])
    words = Words(
        says="a null MX has company",
        seen=tuple(f"MX {record.preference} {record.exchange}" for record in answer.mx),
        means="Some senders give up, others use the remaining hosts.",
        do="Remove the null MX, or everything else.",
        paste=_lines(snapshot),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


def _lines(snapshot: Snapshot) -> tuple[str, ...]:
    """The records without the null MX; what is right where no mail is wanted stands below, as a comment."""
    wanted = mx_records(snapshot, (one for one in mx_now(snapshot) if one[1] != "."))
    return (
        (*wanted, "; or, where no mail is wanted, this one alone:", f"; {snapshot.domain}. 3600 IN MX 0 .")
        if wanted
        else ()
    )
