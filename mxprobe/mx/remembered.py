"""What is remembered of the MX records over many looks: of each spell of alike answers the first look and the last.

A spell takes two entries however long it lasts, so months of looks fit into a small file.
"""

from collections.abc import Sequence

from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_question, mx_unknown, published_mx

MOST_SPELLS = 128
"""Entries that are kept; the oldest go first."""

LONGEST = 35 * 86400.0
"""Seconds after which a look is forgotten."""


def remember(history: Sequence[Snapshot], look: Snapshot) -> tuple[Snapshot, ...]:
    """The history with one look more, oldest first. A look that did not learn the MX records adds nothing."""
    kept = [one for one in history if look.started_at - one.started_at <= LONGEST]
    if mx_unknown(look) or not look.complete or look.zone is not None:
        return tuple(kept)
    lean = _lean(look)
    if len(kept) > 1 and _told(kept[-2]) == _told(kept[-1]) == _told(lean):
        kept.pop()
    return (*kept, lean)[-MOST_SPELLS:]


def _lean(look: Snapshot) -> Snapshot:
    """A look with nothing but what it learnt about the MX records."""
    question = mx_question(look.domain)
    return Snapshot(
        domain=look.domain,
        asked=look.asked,
        version=look.version,
        started_at=look.started_at,
        elapsed=look.elapsed,
        vantage=look.vantage,
        answers=tuple(one for one in look.answers if one.question == question),
        authorities=tuple(one for one in look.authorities if one.answer.question == question),
    )


def _told(look: Snapshot) -> frozenset[tuple[tuple[ApprovedMx, ...], int]]:
    """The sets of records that servers gave; how much of its TTL is left in a cache tells nothing, and a server that
    was not heard neither."""
    return frozenset((one.records, one.ttl if one.authoritative else 0) for one in published_mx(look))
