"""What a survey asks the DNS of a domain, and whom it visits for it. Pure: who asks and dials is elsewhere.

Standards: RFC 5321 §5.1 (the chain), RFC 6890 (addresses that are not dialled).
"""

from collections import Counter
from collections.abc import Mapping

from msgspec.structs import replace

from mxprobe.facts.dns import Answers, Question, index_answers
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import NotVisited
from mxprobe.facts.survey import Asked, Depth, Errand, Manner, Named
from mxprobe.mx.consent import consent_question
from mxprobe.mx.exclusion import exclusion
from mxprobe.mx.kinship import operator_name
from mxprobe.mx.plan import next_questions, plan_mx, special_use
from mxprobe.mx.wishes import WISHES, Subject

_NOTHING_SPENT: Mapping[str, int] = Counter()


def next_survey_questions(domain: str, answers: Answers, manner: Manner) -> tuple[Question, ...]:
    """What is to be asked now; empty when all is known that this manner wants. What needs no chain is asked at once.

    Nothing of a domain that is left alone.
    """
    if exclusion(manner.excluded).has_name(domain):
        return ()
    families = manner.vantage.families
    chain = next_questions(domain, answers, families)
    wanted = dict.fromkeys(chain)
    if manner.depth.reaches(Depth.RCPT) and not manner.owned:
        wanted[consent_question(domain)] = None
    subject = Subject(domain=domain, allow_special=manner.allow_special, port=manner.vantage.port)
    for wish in WISHES:
        if wish.name in manner.wishes:
            wanted.update(dict.fromkeys(wish.questions(subject, answers)[: wish.most]))
    return tuple(question for question in wanted if question not in answers)


def errands_of(named: Named, manner: Manner, asks: Asked | None = None) -> tuple[Errand, ...]:
    """The visits that a domain needs, best preference first; none where no host is dialled.

    `asks` are the recipients that may be asked about, None where none may.
    """
    if not manner.depth.reaches(Depth.CONNECT):
        return ()
    entry = named.entry
    plan = plan_mx(entry.domain, index_answers(named.answers))
    ranks = {tier.preference: rank for rank, tier in enumerate(plan.tiers)}
    found: dict[str, Errand] = {}
    for target in plan.targets(manner.vantage.port):
        if why_not_visited(target.endpoint, manner) is None:
            key = key_of(target.endpoint, entry.number, manner)
            errand = Errand(
                key=key,
                endpoint=target.endpoint,
                operator=operator_name(target.endpoint.host),
                rank=ranks[target.preference],
            )
            found.setdefault(key, errand if asks is None else replace(errand, asks=(asks,)))
    return tuple(found.values())


def key_of(endpoint: Endpoint, number: int, manner: Manner) -> str:
    """The name of the errand to an endpoint for the entry with that number."""
    return endpoint.id if manner.merged else f"{endpoint.id}#{number}"


def why_not_visited(endpoint: Endpoint, manner: Manner) -> NotVisited | None:
    """Why an address is not dialled; None where it is."""
    if not manner.depth.reaches(Depth.CONNECT):
        return NotVisited.DNS_ONLY
    if (6 if endpoint.is_ipv6 else 4) not in manner.vantage.families:
        return NotVisited.FAMILY_NOT_ASKED
    if special_use(endpoint.address) is not None and not manner.allow_special:
        return NotVisited.SPECIAL_USE
    alone = exclusion(manner.excluded)
    return NotVisited.EXCLUDED if alone.has_name(endpoint.host) or alone.has_address(endpoint.address) else None
