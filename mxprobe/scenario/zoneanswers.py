"""What a zone file would answer once it is published, for looking at a domain before it is.

What is asked is decided where a live look decides it: `mx.plan` for the chain, `mx.wishes` for all that rules want to
know beside it. Aliases are followed and wildcards expanded inside the zone; a name outside of it, or behind a
delegation, is a question that nobody was asked.

Standards: RFC 1034 §4.3.2, §4.2.1 (zone cuts), RFC 2308 §5 (absence), RFC 4592 §3.3 (wildcards), RFC 6672 §3.2 (DNAME),
RFC 4035 §3.1.4.1 (DS belongs to the zone above).
"""

import ipaddress
from collections import Counter
from collections.abc import Iterator

from mxprobe.facts.dns import (
    AddressRecord,
    Alias,
    Answer,
    AnswerStatus,
    MxRecord,
    Question,
    RecordType,
    TextRecord,
    index_answers,
)
from mxprobe.facts.dns import Record as Answered
from mxprobe.facts.text import escape_text
from mxprobe.mx.mtasts import policy_host
from mxprobe.mx.plan import best_first, next_questions
from mxprobe.mx.wishes import Subject, next_wishes
from mxprobe.scenario.zonefile import Record, ZoneFile, labels_of

MOST_QUESTIONS = 400
"""So many questions about MX hosts are answered, the best hosts first: no chain of mail is longer."""

ADDRESSES = (RecordType.A, RecordType.AAAA)

_LONGEST_CHAIN = 8


def answer_from(zone: ZoneFile, selectors: tuple[str, ...] = ()) -> tuple[Answer, ...]:
    """The answers to every question that a live look would ask; `selectors` are those of DKIM."""
    answers: list[Answer] = []
    left = MOST_QUESTIONS
    while questions := next_questions(zone.domain, index_answers(answers)):
        questions = best_first(zone.domain, index_answers(answers), questions)
        answers += [answer_question(zone, question) for question in questions[:left]]
        answers += [_ended(question, AnswerStatus.NOT_ASKED, []) for question in questions[left:]]
        left -= min(left, len(questions))
    subject, spent = Subject(domain=zone.domain, selectors=selectors), Counter[str]()
    while wanted := next_wishes(subject, index_answers(answers), spent):
        answers += [answer_question(zone, question) for _, question in wanted]
        spent.update(name for name, _ in wanted)
    # A live look asks this one when it fetches the policy.
    host = policy_host(zone.domain)
    answers += [answer_question(zone, Question(name=host, rrtype=rrtype)) for rrtype in ADDRESSES]
    return tuple({answer.question: answer for answer in answers}.values())


def answer_question(zone: ZoneFile, question: Question) -> Answer:
    """The zone's answer, with the TTLs of the file; NOT_ASKED where the name, or its alias, leads out of the zone."""
    name, aliases = question.name.lower(), list[Alias]()
    while len(aliases) <= _LONGEST_CHAIN:
        if not _is_served(zone, name, question.rrtype):
            return _ended(question, AnswerStatus.NOT_ASKED, aliases)
        found = records_at(zone, name, question.rrtype.value)
        if found:
            return Answer(
                question=question,
                status=AnswerStatus.FOUND,
                records=_answered(found),
                aliases=tuple(aliases),
                tries=0,
            )
        alias = _alias(zone, name)
        if alias is None:
            there = zone.exists(name) or _wildcard(zone, name) is not None
            status = AnswerStatus.NODATA if there else AnswerStatus.NXDOMAIN
            return _ended(question, status, aliases, _negative_ttl(zone))
        aliases.append(alias)
        name = alias.points_to
        if name in {question.name.lower(), *(one.name for one in aliases)}:
            break
    return _ended(question, AnswerStatus.ALIAS_LOOP, aliases)


def records_at(zone: ZoneFile, name: str, *rrtypes: str) -> tuple[Record, ...]:
    """The records of a name; of the wildcard for it where the name itself does not exist."""
    if zone.exists(name):
        return zone.find(name, *rrtypes)
    wildcard = _wildcard(zone, name)
    return zone.find(wildcard, *rrtypes) if wildcard is not None else ()


