"""Which answers of a look are worth a validator's word, and the word in the form that is kept.

Standards: RFC 7672 §2.2 (what a sender that does DANE has to know: MX, addresses and TLSA records).
"""

import dns.exception
import dns.name
import dns.rdatatype

from mxprobe.facts.dns import Answers, Question, RecordType, Security, Validation
from mxprobe.mx.dane import tlsa_question
from mxprobe.mx.dnssec import Judgement, Link
from mxprobe.mx.plan import plan_mx

OWN = "dnssec"
"""The family of facts that is asked for where our own validator is used (`asked_for` of a snapshot)."""

UNLESS_UNCHECKED = "servfail"
"""The reason where a resolver refuses an answer, and gives it to whoever tells it not to check."""

MOST_JUDGED = 120
"""So many answers of one look are judged: MX, and three for each of 40 hosts."""

_KINDS = (RecordType.MX, RecordType.A, RecordType.AAAA, RecordType.TLSA)
_WORST = (Security.BOGUS, Security.UNKNOWN, Security.INSECURE, Security.SECURE)


ROOT = Question(name=".", rrtype=RecordType.SOA)
"""What everybody knows to be signed."""


def control_questions(bogus_name: str | None) -> tuple[Question, ...]:
    """What tells whether a resolver validates: a name that is signed, and one whose signatures do not hold."""
    if bogus_name is None:
        return ()
    return (ROOT, Question(name=bogus_name, rrtype=RecordType.A)) if bogus_name else (ROOT,)


def questions_to_judge(domain: str, answers: Answers, port: int = 25) -> tuple[Question, ...]:
    """MX of the domain, and what was asked about its hosts: addresses and TLSA records, these also where nobody asked
    yet."""
    plan = plan_mx(domain, answers)
    names = dict.fromkeys(host.name for host in (*plan.hosts, *plan.excluded))
    wanted = [Question(name=domain, rrtype=RecordType.MX)]
    for name in names:
        addresses = [Question(name=name, rrtype=rrtype) for rrtype in (RecordType.A, RecordType.AAAA)]
        wanted += [question for question in addresses if question in answers]
        if any(answers[question].addresses for question in addresses if question in answers):
            wanted.append(tlsa_question(name, port))
    wanted += [question for question in answers if question.rrtype is RecordType.TLSA]
    return tuple(dict.fromkeys(wanted))[:MOST_JUDGED]


def link_to(question: Question) -> Link | None:
    """The question as a link of a chain; None for a name that cannot be in the DNS."""
    try:
        name = dns.name.from_text(question.name, origin=dns.name.root, idna_codec=dns.name.IDNA_2008)
    except dns.exception.DNSException:
        return None
    return Link(name=name, rdtype=dns.rdatatype.from_text(question.rrtype.value))


def tell(question: Question, judgements: tuple[Judgement, ...]) -> Validation:
    """The word on an answer whose aliases led over several responses: that of the worst, dates of the narrowest."""
    worst = min(judgements, key=lambda judgement: _WORST.index(judgement.security))
    begins = [one.valid_from for one in judgements if one.valid_from is not None]
    ends = [one.valid_until for one in judgements if one.valid_until is not None]
    return Validation(
        question=question,
        security=worst.security,
        reason=worst.reason.value if worst.reason is not None else "",
        link=worst.link,
        detail=worst.detail,
        valid_from=max(begins, default=None),
        valid_until=min(ends, default=None),
    )
