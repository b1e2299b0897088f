"""What a survey asks the DNS of a domain, and whom it visits for it. Pure: who asks and dials is elsewhere.

Standards: RFC 5321 §5.1 (the chain), RFC 6890 (addresses that are not dialled).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, MxRecord, Question, RecordType
from mxprobe.facts.names import is_address
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import NotVisited
from mxprobe.facts.survey import Asked, Depth, Errand, Manner, Named
from mxprobe.mx.consent import FLAG, NoConsent, consent_question, judge_consent
from mxprobe.mx.dane import tlsa_question
from mxprobe.mx.delivery import Target
from mxprobe.mx.exclusions import excludes_address, excludes_name, exclusions_of
from mxprobe.mx.kinship import operator_name
from mxprobe.mx.mtasts import record_question
from mxprobe.mx.once import chain_by
from mxprobe.mx.plan import special_use
from mxprobe.mx.promise import next_tlsa_questions
from mxprobe.mx.providers import consumer_operator
from mxprobe.mx.tlsrpt import report_question
from mxprobe.mx.wishes import WISHES, Subject, Wish

_LONGEST_PATH = 254
"""What RFC 5321 §4.5.3.1.3 leaves of a path's 256 octets for the address inside of its brackets."""

MOST_HOSTS, MOST_ENDPOINTS = 32, 64
"""Hosts of one domain that are looked up, the best first, and addresses of it that are dialled: nobody shall have a
survey knock wherever a line of MX records points."""

_REMEMBERED = 4096
"""Hosts of domains of which something is remembered: very many domains have the same."""

_MX = RecordType.MX
_RECORDS = {4: RecordType.A, 6: RecordType.AAAA}
_ADDRESSES = frozenset(_RECORDS.values())
_FIXED: dict[str, Callable[[str], Question]] = {"mta-sts": record_question, "tlsrpt": report_question}
_MOST = {wish.name: wish.most for wish in WISHES}


def next_survey_questions(domain: str, answers: Answers, manner: Manner) -> tuple[Question, ...]:
    """What is to be asked now; empty when all is known that this manner wants.

    What needs no chain is asked with the MX records, the addresses of all hosts after them, and what needs addresses
    last. As this is asked very many times, nothing is worked out here that is not needed yet.
    """
    fixed, others = _families(manner.wishes)
    wanted = [Question(name=domain, rrtype=_MX)]
    if manner.depth is Depth.RCPT and (not manner.owned or consumer_operator(domain) is not None):
        wanted.append(consent_question(domain))
    wanted += [question_of(domain) for question_of in fixed]
    chain = answers.get(wanted[0])
    hosts = () if chain is None else _hosts(domain, chain)[:MOST_HOSTS]
    wanted += _about_addresses(hosts)
    found = [question for question in wanted if question not in answers]
    if others:
        subject = Subject(domain=domain, allow_special=manner.allow_special, port=manner.vantage.port)
        for wish in others:
            found += [one for one in wish.questions(subject, answers)[: wish.most] if one not in answers]
    if not found and hosts and "tlsa" in manner.wishes:
        found = _promises(hosts, answers, manner.vantage.port)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


