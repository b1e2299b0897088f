"""The chain from answers: order, implicit and null MX, aliases, hosts that cannot be used."""

from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import (
    AddressRecord,
    Alias,
    Answer,
    Answers,
    AnswerStatus,
    MxRecord,
    Question,
    RecordType,
    index_answers,
)
from mxprobe.mx.plan import Basis, HostProblem, next_questions, plan_mx, special_use

DOMAIN = "example.test"


def _mx(*records: tuple[int, str], status: AnswerStatus = AnswerStatus.FOUND) -> Answer:
    found = tuple(MxRecord(preference=preference, exchange=exchange, ttl=60) for preference, exchange in records)
    return Answer(question=Question(name=DOMAIN, rrtype=RecordType.MX), status=status, records=found)


def _a(name: str, *addresses: str, status: AnswerStatus | None = None, alias: str | None = None) -> Answer:
    return Answer(
        question=Question(name=name, rrtype=RecordType.A),
        status=status or (AnswerStatus.FOUND if addresses else AnswerStatus.NODATA),
        records=tuple(AddressRecord(address=address, ttl=60) for address in addresses),
        aliases=(Alias(name=name, points_to=alias, ttl=60),) if alias else (),
    )


def _answers(*answers: Answer) -> Answers:
    return index_answers(answers)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 20)), min_size=1, max_size=12))
def test_the_chain_is_ordered_by_preference_and_each_host_stands_once(records: list[tuple[int, int]]) -> None:
    mx = [(preference, f"mx{number}.{DOMAIN}") for preference, number in records]
    plan = plan_mx(DOMAIN, _answers(_mx(*mx), *[_a(name, f"192.0.2.{i}") for i, (_, name) in enumerate(mx)]))

    preferences = [tier.preference for tier in plan.tiers]
    names = [host.name for host in plan.hosts]
    assert preferences == sorted(set(preferences))
    assert len(names) == len(set(names))
    assert set(names) == {name for _, name in mx}
    for host in plan.hosts:
        assert host.preference == min(preference for preference, name in mx if name == host.name)


def test_questions_are_asked_until_the_chain_is_known() -> None:
    assert next_questions(DOMAIN, {}) == (Question(name=DOMAIN, rrtype=RecordType.MX),)

    answers = _answers(_mx((10, "mx1.example.test")))
    asked = next_questions(DOMAIN, answers)

    assert asked == (
        Question(name="mx1.example.test", rrtype=RecordType.A),
        Question(name="mx1.example.test", rrtype=RecordType.AAAA),
    )
    assert next_questions(DOMAIN, _answers(_mx(status=AnswerStatus.SERVFAIL))) == ()
    assert next_questions(DOMAIN, _answers(_mx((0, ".")))) == ()


def test_without_mx_the_domain_is_its_own_host() -> None:
    plan = plan_mx(DOMAIN, _answers(_mx(status=AnswerStatus.NODATA), _a(DOMAIN, "192.0.2.1")))

    assert (plan.basis, plan.cell) == (Basis.IMPLICIT, "D2")
    assert [(host.name, host.preference) for host in plan.hosts] == [(DOMAIN, 0)]


def test_a_null_mx_is_no_chain_and_in_company_it_is_left_out() -> None:
    assert plan_mx(DOMAIN, _answers(_mx((0, ".")))).cell == "D7"

    plan = plan_mx(DOMAIN, _answers(_mx((0, "."), (10, "mx1.example.test")), _a("mx1.example.test", "192.0.2.1")))

    assert plan.cell == "D1"
    assert [(host.name, host.problem) for host in plan.excluded] == [(".", HostProblem.NULL_IN_COMPANY)]


def test_a_failed_lookup_is_temporary_and_absence_is_not() -> None:
    assert plan_mx(DOMAIN, _answers(_mx(status=AnswerStatus.SERVFAIL))).cell == "D4"
    assert plan_mx(DOMAIN, _answers(_mx(status=AnswerStatus.NXDOMAIN))).cell == "D3"

    gone = plan_mx(DOMAIN, _answers(_mx((10, "mx1.example.test")), _a("mx1.example.test")))
    shaky = plan_mx(
        DOMAIN, _answers(_mx((10, "mx1.example.test")), _a("mx1.example.test", status=AnswerStatus.SERVFAIL))
    )

    assert (gone.cell, gone.temporary) == ("D13", False)
    assert (shaky.cell, shaky.temporary) == ("D10", True)


def test_a_host_of_which_only_a_part_was_asked_did_not_fail_and_is_not_without_an_address() -> None:
    def problem(ipv4: AnswerStatus, ipv6: AnswerStatus) -> HostProblem | None:
        aaaa = Answer(question=Question(name="mx1.example.test", rrtype=RecordType.AAAA), status=ipv6)
        plan = plan_mx(DOMAIN, _answers(_mx((10, "mx1.example.test")), _a("mx1.example.test", status=ipv4), aaaa))
        return plan.excluded[0].problem

    assert problem(AnswerStatus.NODATA, AnswerStatus.NOT_ASKED) is HostProblem.NOT_ASKED
    assert problem(AnswerStatus.NOT_ASKED, AnswerStatus.NODATA) is HostProblem.NOT_ASKED
    assert problem(AnswerStatus.NOT_ASKED, AnswerStatus.SERVFAIL) is HostProblem.LOOKUP_FAILED


def test_hosts_that_are_addresses_are_left_out_and_aliases_are_followed() -> None:
    plan = plan_mx(
        DOMAIN,
        _answers(
            _mx((5, "192.0.2.9"), (10, "mx1.example.test")),
            _a("mx1.example.test", "192.0.2.1", alias="real.example.test"),
        ),
    )

    assert [(host.name, host.problem) for host in plan.excluded] == [("192.0.2.9", HostProblem.IP_ADDRESS)]
    assert [(host.problem, host.cell) for host in plan.hosts] == [(HostProblem.ALIAS, "D11")]


def test_special_use_addresses_are_known_by_their_blocks() -> None:
    assert special_use("127.0.0.1") == "loopback"
    assert special_use("10.1.2.3") == "private"
    assert special_use("100.64.0.1") == "private"
    assert special_use("192.0.2.1") == "reserved"
    assert special_use("fe80::1") == "link-local"
    assert special_use("8.8.8.8") is None
    assert special_use("2a00:1450:4001:81b::200e") is None
