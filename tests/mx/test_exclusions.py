"""What is left alone is found by the ends of names and the first bits of addresses, however long the list."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.errors import InputError
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Manner
from mxprobe.mx.exclusions import excludes_address, excludes_name, exclusions_of, read_exclusions

LISTED = read_exclusions(
    ["Quiet.test.", "*.hush.test", "192.0.2.0/24", "198.51.100.7", "2001:db8:1::/48", "[2001:db8:2::1]", "", " "]
)


@pytest.mark.parametrize(
    ("name", "left_alone"),
    [
        ("quiet.test", True),
        ("mx1.QUIET.test.", True),
        ("a.b.hush.test", True),
        ("unquiet.test", False),
        ("quiet.test.example", False),
        ("test", False),
        ("", False),
    ],
)
def test_a_name_is_left_alone_with_all_that_is_below_it(name: str, left_alone: bool) -> None:
    assert excludes_name(LISTED, name) is left_alone


@pytest.mark.parametrize(
    ("address", "left_alone"),
    [
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("2001:db8:1:ffff::9", True),
        ("2001:db8:2::1", True),
        ("2001:db8:2::2", False),
        ("::ffff:192.0.2.1", True),
        ("fe80::1%eth0", False),
        ("no.address.test", False),
    ],
)
def test_an_address_is_left_alone_with_its_network(address: str, left_alone: bool) -> None:
    assert excludes_address(LISTED, address) is left_alone


ADDRESSES = st.ip_addresses()


@given(st.lists(st.tuples(ADDRESSES, st.integers(0, 128)), max_size=8), ADDRESSES)
def test_a_network_is_found_as_by_walking_the_list(drawn: list[tuple[object, int]], address: object) -> None:
    networks = [
        ipaddress.ip_network(f"{one}/{min(length, 32 if '.' in str(one) else 128)}", strict=False)
        for one, length in drawn
    ]
    parsed = ipaddress.ip_address(str(address))
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return
    walked = any(parsed.version == network.version and parsed in network for network in networks)

    assert excludes_address(read_exclusions(map(str, networks)), str(address)) is walked


@pytest.mark.parametrize("line", ["192.0.2.0/33", "192.0.2/24", "quiet.test/24", "2001:db8::/129", "a:b"])
def test_a_line_that_is_no_network_is_refused(line: str) -> None:
    with pytest.raises(InputError):
        read_exclusions([line])


def test_a_list_is_read_once() -> None:
    excluded = tuple(f"host{number}.test" for number in range(1000))
    one = Manner(depth=Depth.TLS, vantage=Vantage(helo="probe.test"), excluded=excluded)
    same = Manner(depth=Depth.RCPT, vantage=Vantage(helo="probe.test"), excluded=(*excluded,))

    assert exclusions_of(one) is exclusions_of(one)
    assert exclusions_of(same) is exclusions_of(one)
    assert excludes_name(exclusions_of(one), "mx.host999.test")
    assert not excludes_name(exclusions_of(Manner(depth=Depth.TLS, vantage=one.vantage)), "mx.host999.test")
