"""What rules want to know: in few rounds, within bounds for any zone, and nothing twice."""

import time
from collections import Counter

import pytest

from mxprobe.facts.dns import Answer, Answers, Question, RecordType
from mxprobe.mx.plan import next_questions
from mxprobe.mx.wishes import WISHES, Subject, next_wishes
from tests.support.spfcases import Zone

SUBJECT = Subject(domain="example.test", allow_special=True)
CHAIN = """
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
"""


def _gather(zone: Zone, subject: Subject = SUBJECT) -> tuple[Answers, list[list[Question]], Counter[str]]:
    """Every answer, the questions round by round, and how many each family asked."""
    answers: dict[Question, Answer] = {}
    while questions := next_questions(subject.domain, answers):
        answers |= {question: zone.answer(question) for question in questions}
    rounds, spent = list[list[Question]](), Counter[str]()
    while wanted := next_wishes(subject, answers, spent):
        rounds.append([question for _, question in wanted])
        answers |= {question: zone.answer(question) for _, question in wanted}
        spent.update(name for name, _ in wanted)
    return answers, rounds, spent


def test_the_text_of_the_domain_is_asked_for_once() -> None:
    _, rounds, _ = _gather(Zone(CHAIN + "example.test TXT v=spf1 a mx include:example.test -all"))
    asked = [question for questions in rounds for question in questions]

    assert asked.count(Question(name="example.test", rrtype=RecordType.TXT)) == 1
    assert len(asked) == len(set(asked))


def test_records_that_stand_side_by_side_are_asked_for_together() -> None:
    includes = " ".join(f"include:s{number}.test" for number in range(9))
    records = "\n".join(f"s{number}.test TXT v=spf1 ip4:203.0.113.{number} -all" for number in range(9))
    _, rounds, spent = _gather(Zone(f"{CHAIN}example.test TXT v=spf1 {includes} -all\n{records}"))

    assert len(rounds) <= 3
    assert spent["spf"] == 10


def test_without_a_record_nothing_more_is_asked_of_spf() -> None:
    assert _gather(Zone(CHAIN))[2]["spf"] == 1
    assert _gather(Zone(CHAIN + "example.test TXT v=spf1 moo include:a.test"))[2]["spf"] == 1


def test_what_nobody_named_is_not_asked_for() -> None:
    spent = _gather(Zone(CHAIN))[2]
    named = Subject(domain="example.test", allow_special=True, selectors=("s1", "s2"), lists=("bl.test",))

    assert spent["dkim"] == spent["dnsbl"] == 0
    spent = _gather(Zone(CHAIN), named)[2]
    assert (spent["dkim"], spent["dnsbl"]) == (2, 4)


def test_addresses_of_special_use_are_told_to_no_list() -> None:
    careful = Subject(domain="example.test", lists=("bl.test",))

    assert _gather(Zone(CHAIN), careful)[2]["dnsbl"] == 2


@pytest.mark.parametrize(
    "hostile",
    [
        "\n".join(f"h{number}.test TXT v=spf1 include:h{number + 1}.test -all" for number in range(1000))
        + "\nexample.test TXT v=spf1 include:h0.test -all",
        "example.test TXT v=spf1 " + " ".join(f"include:h{number}.test" for number in range(3000)),
        "example.test TXT v=spf1 " + "exists:%{i}.%{d} " * 3000,
        "example.test TXT v=spf1 mx ptr a:%{p} redirect=example.test",
        "example.test TXT v=spf1 redirect=example.test",
        "\n".join(
            f"h{number}.test TXT v=spf1 {'ip4:203.0.113.9 ' * 4000}include:h{number + 1}.test" for number in range(20)
        )
        + "\nexample.test TXT v=spf1 include:h0.test",
        "_dmarc.example.test TXT v=DMARC1; rua=" + ",".join(f"mailto:a@r{number}.test" for number in range(3000)),
        "_dmarc.example.test TXT v=DMARC1; rua=mailto:a@r.test\n"
        + "\n".join(f"r.test MX 1 m{number}.test" for number in range(300)),
    ],
    ids=["hops", "includes", "exists", "names", "redirect", "64-kilobytes", "reports", "300-mx"],
)
def test_a_hostile_zone_is_asked_a_bounded_number_of_questions_in_bounded_time(hostile: str) -> None:
    began = time.perf_counter()
    _, rounds, spent = _gather(Zone(CHAIN + hostile))

    assert all(spent[wish.name] <= wish.most for wish in WISHES)
    assert len(rounds) <= 60
    assert time.perf_counter() - began < 8
