"""An MX names an alias.

What it sees. A CNAME at the name of an MX host.
Why it matters. It lies outside the standard: most senders follow it, some do not, and DANE cannot. A warning, and no
error, because so few stop at it.
Example. The host was moved and an alias left behind:
    example.test MX 10 mail.example.test
    mail.example.test CNAME in.provider.test
    in.provider.test A 192.0.2.1
What to do. Put the canonical name into the MX record, or give the host addresses of its own.
Standards. RFC 5321 §5.1; RFC 2181 §10.3.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import Basis
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.pasting import mx_with
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX104", name="mx-target-is-cname", severity=Severity.WARNING, references=("RFC 5321 §5.1", "RFC 2181 §10.3")
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that is an alias."""
    plan = chain_of(snapshot)
    doubt = not_resolved(plan)
    found = []
    for host in (*plan.hosts, *plan.excluded):
        if plan.basis is not Basis.EXPLICIT or not host.aliases:
            continue
        last = host.aliases[-1].points_to
        words = Words(
            says=f"the MX host {host.name} is an alias of {last}",
            seen=tuple(f"{alias.name} CNAME {alias.points_to}, TTL {alias.ttl}" for alias in host.aliases),
            means="Most senders follow it; the standard does not ask them to.",
            do="Put the canonical name into the MX record, or give the host addresses of its own.",
            paste=mx_with(snapshot, host.name, last) if host.addresses else (),
        )
        found.append(finding(RULE, host.name, words))
    return inconclusive(RULE, doubt) if doubt and not found else conclude(RULE, found)
