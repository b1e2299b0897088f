"""When a change of MX records is one that was planned, how long the old records can be about, and what is served now.

A plan is believed from a week before its cut-over (or from the moment its TTL was lowered) until a week after it, or
after the day until which it keeps the old hosts. An old record can be cached for its TTL after the cut-over, and queues
look again a little later.
Standards: RFC 1035 §3.2.1 (TTL), RFC 2181 §8; RFC 8461 §3.3 (senders look for a new policy daily), §8.1 (its order).
"""

from msgspec import Struct

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.migration import LOW_TTL, ApprovedMx, Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import Difference, Published, published_mx, texts_of_records
from mxprobe.mx.mtasts import Mode, Policy
from mxprobe.mx.policyseen import policy_of

AROUND = 7 * 86400.0
"""Seconds before and after the cut-over in which a change may come of the plan."""

MARGIN = 2 * 3600.0
"""Seconds after the last cached record in which queues still use what they resolved before."""

QUEUES = 5 * 86400.0
"""Seconds that mail can wait in the queue of a sender (RFC 5321 §4.5.4.1)."""

STS_REFRESH = 86400.0
"""Seconds in which senders find a new policy: they are to look daily (RFC 8461 §3.3)."""

WHOLE_TTL = 3600
"""A TTL below this is one of a transition (seconds)."""


def is_in_window(beside: Beside, now: Snapshot) -> bool:
    """Whether what changed since the earlier look (without one: what is so now) can have come of the plan."""
    plan = beside.migration
    if plan is None:
        return False
    began = min(plan.cut_over - AROUND, plan.ttl_lowered if plan.ttl_lowered is not None else plan.cut_over)
    kept = plan.cut_over if plan.keep_old_until is None else plan.keep_old_until
    ended = max(plan.cut_over, kept) + max(AROUND, plan.old_ttl + MARGIN)
    since = beside.before.started_at if beside.before is not None else now.started_at
    return since <= ended and now.started_at >= began


def is_approved_change(change: Difference, today: frozenset[str], beside: Beside, now: Snapshot) -> bool:
    """Whether a change to the MX records `today` is approved: they are those that are wanted, or are on the plan."""
    approved, plan = beside.approved, beside.migration
    if approved is not None and approved.mx is not None and today == texts_of_records(approved.mx):
        return True
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


# -- what is served now ------------------------------------------------------------------------------------------------


def served_mx(snapshot: Snapshot) -> tuple[Published, ...]:
    """The MX records of each server that speaks for the zone; of a zone file those of the file. No cache's."""
    return tuple(one for one in published_mx(snapshot) if one.authoritative or snapshot.zone is not None)


def ttl_given(snapshot: Snapshot) -> int | None:
    """The longest TTL of MX records that a server gives that speaks for the zone; None where none was heard."""
    return max((one.ttl for one in served_mx(snapshot) if one.records), default=None)


def ttl_held(snapshot: Snapshot) -> int:
    """The longest time that a cache keeps the records yet."""
    held = (one.ttl for one in published_mx(snapshot) if not one.authoritative)
    return 0 if snapshot.zone is not None else max(held, default=0)


def has_new(plan: Migration, records: tuple[ApprovedMx, ...]) -> bool:
    """Whether MX records are those of after the cut-over: every new host is there; where none comes, they are `new`."""
    if plan.coming:
        return {record.host for record in records} >= set(plan.coming)
    return records == plan.new


def is_to_change(plan: Migration, snapshot: Snapshot) -> bool:
    """Whether MX records are still to change by the plan: not all that is heard has those of after the cut-over."""
    given = published_mx(snapshot)
    return plan.old != plan.new and not (given and all(has_new(plan, one.records) for one in given))


def is_drafted(plan: Migration, snapshot: Snapshot) -> bool:
    """Whether a zone file was read that has the new MX records: it tells nothing of those that are published."""
    return snapshot.zone is not None and plan.old != plan.new and not is_to_change(plan, snapshot)


class Since(Struct, frozen=True, kw_only=True):
    """From when on something is so: surely since `at`. `is_known` is False where it may have been so for longer, and
    `at` is the look itself."""

    at: float
    is_known: bool


def low_since(plan: Migration, snapshot: Snapshot, before: Snapshot | None) -> Since | None:
    """Since when the TTL is low: by the plan, else by an earlier look that saw it so; None where it is not low.

    What a server gives counts for more than what the plan says. A zone file that has the new records gives nothing
    of the old ones: without plan or earlier look that is None, too.
    """
    given, most = ttl_given(snapshot), max(LOW_TTL, plan.ttl)
    is_told = not is_drafted(plan, snapshot)
    if is_told and (given is None or given > most):
        return None
    if plan.ttl_lowered is not None and plan.ttl_lowered <= snapshot.started_at:
        return Since(at=plan.ttl_lowered, is_known=True)
    was = ttl_given(before) if before is not None and before.zone is None else None
    if before is not None and was is not None and was <= most:
        return Since(at=before.started_at, is_known=True)
    return Since(at=snapshot.started_at, is_known=False) if is_told else None


# -- the policy --------------------------------------------------------------------------------------------------------


def enforced_policy(snapshot: Snapshot) -> Policy | None:
    """The policy that is enforced now; None where there is none, or nobody knows."""
    policy = policy_of(snapshot).in_force
    return policy if policy is not None and policy.mode is Mode.ENFORCE else None


def left_out(policy: Policy, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts that a policy does not allow."""
    return tuple(host for host in hosts if not policy.allows(host))


def extended_since(plan: Migration, snapshot: Snapshot, before: Snapshot | None) -> Since | None:
    """Since when the enforced policy allows the new hosts, under an id that says so; None where it does not.

    By the plan, else by an earlier look; a policy that changed under its old id is not found by those who have it.
    """
    policy = enforced_policy(snapshot)
    if policy is None or left_out(policy, plan.coming):
        return None
    if plan.sts_published is not None and plan.sts_published <= snapshot.started_at:
        return Since(at=plan.sts_published, is_known=True)
    then = policy_of(before) if before is not None else None
    if before is None or then is None or then.in_force is None or then.record is None:
        return Since(at=snapshot.started_at, is_known=False)
    if not left_out(then.in_force, plan.coming):
        return Since(at=before.started_at, is_known=True)
    return None if keeps_old_id(snapshot, before) else Since(at=snapshot.started_at, is_known=False)


def keeps_old_id(snapshot: Snapshot, before: Snapshot) -> bool:
    """Whether the record of the policy still has the id that it had at an earlier look."""
    then, now = policy_of(before).record, policy_of(snapshot).record
    return then is not None and now is not None and then.id is not None and then.id == now.id
