"""SPF lets the MX hosts send, and they are hosts that only take mail in, or that many domains share.

What it sees. The domain's own SPF record has the term `mx`, and an MX host of the best preference is a gateway, a
forwarder, or one of a provider's pool.
Why it matters. It lets a whole pool send under the domain's name, and does not cover the hosts that really send: after
a change of the MX records the old senders are no longer in it.
Example. The term was right before the gateway came:
    example.test MX 10 eu-smtp-inbound-1.mimecast.com
    eu-smtp-inbound-1.mimecast.com A 192.0.2.1
    example.test TXT v=spf1 mx -all
What to do. Name the hosts that send, in place of mx.
Standards. RFC 7208 §5.4.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import inbound_operator, rests_on_memory
from mxprobe.mx.spfrecord import BadRecord, Mechanism, SpfRecord, Word
from mxprobe.rules.domain.authentication.records import published
from mxprobe.rules.domain.reading import named_chain, not_resolved
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX852",
    name="spf-mx-mechanism-stale",
    severity=Severity.WARNING,
    references=("RFC 7208 §5.4",),
    behind=(Behind.SPF, Behind.MX),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where `mx` means hosts of others."""
    seen, plan = published(snapshot), named_chain(snapshot)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    record = seen.record
    if isinstance(record, BadRecord):
        return inconclusive(RULE, f"the SPF record is malformed: {record.reason}")
    terms = _terms(record, snapshot.domain) if record is not None else ()
    if not terms:
        return conclude(RULE, [])
    if not plan.tiers:
        doubt = not_resolved(plan)
        return inconclusive(RULE, doubt) if doubt else conclude(RULE, [])
    best = plan.tiers[0]
    whose = {host.name: inbound_operator(host.name) for host in best.hosts}
    others = {host: operator for host, operator in whose.items() if operator is not None}
    if not others:
        return conclude(RULE, [])
    names = ", ".join(dict.fromkeys(others.values()))
    words = Words(
        says=f"SPF of {snapshot.domain} lets its MX hosts send, and they are those of {names}",
        seen=(*seen.shown, *(f"MX {best.preference} {host} ({operator})" for host, operator in others.items())),
        means=f"Any customer of {names} may send as {snapshot.domain}; your own senders are not meant by {terms[0]}.",
        do=f"Name the hosts that send in place of {terms[0]}.",
    )
    remembered = all(rests_on_memory(host) for host in others)
    return conclude(RULE, [finding(RULE, snapshot.domain, words, Severity.INFO if remembered else None)])


def _terms(record: SpfRecord, domain: str) -> tuple[str, ...]:
    """The terms by which the domain's own MX hosts pass."""
    return tuple(
        one.text
        for one in record.directives
        if one.mechanism is Mechanism.MX
        and one.word is Word.PASS
        and (one.spec is None or one.spec.lower().removesuffix(".") in (domain, "%{d}", "%{o}"))
    )
