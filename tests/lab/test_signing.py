"""The lab's zones are signed the same way for the same seed, and what they say of themselves holds."""

import subprocess
import sys

import dns.dnssec
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from mxprobe.lab.nameserver import NameServer
from mxprobe.lab.signing import sign_zones

ZONE = """\
@ 300 IN SOA ns hostmaster 1 3600 900 604800 60
@ 300 IN NS ns
@ 3600 IN MX 10 mx1
mx1 600 IN A 192.0.2.1
a.deep 600 IN A 192.0.2.2
"""
ZONES = {"example.test": ZONE, "sub.example.test": ZONE, "other.test": ZONE}


def ask(name: str, rrtype: str, *, dnssec: bool = True) -> dns.message.Message:
    nameserver = NameServer(sign_zones(ZONES, 1, frozenset({"other.test"})).zones)
    query = dns.message.make_query(name, rrtype, want_dnssec=dnssec)
    wire = nameserver.answer(query.to_wire(), lambda _: ())
    assert wire is not None
    return dns.message.from_wire(wire)


def told(section: list[dns.rrset.RRset]) -> list[str]:
    return [
        f"{rrset.name} {'RRSIG/' if rrset.covers else ''}{(rrset.covers or rrset.rdtype).name}" for rrset in section
    ]


def test_one_seed_gives_the_same_bytes_in_two_processes() -> None:
    program = (
        "from tests.lab.test_signing import ZONES\n"
        "from mxprobe.lab.signing import sign_zones\n"
        "signed = sign_zones(ZONES, 7)\n"
        "print(sorted(signed.zones.items()), signed.anchor)"
    )
    outputs = [subprocess.run([sys.executable, "-c", program], capture_output=True, check=True) for _ in range(2)]
    here = sign_zones(ZONES, 7)

    assert outputs[0].stdout == outputs[1].stdout
    assert outputs[0].stdout.decode() == f"{sorted(here.zones.items())} {here.anchor}\n"


def test_another_seed_has_other_keys_and_new_content_the_same() -> None:
    first = sign_zones(ZONES, 1)

    assert sign_zones(ZONES, 2).anchor != first.anchor
    assert sign_zones({"example.test": ZONE + "new 60 IN A 192.0.2.9\n"}, 1).anchor == first.anchor


def test_records_come_with_their_signatures_for_whoever_asks_for_them() -> None:
    assert told(ask("example.test", "MX").answer) == ["example.test. MX", "example.test. RRSIG/MX"]
    assert told(ask("example.test", "MX", dnssec=False).answer) == ["example.test. MX"]
    assert told(ask("other.test", "MX").answer) == ["other.test. MX"]


@pytest.mark.parametrize(
    ("name", "zone"), [("example.test", "."), ("sub.example.test", "example.test."), ("other.test", ".")]
)
def test_the_digest_of_a_zone_is_in_the_zone_above(name: str, zone: str) -> None:
    response = ask(name, "DS")

    if name == "other.test":
        assert response.answer == []
        assert "other.test. NSEC" in told(response.authority)
    else:
        assert told(response.answer) == [f"{name}. DS", f"{name}. RRSIG/DS"]
        assert response.answer[1][0].signer.to_text() == zone


@pytest.mark.parametrize(
    ("name", "rcode", "owners"),
    [
        ("mx1.example.test", dns.rcode.NOERROR, {"mx1.example.test."}),
        ("deep.example.test", dns.rcode.NOERROR, {"example.test."}),
        ("nobody.example.test", dns.rcode.NXDOMAIN, {"mx1.example.test.", "example.test."}),
        ("nobody.invalid", dns.rcode.NXDOMAIN, {"."}),
    ],
)
def test_absence_comes_with_its_proof(name: str, rcode: dns.rcode.Rcode, owners: set[str]) -> None:
    response = ask(name, "TXT")

    assert response.rcode() == rcode
    assert {rrset.name.to_text() for rrset in response.authority if rrset.rdtype == dns.rdatatype.NSEC} == owners
    assert not ask(name, "TXT", dnssec=False).get_rrset(
        dns.message.AUTHORITY, dns.name.from_text("example.test"), dns.rdataclass.IN, dns.rdatatype.NSEC
    )


def test_signatures_verify_by_the_library_alone() -> None:
    zone = dns.zone.from_text(sign_zones(ZONES, 1).zones["example.test"], origin="example.test", relativize=False)
    origin = dns.name.from_text("example.test")
    keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {origin: zone.find_node(origin)}
    checked = 0
    for name, rdataset in zone.iterate_rdatasets():
        signatures = zone.get_rdataset(name, dns.rdatatype.RRSIG, rdataset.rdtype)
        if signatures is not None:
            dns.dnssec.validate((name, rdataset), (name, signatures), keys, now=1767225600.0)
            checked += 1

    assert checked > 8


def test_a_zone_that_was_signed_elsewhere_is_signed_anew() -> None:
    elsewhere = sign_zones({"example.test": ZONE}, 99).zones["example.test"]

    again, fresh = (sign_zones({"example.test": text}, 1) for text in (elsewhere, ZONE))

    assert sorted(again.zones["example.test"].splitlines()) == sorted(fresh.zones["example.test"].splitlines())