@lru_cache(maxsize=_REMEMBERED)
def _about_addresses(hosts: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions about the addresses of hosts, of both families whichever is dialled: a host may have one alone."""
    return tuple(Question(name=host, rrtype=rrtype) for rrtype in _RECORDS.values() for host in hosts)


def left_out(domain: str, answers: Answers) -> tuple[Question, ...]:
    """The questions about hosts beyond the most that are looked up, which nobody asks."""
    chain = answers.get(Question(name=domain, rrtype=_MX))
    if chain is None or len(chain.records) <= MOST_HOSTS:
        return ()
    beyond = _hosts(domain, chain)[MOST_HOSTS:]
    wanted = (Question(name=host, rrtype=rrtype) for host in beyond for rrtype in _RECORDS.values())
    return tuple(question for question in wanted if question not in answers)


@lru_cache(maxsize=16)
def _families(wishes: tuple[str, ...]) -> tuple[tuple[Callable[[str], Question], ...], tuple[Wish, ...]]:
    """The families that are wanted: the one question of each that follows from the domain, and all others but TLSA."""
    fixed = tuple(question_of for name, question_of in _FIXED.items() if name in wishes)
    return fixed, tuple(wish for wish in WISHES if wish.name in wishes and wish.name not in {*_FIXED, "tlsa"})


def _hosts(domain: str, chain: Answer) -> tuple[str, ...]:
    """The names whose addresses make the chain, best preference first; as `mx.plan.next_questions` has them."""
    records = chain.mx
    if records:
        ordered = sorted(records, key=_preference) if len(records) > 1 else records
        names = dict.fromkeys(record.exchange for record in ordered)
        return tuple([name for name in names if (name[-1:].isalpha() and ":" not in name) or _is_host(name)])
    status = chain.status
    return (domain,) if status is AnswerStatus.NODATA or status is AnswerStatus.FOUND else ()


def _promises(hosts: tuple[str, ...], answers: Answers, port: int) -> list[Question]:
    """What `next_tlsa_questions` says, at less cost for hosts without an alias: it is one question for each."""
    found: list[Question] = []
    for host in hosts:
        known = [answers.get(Question(name=host, rrtype=rrtype)) for rrtype in _RECORDS.values()]
        if any(answer is not None and answer.aliases for answer in known):
            found += next_tlsa_questions((host,), answers, port)
        elif any(answer is not None and answer.records for answer in known):
            question = tlsa_question(host, port)
            if question not in answers:
                found.append(question)
    return found[: _MOST["tlsa"]]


def _preference(record: MxRecord) -> tuple[int, str]:
    return record.preference, record.exchange


def _is_host(name: str) -> bool:
    """Whether a name is one that can have addresses: not the root, and no address written as a name."""
    return name != "." and not is_address(name)


def with_hosts_apart(answers: tuple[Answer, ...]) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
    """The answers up to the first about addresses, and those from there on.

    Unless families were asked for that go on with the domain itself (SPF, its zone), the latter are about its hosts
    alone, and other domains may have the very same.
    """
    first = next((place for place, answer in enumerate(answers) if answer.question.rrtype in _ADDRESSES), len(answers))
    return answers[:first], answers[first:]


def shared_records(named: Named, manner: Manner) -> tuple[MxRecord, ...]:
    """The MX records of a domain, if all its visits follow from them and from what the hosts answered; else none.

    Then a domain with the same records and answers has the same visits.
    """
    if manner.excluded or not manner.merged or not named.answers:
        return ()
    return named.answers[0].mx


def errands_of(named: Named, manner: Manner) -> tuple[Errand, ...]:
    """The visits that a domain needs, best preference first; none where no host is dialled."""
    if not manner.depth.reaches(Depth.CONNECT):
        return ()
    entry = named.entry
    plan = chain_by(named.answers, entry.domain)
    ranks = {tier.preference: rank for rank, tier in enumerate(plan.tiers)}
    found: dict[str, Errand] = {}
    for target, why in with_reasons(plan.targets(manner.vantage.port), manner, entry.domain):
        if why is None:
            key = key_of(target.endpoint, entry.number, manner)
            if key not in found:
                found[key] = Errand(
                    key=key,
                    endpoint=target.endpoint,
                    operator=operator_name(target.endpoint.host),
                    rank=ranks[target.preference],
                )
    return tuple(found.values())


def asks_of(named: Named, manner: Manner) -> Asked | NoConsent | None:
    """Whom the hosts of a domain may be asked about on the day (UTC) of its look, or why nobody.

    The recipients named with it, else its postmaster, whom every domain has (RFC 5321 §4.5.1). None where the depth
    asks nobody.
    """
    if not manner.depth.reaches(Depth.RCPT):
        return None
    entry = named.entry
    if manner.excluded and excludes_name(exclusions_of(manner), entry.domain):
        return NoConsent(reason=f"{entry.domain} is on the list of what is left alone", flag="")
    if not manner.owned or consumer_operator(entry.domain) is not None:  # else no record is looked at
        question = consent_question(entry.domain)
        record = next((answer for answer in reversed(named.answers) if answer.question == question), None)
        day = datetime.fromtimestamp(named.started_at, UTC).date()
        consent = judge_consent(entry.domain, record, day, owned=manner.owned)
        if isinstance(consent, NoConsent):
            return consent
    recipients = entry.recipients or (f"postmaster@{entry.domain}",)
    strange = [_short(one) for one in recipients if not _is_askable(one, entry.domain)]
    if strange:
        return NoConsent(reason=f"{strange[0]} is no address at {entry.domain}, which alone allows it", flag=FLAG)
    return Asked(number=entry.number, sender=manner.vantage.mail_from, recipients=recipients)


def _is_askable(recipient: str, domain: str) -> bool:
    """Whether a recipient is of the domain, and one that RCPT can name."""
    local, _, place = recipient.rpartition("@")
    sayable = recipient.isascii() and recipient.isprintable() and len(recipient) <= _LONGEST_PATH
    return (
        sayable
        and bool(local)
        and place.lower().rstrip(".") == domain.lower()
        and "<" not in recipient
        and ">" not in recipient
    )


def _short(text: str) -> str:
    return ascii(text[:60])


def key_of(endpoint: Endpoint, number: int, manner: Manner) -> str:
    """The name of the errand to an endpoint for the entry with that number."""
    return endpoint.id if manner.merged else f"{endpoint.id}#{number}"


def with_reasons(targets: Iterable[Target], manner: Manner, domain: str) -> Iterator[tuple[Target, NotVisited | None]]:
    """Each address of the chain of a domain, and why it is not dialled; None where it is."""
    dialled = 0
    for target in targets:
        why = why_not_visited(target.endpoint, manner, domain)
        if why is None:
            dialled += 1
            why = NotVisited.TOO_MANY if dialled > MOST_ENDPOINTS else None
        yield target, why


def why_not_visited(endpoint: Endpoint, manner: Manner, domain: str = "") -> NotVisited | None:
    """Why an address is not dialled, for a domain; None where it is."""
    if not manner.depth.reaches(Depth.CONNECT):
        return NotVisited.DNS_ONLY
    if manner.excluded and _is_left_alone(endpoint, manner, domain):
        return NotVisited.EXCLUDED
    if (6 if endpoint.is_ipv6 else 4) not in manner.vantage.families:
        return NotVisited.FAMILY_NOT_ASKED
    if special_use(endpoint.address) is not None and not manner.allow_special:
        return NotVisited.SPECIAL_USE
    return None


def _is_left_alone(endpoint: Endpoint, manner: Manner, domain: str) -> bool:
    exclusions = exclusions_of(manner)
    return (
        excludes_name(exclusions, endpoint.host)
        or excludes_name(exclusions, domain)
        or excludes_address(exclusions, endpoint.address)
    )
