"""The TTL of the MX records is still as low as a migration needed it.

What it sees. With the plan of --migration FILE, more than a week after its cut-over: MX records with a TTL
below an hour, as the zone's own servers say it.
Why it matters. Every resolver asks again all the time; when your name servers do not answer, mail waits at once.
Example. Nine days later:
    looked 2026-03-10T08:00Z
    approved migration: {old: [10 mx.old.test], new: [10 mx.new.test], cut-over: 2026-03-01T08:00Z, old-ttl: 1d}
    example.test MX 10 mx.new.test
    mx.new.test A 192.0.2.1
    authority ns1.example.test example.test MX 10 mx.new.test
    authority ns1.example.test example.test MX ttl 300
What to do. Publish them with a TTL of an hour to a day.
Standards. RFC 1912 §2.2.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_unknown
from mxprobe.mx.migration import AROUND, WHOLE_TTL, served_mx
from mxprobe.rules.domain.migration.reading import no_plan
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.pasting import TTL, mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX410",
    name="ttl-not-restored",
    severity=Severity.INFO,
    references=("RFC 1912 §2.2",),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the domain."""
    plan = beside.migration
    if plan is None:
        return inconclusive(RULE, no_plan(beside))
    if snapshot.started_at <= plan.cut_over + AROUND:
        return conclude(RULE, [])
    given = [one for one in served_mx(snapshot) if one.records]
    if not given:
        return inconclusive(RULE, mx_unknown(snapshot) or "no authoritative server gave the TTL")
    low = [one for one in given if one.ttl < WHOLE_TTL]
    if not low:
        return conclude(RULE, [])
    ago = say_left(snapshot.started_at - plan.cut_over)
    records = {(record.preference, record.host) for one in low for record in one.records}
    words = Words(
        says=f"the MX records of {snapshot.domain} still have a TTL of {low[0].ttl} s, {ago} after the cut-over",
        seen=(*(f"{one.by}: MX TTL {one.ttl}" for one in low), f"the cut-over was {say_moment(plan.cut_over)}"),
        means="Every hiccup of your name servers delays mail.",
        do="Raise the TTL again.",
        paste=mx_records(snapshot, records, TTL),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
