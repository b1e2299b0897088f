"""A host is to get another address, and resolvers keep its address for longer than the plan allows.

What it sees. With the plan of --migration FILE that gives a host other `addresses`, before its cut-over:
an A or AAAA record of that host with a TTL above the `ttl` of the plan (300 s unless it says so). A resolver's copy
shows less and less of the TTL: alone it can prove the fault, and not its absence.
Why it matters. The MX records can be as short-lived as you like: senders dial the old address until the record of the
host runs out.
Example. The host moves into another network, and its address is kept for a day:
    looked 2026-02-27T08:00Z
    approved migration:
    approved   old: [10 mx1]
    approved   new: [10 mx1]
    approved   cut-over: 2026-03-01T08:00Z
    approved   old-ttl: 5m
    approved   addresses: {mx1: [192.0.2.77]}
    example.test MX 10 mx1.example.test
    example.test MX ttl 300
    mx1.example.test A 192.0.2.1
    mx1.example.test A ttl 86400
What to do. Lower the TTL of the host's address records as well, one old TTL before the cut-over.
Standards. RFC 1035 §3.2.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import Answer
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.migration import LOW_TTL, NewAddresses
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import address_questions
from mxprobe.mx.once import known_answers
from mxprobe.rules.domain.migration.reading import is_over, no_plan
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.pasting import record
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX403",
    name="target-ttl-outlives-plan",
    severity=Severity.WARNING,
    references=("RFC 1035 §3.2.1",),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each host that keeps its name and changes its address."""
    plan = beside.migration
    if plan is None:
        return inconclusive(RULE, no_plan(beside))
    if is_over(plan, snapshot) or not plan.addresses:
        return conclude(RULE, [])
    most = max(plan.ttl, LOW_TTL)
    found, unknown = [], []
    for moved in plan.addresses:
        high = [answer for answer in _given(snapshot, moved) if any(one.ttl > most for one in answer.addresses)]
        if not high:
            unknown += _doubts(snapshot, moved)
            continue
        longest = max(one.ttl for answer in high for one in answer.addresses)
        lines = tuple(
            f"{answer.question.rrtype} {one.address}, TTL {one.ttl}" for answer in high for one in answer.addresses
        )
        words = Words(
            says=f"the address of {moved.host} is to change, and caches keep it for {say_left(longest)}",
            seen=(*lines[:8], f"the cut-over is {say_moment(plan.cut_over)}, with a TTL of {plan.ttl} s"),
            means=f"Senders dial the old address of {moved.host} for up to {say_left(longest)} after the cut-over.",
            do=f"Lower the TTL of its address records, {say_left(longest)} before the cut-over at the latest.",
            paste=tuple(
                record(moved.host, answer.question.rrtype, one.address, plan.ttl)
                for answer in high
                for one in answer.addresses
            ),
        )
        found.append(finding(RULE, moved.host, words))
    return decide(RULE, found, unknown)


def _given(snapshot: Snapshot, moved: NewAddresses) -> list[Answer]:
    """What was answered about the addresses of a host that has not got the new ones."""
    answers = known_answers(snapshot)
    given = [answers[question] for question in address_questions(moved.host) if question in answers]
    addresses = {one.address for answer in given for one in answer.addresses}
    return [] if addresses == set(moved.addresses) else given


def _doubts(snapshot: Snapshot, moved: NewAddresses) -> list[str]:
    """Why a TTL that looks low tells nothing."""
    given = _given(snapshot, moved)
    told = [answer for answer in given if answer.addresses]
    if snapshot.zone is not None or not given or (all(answer.authoritative for answer in told) and told):
        return []
    failed = next((answer for answer in given if answer.status.is_temporary), None)
    if failed is not None:
        return [f"the {failed.question.rrtype} lookup of {moved.host} failed ({failed.status})"]
    return [f"a cache shows what is left of the TTL of {moved.host}: --nameserver with a server of its zone would tell"]
