"""SPF asks more of the DNS than receivers have to answer.

What it sees. More than ten terms of the record, and of those that it includes, ask the DNS before a stranger is
refused; or more than two of them find nothing. Terms whose question depends on the client are not held against the
record. Where records of others are not known, what is over the limit without them counts.
Why it matters. That is a permanent error for every sender behind the tenth term. Nothing shows it until the one that
was added last sends mail, or a backup hands something on.
Example. Three names that are gone:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    example.test TXT v=spf1 a:old1.example.test a:old2.example.test a:old3.example.test mx -all
    old1.example.test NXDOMAIN
    old2.example.test NXDOMAIN
    old3.example.test NXDOMAIN
What to do. Take out what does not send any more, and put ip4 and ip6 in the place of names.
Standards. RFC 7208 §4.6.4.
"""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.spf import MOST_TERMS, MOST_VOIDS, Reason, Spf
from mxprobe.rules.domain.authentication.records import ANYBODY, Said, judge_limits
from mxprobe.rules.rule import Behind, Rule, Words, finding

RULE = Rule(
    code="MX854",
    name="spf-lookup-limit",
    severity=Severity.ERROR,
    references=("RFC 7208 §4.6.4",),
    behind=(Behind.SPF,),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where an evaluation ends so."""

    def look(said: tuple[Said, ...]) -> list[Finding]:
        ended = [one for one in said if _is_over(one)]
        if not ended:
            return []
        voids = ended[0].spf.reason is Reason.VOIDS
        most = f"{MOST_VOIDS} that find nothing" if voids else f"{MOST_TERMS} that ask the DNS"
        words = Words(
            says=f"SPF of {snapshot.domain} has more terms than the {most}",
            seen=(*(one.line for one in ended[:4]), *_count(ended[0].spf)),
            means=f"Mail of {snapshot.domain} fails SPF from every host that no earlier term lets in.",
            do="Take out what does not send any more; put ip4 and ip6 in the place of names.",
        )
        return [finding(RULE, snapshot.domain, words)]

    return judge_limits(RULE, snapshot, look)


def _is_over(said: Said) -> bool:
    """Whether it is the record that asks too much: in vain for any client, and not only for one of the other family."""
    if said.spf.reason is Reason.TERMS:
        return True
    in_vain = said.spf.reason is Reason.VOIDS and said.who == ANYBODY
    return in_vain and not any(step.varies for step in said.spf.steps if step.is_void)


def _count(spf: Spf) -> tuple[str, ...]:
    """The terms in the order in which they ask."""
    return tuple(
        f"{number}. {step.term[:80]} of {step.domain}{', finds nothing' if step.is_void else ''}"
        for number, step in enumerate(spf.steps, 1)
    )
