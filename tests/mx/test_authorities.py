"""Whom to ask about a zone, and what it comes to: bounded for any answers, and the same in whatever order they came."""

from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import (
    AddressRecord,
    Alias,
    Answer,
    AnswerStatus,
    AuthorityAnswer,
    MxRecord,
    Question,
    RecordType,
    TextRecord,
    index_answers,
)
from mxprobe.mx.authorities import (
    MOST_ADDRESSES,
    MOST_SERVERS,
    authorities_to_ask,
    contents,
    failing,
    next_authority_questions,
    next_direct_question,
    voices_of,
    zone_of,
)
from mxprobe.mx.intended import intended_name
from mxprobe.mx.registered import Registered, registration_of

DOMAIN = "example.test"
NAMES = st.sampled_from(["example.test", "test", "a.example.test", "ns1.example.test", "ns2.other.test", "."])
TEXTS = st.one_of(NAMES.map(lambda name: f"{name}."), st.text(max_size=30))
STATUSES = st.sampled_from(AnswerStatus)


def _answer(name: str, rrtype: RecordType, *records: object, status: AnswerStatus | None = None) -> Answer:
    return Answer(
        question=Question(name=name, rrtype=rrtype),
        status=status or (AnswerStatus.FOUND if records else AnswerStatus.NODATA),
        records=records,  # type: ignore[arg-type]
    )


def _ns(*names: str) -> Answer:
    return _answer(DOMAIN, RecordType.NS, *(TextRecord(text=f"{name}.", ttl=1) for name in names))


def _at(name: str, *addresses: str) -> Answer:
    rrtype = RecordType.AAAA if any(":" in address for address in addresses) else RecordType.A
    return _answer(name, rrtype, *(AddressRecord(address=address, ttl=1) for address in addresses))


def _said(address: str, *preferences: int, status: AnswerStatus | None = None, aa: bool = True) -> AuthorityAnswer:
    records = (MxRecord(preference=at, exchange="mx.test", ttl=60) for at in preferences)
    answer = _answer(DOMAIN, RecordType.MX, *records, status=status)
    answer = Answer(
        question=answer.question, status=answer.status, records=answer.records, authoritative=aa, server=address
    )
    return AuthorityAnswer(zone=DOMAIN, server=f"ns-{address}", address=address, answer=answer)


def test_the_zone_is_asked_for_then_its_servers_then_nothing() -> None:
    assert [question.rrtype for question in next_authority_questions(DOMAIN, {})] == [RecordType.NS]
    answers = index_answers([_ns("ns1.test", "ns2.test")])
    questions = next_authority_questions(DOMAIN, answers)
    assert [(one.name, one.rrtype.value) for one in questions] == [
        (DOMAIN, "SOA"),
        (DOMAIN, "DS"),
        *((name, kind) for name in ("ns1.test", "ns2.test") for kind in ("A", "AAAA")),
    ]
    known = index_answers([*answers.values(), *(_answer(one.name, one.rrtype) for one in questions)])
    assert next_authority_questions(DOMAIN, known) == ()


def test_names_in_any_case_and_with_dots_are_one_server() -> None:
    answer = _answer(
        DOMAIN, RecordType.NS, *(TextRecord(text=text, ttl=1) for text in ("NS1.test.", "ns1.test", "ns1.TEST.", "."))
    )

    assert zone_of(DOMAIN, index_answers([answer])).servers == ("ns1.test",)


def test_one_address_of_each_family_is_asked_first() -> None:
    answers = index_answers(
        [_ns("ns1.test"), _at("ns1.test", "198.41.0.4", "198.41.0.5"), _at("ns1.test", "2001:503:ba3e::2:30")]
    )

    def addresses(*families: int) -> list[str]:
        return [one.address for one in authorities_to_ask(DOMAIN, answers, families)]

    assert addresses(4, 6) == ["198.41.0.4", "2001:503:ba3e::2:30"]
    assert addresses(4) == ["198.41.0.4", "198.41.0.5"]
    assert addresses() == []


def test_addresses_of_special_use_are_asked_where_that_is_allowed() -> None:
    answers = index_answers([_ns("ns1.test"), _at("ns1.test", "127.0.0.1", "198.41.0.4")])

    assert [one.address for one in authorities_to_ask(DOMAIN, answers)] == ["198.41.0.4"]
    allowed = authorities_to_ask(DOMAIN, answers, allow_special=True)
    assert [one.address for one in allowed] == ["127.0.0.1", "198.41.0.4"]


