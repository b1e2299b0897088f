"""What a zone file would answer once it is published, for looking at a domain before it is.

Aliases are followed and wildcards expanded inside the zone; a name outside of it, or behind a delegation, is a question
that nobody was asked.

Standards: RFC 1034 §4.3.2, §4.2.1 (zone cuts), RFC 2308 (absence), RFC 4592 (wildcards).
"""

from collections.abc import Iterator

from mxprobe.facts.dns import (
    AddressRecord,
    Alias,
    Answer,
    AnswerStatus,
    MxRecord,
    Question,
    RecordType,
    index_answers,
)
from mxprobe.mx.plan import next_questions
from mxprobe.scenario.operators import is_inside
from mxprobe.scenario.zonefile import Record, ZoneFile

_LONGEST_CHAIN = 8


def answer_from(zone: ZoneFile) -> tuple[Answer, ...]:
    """The answers to every question that has to be asked before the MX chain of the zone's domain is known."""
    answers: list[Answer] = []
    while questions := next_questions(zone.domain, index_answers(answers)):
        answers += [answer_question(zone, question) for question in questions]
    return tuple(answers)


def answer_question(zone: ZoneFile, question: Question) -> Answer:
    """The zone's answer, with the TTLs of the file; NOT_ASKED where the name, or its alias, leads out of the zone."""
    name, aliases = question.name, list[Alias]()
    while len(aliases) <= _LONGEST_CHAIN:
        if not _is_served(zone, name):
            return _ended(question, AnswerStatus.NOT_ASKED, aliases)
        found = _find(zone, name, question.rrtype)
        if found:
            records = tuple(_answered(record) for record in found)
            return Answer(
                question=question, status=AnswerStatus.FOUND, records=records, aliases=tuple(aliases), tries=0
            )
        alias = next(iter(_find(zone, name, RecordType.CNAME)), None)
        if alias is None:
            there = _exists(zone, name) or _wildcard(zone, name) is not None
            return _ended(question, AnswerStatus.NODATA if there else AnswerStatus.NXDOMAIN, aliases)
        aliases.append(Alias(name=name, points_to=alias.points_to, ttl=alias.ttl))
        name = alias.points_to
    return _ended(question, AnswerStatus.ALIAS_LOOP, aliases)


def _ended(question: Question, status: AnswerStatus, aliases: list[Alias]) -> Answer:
    return Answer(question=question, status=status, aliases=tuple(aliases), tries=0)


def _answered(record: Record) -> MxRecord | AddressRecord:
    if record.rrtype == RecordType.MX:
        return MxRecord(preference=record.preference, exchange=record.points_to, ttl=record.ttl)
    return AddressRecord(address=record.data, ttl=record.ttl)


def _is_served(zone: ZoneFile, name: str) -> bool:
    """Whether the zone speaks for a name: it lies in it, and below no delegation that leaves it without records."""
    if not is_inside(name, zone.domain):
        return False
    cut = any(zone.find(parent, "NS") for parent in (name, *_parents(zone, name)) if parent != zone.domain)
    return not cut or bool(zone.find(name, "A", "AAAA"))


def _find(zone: ZoneFile, name: str, rrtype: RecordType) -> tuple[Record, ...]:
    """The records of a name; of the wildcard for it where the name itself does not exist."""
    if _exists(zone, name):
        return zone.find(name, rrtype.value)
    wildcard = _wildcard(zone, name)
    return zone.find(wildcard, rrtype.value) if wildcard is not None else ()


def _exists(zone: ZoneFile, name: str) -> bool:
    """Whether a name has records, or lies between the zone's name and one that has."""
    return any(is_inside(other, name) for other in zone.names)


def _wildcard(zone: ZoneFile, name: str) -> str | None:
    """The wildcard that stands for a name that does not exist."""
    closest = next((parent for parent in _parents(zone, name) if _exists(zone, parent)), zone.domain)
    wildcard = f"*.{closest}"
    return wildcard if wildcard in zone.names else None


def _parents(zone: ZoneFile, name: str) -> Iterator[str]:
    """The names above a name, nearest first, up to the zone's own."""
    while name != zone.domain and "." in name:
        name = name.partition(".")[2]
        yield name
