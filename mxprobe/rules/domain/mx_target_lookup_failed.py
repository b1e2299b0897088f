"""The address of an MX host could not be looked up.

What it sees. SERVFAIL, a broken answer or no answer for the addresses of an MX host, after retries. An error where no
host of the best preference is left.
Why it matters. Senders skip the host, or wait; while it lasts nothing is known of it.
Example. The zone of the provider is broken:
    example.test MX 10 mx1.provider.test
    example.test MX 20 mx2.example.test
    mx1.provider.test SERVFAIL
    mx2.example.test A 192.0.2.2
What to do. Repair the zone of the host.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_answers
from mxprobe.mx.plan import Basis, HostProblem
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX203", name="mx-target-lookup-failed", severity=Severity.WARNING, references=("RFC 5321 §5.1",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such host."""
    plan = chain_of(snapshot)
    if plan.basis is Basis.UNKNOWN:
        return inconclusive(RULE, "the MX lookup gave no answer")
    best = min((host.preference for host in (*plan.hosts, *plan.excluded)), default=0)
    left = any(host.preference == best for host in plan.hosts)
    answers = known_answers(snapshot)
    if any(host.problem is HostProblem.NOT_ASKED for host in plan.excluded):
        return inconclusive(RULE, not_resolved(plan) or "nobody was asked")
    found = []
    for host in plan.excluded:
        if host.problem is not HostProblem.LOOKUP_FAILED:
            continue
        asked = [answers.get(Question(name=host.name, rrtype=rrtype)) for rrtype in (RecordType.A, RecordType.AAAA)]
        words = Words(
            says=f"the address of the MX host {host.name} could not be looked up",
            seen=tuple(f"{one.question.rrtype} {host.name}: {one.status} from {one.server}" for one in asked if one),
            means="Senders skip it, or wait." if plan.tiers else "Senders keep their mail, and try again later.",
            do="Repair the zone of the host.",
        )
        worst = host.preference == best and not left
        found.append(finding(RULE, host.name, words, Severity.ERROR if worst else Severity.WARNING))
    return conclude(RULE, found)
