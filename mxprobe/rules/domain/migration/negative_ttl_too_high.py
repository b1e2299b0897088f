"""Resolvers keep for long that a host of a migration does not exist.

What it sees. With the plan of --migration FILE: a host of `new` without an address, or the domain without
MX records, and the zone lets resolvers keep that for more than three hours (the smaller of the SOA's minimum and its
TTL). With --baseline also where it was so in the earlier probe, less than that long ago.
Why it matters. Who asked before the name was there goes on without it for that long after it has been created.
Example. The new name is not there yet, and its absence is kept for a day:
    looked 2026-02-27T08:00Z
    approved migration: {old: [10 mx.old.test], new: [10 mx.new.test], cut-over: 2026-03-01T08:00Z, old-ttl: 5m}
    example.test MX 10 mx.old.test
    example.test MX ttl 300
    mx.old.test A 192.0.2.9
    mx.new.test A NXDOMAIN for 86400
    mx.new.test AAAA NXDOMAIN for 86400
What to do. Lower the minimum of the SOA before you create names, and create them so long before the cut-over.
Standards. RFC 2308 §4, §5.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import Answer, AnswerStatus
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.movers import absence_of
from mxprobe.rules.domain.migration.reading import no_plan
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX404",
    name="negative-ttl-too-high",
    severity=Severity.INFO,
    references=("RFC 2308 §4", "RFC 2308 §5"),
)

_MOST = 10800


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each name whose absence is kept for long, now or since the earlier probe."""
    plan = beside.migration
    if plan is None:
        return inconclusive(RULE, no_plan(beside))
    found = []
    for name in (snapshot.domain, *plan.coming):
        for look in (snapshot, beside.before):
            told = _absence(look, name) if look is not None else None
            if look is None or told is None or look.started_at + told[1] <= snapshot.started_at:
                continue
            evidence, ttl = told
            ends = look.started_at + ttl
            words = Words(
                says=f"resolvers keep for up to {say_left(ttl)} that {name} is not there",
                seen=(f"{evidence}, kept for {ttl} s; asked {say_moment(look.started_at)}",),
                means=f"Who asked by then does not know it before {say_moment(ends)}, though it be created at once.",
                do="Lower the minimum of the zone's SOA; create the name that long before the cut-over.",
            )
            found.append(finding(RULE, name, words))
            break
    return conclude(RULE, found)


def _absence(look: Snapshot, name: str) -> tuple[str, int] | None:
    """The evidence of a name that is not there and kept for long as such, and how long."""
    mx, known = look.mx, tuple[Answer, ...]()
    if name != look.domain:
        evidence, known = absence_of(look, name)
    elif mx is not None and mx.status is AnswerStatus.NODATA:
        evidence, known = f"{name}: MX {mx.status}", (mx,)
    else:
        return None
    ttl = max((one.negative_ttl for one in known if one.negative_ttl is not None), default=0)
    return (evidence, ttl) if evidence and ttl > _MOST else None
