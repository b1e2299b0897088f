"""Whom a survey visits for a domain, whom it may ask about, and what it leaves alone."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from mxprobe.facts.dns import (
    AddressRecord,
    Answer,
    AnswerStatus,
    MxRecord,
    Question,
    RecordType,
    TextRecord,
    index_answers,
)
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import NotVisited, Vantage
from mxprobe.facts.survey import Asked, Depth, Entry, Manner, Named
from mxprobe.mx.consent import NoConsent
from mxprobe.mx.plan import plan_mx
from mxprobe.mx.surveyed import (
    MOST_ENDPOINTS,
    MOST_HOSTS,
    asks_of,
    errands_of,
    left_out,
    next_survey_questions,
    shared_records,
    why_not_visited,
    with_hosts_apart,
    with_reasons,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
MANNER = Manner(depth=Depth.RCPT, vantage=Vantage(helo="probe.test", mail_from="postmaster@probe.test"))
ALLOWED = "v=mxprobe1; until=2026-12-31"
ONE, TWO = "198.41.0.4", "199.9.14.201"


def _answer(name: str, rrtype: RecordType, *records: Any) -> Answer:
    status = AnswerStatus.FOUND if records else AnswerStatus.NXDOMAIN
    return Answer(question=Question(name=name, rrtype=rrtype), status=status, records=records)


def _named(domain: str = "example.test", *, text: str | None = ALLOWED, recipients: tuple[str, ...] = ()) -> Named:
    texts = (TextRecord(text=text, ttl=60),) if text else ()
    answers = [
        _answer(
            domain,
            RecordType.MX,
            MxRecord(preference=10, exchange="mx1.host.test", ttl=60),
            MxRecord(preference=20, exchange="mx2.host.test", ttl=60),
        ),
        _answer(f"_mxprobe.{domain}", RecordType.TXT, *texts),
    ]
    for number, address in enumerate((ONE, TWO), 1):
        answers.append(_answer(f"mx{number}.host.test", RecordType.A, AddressRecord(address=address, ttl=60)))
        answers.append(_answer(f"mx{number}.host.test", RecordType.AAAA))
    entry = Entry(number=7, domain=domain, asked=domain, recipients=recipients)
    return Named(entry=entry, started_at=NOON, elapsed=0, answers=tuple(answers))


def _refused(named: Named, manner: Manner = MANNER) -> str:
    asks = asks_of(named, manner)
    assert isinstance(asks, NoConsent)
    return asks.reason


def test_a_domain_that_allows_it_is_asked_about_its_postmaster_or_whom_the_entry_names() -> None:
    named = ("alice@example.test", "bob@EXAMPLE.test")

    sender = "postmaster@probe.test"
    assert asks_of(_named(), MANNER) == Asked(number=7, sender=sender, recipients=("postmaster@example.test",))
    assert asks_of(_named(recipients=named), MANNER) == Asked(number=7, sender=sender, recipients=named)


def test_without_a_record_or_a_person_who_owns_the_domains_nobody_is_asked_about() -> None:
    owned = replace(MANNER, owned=True)

    assert "no TXT record" in _refused(_named(text=None))
    assert "is over" in _refused(_named(text="v=mxprobe1; until=2026-06-30"))
    assert isinstance(asks_of(_named(text=None), owned), Asked)


@pytest.mark.parametrize(("at", "is_allowed"), [((2026, 7, 1, 23, 59), True), ((2026, 7, 2, 0, 1), False)])
def test_a_record_ends_with_the_day_of_the_look_in_utc_wherever_and_whenever_that_is_read(
    monkeypatch: pytest.MonkeyPatch, at: tuple[int, int, int, int, int], *, is_allowed: bool
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        named = replace(_named(text="v=mxprobe1; until=2026-07-01"), started_at=datetime(*at, tzinfo=UTC).timestamp())
        assert isinstance(asks_of(named, MANNER), Asked) is is_allowed
    finally:
        monkeypatch.undo()
        time.tzset()


def test_mailboxes_of_a_providers_consumers_are_nobodys_to_own() -> None:
    owned = replace(MANNER, owned=True)

    assert "consumers" in _refused(_named("gmail.com", text=None), owned)
    assert isinstance(asks_of(_named("gmail.com"), owned), Asked)


@pytest.mark.parametrize(
    "recipient",
    ["alice@elsewhere.test", "alice", "@example.test", "a b\n@example.test", "ålice@example.test", "<a>@example.test"],
)
def test_recipients_that_the_domain_cannot_allow_are_not_asked_about(recipient: str) -> None:
    assert "is no address at example.test" in _refused(_named(recipients=("bob@example.test", recipient)))


def test_other_depths_ask_about_nobody() -> None:
    assert asks_of(_named(), replace(MANNER, depth=Depth.TLS)) is None


def test_errands_go_to_each_address_with_its_operator_and_rank() -> None:
    first, second = errands_of(_named(), MANNER)

    assert (first.key, first.operator, first.rank) == (f"mx1.host.test/{ONE}", "host.test", 0)
    assert (second.key, second.rank) == (f"mx2.host.test/{TWO}", 1)
    assert errands_of(_named(), replace(MANNER, merged=False))[0].key == f"mx1.host.test/{ONE}#7"


def test_what_hosts_answered_stands_apart_from_what_is_said_of_the_domain() -> None:
    answers = _named().answers
    assert with_hosts_apart(answers) == (answers[:2], answers[2:])
    assert with_hosts_apart(answers[:2]) == (answers[:2], ())
    assert with_hosts_apart(()) == ((), ())


def test_visits_are_shared_by_records_unless_the_name_of_the_domain_matters() -> None:
    records = _named().answers[0].mx
    assert shared_records(_named(), MANNER) == shared_records(_named("other.test"), MANNER) == records
    assert shared_records(_named(), replace(MANNER, merged=False)) == ()
    assert shared_records(_named(), replace(MANNER, excluded=("elsewhere.test",))) == ()
    assert shared_records(replace(_named(), answers=()), MANNER) == ()


@pytest.mark.parametrize("excluded", ["host.test", "mx1.host.test", ONE, "198.41.0.0/16", "example.test"])
def test_what_is_excluded_is_not_dialled_and_not_asked(excluded: str) -> None:
    manner = replace(MANNER, excluded=("elsewhere.test", excluded))
    endpoint = Endpoint(host="mx1.host.test", address=ONE)

    assert why_not_visited(endpoint, manner, "example.test") is NotVisited.EXCLUDED
    assert endpoint not in [errand.endpoint for errand in errands_of(_named(), manner)]
    assert why_not_visited(endpoint, MANNER, "example.test") is None
    if excluded == "example.test":
        assert "left alone" in _refused(_named(), manner)
        assert errands_of(_named(), manner) == ()
        assert why_not_visited(endpoint, manner, "other.test") is None


def test_a_domain_with_very_many_addresses_has_the_first_of_them_dialled_and_says_so_of_the_rest() -> None:
    many = tuple(AddressRecord(address=f"198.41.{number // 250}.{number % 250 + 1}", ttl=60) for number in range(300))
    answers = (
        _answer("example.test", RecordType.MX, MxRecord(preference=10, exchange="mx.host.test", ttl=60)),
        _answer("mx.host.test", RecordType.A, *many),
    )
    entry = Entry(number=0, domain="example.test", asked="example.test")
    errands = errands_of(Named(entry=entry, started_at=0, elapsed=0, answers=answers), MANNER)

    assert [errand.endpoint.address for errand in errands] == [record.address for record in many[:MOST_ENDPOINTS]]
    targets = plan_mx("example.test", index_answers(answers)).targets()
    reasons = [why for _, why in with_reasons(targets, MANNER, "example.test")]
    assert reasons == [None] * MOST_ENDPOINTS + [NotVisited.TOO_MANY] * (300 - MOST_ENDPOINTS)


def test_of_very_many_hosts_the_best_are_looked_up_and_the_rest_is_left_out() -> None:
    records = [MxRecord(preference=1000 - number, exchange=f"mx{number}.host.test", ttl=60) for number in range(500)]
    mx = _answer("example.test", RecordType.MX, *records)
    manner = replace(MANNER, depth=Depth.DNS, wishes=())
    questions = next_survey_questions("example.test", index_answers((mx,)), manner)

    best = [f"mx{499 - number}.host.test" for number in range(MOST_HOSTS)]
    assert list(dict.fromkeys(question.name for question in questions)) == best
    beyond = left_out("example.test", index_answers((mx,)))
    assert len(beyond) == 2 * (500 - MOST_HOSTS)
    assert not set(best) & {question.name for question in beyond}
