"""A zone's own name servers: which they are, whom to ask what next, and what it comes to when their answers are laid
side by side.

What a server says of itself counts only with the AA bit. A server that could not be heard is blamed only where another
one was heard over the same address family, as the way of a whole family may be closed on our side.

Standards: RFC 1034 §4.2 (zones and cuts), §6.2 (AA); RFC 1912 §2.8 (lame servers); RFC 1035 §3.3.13 (SOA).
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, AuthorityAnswer, Question, RecordType, TextRecord
from mxprobe.mx.plan import special_use

MOST_LEVELS = 5
"""So many names are asked for their NS records, from the domain upwards."""

MOST_SERVERS = 8
MOST_ADDRESSES = 2
"""So many servers of a zone are asked, each at so many addresses; the others are not needed to see a split."""

_FAMILIES = (RecordType.A, RecordType.AAAA)


class ZoneSeen(Struct, frozen=True, kw_only=True):
    """The zone that holds a name: its own name and its servers', sorted. `open`: what has to be asked first;
    `unknown`: why it cannot be told."""

    name: str = ""
    servers: tuple[str, ...] = ()
    open: Question | None = None
    unknown: str = ""


class Authority(Struct, frozen=True, kw_only=True):
    """One address of one server of a zone."""

    zone: str
    server: str
    address: str

    @property
    def is_ipv6(self) -> bool:
        """The family of the address."""
        return ":" in self.address


class Heard(StrEnum):
    """How a server's word on the MX records came in."""

    SPEAKS = "speaks"
    NOT_AUTHORITATIVE = "answers without authority"
    FAILS = "fails"
    SILENT = "does not answer"
    NOT_ASKED = "not asked"


class Voice(Struct, frozen=True, kw_only=True):
    """What one server said at one address: of the MX records, and of its copy of the zone (None: not asked)."""

    authority: Authority
    mx: Answer
    soa: Answer | None = None

    @property
    def heard(self) -> Heard:
        """How the answer about the MX records came in. A circle of aliases is an answer, too."""
        status = self.mx.status
        if status is AnswerStatus.NOT_ASKED:
            return Heard.NOT_ASKED
        if status in (AnswerStatus.TIMEOUT, AnswerStatus.UNREACHABLE):
            return Heard.SILENT
        if status.is_temporary and status is not AnswerStatus.ALIAS_LOOP:
            return Heard.FAILS
        return Heard.SPEAKS if self.mx.authoritative else Heard.NOT_AUTHORITATIVE

    @property
    def content(self) -> tuple[str, ...]:
        """The MX RRset as lines in one order, without TTLs; for an alias where it points to; empty: no MX record.

        What lies behind an alias is the word of another zone.
        """
        if self.mx.aliases:
            return (f"CNAME {self.mx.aliases[0].points_to}",)
        return tuple(f"{record.preference} {record.exchange}" for record in sorted(self.mx.mx, key=_by_preference))

    @property
    def soa_words(self) -> tuple[str, ...]:
        """The seven fields of the SOA of the server's copy, in the order of RFC 1035; empty where it did not say."""
        if self.soa is None or not self.soa.authoritative:
            return ()
        words = next((record.text.split() for record in self.soa.records if isinstance(record, TextRecord)), [])
        return tuple(words) if len(words) == 7 else ()

    @property
    def serial(self) -> int | None:
        """The serial of the server's copy; None where it did not say."""
        words = self.soa_words
        return int(words[2]) if words and words[2].isdecimal() else None

    @property
    def ttl(self) -> int | None:
        """How long caches keep the MX RRset; None where there is none."""
        return min((record.ttl for record in self.mx.mx), default=None) if not self.mx.aliases else None


def _by_preference(record: object) -> tuple[int, str]:
    return (getattr(record, "preference", 0), getattr(record, "exchange", ""))


def zone_of(domain: str, answers: Answers) -> ZoneSeen:
    """The zone that holds `domain`, found from below: the nearest name that has NS records."""
    name = domain
    for _ in range(MOST_LEVELS):
        question = Question(name=name, rrtype=RecordType.NS)
        answer = answers.get(question)
        if answer is None:
            return ZoneSeen(open=question)
        if answer.status is AnswerStatus.NXDOMAIN and name == domain:
            return ZoneSeen(unknown=f"{domain} does not exist")
        if answer.status is AnswerStatus.FOUND and not answer.aliases:
            return ZoneSeen(name=name, servers=names_in(answer))
        if answer.status.is_temporary and answer.status is not AnswerStatus.ALIAS_LOOP and not answer.aliases:
            return ZoneSeen(unknown=f"the name servers of {name} could not be looked up: {answer.status}")
        if "." not in name:
            break
        name = name.partition(".")[2]
    return ZoneSeen(unknown=f"no zone that holds {domain} was found")


def names_in(answer: Answer) -> tuple[str, ...]:
    """The name servers of an answer about NS records, sorted."""
    texts = (record.text for record in answer.records if isinstance(record, TextRecord))
    return tuple(sorted({text.rstrip(".").lower() for text in texts} - {""}))


