"""Records know their lines, however they are written; hosts know whose they are."""

import pytest

from mxprobe.errors import InputError
from mxprobe.scenario.operators import is_one_service, operator_of
from mxprobe.scenario.zonefile import read_zone_file

ZONE = """\
$TTL 3600
@ IN SOA ns1 hostmaster (
    1 3600 900
    604800 300 )
  IN NS ns1

; a comment, and a record of several lines
@ IN MX 10 (
    mx1 )
  IN MX 20 mx2
$ORIGIN sub.example.test.
mx IN A 192.0.2.1
$GENERATE 1-2 h$ A 192.0.2.$
@ IN MX 10 mx ; of a name below
example.test. IN MX 10 mx1.example.test. ; once more
"""


def test_every_record_has_the_line_where_it_begins() -> None:
    zone = read_zone_file(ZONE, "example.test", "db")

    records = [record for name in zone.nodes for record in zone.find(name, "MX", "NS", "A")]

    assert [(one.line, one.rrtype, one.name, one.points_to) for one in sorted(records, key=lambda one: one.line)] == [
        (5, "NS", "example.test", "ns1.example.test"),
        (8, "MX", "example.test", "mx1.example.test"),
        (10, "MX", "example.test", "mx2.example.test"),
        (12, "A", "mx.sub.example.test", ""),
        (13, "A", "h1.sub.example.test", ""),
        (13, "A", "h2.sub.example.test", ""),
        (14, "MX", "sub.example.test", "mx.sub.example.test"),
    ]


def test_a_line_that_is_no_record_is_named() -> None:
    with pytest.raises(InputError, match=r"db:14: the zone of example\.test cannot be read"):
        read_zone_file(ZONE.replace("@ IN MX 10 mx ;", "@ IN MX ten mx ;"), "example.test", "db")


@pytest.mark.parametrize(
    ("host", "operator"),
    [
        ("mx1.shop.test", "shop.test"),
        ("alt3.aspmx.l.google.com", "google.com"),
        ("aspmx2.googlemail.com", "google.com"),
        ("shop-test.mail.protection.outlook.com", "outlook.com"),
        ("shop-test.k-v1.mx.microsoft", "outlook.com"),
        ("mx2.zoho.com.au", "zoho.com.au"),
        ("mx.isp.co.uk", "isp.co.uk"),
        ("lastmx.spamexperts.net", "spamexperts.com"),
        ("mail.protonmail.ch", "protonmail.ch"),
    ],
)
def test_a_host_is_its_operator_s(host: str, operator: str) -> None:
    assert operator_of(host, "shop.test") == operator


def test_one_provider_is_one_service_and_the_owner_s_hosts_are_several() -> None:
    assert is_one_service("aspmx.l.google.com", "aspmx2.googlemail.com", "shop.test")
    assert not is_one_service("mx.isp.co.uk", "mx.other.co.uk", "shop.test")
    assert not is_one_service("mx1.shop.test", "mx2.shop.test", "shop.test")
