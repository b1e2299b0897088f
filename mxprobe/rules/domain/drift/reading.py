"""What the rules about changes ask of two looks and of what is approved, and how bad a change is.

What is expected upkeep is a note, what may be wanted or not a warning; mail, or the word about it, in other hands than
before is an error.
"""

from msgspec import Struct

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.change import Weight
from mxprobe.facts.dns import index_answers
from mxprobe.facts.finding import Severity
from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import Difference, compare, differ, mx_question, published_mx, texts_of_records
from mxprobe.mx.migration import is_approved_change
from mxprobe.mx.newcomers import Sets, Weighed, heaviest, weigh_records
from mxprobe.rules.moments import say_moment

NO_BASELINE = "no earlier probe to compare with: --baseline FILE (from probe --save)"
NO_HISTORY = "no looks of the days before were kept: --history DIR"
NOTHING_APPROVED = "nobody said what is approved: --expect FILE"
_MOST_LINES = 8
SEVERITY = {Weight.RENEWAL: Severity.INFO, Weight.CHANGE: Severity.WARNING, Weight.ALARMING: Severity.ERROR}


class MxChange(Struct, frozen=True, kw_only=True):
    """How the MX records that one server gives, `by`, differ from what they were or should be, unapproved.

    `against` says with what they were compared, `reasons` how each host of the change looks; what differs from what is
    approved is never mere upkeep (`is_from_approved`).
    """

    by: str
    difference: Difference
    against: str
    reasons: tuple[Weighed, ...] = ()
    is_from_approved: bool = False

    @property
    def weight(self) -> Weight:
        """How the change looks as a whole."""
        worst = heaviest(self.reasons)
        return Weight.CHANGE if self.is_from_approved and worst is Weight.RENEWAL else worst

    @property
    def lines(self) -> tuple[str, ...]:
        """The evidence."""
        return (*lines_of(self.difference), f"given by {self.by}", *self.lines_of_reasons)

    @property
    def lines_of_reasons(self) -> tuple[str, ...]:
        """How each host looks, the worst first; of very many the first."""
        return tuple(f"{one.subject}: {one.because}" for one in self.reasons[:_MOST_LINES])


def mx_changes(snapshot: Snapshot, beside: Beside) -> tuple[MxChange, ...]:
    """Every change of the MX records that nobody approved, alike ones of several servers once.

    What they should be is what is approved; where that is not said, what they were.
    """
    wanted, against = _wanted(beside)
    if wanted is None:
        return ()
    found: dict[Difference, MxChange] = {}
    for published in published_mx(snapshot):
        today = texts_of_records(published.records)
        difference = differ(texts_of_records(wanted), today)
        if difference in found or not difference or is_approved_change(difference, today, beside, snapshot):
            continue
        sets = Sets(then=frozenset(wanted), today=frozenset(published.records), now=snapshot, beside=beside)
        found[difference] = MxChange(
            by=published.by,
            difference=difference,
            against=against,
            reasons=weigh_records(sets),
            is_from_approved=beside.approved is not None and beside.approved.mx is not None,
        )
    return tuple(found.values())


def _wanted(beside: Beside) -> tuple[tuple[ApprovedMx, ...] | None, str]:
    """The MX records that are wanted, and who says so; None where nobody does, and why an earlier look does not."""
    approved, before = beside.approved, beside.before
    if approved is not None and approved.mx is not None:
        return approved.mx, f"those that {approved.place('mx')} approves"
    if before is None:
        return None, ""
    answers = index_answers(before.answers)
    texts = compare(answers, answers, mx_question(before.domain))
    if texts.unknown:
        return None, texts.unknown
    return published_mx(before)[0].records, f"those of {said_before(before)}"


def is_comparable(beside: Beside) -> str:
    """Why there is nothing that the MX records could be compared with; empty where there is."""
    wanted, reason = _wanted(beside)
    if wanted is not None:
        return ""
    return f"in the earlier probe {reason}" if reason else NO_BASELINE


def said_before(before: Snapshot) -> str:
    """The earlier look, as evidence names it."""
    return f"the probe of {say_moment(before.started_at)}"


def lines_of(difference: Difference, what: str = "") -> tuple[str, ...]:
    """A line for each record that went or came; of very many the first."""
    what = f"{what} " if what else ""
    lines = [f"gone: {what}{text}" for text in difference.gone] + [f"new: {what}{text}" for text in difference.new]
    if len(lines) > _MOST_LINES:
        return (*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more")
    return tuple(lines)


def names_hosts(approved: Approved) -> bool:
    """Whether a file says which hosts MX records may name."""
    return approved.mx is not None or approved.operators is not None or approved.providers is not None
