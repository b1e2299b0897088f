"""Which answers of a look are worth a validator's word.

Standards: RFC 7672 §2.2 (what a sender that does DANE has to know: MX, addresses and TLSA records).
"""

from mxprobe.facts.dns import Answers, Question, RecordType
from mxprobe.mx.dane import tlsa_question
from mxprobe.mx.plan import plan_mx

OWN = "dnssec"
"""The family of facts that is asked for where our own validator is used (`asked_for` of a snapshot)."""

UNLESS_UNCHECKED = "servfail"
"""The reason where a resolver refuses an answer, and gives it to whoever tells it not to check."""

MOST_JUDGED = 120
"""So many answers of one look are judged: MX, and three for each of 40 hosts."""

_KINDS = (RecordType.MX, RecordType.A, RecordType.AAAA, RecordType.TLSA)


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
