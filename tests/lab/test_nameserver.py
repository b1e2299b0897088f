"""The lab's name server answers as an authoritative one, and fails as it is told."""

import dns.message
import dns.rcode
import pytest

from mxprobe.facts.dns import AnswerStatus, Question
from mxprobe.lab.nameserver import NameServer
from mxprobe.scenario.reaction import Names, Reaction

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
