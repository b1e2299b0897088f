"""The common form of queries and responses, written and read without dnspython, at a thirtieth of the cost.

Common is a response about the one name that was asked for, with records of the type that was asked for, aliases on the
way to them, and what name servers put beside them (SOA, NS, addresses, signatures and their proofs, OPT without
options). Names are letters, digits, hyphens and underscores. Whatever else comes is read by `wire.responses`, and is
None here. What is read here is what would be read there, to the last field: nothing is let through that dnspython
refuses.

Standards: RFC 1035 §4.1 (form, pointers), RFC 2308 §2, §5 (absence), RFC 2181 §5.2 (one TTL an RRset), RFC 4034 §3.1,
§4.1, RFC 5155 §3.2 (signatures and proofs, which are passed over), RFC 6891 §6.1.2 (OPT).
"""

import re
import struct
from typing import Any

from mxprobe.facts.dns import Alias, Answer, AnswerStatus, Question, Record, RecordType
from mxprobe.wire.plainrecords import (
    AAAA,
    CNAME,
    DNSKEY,
    DS,
    FORMS,
    LONGEST_NAME,
    MX,
    NS,
    OPT,
    PTR,
    SKIMMED,
    SOA,
    TLSA,
    TXT,
    A,
    Form,
    Unusual,
    behind_name,
    read_name,
    read_soa,
)
from mxprobe.wire.responses import LONGEST_CHAIN, PAYLOAD, Response

_IN = 1
_NUMBERS = {
    RecordType.A: A,
    RecordType.NS: NS,
    RecordType.CNAME: CNAME,
    RecordType.SOA: SOA,
    RecordType.PTR: PTR,
    RecordType.MX: MX,
    RecordType.TXT: TXT,
    RecordType.AAAA: AAAA,
    RecordType.DS: DS,
    RecordType.DNSKEY: DNSKEY,
    RecordType.TLSA: TLSA,
}
_TAILS = {rrtype: struct.pack("!BHH", 0, number, _IN) for rrtype, number in _NUMBERS.items()}
_LENGTHS = tuple(bytes((length,)) for length in range(64))

_FLAGS = {True: 0x0120, False: 0x0020}  # AD, and RD where recursion is wanted
_HEADS = {
    (edns, recursion): struct.pack("!5H", flags, 1, 0, 0, edns)
    for edns in (True, False)
    for recursion, flags in _FLAGS.items()
}
_EDNS = struct.pack("!BHHIH", 0, OPT, PAYLOAD, 0x8000, 0)  # DO

_COUNTS = struct.Struct("!5H")
_FIXED = struct.Struct("!HHIH")
_QUESTION = 12
"""Where a message's question begins."""

_IS_RESPONSE, _KIND = 0x8000, 0xFA00  # QR; with it the opcode and TC
_AA, _AD, _RCODE, _NAME_ERROR = 0x0400, 0x0020, 0x000F, 3
_POINTER = 0xC0
_MOST_TTL = 0x7FFFFFFF
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z")
_FOUND, _NODATA, _NXDOMAIN = AnswerStatus.FOUND, AnswerStatus.NODATA, AnswerStatus.NXDOMAIN


def question_section(question: Question) -> bytes | None:
    """The question as it stands in a message; None for a name that is not plain."""
    name = question.name
    if name == ".":
        return _TAILS[question.rrtype]
    if len(name) > LONGEST_NAME or _NAME.match(name) is None:
        return None
    labels = name.encode("ascii").split(b".")
    return b"".join([_LENGTHS[len(label)] + label for label in labels]) + _TAILS[question.rrtype]


def query_behind_its_number(section: bytes, *, edns: bool = True, recursion: bool = True) -> bytes:
    """A query with that question section, as `responses.make_query` makes it, without its first two octets."""
    head = _HEADS[edns, recursion]
    return head + section + _EDNS if edns else head + section


