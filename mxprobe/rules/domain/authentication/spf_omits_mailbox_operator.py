"""Mail comes in at an operator that usually sends for its customers, too, and SPF does not let it.

What it sees. The MX hosts of the best preference are those of an operator of mailboxes, and neither its include nor
anything else in the SPF record lets its senders pass.
Why it matters. Where users send from those mailboxes, their mail fails SPF. Where all mail leaves from elsewhere, this
is as it should be: SPF is about senders, not about MX hosts.
Example. The mailboxes were moved, the SPF record was not:
    example.test MX 1 smtp.google.com
    smtp.google.com A 192.0.2.1
    example.test TXT v=spf1 ip4:198.51.100.7 -all
    _spf.google.com TXT v=spf1 ip4:203.0.113.0/24 ~all
What to do. Add the operator's include, if users send from there.
Standards. RFC 7208 §5.2.
"""

from mxprobe.facts.dns import RecordType
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_answers
from mxprobe.mx.plan import Plan
from mxprobe.mx.providers import Provider, is_below, sending_provider
from mxprobe.mx.spfrecord import BadRecord, Word
from mxprobe.mx.spfseen import STRANGER, Tree, lets_everybody_in, sender_of, spf_of, tree_of
from mxprobe.rules.domain.authentication.records import published
from mxprobe.rules.domain.reading import named_chain, not_resolved
from mxprobe.rules.pasting import text_record, ttl_of, under
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX851",
    name="spf-omits-mailbox-operator",
    severity=Severity.INFO,
    references=("RFC 7208 §5.2",),
    behind=(Behind.SPF,),
)

_CANNOT_SAY = (Word.PERMERROR, Word.TEMPERROR)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where the operator may not send."""
    plan, seen = named_chain(snapshot), published(snapshot)
    operator = _operator(plan)
    if operator is None:
        doubt = None if plan.tiers else not_resolved(plan)
        return inconclusive(RULE, doubt) if doubt else conclude(RULE, [])
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    if not seen.texts:
        return conclude(RULE, [])
    record = seen.record
    if record is None or isinstance(record, BadRecord):
        return inconclusive(
            RULE, f"SPF of {snapshot.domain} cannot be read: {record.reason if record else 'several records'}"
        )
    tree = tree_of(snapshot.domain, known_answers(snapshot))
    if any(is_below(name, include) for name in tree.names for include in operator.includes):
        return conclude(RULE, [])
    passes = _passes(snapshot, operator, tree)
    if isinstance(passes, str):
        return inconclusive(RULE, passes)
    if passes:
        return conclude(RULE, [])
    whose = operator.operator
    words = Words(
        says=f"mail of {snapshot.domain} comes in at {whose}, and SPF does not let {whose} send",
        seen=(*seen.shown, f"expected: include:{operator.includes[0]}", f"records of SPF: {', '.join(tree.names)}"),
        means=f"If users send from their mailboxes at {whose}, that mail fails SPF.",
        do=f"Add include:{operator.includes[0]} if mail leaves from there; if another service sends, change nothing.",
        paste=_with(snapshot, record.text, operator.includes[0]),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


def _operator(plan: Plan) -> Provider | None:
    """Whose mailboxes the best preference is, where all its hosts are those of one operator."""
    found = [sending_provider(host.name) for host in plan.tiers[0].hosts] if plan.tiers else [None]
    return found[0] if len({one.operator if one is not None else None for one in found}) == 1 else None


def _passes(snapshot: Snapshot, operator: Provider, tree: Tree) -> bool | str:
    """Whether a sender of the operator passes by any other way; or why that is not known."""
    answers = known_answers(snapshot)
    if tree.is_open:
        return f"the records that SPF of {snapshot.domain} includes were not all asked for"
    if lets_everybody_in(spf_of(snapshot.domain, STRANGER, answers)):
        return True
    sender = sender_of(operator, answers)
    said = spf_of(snapshot.domain, sender, answers) if sender is not None else None
    if said is None:
        return (
            f"from where {operator.operator} sends is not known, so that other ways of letting it cannot be ruled out"
        )
    if said.word is Word.PASS:
        return True
    if said.word in _CANNOT_SAY:
        return said.detail
    return f"whom SPF of {snapshot.domain} lets in depends on client and sender" if tree.varies else False


def _with(snapshot: Snapshot, text: str, include: str) -> tuple[str, ...]:
    """The record with the include in front of what ends it."""
    terms = text.split()
    end = next((at for at, term in enumerate(terms) if term.lstrip("+-~?").lower() == "all"), len(terms))
    added = " ".join((*terms[:end], f"include:{include}", *terms[end:]))
    lines = text_record(snapshot.domain, added, ttl_of(snapshot, snapshot.domain, RecordType.TXT))
    return under(f"in place of the SPF record of {snapshot.domain}, if mail leaves from there", lines)
