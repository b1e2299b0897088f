"""The domain has no MX record and is its own mail host.

What it sees. No MX record, and addresses at the domain itself: senders use these with preference 0.
Why it matters. It often happens by accident, and sends mail to a web server.
Example. An address at the domain, and no MX record:
    example.test A 192.0.2.80
What to do. Publish an MX record, or a null MX where no mail is wanted.
Standards. RFC 5321 §5.1; RFC 7505 §1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import Basis
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.pasting import mx_records
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX103",
    name="implicit-mx",
    severity=Severity.WARNING,
    references=("RFC 5321 §5.1", "RFC 7505 §1"),
    behind=(Behind.ALIAS, Behind.ADDRESS),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding for an implicit MX; only a note where the host takes the mail of a recipient."""
    plan = chain_of(snapshot)
    doubt = not_resolved(plan)
    if doubt and plan.basis is not Basis.EXPLICIT:
        return inconclusive(RULE, doubt)
    if plan.basis is not Basis.IMPLICIT:
        return conclude(RULE, [])
    accepted = any(
        turn.reply is not None and turn.reply.is_positive
        for visit in snapshot.visits
        for session in visit.sessions
        for turn in session.recipients[: len(snapshot.recipients)]
    )
    words = Words(
        says=f"{snapshot.domain} has no MX record; senders use its own addresses",
        seen=tuple(f"{host.name} {address}" for host in plan.hosts for address in host.addresses),
        means="Mail goes to the machine behind the bare domain, whatever that is.",
        do=f"Publish an MX record, or a null MX: {snapshot.domain}. 3600 IN MX 0 .",
        paste=mx_records(snapshot, ((10, snapshot.domain),)) if accepted else (),
    )
    severity = Severity.INFO if accepted else Severity.WARNING
    return conclude(RULE, [finding(RULE, snapshot.domain, words, severity)])
