"""Where TLSA records are looked for, how secure an answer is, and what a host is held to by them."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.dns import (
    AddressRecord,
    Alias,
    Answer,
    AnswerStatus,
    Question,
    RecordType,
    Security,
    TextRecord,
    Validation,
    index_answers,
)
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import tlsa_question
from mxprobe.mx.promise import PromiseKind, next_tlsa_questions, promise_of, seen_of
from mxprobe.mx.security import security_of
from mxprobe.mx.validation import OWN
from mxprobe.mx.wishes import Subject, next_wishes
from tests.support.snapshots import mx, snapshot

MX1, END = "mx1.example.test", "host.provider.test"
DIGEST = "3 1 1 " + "ab" * 32
HERE = "192.0.2.53:53"


def _a(*, secure: bool = True, alias: bool = False, server: str = HERE) -> Answer:
    return Answer(
        question=Question(name=MX1, rrtype=RecordType.A),
        status=AnswerStatus.FOUND,
        records=(AddressRecord(address="192.0.2.1", ttl=60),),
        aliases=(Alias(name=MX1, points_to=END, ttl=60),) if alias else (),
        authenticated=secure,
        server=server,
    )


def _tlsa(
    name: str, *texts: str, status: AnswerStatus | None = None, secure: bool | None = True, port: int = 25
) -> Answer:
    found = AnswerStatus.FOUND if texts else AnswerStatus.NODATA
    return Answer(
        question=tlsa_question(name, port),
        status=status or found,
        records=tuple(TextRecord(text=text, ttl=60) for text in texts),
        authenticated=secure,
        server=HERE,
    )


def _alias(*, secure: bool) -> Answer:
    question = Question(name=MX1, rrtype=RecordType.CNAME)
    record = TextRecord(text=f"{END}.", ttl=60)
    found = AnswerStatus.FOUND
    return Answer(question=question, status=found, records=(record,), authenticated=secure, server=HERE)


def _seen(*answers: Answer) -> Snapshot:
    return snapshot([replace(mx((10, MX1)), authenticated=True), *answers])


def _kind(*answers: Answer) -> PromiseKind:
    return promise_of(MX1, seen_of(_seen(*answers))).kind


def _asked(*answers: Answer, port: int = 25) -> list[str]:
    known = index_answers([mx((10, MX1)), *answers])
    return [f"{one.name} {one.rrtype}" for one in next_tlsa_questions((MX1,), known, port)]


def test_a_host_is_asked_about_at_its_own_name_and_port() -> None:
    assert _asked() == []  # its addresses first
    assert _asked(_a()) == [f"_25._tcp.{MX1} TLSA"]
    assert _asked(_a(), port=2525) == [f"_2525._tcp.{MX1} TLSA"]
    assert _asked(_a(), _tlsa(MX1, DIGEST)) == []


def test_the_end_of_an_alias_is_asked_about_first_and_the_host_only_where_that_has_none() -> None:
    at_end, cname = f"_25._tcp.{END} TLSA", f"{MX1} CNAME"

    assert _asked(_a(alias=True)) == [at_end, cname]
    assert _asked(_a(alias=True), _alias(secure=True), _tlsa(END, DIGEST)) == []
    assert _asked(_a(alias=True), _alias(secure=True), _tlsa(END, status=AnswerStatus.SERVFAIL)) == []
    assert _asked(_a(alias=True), _alias(secure=True), _tlsa(END)) == [f"_25._tcp.{MX1} TLSA"]
    assert _asked(_a(alias=True), _alias(secure=True), _tlsa(END), _tlsa(MX1)) == []


def test_the_records_at_the_end_of_a_secure_alias_count_before_those_at_the_host() -> None:
    seen = seen_of(_seen(_a(alias=True), _tlsa(END, DIGEST), _tlsa(MX1, "1 1 1 abcd")))
    promise = promise_of(MX1, seen)

    assert (promise.kind, promise.base) == (PromiseKind.USABLE, END)
    assert promise_of(MX1, seen_of(_seen(_a(alias=True), _tlsa(END), _tlsa(MX1, DIGEST)))).base == MX1


def test_behind_an_insecure_alias_only_the_records_at_a_secure_host_name_count() -> None:
    answers = (_a(alias=True, secure=False), _tlsa(END, DIGEST), _tlsa(MX1, DIGEST))

    assert promise_of(MX1, seen_of(_seen(*answers, _alias(secure=True)))).base == MX1
    assert _kind(*answers, _alias(secure=True)) is PromiseKind.USABLE
    assert _kind(*answers, _alias(secure=False)) is PromiseKind.INSECURE


def test_what_a_host_is_held_to() -> None:
    assert _kind(_a(), _tlsa(MX1, DIGEST)) is PromiseKind.USABLE
    assert _kind(_a(), _tlsa(MX1, "1 1 1 abcd", "\\# 1 03")) is PromiseKind.UNUSABLE
    assert _kind(_a(), _tlsa(MX1, "\\# 1 03")) is PromiseKind.UNUSABLE
    assert _kind(_a(), _tlsa(MX1, DIGEST, secure=False)) is PromiseKind.INSECURE
    assert _kind(_a(), _tlsa(MX1)) is PromiseKind.NONE
    assert _kind(_a(), _tlsa(MX1, status=AnswerStatus.NXDOMAIN, secure=False)) is PromiseKind.NONE
    assert _kind(_a(secure=False), _tlsa(MX1, DIGEST)) is PromiseKind.INSECURE
    assert _kind(_a(secure=False)) is PromiseKind.NONE
    assert _kind(_a()) is PromiseKind.UNKNOWN
    assert _kind() is PromiseKind.UNKNOWN


def test_a_lookup_that_fails_is_the_zones_doing_only_where_senders_meet_it_too() -> None:
    for status in (AnswerStatus.SERVFAIL, AnswerStatus.TIMEOUT, AnswerStatus.MALFORMED, AnswerStatus.ALIAS_LOOP):
        assert _kind(_a(), _tlsa(MX1, status=status, secure=False)) is PromiseKind.FAILED
    for status in (AnswerStatus.UNREACHABLE, AnswerStatus.REFUSED, AnswerStatus.NOT_ASKED):
        assert _kind(_a(), _tlsa(MX1, status=status, secure=None)) is PromiseKind.UNKNOWN
    assert _kind(_a(secure=False), _tlsa(MX1, status=AnswerStatus.SERVFAIL)) is PromiseKind.NONE


def test_the_validators_word_counts_before_the_bit() -> None:
    question = Question(name=MX1, rrtype=RecordType.A)

    def with_word(security: Security, *, bit: bool) -> Security:
        told = Validation(question=question, security=security)
        return security_of(replace(_seen(_a(secure=bit)), validations=(told,)), question)

    assert with_word(Security.BOGUS, bit=True) is Security.BOGUS
    assert with_word(Security.SECURE, bit=False) is Security.SECURE
    assert with_word(Security.UNKNOWN, bit=True) is Security.SECURE


def test_where_the_validator_was_used_the_bit_is_not_believed() -> None:
    question = Question(name=MX1, rrtype=RecordType.A)
    told = Validation(question=question, security=Security.UNKNOWN)
    seen = replace(_seen(_a(secure=True)), validations=(told,), asked_for=(OWN,))

    assert security_of(seen, question) is Security.UNKNOWN
    assert security_of(replace(seen, validations=()), question) is Security.UNKNOWN


def test_a_bit_that_is_not_set_tells_only_of_a_server_that_sets_it() -> None:
    question = Question(name=MX1, rrtype=RecordType.A)

    assert security_of(_seen(_a(secure=False)), question) is Security.INSECURE
    assert security_of(_seen(_a(secure=False, server="192.0.2.54:53")), question) is Security.UNKNOWN
    assert security_of(snapshot([mx((10, MX1)), _a(secure=False)]), question) is Security.UNKNOWN
    assert security_of(_seen(), question) is Security.UNKNOWN
    failed = replace(_a(), status=AnswerStatus.SERVFAIL, records=())
    assert security_of(_seen(failed), question) is Security.UNKNOWN


def test_a_wish_asks_for_the_port_of_the_look_and_is_bounded() -> None:
    names = [f"mx{number}.example.test" for number in range(300)]
    answers = [mx(*((10, name) for name in names))]
    answers += [replace(_a(), question=Question(name=name, rrtype=RecordType.A)) for name in names]
    asked = next_wishes(Subject(domain="example.test", port=2525), index_answers(answers), {})

    wanted = [question.name for family, question in asked if family == "tlsa"]
    assert len(wanted) == 48
    assert all(name.startswith("_2525._tcp.mx") for name in wanted)


@given(st.lists(st.tuples(st.sampled_from([MX1, END]), st.text(max_size=40), st.booleans()), max_size=6), st.booleans())
def test_whatever_the_records_say_a_promise_is_told(records: list[tuple[str, str, bool]], alias: bool) -> None:
    answers = [_tlsa(name, text, secure=secure) for name, text, secure in records]

    assert promise_of(MX1, seen_of(_seen(_a(alias=alias), *answers))).kind in PromiseKind