def soa_question(zone: str) -> Question:
    """What is asked to learn the serial of a zone."""
    return Question(name=zone, rrtype=RecordType.SOA)


def next_authority_questions(domain: str, answers: Answers) -> tuple[Question, ...]:
    """What a resolver has to be asked next before the zone's servers can be asked themselves; and what the zone above
    vouches for, which nobody waits for."""
    zone = zone_of(domain, answers)
    if zone.open is not None:
        return (zone.open,)
    if not zone.servers:
        return ()
    wanted = [soa_question(zone.name), Question(name=zone.name, rrtype=RecordType.DS)]
    wanted += [Question(name=name, rrtype=rrtype) for name in zone.servers[:MOST_SERVERS] for rrtype in _FAMILIES]
    return tuple(question for question in wanted if question not in answers)


def authorities_to_ask(
    domain: str, answers: Answers, families: tuple[int, ...] = (4, 6), *, allow_special: bool = False
) -> tuple[Authority, ...]:
    """The addresses at which the zone's servers are asked, of each server one of each family first."""
    zone = zone_of(domain, answers)
    return tuple(
        Authority(zone=zone.name, server=server, address=address)
        for server in zone.servers[:MOST_SERVERS]
        for address in _chosen(server, answers, families, allow_special=allow_special)
    )


def _chosen(server: str, answers: Answers, families: tuple[int, ...], *, allow_special: bool) -> list[str]:
    found = {
        version: [one for one in addresses_in(server, rrtype, answers) if allow_special or special_use(one) is None]
        for version, rrtype in zip((4, 6), _FAMILIES, strict=True)
    }
    four, six = (found[version] if version in families else [] for version in (4, 6))
    return [*four[:1], *six[:1], *four[1:], *six[1:]][:MOST_ADDRESSES]


def addresses_in(server: str, rrtype: RecordType, answers: Answers) -> tuple[str, ...]:
    """The addresses of one family that a name server has, as far as the answers tell."""
    answer = answers.get(Question(name=server, rrtype=rrtype))
    return tuple(dict.fromkeys(record.address for record in answer.addresses)) if answer is not None else ()


def next_direct_question(domain: str, authority: Authority, said: tuple[Answer, ...]) -> Question | None:
    """What one server is asked next: the MX RRset, then the SOA of the zone; who is silent is asked no more."""
    known = {answer.question: answer for answer in said}
    mx = Question(name=domain, rrtype=RecordType.MX)
    if mx not in known:
        return mx
    gone = (AnswerStatus.TIMEOUT, AnswerStatus.UNREACHABLE, AnswerStatus.NOT_ASKED)
    soa = soa_question(authority.zone)
    return soa if soa not in known and known[mx].status not in gone else None


def voices_of(domain: str, said: Iterable[AuthorityAnswer]) -> tuple[Voice, ...]:
    """What each server said at each address, in the order in which they were asked."""
    found: dict[tuple[str, str], dict[RecordType, AuthorityAnswer]] = {}
    for one in said:
        question = one.answer.question
        if question.rrtype is RecordType.SOA or question == Question(name=domain, rrtype=RecordType.MX):
            found.setdefault((one.server, one.address), {})[question.rrtype] = one
    return tuple(
        Voice(
            authority=Authority(zone=mx.zone, server=mx.server, address=mx.address),
            mx=mx.answer,
            soa=soa.answer if (soa := answers.get(RecordType.SOA)) is not None else None,
        )
        for answers in found.values()
        if (mx := answers.get(RecordType.MX)) is not None
    )


def speaking(voices: Iterable[Voice]) -> tuple[Voice, ...]:
    """Those whose word counts."""
    return tuple(voice for voice in voices if voice.heard is Heard.SPEAKS)


def failing(voices: tuple[Voice, ...]) -> tuple[Voice, ...]:
    """Those that can be blamed: they were asked, gave no word that counts, and another of their family did."""
    families = {voice.authority.is_ipv6 for voice in speaking(voices)}
    return tuple(
        voice
        for voice in voices
        if voice.heard not in (Heard.SPEAKS, Heard.NOT_ASKED) and voice.authority.is_ipv6 in families
    )


def without_address(zone: ZoneSeen, answers: Answers) -> tuple[str, ...]:
    """The servers that are known to have no address at all, so that nobody can ask them."""

    def states(server: str) -> Iterator[Answer | None]:
        return (answers.get(Question(name=server, rrtype=rrtype)) for rrtype in _FAMILIES)

    return tuple(
        server
        for server in zone.servers[:MOST_SERVERS]
        if all(answer is not None and answer.status.is_absence for answer in states(server))
    )


def contents(voices: Iterable[Voice]) -> tuple[tuple[str, ...], ...]:
    """The different MX RRsets that servers have; one or none: they agree."""
    return tuple(dict.fromkeys(voice.content for voice in speaking(voices)))
