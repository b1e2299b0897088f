"""What the fast reader and writer of DNS messages say is what dnspython's say, or nothing; the common form is read."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.wire import messages
from mxprobe.wire.plain import query_behind_its_number, question_section, read_plain
from mxprobe.wire.responses import Response, is_answer_to

MX = Question(name="example.test", rrtype=RecordType.MX)
A = Question(name="mx1.example.test", rrtype=RecordType.A)
AAAA = Question(name="mx1.example.test", rrtype=RecordType.AAAA)
TXT = Question(name="_mta-sts.example.test", rrtype=RecordType.TXT)
TLSA = Question(name="_25._tcp.mx1.example.test", rrtype=RecordType.TLSA)
ROOT = Question(name=".", rrtype=RecordType.SOA)
ZONE = tuple(
    Question(name="example.test", rrtype=rrtype)
    for rrtype in (RecordType.NS, RecordType.SOA, RecordType.DS, RecordType.PTR)
)
SOA = "test. 900 SOA ns.test. hostmaster.test. 1 2 3 4 300"
RRSIG = "RRSIG A 13 3 300 20300101000000 20200101000000 1 example.test. YWJjZA=="

_LONG = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 50}.test."
NAMES = st.sampled_from(
    (
        "example.test. mx1.example.test. MX2.Example.test. x.other.test. . a_b.test. odd\\.label.test."
        " _mta-sts.example.test. _25._tcp.mx1.example.test. " + _LONG
    ).split()
)
DATA = st.one_of(
    st.builds("MX {} {}".format, st.integers(0, 65535), NAMES),
    st.builds("CNAME {}".format, NAMES),
    st.builds("NS {}".format, NAMES),
    st.builds("PTR {}".format, NAMES),
    st.sampled_from([f"DS 1 {number} {kind} {'ab' * size}" for number in (8, 13) for kind, size in ((1, 20), (2, 32))]),
    st.sampled_from(["A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1", "AAAA ::ffff:192.0.2.1", "AAAA ::"]),
    st.sampled_from(['TXT "v=STSv1; id=1;"', 'TXT "a" "b"', 'TXT "quo\\"te"', 'TXT "\\200"', 'TXT ""', "TXT a"]),
    st.sampled_from(["TLSA 3 1 1 " + "ab" * 32, "TLSA # 020001abcd", "TLSA # 03", "TLSA # 030101", "TYPE65399 # 03"]),
    st.sampled_from([RRSIG, "NSEC a.test. A MX RRSIG", "NSEC3 1 0 1 aabb 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG"]),
    st.sampled_from([SOA.split(" ", 2)[2], "SOA odd\\.one.test. . 4000000000 3000000000 3 4 4294967295"]),
    st.sampled_from(["DNAME other.test.", "HINFO a b", 'CAA 0 issue "a"']),
)
RECORDS = st.lists(st.tuples(NAMES, st.sampled_from([0, 30, 300, 0x7FFFFFFF]), DATA), max_size=4)
QUESTIONS = st.sampled_from(
    [MX, A, AAAA, TXT, TLSA, ROOT, *ZONE, Question(name="mx1.example.test", rrtype=RecordType.CNAME)]
)
MUTATIONS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["set", "cut", "put", "pointer"]), st.integers(0, 255)), max_size=3
)


def make_query(question: Question, *, edns: bool = True, recursion: bool = True) -> bytes:
    """A query as dnspython writes it."""
    return b"\x12\x34" + messages.query_behind_its_number(question, edns, recursion)


def read_response(wire: bytes, query: bytes, question: Question) -> Response:
    """What dnspython reads."""
    assert is_answer_to(wire, query)
    return messages.read_behind_its_number(wire[2:], question)


def build(question: Question, *sections: list[tuple[str, int, str]], flags: int = 0) -> bytes:
    """A response with these records in its answer, authority and additional section."""
    message = dns.message.make_response(dns.message.from_wire(make_query(question)))
    message.flags |= flags
    for section, records in zip((message.answer, message.authority, message.additional), sections, strict=False):
        for name, ttl, data in records:
            rrtype, _, text = data.partition(" ")
            number = dns.rdatatype.from_text(rrtype)
            if text.startswith("# "):
                rdata: dns.rdata.Rdata = dns.rdata.GenericRdata(dns.rdataclass.IN, number, bytes.fromhex(text[2:]))
            else:
                rdata = dns.rdata.from_text(dns.rdataclass.IN, number, text)
            section.append(dns.rrset.from_rdata(dns.name.from_text(name), ttl, rdata))
    return message.to_wire(max_size=65535)


def mutate(wire: bytes, mutations: list[tuple[int, str, int]]) -> bytes:
    """The response with octets changed, left out or added; a pointer leads to anywhere."""
    told = bytearray(wire)
    for place, what, value in mutations:
        at = place % max(len(told), 1)
        if what == "set":
            told[at : at + 1] = bytes((value,))
        elif what == "cut":
            del told[at:]
        elif what == "put":
            told[at:at] = bytes((value,))
        else:
            told[at : at + 2] = bytes((0xC0, value))
    return bytes(told)


def compare(wire: bytes, question: Question) -> bool:
    """Whether the fast reader could read it; what it says is what dnspython says."""
    query = make_query(question)
    wire = query[:2] + wire[2:]
    section = question_section(question)
    assert section is not None
    said = read_plain(wire, question, section)
    if said is None:
        return False
    assert said == read_response(wire, query, question)
    return True


def line(text: str) -> tuple[str, int, str]:
    """A record from "name ttl type data"."""
    name, ttl, data = text.split(" ", 2)
    return name, int(ttl), data


@given(QUESTIONS, RECORDS, RECORDS, RECORDS, st.sampled_from([0, 0x20, 0x400, 3, 0x423, 2, 5, 0x200, 0x800]))
def test_whatever_it_reads_is_what_dnspython_reads(
    question: Question,
    answer: list[tuple[str, int, str]],
    authority: list[tuple[str, int, str]],
    additional: list[tuple[str, int, str]],
    flags: int,
) -> None:
    compare(build(question, answer, authority, additional, flags=flags), question)


COMMON = [
    (MX, ["example.test. 300 MX 10 mx1.example.test.", "example.test. 60 MX 20 MX2.Other.test."], []),
    (MX, ["example.test. 300 MX 0 ."], []),
    (MX, [], [SOA]),
    (A, ["mx1.example.test. 300 A 192.0.2.1", "mx1.example.test. 300 A 192.0.2.1"], ["test. 9 NS ns.test."]),
    (A, ["mx1.example.test. 30 CNAME X.other.test.", "x.other.test. 30 A 192.0.2.1"], []),
    (A, ["mx1.example.test. 30 CNAME x.other.test."], []),
    (A, ["mx1.example.test. 30 CNAME x.other.test."], [SOA]),
    (A, ["mx1.example.test. 300 A 192.0.2.1", f"mx1.example.test. 300 {RRSIG}"], []),
    (AAAA, ["mx1.example.test. 300 AAAA 2001:db8::1:0:0:1", "mx1.example.test. 300 AAAA 2001:0:0:1::2"], []),
    (AAAA, [], [SOA, f"test. 900 {RRSIG}", "a.test. 900 NSEC b.test. A MX RRSIG NSEC"]),
    (AAAA, [], [SOA, "a.test. 900 NSEC3 1 0 1 aabb 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG"]),
    (TXT, ['_mta-sts.example.test. 300 TXT "v=STSv1; id=1;"'], []),
    (TXT, ['_mta-sts.example.test. 300 TXT "a" "b"', '_mta-sts.example.test. 300 TXT ""'], []),
    (TLSA, ["_25._tcp.mx1.example.test. 300 TLSA 3 1 1 " + "AB" * 32], []),
]


@pytest.mark.parametrize(("question", "answer", "authority"), COMMON)
@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
@pytest.mark.parametrize("flags", [0, dns.flags.AD, dns.flags.AA | dns.flags.RA])
def test_the_common_form_is_read(
    question: Question, answer: list[str], authority: list[str], rcode: int, flags: int
) -> None:
    wire = build(question, [line(one) for one in answer], [line(one) for one in authority], flags=flags | rcode)

    assert compare(wire, question)


@given(st.sampled_from(COMMON), st.sampled_from([0, 3]), MUTATIONS)
@example(COMMON[0], 0, [(5, "set", 2)])
@example(COMMON[4], 0, [(42, "pointer", 41)])
def test_no_change_of_octets_makes_them_differ(
    common: tuple[Question, list[str], list[str]], rcode: int, mutations: list[tuple[int, str, int]]
) -> None:
    question, answer, authority = common
    wire = build(question, [line(one) for one in answer], [line(one) for one in authority], flags=rcode)

    compare(mutate(wire, mutations), question)


def test_every_single_octet_may_lie() -> None:
    question, _, authority = COMMON[9]
    wire = build(question, [], [line(one) for one in authority], flags=3)
    for place in range(2, len(wire)):
        for value in (0, 1, 12, 63, 64, 128, 192, 255):
            compare(wire[:place] + bytes((value,)) + wire[place + 1 :], question)
        compare(wire[:place], question)


def test_pointers_in_a_circle_or_forwards_are_left_to_dnspython() -> None:
    head = make_query(A)[:2] + bytes.fromhex("8180 0001 0001 0000 0000".replace(" ", ""))
    section = question_section(A)
    assert section is not None
    rest = bytes.fromhex("0001 0001 0000003c 0004 c0000201".replace(" ", ""))
    here = 12 + len(section)
    for pointer in (here, here + 2, here - 1, 0, 4):
        wire = head + section + bytes((0xC0 | pointer >> 8, pointer & 0xFF)) + rest
        compare(wire, A)
    assert read_plain(head + section + bytes((0xC0, here)) + rest, A, section) is None
    assert read_plain(head + section + bytes((0xC0, 12)) + rest, A, section) is not None


def test_a_response_to_another_question_is_none() -> None:
    section = question_section(A)
    assert section is not None

    assert read_plain(build(AAAA, [line("mx1.example.test. 300 AAAA ::1")]), A, section) is None
    assert read_plain(b"", A, section) is None


@given(
    st.one_of(
        st.from_regex(r"[a-z0-9_-]{1,64}(\.[a-z0-9_-]{1,63}){0,6}", fullmatch=True),
        st.sampled_from([".", "", "a..b", "A.test", "a.test.", "b\\.c.test", "ü.test", "xn--bcher-kva.test", "a\n"]),
        st.text(max_size=12),
    ),
    st.sampled_from(list(RecordType)),
    st.booleans(),
    st.booleans(),
)
def test_queries_are_those_that_dnspython_writes(name: str, rrtype: RecordType, edns: bool, recursion: bool) -> None:
    question = Question(name=name, rrtype=rrtype)
    section = question_section(question)
    if section is not None:
        query = query_behind_its_number(section, edns=edns, recursion=recursion)
        assert query == make_query(question, edns=edns, recursion=recursion)[2:]


def test_plain_names_are_written_fast() -> None:
    assert question_section(MX) == b"\x07example\x04test\x00\x00\x0f\x00\x01"
    assert question_section(Question(name=".", rrtype=RecordType.NS)) == b"\x00\x00\x02\x00\x01"


def test_the_status_of_what_is_read_is_told() -> None:
    section = question_section(MX)
    assert section is not None
    said = read_plain(build(MX, [], [line(SOA)], flags=3), MX, section)

    assert said is not None
    assert (said.answer.status, said.answer.negative_ttl) == (AnswerStatus.NXDOMAIN, 300)
