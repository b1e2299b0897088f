"""After the cut-over of a migration an MX record still names a host that was to go.

What it sees. With the plan of --migration FILE: a host of `old` that is not in `new`, in the answer of any
authoritative server, with any preference; in the answer of a cache only when every cache must have forgotten it.
`keep-old-until` allows it up to that day.
Why it matters. Part of the mail still goes to the old system, into mailboxes that nobody reads any more.
Example. The old host was left behind as a backup:
    looked 2026-03-10T08:00Z
    approved migration: {old: [10 mx.old.test], new: [10 mx.new.test], cut-over: 2026-03-01T08:00Z, old-ttl: 1d}
    example.test MX 10 mx.new.test
    example.test MX 20 mx.old.test
    mx.new.test A 192.0.2.1
    mx.old.test A 192.0.2.9
What to do. Remove the record, from every preference.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_unknown, published_mx
from mxprobe.mx.migration import old_record_ends, served_mx
from mxprobe.rules.domain.migration.reading import is_over, no_plan
from mxprobe.rules.moments import say_moment
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX406",
    name="old-mx-still-published",
    severity=Severity.WARNING,
    covers=("MX520",),
    references=("RFC 5321 §5.1",),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each old host."""
    plan = beside.migration
    if plan is None:
        return inconclusive(RULE, no_plan(beside))
    kept = plan.keep_old_until is not None and snapshot.started_at < plan.keep_old_until
    if not is_over(plan, snapshot) or kept:
        return conclude(RULE, [])
    cached, given, served = False, dict[str, list[str]](), served_mx(snapshot)
    for published in published_mx(snapshot):
        for record in published.records:
            if record.host not in plan.leaving:
                continue
            if published in served or snapshot.started_at >= old_record_ends(plan):
                given.setdefault(record.host, []).append(f"MX {record.preference} {record.host}, by {published.by}")
            else:
                cached = True
    found = []
    for host, lines in given.items():
        words = Words(
            says=f"{host} is still an MX host of {snapshot.domain}, which moved away from it",
            about=(snapshot.domain,),
            seen=(*lines[:8], f"the cut-over was {say_moment(plan.cut_over)}"),
            means="Part of the mail still goes to the old system.",
            do=f"Remove the MX record of {host}, whatever its preference.",
        )
        found.append(finding(RULE, host, words))
    reason = mx_unknown(snapshot)
    if cached and not found:
        reason = f"the old records may come from a cache until {say_moment(old_record_ends(plan))}"
    return decide(RULE, found, [reason] if reason else [])