def lines_behind(zone: ZoneFile, answers: tuple[Answer, ...]) -> Iterator[tuple[str, Record]]:
    """The records that these answers are made of, each with the name that it answers for; so is the zone's SOA."""
    told = set[tuple[str, str]]()
    asked = [(alias.name, "CNAME") for answer in answers for alias in answer.aliases]
    for answer in answers:
        if answer.status is AnswerStatus.FOUND:
            end = answer.aliases[-1].points_to if answer.aliases else answer.question.name
            asked.append((end, answer.question.rrtype.value))
    for name, rrtype in (*asked, (zone.domain, "SPF"), (zone.domain, "SOA")):
        if (name, rrtype) not in told:
            told.add((name, rrtype))
            yield from ((name, record) for record in records_at(zone, name, rrtype))


def _ended(question: Question, status: AnswerStatus, aliases: list[Alias], negative_ttl: int | None = None) -> Answer:
    return Answer(question=question, status=status, aliases=tuple(aliases), tries=0, negative_ttl=negative_ttl)


def _answered(records: tuple[Record, ...]) -> tuple[Answered, ...]:
    """Records as a server gives them: those of one name and type have one TTL, the least (RFC 2181 §5.2)."""
    ttl = min(record.ttl for record in records)
    return tuple(_one_answered(record, ttl) for record in records)


def _one_answered(record: Record, ttl: int) -> Answered:
    if record.rrtype == RecordType.MX:
        return MxRecord(preference=record.preference, exchange=record.points_to, ttl=ttl)
    if record.rrtype in ADDRESSES:
        return AddressRecord(address=str(ipaddress.ip_address(record.data)), ttl=ttl)
    return TextRecord(text=escape_text(record.data), ttl=ttl)


def _negative_ttl(zone: ZoneFile) -> int | None:
    """How long caches keep an absence: the least of the SOA's TTL and its minimum."""
    soa = next(iter(zone.find(zone.domain, "SOA")), None)
    return min(soa.ttl, int(soa.data.split()[-1])) if soa is not None else None


def _alias(zone: ZoneFile, name: str) -> Alias | None:
    """Where a name leads, by its CNAME or by a DNAME above it."""
    own = next(iter(records_at(zone, name, "CNAME")), None)
    if own is not None:
        return Alias(name=name, points_to=own.points_to, ttl=own.ttl)
    for parent in _parents(zone, name):
        above = next(iter(zone.find(parent, "DNAME")), None)
        if above is not None:
            moved = f"{name.removesuffix(f'.{parent}')}.{above.points_to}"
            return Alias(name=name, points_to=moved, ttl=above.ttl)
    return None


def _is_served(zone: ZoneFile, name: str, rrtype: RecordType) -> bool:
    """Whether the zone speaks for a name: it lies in it, and below no delegation that leaves it without records."""
    labels, own = labels_of(name), labels_of(zone.domain)
    if labels[-len(own) :] != own:
        return False
    if rrtype is RecordType.DS and name == zone.domain:
        return False
    above = tuple(_parents(zone, name))
    names = above if rrtype is RecordType.DS else (name, *above)
    cut = any(zone.find(parent, "NS") for parent in names if parent != zone.domain)
    return not cut or bool(zone.find(name, "A", "AAAA") and rrtype in ADDRESSES)


def _wildcard(zone: ZoneFile, name: str) -> str | None:
    """The wildcard that stands for a name that does not exist."""
    closest = next((parent for parent in _parents(zone, name) if zone.exists(parent)), zone.domain)
    wildcard = f"*.{closest}"
    return wildcard if wildcard in zone.nodes else None


def _parents(zone: ZoneFile, name: str) -> Iterator[str]:
    """The names above a name, nearest first, up to the zone's own."""
    labels, own = labels_of(name), len(labels_of(zone.domain))
    for first in range(1, len(labels) - own + 1):
        yield ".".join(labels[first:])
