"""Some addresses of a preference are down, others answer.

What it sees. Within one preference addresses that fail at connection or greeting in every attempt, beside one that
answers. At a worse preference it is a note. How an address fails is told by the rules about that, where there is one.
Why it matters. Senders that meet a dead address lose time, and some try only two or five addresses.
Example. mx2 was switched off, and hangs up through its load balancer:
    example.test MX 10 mx1.example.test
    example.test MX 10 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.2 hangs up
What to do. Repair it, or take the address out of the DNS.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.rules.domain.reading import attempts_of, chain_of, not_resolved, was_dialled
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(code="MX310", name="tier-partly-down", severity=Severity.WARNING, references=("RFC 5321 §5.1",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host with an address that is down where another one of its preference answers."""
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    plan = chain_of(snapshot)
    best = min((visit.preference for visit in snapshot.visits), default=0)
    found, unknown = [], list(filter(None, (not_resolved(plan),)))
    for tier in plan.tiers:
        visits = [visit for visit in snapshot.visits if visit.preference == tier.preference]
        states = {visit.endpoint: judge_visit(visit, snapshot) for visit in visits}
        if len(visits) < 2 or Standing.ANSWERS not in states.values():
            continue
        unknown += [f"{at.id}: {state.value}" for at, state in states.items() if not state.is_known]
        down: dict[str, list[Visit]] = {}
        for visit in visits:
            state = states[visit.endpoint]
            if state is Standing.GREETS_LATER and tier.preference != best:
                unknown.append(f"{visit.endpoint.id} says later; only an outage tells what it does then")
            elif state.is_down:
                down.setdefault(visit.endpoint.host, []).append(visit)
        for host, dead in down.items():
            words = Words(
                says=f"{host} is down at {_addresses(dead)}, while others of preference {tier.preference} answer",
                seen=tuple(f"{visit.endpoint.id}: {attempts_of(visit)}" for visit in dead),
                means="Senders that meet it lose time; some try few addresses.",
                do=f"Repair {host}, or take the address out of the DNS.",
            )
            found.append(finding(RULE, host, words, None if tier.preference == best else Severity.INFO))
    return decide(RULE, found, unknown[:4])


def _addresses(visits: list[Visit]) -> str:
    return ", ".join(visit.endpoint.address for visit in visits)
