"""Whom a survey leaves alone: names and what is below them, addresses and networks, and nobody else."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.names import NameRefused
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import NotVisited, Vantage
from mxprobe.facts.survey import Depth, Manner
from mxprobe.mx.exclusion import Exclusion, normal_exclusion
from mxprobe.mx.surveyed import next_survey_questions, why_not_visited


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Example.COM.", "example.com"),
        ("*.example.com", "example.com"),
        (".example.com", "example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("[2001:DB8::1]", "2001:db8::1/128"),
        (" 2001:db8::/32 ", "2001:db8::/32"),
    ],
)
def test_what_is_left_alone_has_one_form(typed: str, normal: str) -> None:
    assert normal_exclusion(typed) == normal


@pytest.mark.parametrize(
    ("typed", "why"), [("192.0.2.1/24", "host bits"), ("a/b", "network"), ("", "empty"), ("a b", "white space")]
)
def test_what_is_neither_name_nor_network_is_refused(typed: str, why: str) -> None:
    with pytest.raises(NameRefused, match=why):
        normal_exclusion(typed)


def test_a_name_is_left_alone_with_all_below_it_and_nothing_beside_it() -> None:
    alone = Exclusion(("example.com", "192.0.2.0/24"))

    assert [alone.has_name(name) for name in ("example.com", "mx.a.example.com")] == [True, True]
    assert [alone.has_name(name) for name in ("notexample.com", "com", "example.com.test", "")] == [False] * 4


@given(
    st.lists(st.ip_addresses(network="2001:db8::/120"), max_size=6).flatmap(
        lambda some: st.tuples(*(st.tuples(st.just(one), st.integers(112, 128)) for one in some))
    ),
    st.ip_addresses(network="2001:db8::/119"),
)
def test_an_address_is_left_alone_exactly_where_a_network_holds_it(
    some: tuple[tuple[ipaddress.IPv6Address, int], ...], one: ipaddress.IPv6Address
) -> None:
    networks = [ipaddress.IPv6Network(f"{address}/{length}", strict=False) for address, length in some]

    assert Exclusion(tuple(map(str, networks))).has_address(str(one)) == any(one in network for network in networks)


def test_ipv4_addresses_are_found_however_they_are_written() -> None:
    alone = Exclusion(("192.0.2.0/24", "0.0.0.0/0"))

    assert alone.has_address("192.0.2.1")
    assert Exclusion(("192.0.2.0/24",)).has_address("::ffff:192.0.2.1")
    assert not Exclusion(("192.0.2.0/24",)).has_address("198.51.100.1")
    assert not alone.has_address("2001:db8::1")


def test_a_survey_asks_nothing_of_a_domain_and_dials_no_host_that_is_left_alone() -> None:
    vantage = Vantage(helo="probe.example")
    manner = Manner(depth=Depth.TLS, vantage=vantage, excluded=("example.com", "198.51.100.0/24"))
    near = Endpoint(host="mx.example.com", address="203.0.113.200", port=25)

    assert next_survey_questions("sub.example.com", {}, manner) == ()
    assert next_survey_questions("example.org", {}, manner) != ()
    assert why_not_visited(near, manner) is not None
    assert why_not_visited(Endpoint(host="mx.example.com", address="9.9.9.9", port=25), manner) is NotVisited.EXCLUDED
    assert why_not_visited(Endpoint(host="mx.example.org", address="9.9.9.9", port=25), manner) is None
