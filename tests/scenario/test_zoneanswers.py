"""What a zone file would answer: its own records and TTLs, absence of two kinds, and what it cannot know."""

import dns.rdata
import pytest

from mxprobe.facts.dns import AnswerStatus, Question, RecordType, index_answers
from mxprobe.mx.plan import HostProblem, plan_mx
from mxprobe.scenario import zonefile
from mxprobe.scenario.zoneanswers import MOST_QUESTIONS, answer_from, answer_question
from mxprobe.scenario.zonefile import read_zone_file
from mxprobe.scenario.zonereader import text_of

ZONE = """\
$TTL 3600
@ IN SOA ns1 hostmaster ( 1 3600 900 604800 300 )
  IN NS ns1
@ 600 IN MX 10 mx1
  IN MX 20 old
  IN MX 30 relay.isp.example.
  IN MX 40 away
ns1 IN A 192.0.2.53
mx1 IN A 192.0.2.1
    IN AAAA 2001:db8::1
old IN CNAME mx1
away IN CNAME mx.isp.example.
here.below IN TXT "x"
*.wild IN A 192.0.2.7
round IN CNAME round2
round2 IN CNAME round
sub IN NS ns.sub
ns.sub IN A 192.0.2.54
"""
FOUND, NODATA, NXDOMAIN = AnswerStatus.FOUND, AnswerStatus.NODATA, AnswerStatus.NXDOMAIN
NOT_ASKED, LOOP = AnswerStatus.NOT_ASKED, AnswerStatus.ALIAS_LOOP


@pytest.mark.parametrize(
    ("name", "status", "addresses"),
    [
        ("mx1.example.test", FOUND, ["192.0.2.1"]),
        ("old.example.test", FOUND, ["192.0.2.1"]),
        ("example.test", NODATA, []),
        ("below.example.test", NODATA, []),
        ("nowhere.example.test", NXDOMAIN, []),
        ("any.wild.example.test", FOUND, ["192.0.2.7"]),
        ("two.any.wild.example.test", FOUND, ["192.0.2.7"]),
        ("wild.example.test", NODATA, []),
        ("round.example.test", LOOP, []),
        ("relay.isp.example", NOT_ASKED, []),
        ("away.example.test", NOT_ASKED, []),
        ("mx.sub.example.test", NOT_ASKED, []),
        ("ns.sub.example.test", FOUND, ["192.0.2.54"]),
    ],
)
def test_a_name_has_the_answer_that_its_server_would_give(
    name: str, status: AnswerStatus, addresses: list[str]
) -> None:
    zone = read_zone_file(ZONE, "example.test", "db")

    answer = answer_question(zone, Question(name=name, rrtype=RecordType.A))

    assert (answer.status, [record.address for record in answer.addresses]) == (status, addresses)
    assert answer.tries == 0
    assert answer.authenticated is None


def test_the_answers_make_a_chain_with_the_ttls_of_the_file() -> None:
    answers = answer_from(read_zone_file(ZONE, "example.test", "db"))
    plan = plan_mx("example.test", index_answers(answers))

    assert [(host.name, host.addresses) for host in plan.hosts] == [
        ("mx1.example.test", ("192.0.2.1", "2001:db8::1")),
        ("old.example.test", ("192.0.2.1", "2001:db8::1")),
    ]
    assert [(host.name, host.problem) for host in plan.excluded] == [
        ("relay.isp.example", HostProblem.NOT_ASKED),
        ("away.example.test", HostProblem.NOT_ASKED),
    ]
    assert plan.temporary
    assert plan.ttl == 600
    assert plan.hosts[1].problem is HostProblem.ALIAS


def test_a_zone_without_mx_has_its_domain_as_the_host() -> None:
    answers = answer_from(read_zone_file("@ 60 IN A 192.0.2.1\n", "example.test", "db"))

    assert [host.name for host in plan_mx("example.test", index_answers(answers)).hosts] == ["example.test"]


def test_answering_does_not_look_at_records_that_nobody_asks_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone ten times as long costs its reading, and nothing behind it."""
    looked_at: list[object] = []

    def count(rdata: dns.rdata.Rdata) -> str:
        looked_at.append(rdata)
        return text_of(rdata)

    monkeypatch.setattr(zonefile, "text_of", count)
    counts = []
    for hosts in (300, 3000):
        zone = read_zone_file(
            ZONE + "".join(f"h{number} A 192.0.2.9\n" for number in range(hosts)), "example.test", "db"
        )
        looked_at.clear()
        answer_from(zone)
        counts.append(len(looked_at))

    assert counts[0] == counts[1] < 100


@pytest.mark.parametrize(
    ("name", "rrtype", "status"),
    [
        ("sub.example.test", RecordType.DS, NODATA),
        ("sub.example.test", RecordType.NS, NOT_ASKED),
        ("example.test", RecordType.DS, NOT_ASKED),
        ("ns.sub.example.test", RecordType.TLSA, NOT_ASKED),
        ("a.moved.example.test", RecordType.A, NOT_ASKED),
        ("mx1.inside.example.test", RecordType.A, FOUND),
        ("inside.example.test", RecordType.A, NODATA),
        ("MX1.Example.Test", RecordType.A, FOUND),
        ("dot\\.example.test", RecordType.A, NOT_ASKED),
    ],
)
def test_cuts_and_moved_names_are_seen(name: str, rrtype: RecordType, status: AnswerStatus) -> None:
    text = ZONE + "moved DNAME elsewhere.test.\ninside DNAME example.test.\n"

    assert (
        answer_question(read_zone_file(text, "example.test", "db"), Question(name=name, rrtype=rrtype)).status is status
    )


def test_records_of_one_name_have_one_ttl_and_absence_that_of_the_soa() -> None:
    zone = read_zone_file("@ 60 SOA a b 1 1 1 1 30\n@ 600 A 192.0.2.1\n@ 300 A 192.0.2.2\n", "example.test", "db")

    found = answer_question(zone, Question(name="example.test", rrtype=RecordType.A))
    absent = answer_question(zone, Question(name="example.test", rrtype=RecordType.TXT))

    assert [record.ttl for record in found.records] == [300, 300]
    assert absent.negative_ttl == 30


def test_a_long_chain_is_asked_about_as_far_as_mail_has_chains() -> None:
    text = "$TTL 60\n" + "".join(f"@ MX {number} m{number}\nm{number} A 192.0.2.1\n" for number in range(300))
    answers = answer_from(read_zone_file(text, "example.test", "db"))
    plan = plan_mx("example.test", index_answers(answers))

    assert len(plan.hosts) == MOST_QUESTIONS // 2
    assert {host.problem for host in plan.excluded} == {HostProblem.NOT_ASKED}
    assert min(host.preference for host in plan.excluded) == MOST_QUESTIONS // 2
