"""When a change of MX records is one that was planned, and how long the old records can be about.

A plan is believed from a week before its cut-over (or from the moment its TTL was lowered) until a week after it; an
old record can be cached for its TTL after the cut-over, and queues look again a little later.
Standards: RFC 1035 §3.2.1 (TTL), RFC 2181 §8.
"""

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.migration import Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import Difference, texts_of_records

AROUND = 7 * 86400.0
"""Seconds before and after the cut-over in which a change may come of the plan."""

MARGIN = 2 * 3600.0
"""Seconds after the last cached record in which queues still use what they resolved before."""

LOW_TTL = 300
"""A TTL that nobody has to lower before a change (seconds)."""


def is_in_window(beside: Beside, now: Snapshot) -> bool:
    """Whether what changed since the earlier look (without one: what is so now) can have come of the plan."""
    plan = beside.migration
    if plan is None:
        return False
    began = min(plan.cut_over - AROUND, plan.ttl_lowered if plan.ttl_lowered is not None else plan.cut_over)
    ended = max(plan.cut_over + AROUND, old_record_ends(plan))
    since = beside.before.started_at if beside.before is not None else now.started_at
    return since <= ended and now.started_at >= began


def is_approved_change(change: Difference, today: frozenset[str], beside: Beside, now: Snapshot) -> bool:
    """Whether a change to the MX records `today` is approved: they are those that are wanted, or are on the plan."""
    approved = beside.approved
    if approved is None:
        return False
    if approved.mx is not None and today == texts_of_records(approved.mx):
        return True
    plan = approved.migration
    if plan is None or not is_in_window(beside, now):
        return False
    old, new = texts_of_records(plan.old), texts_of_records(plan.new)
    return old | new >= set(change.new) and old | new >= set(change.gone)


def old_record_ends(plan: Migration) -> float:
    """When nobody uses the old records any more."""
    return plan.cut_over + plan.old_ttl + MARGIN


def is_approved_host(host: str, approved: Approved) -> bool:
    """Whether MX records may name a host: it is listed, on the plan, or an approved operator's."""
    listed = {record.host for record in approved.mx or ()}
    if approved.migration is not None:
        listed |= {record.host for record in (*approved.migration.old, *approved.migration.new)}
    ends = approved.operators or ()
    return host in listed or any(host == end or host.endswith(f".{end}") for end in ends)
