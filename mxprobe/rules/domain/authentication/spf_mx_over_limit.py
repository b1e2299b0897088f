"""SPF means the MX hosts of a domain that has more than ten of them.

What it sees. A term `mx` of the record, or of one that belongs to it, is about a domain with more than ten MX records.
Why it matters. That is a permanent error: mail of the domain's own senders fails SPF wherever the term is reached, also
what a backup hands on. MX records that were added for safety undo SPF.
Example. Eleven hosts, and SPF by `mx`:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    example.test TXT v=spf1 mx:pool.example -all
    pool.example MX 10 a.pool.example
    pool.example MX 10 b.pool.example
    pool.example MX 10 c.pool.example
    pool.example MX 10 d.pool.example
    pool.example MX 10 e.pool.example
    pool.example MX 10 f.pool.example
    pool.example MX 10 g.pool.example
    pool.example MX 10 h.pool.example
    pool.example MX 10 i.pool.example
    pool.example MX 10 j.pool.example
    pool.example MX 10 k.pool.example
What to do. Name the senders by ip4, ip6 or a in place of mx.
Standards. RFC 7208 §4.6.4, §5.4.
"""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.spf import Reason
from mxprobe.rules.domain.authentication.records import Said, judge_limits
from mxprobe.rules.rule import Behind, Rule, Words, finding

RULE = Rule(
    code="MX853",
    name="spf-mx-over-limit",
    severity=Severity.ERROR,
    references=("RFC 7208 §4.6.4", "RFC 7208 §5.4"),
    behind=(Behind.SPF, Behind.MX),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where an evaluation ends so."""

    def look(said: tuple[Said, ...]) -> list[Finding]:
        ended = [one for one in said if one.spf.reason is Reason.NAMES]
        if not ended:
            return []
        words = Words(
            says=f"SPF of {snapshot.domain} ends in an error: {ended[0].spf.detail}",
            seen=tuple(one.line for one in ended[:6]),
            means=f"Mail of {snapshot.domain} fails SPF where {ended[0].spf.term[:80]} is reached.",
            do="Name the senders by ip4, ip6 or a in place of mx.",
        )
        return [finding(RULE, snapshot.domain, words)]

    return judge_limits(RULE, snapshot, look)
