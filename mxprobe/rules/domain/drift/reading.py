"""What the rules about changes ask of two looks and of what is approved."""

from msgspec import Struct

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import index_answers
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import Difference, compare, differ, mx_question, published_mx, texts_of_records
from mxprobe.mx.migration import is_approved_change
from mxprobe.rules.moments import say_moment

NO_BASELINE = "no earlier probe to compare with: --baseline FILE (from probe --save)"
NO_HISTORY = "no looks of the days before were kept: --history DIR"
NOTHING_APPROVED = "nobody said what is approved: --expect FILE"
_MOST_LINES = 8


class MxChange(Struct, frozen=True, kw_only=True):
    """How the MX records that one server gives, `by`, differ from what they were or should be, unapproved.

    `against` says with what they were compared.
    """

    by: str
    difference: Difference
    against: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The evidence."""
        return (*lines_of(self.difference), f"given by {self.by}")


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
        difference = differ(wanted, today)
        if difference and not is_approved_change(difference, today, beside, snapshot):
            found.setdefault(difference, MxChange(by=published.by, difference=difference, against=against))
    return tuple(found.values())


def _wanted(beside: Beside) -> tuple[frozenset[str] | None, str]:
    """The MX records that are wanted, and who says so; None where nobody does, and why an earlier look does not."""
    approved, before = beside.approved, beside.before
    if approved is not None and approved.mx is not None:
        return texts_of_records(approved.mx), f"those that {approved.place('mx')} approves"
    if before is None:
        return None, ""
    answers = index_answers(before.answers)
    texts = compare(answers, answers, mx_question(before.domain))
    if texts.unknown:
        return None, texts.unknown
    return texts_of_records(published_mx(before)[0].records), f"those of {said_before(before)}"


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