@given(
    st.lists(st.builds(_answer, NAMES, st.just(RecordType.NS), TEXTS.map(lambda text: TextRecord(text=text, ttl=1))))
)
def test_whatever_is_answered_the_questions_end_and_are_few(found: list[Answer]) -> None:
    answers = dict(index_answers(found))
    asked = 0
    while questions := next_authority_questions(DOMAIN, answers):
        asked += len(questions)
        answers |= {question: _answer(question.name, question.rrtype) for question in questions}

    assert asked <= 23
    assert len(authorities_to_ask(DOMAIN, answers)) <= MOST_SERVERS * MOST_ADDRESSES


@given(STATUSES)
def test_a_server_is_asked_two_things_and_the_silent_one_is_left_alone(status: AnswerStatus) -> None:
    (authority,) = authorities_to_ask(DOMAIN, index_answers([_ns("ns1.test"), _at("ns1.test", "198.41.0.4")]))
    first = next_direct_question(DOMAIN, authority, ())
    assert first == Question(name=DOMAIN, rrtype=RecordType.MX)
    said = (_answer(DOMAIN, RecordType.MX, status=status),)
    second = next_direct_question(DOMAIN, authority, said)
    gone = status in (AnswerStatus.TIMEOUT, AnswerStatus.UNREACHABLE, AnswerStatus.NOT_ASKED)
    assert (second is None) is gone
    if second is not None:
        assert next_direct_question(DOMAIN, authority, (*said, _answer(DOMAIN, RecordType.SOA, status=status))) is None


@given(st.permutations([_said("198.41.0.4", 10, 20), _said("198.41.0.5", 20, 10), _said("198.41.0.6", aa=False)]))
def test_the_order_of_records_and_of_servers_makes_no_difference(said: list[AuthorityAnswer]) -> None:
    voices = voices_of(DOMAIN, said)

    assert contents(voices) == (("10 mx.test", "20 mx.test"),)
    assert [voice.authority.address for voice in failing(voices)] == ["198.41.0.6"]


@given(st.lists(STATUSES, min_size=1, max_size=5))
def test_nobody_is_blamed_where_nobody_of_the_family_speaks(statuses: list[AnswerStatus]) -> None:
    said = [_said(f"198.41.0.{at}", status=status, aa=False) for at, status in enumerate(statuses)]

    assert failing(voices_of(DOMAIN, said)) == ()
    spoken = failing(voices_of(DOMAIN, [*said, _said("198.41.0.99", 10)]))
    blamed = [status for status in statuses if status is not AnswerStatus.NOT_ASKED]
    assert len(spoken) == len(blamed)


@given(st.text(max_size=80))
def test_a_serial_is_a_number_or_nothing(text: str) -> None:
    soa = _answer(DOMAIN, RecordType.SOA, TextRecord(text=text, ttl=1))
    soa = Answer(question=soa.question, status=soa.status, records=soa.records, authoritative=True)
    said = AuthorityAnswer(zone=DOMAIN, server="ns-198.41.0.4", address="198.41.0.4", answer=soa)
    (voice,) = voices_of(DOMAIN, [_said("198.41.0.4", 10), said])

    assert voice.serial is None or str(voice.serial).isdecimal()


def test_an_alias_is_compared_by_where_it_points() -> None:
    def alias(address: str, *records: MxRecord) -> AuthorityAnswer:
        one = _said(address)
        aliases = (Alias(name=DOMAIN, points_to="other.test", ttl=60),)
        answer = Answer(question=one.answer.question, status=AnswerStatus.FOUND, aliases=aliases, authoritative=True)
        return AuthorityAnswer(zone=one.zone, server=one.server, address=address, answer=answer)

    both = [alias("198.41.0.4"), alias("198.41.0.5", MxRecord(preference=1, exchange="a.test", ttl=1))]
    assert contents(voices_of(DOMAIN, both)) == (("CNAME other.test",),)


def test_a_name_that_was_completed_once_too_often_or_not_at_all() -> None:
    assert intended_name("mail", DOMAIN) == "mail.example.test"
    assert intended_name("mail.example.test.example.test", DOMAIN) == "mail.example.test"
    assert intended_name("example.test.example.test", DOMAIN) == "example.test"
    assert intended_name("mail.notexample.test.example.test", DOMAIN) is None
    assert intended_name("mail.example.test", DOMAIN) is None


@given(st.lists(st.tuples(NAMES, STATUSES)), st.sampled_from(["mx.old.test", "a.b.c.d.e.f.test", "x", "mx.old.co.uk"]))
def test_a_domain_is_called_free_only_where_something_denied_it(
    known: list[tuple[str, AnswerStatus]], host: str
) -> None:
    answers = index_answers(_answer(name, RecordType.NS, status=status) for name, status in known)
    seen = registration_of(host, answers)

    if seen.verdict is Registered.FREE:
        assert answers[Question(name=seen.name, rrtype=RecordType.NS)].status is AnswerStatus.NXDOMAIN
        assert seen.zone
        assert host.endswith(seen.name)
