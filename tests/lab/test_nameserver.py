"""The lab's name server answers as an authoritative one, and fails as it is told."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.lab.nameserver import NameServer
from mxprobe.lab.signing import sign_zones
from mxprobe.scenario.reaction import Forge, Lame, Names, Reaction, SignatureKind, Signatures, Stale

ZONE = """\
@ 300 IN SOA ns hostmaster 1 3600 900 604800 60
@ 300 IN NS ns
@ 300 IN MX 10 mx1
mx1 300 IN A 192.0.2.1
alias 300 IN CNAME mx1
a.deep 300 IN A 192.0.2.2
"""


def _ask(name: str, rrtype: str, *reactions: Reaction) -> dns.message.Message | None:
    def react(_question: Question) -> tuple[Reaction, ...]:
        return reactions

    wire = NameServer({"example.test": ZONE}).answer(dns.message.make_query(name, rrtype).to_wire(), react)
    return None if wire is None else dns.message.from_wire(wire)


@pytest.mark.parametrize(
    ("name", "rrtype", "rcode", "answers"),
    [
        ("example.test", "MX", dns.rcode.NOERROR, 1),
        ("mx1.example.test", "AAAA", dns.rcode.NOERROR, 0),
        ("alias.example.test", "A", dns.rcode.NOERROR, 2),
        ("deep.example.test", "A", dns.rcode.NOERROR, 0),
        ("nowhere.example.test", "A", dns.rcode.NXDOMAIN, 0),
        ("elsewhere.test", "A", dns.rcode.REFUSED, 0),
    ],
)
def test_presence_and_absence_are_told_apart(name: str, rrtype: str, rcode: dns.rcode.Rcode, answers: int) -> None:
    reply = _ask(name, rrtype)

    assert reply is not None
    assert (reply.rcode(), len(reply.answer)) == (rcode, answers)
    if rcode != dns.rcode.REFUSED:
        assert bool(reply.authority) is (answers == 0)


def test_faults_answer_in_place_of_the_zone() -> None:
    reply = _ask("example.test", "MX", Names(status=AnswerStatus.SERVFAIL))

    assert reply is not None
    assert (reply.rcode(), reply.answer) == (dns.rcode.SERVFAIL, [])
    assert _ask("example.test", "MX", Names(status=AnswerStatus.TIMEOUT)) is None


def test_a_broken_query_gets_no_answer() -> None:
    assert NameServer({"example.test": ZONE}).answer(b"\x00\x01", lambda _: ()) is None


WILD = ZONE + '* 60 IN TXT "any"\n*.deep 60 IN CNAME mx1\n'


def _hosts(nameserver: NameServer, *reactions: Reaction) -> list[str]:
    wire = nameserver.answer(dns.message.make_query("example.test", "MX").to_wire(), lambda _: reactions)
    assert wire is not None
    return [record.exchange.to_text() for rrset in dns.message.from_wire(wire).answer for record in rrset]


def test_what_is_replaced_is_served_from_then_on_and_remembered_for_who_has_it_still() -> None:
    nameserver = NameServer({"example.test": ZONE})
    nameserver.replace_zones({"example.test": ZONE.replace("MX 10 mx1", "MX 10 mx2")}, at=600.0)
    nameserver.replace_zones({"example.test": ZONE.replace("MX 10 mx1", "MX 10 mx3")}, at=1200.0)

    assert _hosts(nameserver) == ["mx3.example.test."]
    assert _hosts(nameserver, Stale(since=0.0)) == ["mx1.example.test."]
    assert _hosts(nameserver, Stale(since=600.0)) == ["mx1.example.test."]
    assert _hosts(nameserver, Stale(since=700.0)) == ["mx2.example.test."]
    assert _hosts(nameserver, Stale(since=9000.0)) == ["mx3.example.test."]


def test_forged_records_name_the_given_hosts() -> None:
    assert _hosts(NameServer({"example.test": ZONE}), Forge(mx=("a.test", "b.test"))) == ["a.test.", "b.test."]


def test_a_lame_server_refers_to_the_root_without_authority() -> None:
    reply = _ask("example.test", "MX", Lame())

    assert reply is not None
    assert (reply.rcode(), reply.answer, reply.flags & dns.flags.AA) == (dns.rcode.NOERROR, [], 0)
    assert [(rrset.name.to_text(), rrset.rdtype.name) for rrset in reply.authority] == [(".", "NS")]


def test_what_is_not_signed_stays_as_it_is_under_a_fault_of_signatures() -> None:
    assert _hosts(NameServer({"example.test": ZONE}), Signatures(kind=SignatureKind.BOGUS)) == ["mx1.example.test."]


@pytest.mark.parametrize("status", [AnswerStatus.NODATA, AnswerStatus.NXDOMAIN])
def test_absence_by_a_fault_has_the_soa_of_the_zone(status: AnswerStatus) -> None:
    reply = _ask("example.test", "MX", Names(status=status))

    assert reply is not None
    assert (reply.answer, [rrset.rdtype.name for rrset in reply.authority]) == ([], ["SOA"])
    assert reply.flags & dns.flags.AA


@pytest.mark.parametrize(
    ("name", "rrtype", "answers"),
    [
        ("nobody.example.test", "TXT", ["nobody.example.test. TXT"]),
        ("a.b.example.test", "TXT", ["a.b.example.test. TXT"]),
        ("nobody.example.test", "A", []),
        ("mx1.example.test", "TXT", []),
        ("x.mx1.example.test", "TXT", []),
        ("x.deep.example.test", "A", ["x.deep.example.test. CNAME", "mx1.example.test. A"]),
    ],
)
def test_wildcards_stand_for_names_that_do_not_exist(name: str, rrtype: str, answers: list[str]) -> None:
    query = dns.message.make_query(name, rrtype)
    wire = NameServer({"example.test": WILD}).answer(query.to_wire(), lambda _: ())
    assert wire is not None
    reply = dns.message.from_wire(wire)

    assert [f"{rrset.name} {rrset.rdtype.name}" for rrset in reply.answer] == answers
    assert (reply.rcode() == dns.rcode.NXDOMAIN) is name.startswith("x.mx1")


def test_faults_of_the_domain_do_not_reach_the_root_zone() -> None:
    asked: list[Question] = []

    def note(question: Question) -> tuple[Reaction, ...]:
        asked.append(question)
        return ()

    signed = sign_zones({"example.test": ZONE}, 1)
    for name, rrtype in ((".", "DNSKEY"), ("example.test", "DS"), ("example.test", "DNSKEY")):
        query = dns.message.make_query(name, rrtype).to_wire()
        NameServer(signed.zones).answer(query, note)

    assert asked == [Question(name="example.test", rrtype=RecordType.DNSKEY)]
