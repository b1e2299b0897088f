"""What a sender needs at a host, from TLSA answers and MTA-STS policies."""

import pytest

from mxprobe.facts.dns import AddressRecord, Answer, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.dane import tlsa_question
from mxprobe.mx.mtasts import Mode, Policy
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.tlsneed import Need, need_by_dane, need_by_mtasts

HOST = "mx1.example.test"
DIGEST = "ab" * 32


def addresses(*, secure: bool = True) -> Answer:
    record = AddressRecord(address="192.0.2.1", ttl=60)
    question = Question(name=HOST, rrtype=RecordType.A)
    return Answer(question=question, status=AnswerStatus.FOUND, records=(record,), authenticated=secure)


def tlsa(*texts: str, status: AnswerStatus = AnswerStatus.FOUND, secure: bool = True) -> Answer:
    records = tuple(TextRecord(text=text, ttl=60) for text in texts)
    return Answer(question=tlsa_question(HOST), status=status, records=records, authenticated=secure)


def test_secure_and_usable_records_have_to_match() -> None:
    need = need_by_dane(addresses(), tlsa(f"3 1 1 {DIGEST}"))

    assert (need.policy, need.cell, need.rules_out) == (TlsPolicy.DANE, None, False)
    assert need.authenticates
    assert [str(record) for record in need.tlsa] == [f"3 1 1 {DIGEST}"]


@pytest.mark.parametrize(
    ("found", "records", "cell", "policy"),
    [
        (addresses(secure=False), tlsa(f"3 1 1 {DIGEST}"), "T7", TlsPolicy.MAY),
        (addresses(), None, "T7", TlsPolicy.MAY),
        (addresses(), tlsa(f"3 1 1 {DIGEST}", secure=False), "T7", TlsPolicy.MAY),
        (addresses(), tlsa(status=AnswerStatus.NXDOMAIN), "T7", TlsPolicy.MAY),
        (addresses(), tlsa(f"1 1 1 {DIGEST}", "3 1 1 abcd"), "T6", TlsPolicy.ENCRYPT),
    ],
)
def test_without_such_records_the_host_is_as_one_without_dane(
    found: Answer, records: Answer | None, cell: str, policy: TlsPolicy
) -> None:
    assert need_by_dane(found, records) == Need(policy=policy, cell=cell)


@pytest.mark.parametrize("status", [AnswerStatus.SERVFAIL, AnswerStatus.TIMEOUT, AnswerStatus.MALFORMED])
def test_a_lookup_that_fails_rules_the_host_out(status: AnswerStatus) -> None:
    need = need_by_dane(addresses(), tlsa(status=status, secure=False))

    assert (need.cell, need.rules_out) == ("T8", True)


def policy(mode: Mode, *mx: str) -> Policy:
    return Policy(mode=mode, mx=mx, max_age=60)


def test_an_enforced_policy_rules_out_what_it_does_not_list() -> None:
    enforced = policy(Mode.ENFORCE, "*.example.test")

    assert need_by_mtasts(HOST, enforced) == Need(policy=TlsPolicy.MTA_STS)
    assert need_by_mtasts("mx.elsewhere.test", enforced) == Need(policy=TlsPolicy.MTA_STS, cell="T0", rules_out=True)


def test_where_no_policy_is_enforced_nothing_has_to_be_proved() -> None:
    assert need_by_mtasts(HOST, None).cell == "T12"
    assert need_by_mtasts(HOST, policy(Mode.NONE)).cell == "T12"
    assert need_by_mtasts(HOST, policy(Mode.TESTING, "mx9.example.test")) == Need(policy=TlsPolicy.MAY, cell="T15")