def read_plain(wire: bytes, question: Question, section: bytes) -> Response | None:
    """What the response says about a question with that `section`; None where it is not of the common form.

    For whoever knows that its number is that of the query.
    """
    form = FORMS.get(question.rrtype)
    if form is None or not wire.startswith(section, _QUESTION):
        return None
    flags, questions, answers, authorities, others = _COUNTS.unpack_from(wire, 2)
    rcode = flags & _RCODE
    if flags & _KIND != _IS_RESPONSE or questions != 1 or (rcode and rcode != _NAME_ERROR):
        return None
    place = _QUESTION + len(section)
    name = question.name
    records: tuple[Record, ...] = ()
    aliases: tuple[Alias, ...] = ()
    try:
        if answers:
            sought = _Sought(name, form)
            place = sought.read(wire, place, answers)
            records, aliases, name = sought.follow()
        negative_ttl = _pass_over(wire, place, authorities, others)
    except (Unusual, IndexError, struct.error):
        return None
    status = _FOUND if records else _NXDOMAIN if rcode else _NODATA
    answer = Answer(
        question=question,
        status=status,
        records=records,
        aliases=aliases,
        authenticated=flags & _AD != 0,
        negative_ttl=None if records else negative_ttl,
        authoritative=flags & _AA != 0,
    )
    is_open = bool(aliases) and status is _NODATA and negative_ttl is None
    return Response(answer=answer, open_end=name if is_open else None)


class _Sought:
    """The answer section: records of one form, and the aliases that lead to them from a name."""

    __slots__ = ("aliases", "form", "found", "name", "ttls")

    def __init__(self, name: str, form: Form) -> None:
        self.name, self.form = name, form
        self.found: dict[str, list[Any]] = {}
        self.ttls: dict[str, int] = {}
        self.aliases: dict[str, Alias] = {}

    def read(self, wire: bytes, place: int, count: int) -> int:
        """Read `count` records, and give the place behind them."""
        form, size = self.form, len(wire)
        for _ in range(count):
            if wire[place] == _POINTER and wire[place + 1] == _QUESTION:
                owner, place = self.name, place + 2
            else:
                owner, place = read_name(wire, place)
            rdtype, rdclass, ttl, length = _FIXED.unpack_from(wire, place)
            place += _FIXED.size
            end = place + length
            if rdclass != _IN or ttl > _MOST_TTL or end > size:
                raise Unusual
            if rdtype == form.number:
                data = form.read(wire, place, end)
                if owner in self.found:
                    self.found[owner].append(data)
                    self.ttls[owner] = min(self.ttls[owner], ttl)
                else:
                    self.found[owner], self.ttls[owner] = [data], ttl
            elif rdtype == CNAME:
                points_to, behind = read_name(wire, place)
                if behind != end or owner in self.aliases:
                    raise Unusual
                self.aliases[owner] = Alias(name=owner, points_to=points_to, ttl=ttl)
            else:
                SKIMMED[rdtype](wire, place, end)
            place = end
        return place

    def follow(self) -> tuple[tuple[Record, ...], tuple[Alias, ...], str]:
        """The records, the aliases on the way to them, and the name where these end."""
        owner = self.name
        aliases: list[Alias] = []
        while (data := self.found.get(owner)) is None:
            alias = self.aliases.get(owner)
            if alias is None:
                return (), tuple(aliases), owner
            aliases.append(alias)
            owner = alias.points_to
            if len(aliases) > LONGEST_CHAIN or owner == self.name or any(one.name == owner for one in aliases):
                raise Unusual
        if len(data) > 1 and self.form.number == SOA:
            raise Unusual
        ttl, make = self.ttls[owner], self.form.make
        return tuple([make(one, ttl) for one in dict.fromkeys(data)]), tuple(aliases), owner


def _pass_over(wire: bytes, place: int, authorities: int, others: int) -> int | None:
    """How long absence lasts as the authority section has it, None where it does not say; all the rest is sound."""
    lasts: int | None = None
    extended = False
    size = len(wire)
    for number in range(authorities + others):
        if wire[place] == _POINTER and wire[place + 1] == _QUESTION:
            begin, place = 1, place + 2
        else:
            begin = wire[place]
            place = behind_name(wire, place)
        rdtype, rdclass, ttl, length = _FIXED.unpack_from(wire, place)
        place += _FIXED.size
        end = place + length
        if end > size:
            raise Unusual
        if rdtype == OPT:
            if begin or length or extended or ttl >> 16 or number < authorities:
                raise Unusual
            extended = True
        elif rdclass != _IN or ttl > _MOST_TTL:
            raise Unusual
        elif rdtype == SOA:
            if lasts is not None or number >= authorities:
                raise Unusual
            lasts = min(ttl, read_soa(wire, place, end))
        else:
            SKIMMED[rdtype](wire, place, end)
        place = end
    return lasts
