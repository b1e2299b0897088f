"""The TTL of the MX records has been below a minute for a week.

What it sees. In three looks or more that were kept (--history), over seven days or more, the zone's own servers gave
the MX records with a TTL below 60 seconds, and no migration is planned. A resolver's cache shows less and less of a
TTL, so that it alone proves nothing.
Why it matters. Senders have to ask again for almost every message: each hiccup of the name servers delays mail.
Example. Thirty seconds, for nine days:
    looked 2026-03-10T12:00Z
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    authority ns1.example.test example.test MX 10 mx1.example.test
    authority ns1.example.test example.test MX ttl 30
    history 2026-03-01T12:00Z same
    history 2026-03-06T12:00Z same
What to do. Publish a TTL of 3600 to 86400; lower it only for a change, and raise it again.
Standards. RFC 1912 §2.2.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.migration import is_in_window, ttl_given
from mxprobe.rules.domain.drift.reading import NO_HISTORY
from mxprobe.rules.moments import say_moment
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX402", name="mx-ttl-too-low", severity=Severity.INFO, references=("RFC 1912 §2.2",))

_LEAST = 60
_LOOKS = 3
_SPAN = 7 * 86400.0
_MOST_LINES = 6


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the domain."""
    now = ttl_given(snapshot)
    if now is None:
        return inconclusive(RULE, "none of the zone's own servers told the TTL of the MX records")
    if now >= _LEAST or is_in_window(beside, snapshot):
        return conclude(RULE, [])
    if not beside.history:
        return inconclusive(RULE, NO_HISTORY)
    low = [(snapshot.started_at, now)]
    for look in reversed(beside.history):
        ttl = ttl_given(look)
        if ttl is not None and ttl >= _LEAST:
            break
        if ttl is not None:
            low.append((look.started_at, ttl))
    if len(low) < _LOOKS or snapshot.started_at - low[-1][0] < _SPAN:
        return conclude(RULE, [])
    told = low if len(low) <= _MOST_LINES else [*low[: _MOST_LINES - 1], low[-1]]
    words = Words(
        says=f"the MX records of {snapshot.domain} have had a TTL of less than {_LEAST} s since "
        f"{say_moment(low[-1][0])}",
        seen=tuple(f"{say_moment(at)}: MX TTL {ttl}" for at, ttl in reversed(told)),
        means="Senders ask again for almost every message: each hiccup of the name servers delays mail.",
        do="Publish a TTL of 3600 to 86400; lower it for a change alone.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
