"""The word of a validator on an answer, in the form that is kept, and the answer as a link of its chain.

Apart from `validation`, which every look reads: here is loaded what can check a signature.
"""

import dns.exception
import dns.name
import dns.rdatatype

from mxprobe.facts.dns import Question, Security, Validation
from mxprobe.mx.dnssec import Judgement, Link

_WORST = (Security.BOGUS, Security.UNKNOWN, Security.INSECURE, Security.SECURE)


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
