"""What the DNS says of domains that have hosts in common travels once, and leads each to its own visits."""

import msgspec
import pytest
from msgspec.structs import replace

from mxprobe.facts.dns import Answer
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Asked, Depth, Entry, Errand, Manner, Named
from mxprobe.jobs.survey.chains import Chains, decode_errands, encode_errands
from mxprobe.jobs.survey.tasks import ResolvedRow
from mxprobe.mx.surveyed import errands_of
from tests.support.snapshots import host, mx

MANNER = Manner(depth=Depth.RCPT, vantage=Vantage(helo="probe.test"), owned=True, allow_special=True)
A, B = host("a.test", "192.0.2.1"), host("b.test", "192.0.2.2", "192.0.2.3")


def named(number: int, *answers: Answer) -> Named:
    """A domain of which that was said."""
    domain = f"d{number}.test"
    return Named(entry=Entry(number=number, domain=domain, asked=domain), started_at=0.0, elapsed=0.1, answers=answers)


def records(domain: int, *hosts: tuple[int, str]) -> Answer:
    """What a domain says of its hosts."""
    answer = mx(*hosts)
    return replace(answer, question=replace(answer.question, name=f"d{domain}.test"))


def rows(*domains: Named, manner: Manner = MANNER) -> list[ResolvedRow]:
    """The rows of domains that are named in one task."""
    chains = Chains(manner)
    return [chains.row(one) for one in domains]


def test_what_hosts_answered_travels_with_the_first_domain_that_has_them() -> None:
    first, second, third = rows(
        named(4, records(4, (10, "a.test")), A, B),
        named(5, records(5, (10, "b.test")), A, B),
        named(6, records(6, (10, "a.test")), A),
    )
    assert msgspec.json.decode(first.hosts, type=tuple[Answer, ...]) == (A, B)
    assert (first.hosts_of, second.hosts, second.hosts_of) == (None, b"", 4)
    assert (msgspec.json.decode(third.hosts, type=tuple[Answer, ...]), third.hosts_of) == ((A,), None)
    assert msgspec.json.decode(second.answers, type=tuple[Answer, ...]) == (records(5, (10, "b.test")),)


def test_answers_that_only_look_the_same_are_those_of_another_asking() -> None:
    again = replace(A, elapsed=0.5)
    first, second = rows(named(0, records(0, (10, "a.test")), A), named(1, records(1, (10, "a.test")), again))
    assert (first.hosts_of, second.hosts_of) == (None, None)
    assert msgspec.json.decode(second.hosts, type=tuple[Answer, ...]) == (again,)


def test_answers_are_told_apart_when_those_of_the_first_domain_are_gone() -> None:
    chains = Chains(MANNER)
    for number in range(200):  # an object that is made where another was has its id
        address = f"192.0.2.{number}"
        row = chains.row(named(number, records(number, (10, "a.test")), host("a.test", address)))
        assert row.hosts_of is None
        assert [one.endpoint.address for one in decode_errands(row.errands)] == [address]


@pytest.mark.parametrize(
    "manner",
    [
        MANNER,
        replace(MANNER, merged=False),
        replace(MANNER, excluded=("d2.test", "b.test")),
        replace(MANNER, depth=Depth.DNS),
    ],
)
def test_each_domain_has_its_own_visits_whoever_else_has_these_hosts(manner: Manner) -> None:
    domains = [
        named(0, records(0, (10, "a.test"), (20, "b.test")), A, B),
        named(1, records(1, (10, "b.test"), (20, "a.test")), A, B),
        named(2, records(2, (10, "a.test"), (20, "b.test")), A, B),
        named(3, records(3), host("d3.test", "192.0.2.9")),
        named(4, records(4, (0, "."))),
        named(5),
    ]
    for domain, row in zip(domains, rows(*domains, manner=manner), strict=True):
        assert decode_errands(row.errands) == errands_of(domain, manner)


def test_a_domain_is_asked_about_under_its_own_name() -> None:
    first, second = rows(named(0, records(0, (10, "a.test")), A), named(1, records(1, (10, "a.test")), A))
    assert first.asks == Asked(number=0, recipients=("postmaster@d0.test",))
    assert second.asks == Asked(number=1, recipients=("postmaster@d1.test",))
    assert first.errands == second.errands


def test_a_domain_that_nobody_is_visited_for_has_no_octets_of_errands() -> None:
    assert encode_errands(()) == b""
    assert decode_errands(b"") == ()
    errand = Errand(key="k", endpoint=Endpoint(host="a.test", address="192.0.2.1"), operator="a.test")
    assert decode_errands(encode_errands([errand])) == (errand,)
