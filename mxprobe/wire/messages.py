"""DNS messages as dnspython understands them: queries made of questions, and responses read into answers.

Apart from `wire.responses`, which says what is asked of them: here dnspython is loaded.

Standards: RFC 1035 §4 (form), RFC 2308 §2, §5 (absence), RFC 4035 §3.2.1 (DO), §3.2.3 (AD), RFC 6891 §6.2 (EDNS).
"""

import ipaddress
from functools import lru_cache

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from mxprobe.facts.dns import (
    AddressRecord,
    Alias,
    Answer,
    AnswerStatus,
    MxRecord,
    Question,
    Record,
    RecordType,
    TextRecord,
)
from mxprobe.facts.text import escape_text
from mxprobe.wire.responses import LONGEST_CHAIN, PAYLOAD, NotAsked, Response, malformed
from mxprobe.wire.tlsa import STAND_IN, tlsa_text, with_stand_in

_REMEMBERED = 128
"""So many queries and responses are kept as they were read, at most 64 KB each."""

_FAILURES = {
    dns.rcode.SERVFAIL: AnswerStatus.SERVFAIL,
    dns.rcode.REFUSED: AnswerStatus.REFUSED,
    dns.rcode.NOTAUTH: AnswerStatus.REFUSED,
    dns.rcode.NOTIMP: AnswerStatus.REFUSED,
    dns.rcode.FORMERR: AnswerStatus.MALFORMED,
}


@lru_cache(maxsize=_REMEMBERED)
def query_behind_its_number(question: Question, edns: bool, recursion: bool) -> bytes:
    """A query without its number. Raises NotAsked for a name that cannot be in the DNS."""
    try:
        name = dns.name.from_text(question.name, origin=dns.name.root, idna_codec=dns.name.IDNA_2008)
        query = dns.message.make_query(name, question.rrtype.value, id=0)
        query.flags = dns.flags.AD | (dns.flags.RD if recursion else 0)
        if edns:
            query.use_edns(0, dns.flags.DO, PAYLOAD)
        return query.to_wire()[2:]
    except dns.exception.DNSException as error:
        raise NotAsked(f"not a name that can be asked for: {error}") from error


@lru_cache(maxsize=_REMEMBERED)
def read_behind_its_number(wire: bytes, question: Question) -> Response:
    """Senders and probes hear the same answer again and again, and dnspython takes half a millisecond to read one."""
    try:
        sound = with_stand_in(wire) if question.rrtype is RecordType.TLSA else wire
        message = dns.message.from_wire(b"\0\0" + sound, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, IndexError, AssertionError) as error:
        return malformed(question, escape_text(str(error)) or type(error).__name__)
    if message.flags & dns.flags.TC:
        return Response(answer=Answer(question=question, status=AnswerStatus.MALFORMED, truncated=True))
    rcode = message.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        status = _FAILURES.get(rcode, AnswerStatus.SERVFAIL)
        answer = Answer(question=question, status=status, authenticated=False, detail=_detail(message))
        fears = rcode in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS)
        return Response(answer=answer, fears_edns=fears)
    return _read_sections(message, question)


def _detail(message: dns.message.Message) -> str:
    """The response code, and what the server adds to it (RFC 8914)."""
    extra = [escape_text(option.to_text()) for option in message.options if type(option).__name__ == "EDEOption"]
    return "; ".join([dns.rcode.to_text(message.rcode()), *extra])


def _read_sections(message: dns.message.Message, question: Question) -> Response:
    is_tlsa = question.rrtype is RecordType.TLSA
    wanted = STAND_IN if is_tlsa else dns.rdatatype.from_text(question.rrtype.value)
    owner = dns.name.from_text(question.name, origin=dns.name.root, idna_codec=dns.name.IDNA_2008)
    aliases: list[Alias] = []
    seen = {owner}
    while True:
        records = message.get_rrset(message.answer, owner, dns.rdataclass.IN, wanted)
        if records is not None:
            break
        alias = message.get_rrset(message.answer, owner, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            break
        aliases.append(Alias(name=_text(owner), points_to=_text(alias[0].target), ttl=alias.ttl))
        owner = alias[0].target
        if owner in seen or len(aliases) > LONGEST_CHAIN:
            return Response(answer=_answer(message, question, AnswerStatus.ALIAS_LOOP, (), aliases))
        seen.add(owner)
    if records is not None:
        found = tuple(_record(rdata, records.ttl) for rdata in records)
        return Response(answer=_answer(message, question, AnswerStatus.FOUND, found, aliases))
    if message.rcode() == dns.rcode.NXDOMAIN:
        return Response(answer=_answer(message, question, AnswerStatus.NXDOMAIN, (), aliases))
    says_nothing = _soa(message) is None
    return Response(
        answer=_answer(message, question, AnswerStatus.NODATA, (), aliases),
        open_end=_text(owner) if aliases and says_nothing else None,
    )


def _answer(
    message: dns.message.Message,
    question: Question,
    status: AnswerStatus,
    records: tuple[Record, ...],
    aliases: list[Alias],
) -> Answer:
    soa = _soa(message) if status.is_absence else None
    return Answer(
        question=question,
        status=status,
        records=records,
        aliases=tuple(aliases),
        authenticated=bool(message.flags & dns.flags.AD),
        authoritative=bool(message.flags & dns.flags.AA),
        negative_ttl=min(soa.ttl, soa[0].minimum) if soa is not None else None,
        detail="the aliases lead in a circle" if status is AnswerStatus.ALIAS_LOOP else None,
    )


def _soa(message: dns.message.Message) -> dns.rrset.RRset | None:
    return next((rrset for rrset in message.authority if rrset.rdtype == dns.rdatatype.SOA), None)


def _text(name: dns.name.Name) -> str:
    """A name as facts have it: lower case, no final dot, "." for the root; odd octets escaped as in a zone file."""
    return name.to_text(omit_final_dot=True).lower()


def _record(rdata: dns.rdata.Rdata, ttl: int) -> Record:
    if isinstance(rdata, MX):
        return MxRecord(preference=rdata.preference, exchange=_text(rdata.exchange), ttl=ttl)
    if isinstance(rdata, A | AAAA):
        return AddressRecord(address=str(ipaddress.ip_address(rdata.address)), ttl=ttl)
    if rdata.rdtype == STAND_IN:
        return TextRecord(text=tlsa_text(rdata), ttl=ttl)
    return TextRecord(text=escape_text(rdata.to_text()), ttl=ttl)
