"""Absence that is proven by hashed names: what each proof is good for, and what it is not."""

import base64

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import Security
from mxprobe.lab.signing import Hashing, sign_zones
from mxprobe.mx.dnssec import Judgement
from mxprobe.mx.nsec3 import MOST_ITERATIONS, hash_name
from mxprobe.mx.vouching import Reason
from tests.support.links import at, follow, link_of, respond_from, without

ZONE = """\
@ 300 IN SOA ns hostmaster 1 3600 900 604800 60
@ 300 IN NS ns
@ 3600 IN MX 10 mx1
mx1 600 IN A 192.0.2.1
a.deep 600 IN A 192.0.2.2
www 300 IN CNAME mx1
*.wild 300 IN TXT "any"
"""
PARENT = "@ 300 IN SOA ns hostmaster 1 3600 900 604800 60\n@ 300 IN NS ns\n"
ZONES = {"test": PARENT, "example.test": ZONE, "sub.example.test": ZONE, "open.test": ZONE}
UNSIGNED = frozenset({"open.test"})
SALTED = Hashing(salt=b"\xab\xcd", iterations=3)
SIGNED = sign_zones(ZONES, 1, UNSIGNED, {"test": Hashing(), "example.test": SALTED, "sub.example.test": Hashing()})
LEFT_OUT = sign_zones(ZONES, 1, UNSIGNED, dict.fromkeys(ZONES, Hashing(opt_out=True)))


def decide(text: str, zones: object = SIGNED, change: object = None) -> Judgement:
    return follow(text, zones, change) if change else follow(text, zones)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "rcode"),
    [
        ("example.test MX", "NOERROR"),
        ("mx1.sub.example.test A", "NOERROR"),
        ("mx1.example.test AAAA", "NOERROR"),
        ("deep.example.test A", "NOERROR"),
        ("nobody.example.test A", "NXDOMAIN"),
        ("a.b.c.nobody.example.test A", "NXDOMAIN"),
        ("nobody.test A", "NXDOMAIN"),
        ("some.wild.example.test TXT", "NOERROR"),
        ("a.b.wild.example.test TXT", "NOERROR"),
        ("some.wild.example.test MX", "NOERROR"),
        ("sub.example.test DS", "NOERROR"),
        ("mx1.example.test DS", "NOERROR"),
    ],
)
def test_records_and_absence_are_secure(question: str, rcode: str) -> None:
    assert dns.rcode.to_text(respond_from(link_of(question), SIGNED).rcode()) == rcode
    assert (decide(question).security, decide(question).detail) == (Security.SECURE, "")


def test_a_delegation_that_is_proven_to_be_unsigned_is_insecure() -> None:
    judgement = decide("open.test MX")

    assert (judgement.security, judgement.reason) == (Security.INSECURE, Reason.NOT_SIGNED)
    assert judgement.detail == "open.test DS: the zone above proves that it has none"


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("open.test MX", Reason.OPT_OUT),
        ("nobody.example.test A", Reason.OPT_OUT),
        ("some.wild.example.test TXT", Reason.OPT_OUT),
        ("some.wild.example.test MX", Reason.OPT_OUT),
    ],
)
def test_opt_out_proves_no_more_than_that_nothing_signed_is_there(question: str, reason: Reason) -> None:
    judgement = decide(question, LEFT_OUT)

    assert (judgement.security, judgement.reason) == (Security.INSECURE, reason)
    assert "opt-out" in judgement.detail


@pytest.mark.parametrize("question", ["example.test MX", "mx1.example.test AAAA", "deep.example.test A"])
def test_what_is_there_is_secure_in_a_zone_with_opt_out(question: str) -> None:
    assert decide(question, LEFT_OUT).security is Security.SECURE


@pytest.mark.parametrize(
    "question",
    ["mx1.example.test AAAA", "nobody.example.test A", "some.wild.example.test TXT", "open.test MX"],
)
def test_without_its_proof_an_absence_is_bogus(question: str) -> None:
    place = "open.test DS" if question == "open.test MX" else question
    judgement = decide(question, SIGNED, at(place, without(dns.rdatatype.NSEC3)))

    assert (judgement.security, judgement.reason, judgement.link) == (Security.BOGUS, Reason.NO_PROOF, place)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_of_the_three_proofs_that_no_name_is_there_is_needed(number: int) -> None:
    def drop(response: dns.message.Message) -> dns.message.Message:
        owners = [rrset.name for rrset in response.authority if rrset.rdtype == dns.rdatatype.NSEC3]
        assert len(owners) == 3
        response.authority[:] = [rrset for rrset in response.authority if rrset.name != owners[number]]
        return response

    judgement = decide("x.deep.example.test A", SIGNED, at("x.deep.example.test A", drop))

    assert (judgement.security, judgement.reason) == (Security.BOGUS, Reason.NO_PROOF)


@pytest.mark.parametrize(
    ("question", "proofs_of", "rcode"),
    [
        ("mx1.example.test A", "mx1.example.test AAAA", dns.rcode.NOERROR),
        ("mx1.example.test A", "nobody.example.test A", dns.rcode.NXDOMAIN),
        ("mx1.sub.example.test A", "nobody.example.test A", dns.rcode.NXDOMAIN),
        ("sub.example.test MX", "sub.example.test DS", dns.rcode.NOERROR),
        ("deep.example.test A", "deep.example.test A", dns.rcode.NXDOMAIN),
        ("some.wild.example.test TXT", "nobody.example.test A", dns.rcode.NXDOMAIN),
        ("example.test MX", "open.test DS", dns.rcode.NXDOMAIN),
    ],
)
def test_the_proof_of_another_absence_proves_nothing(question: str, proofs_of: str, rcode: dns.rcode.Rcode) -> None:
    def claim(response: dns.message.Message) -> dns.message.Message:
        response.answer[:] = []
        response.authority[:] = respond_from(link_of(proofs_of), SIGNED).authority
        response.set_rcode(rcode)
        return response

    judgement = decide(question, SIGNED, at(question, claim))

    assert (judgement.security, judgement.reason) == (Security.BOGUS, Reason.NO_PROOF)


def test_a_wildcards_own_proof_under_another_name_is_none() -> None:
    """Expanded from a wildcard, its NSEC record verifies for any name below, and would deny what is there."""
    zones = sign_zones({"example.test": ZONE.replace("*.wild", "*")}, 1)

    def claim(response: dns.message.Message) -> dns.message.Message:
        wild = respond_from(link_of("*.example.test MX"), zones).authority
        name = dns.name.from_text("mx1.example.test")
        response.answer[:] = []
        response.authority[:] = [
            dns.rrset.from_rdata_list(name, 60, list(rrset)) if rrset.name.is_wild() else rrset for rrset in wild
        ]
        return response

    judgement = decide("mx1.example.test A", zones, at("mx1.example.test A", claim))

    assert (judgement.security, judgement.reason) == (Security.BOGUS, Reason.NO_PROOF)


@pytest.mark.parametrize("question", ["nobody.example.test A", "open.test MX", "mx1.example.test AAAA"])
def test_more_iterations_than_anybody_counts_make_a_zone_insecure(question: str) -> None:
    at_most, beyond = (
        sign_zones(ZONES, 1, UNSIGNED, dict.fromkeys(ZONES, Hashing(iterations=number)))
        for number in (MOST_ITERATIONS, MOST_ITERATIONS + 1)
    )
    allowed, refused = decide(question, at_most), decide(question, beyond)

    assert allowed.reason in (None, Reason.NOT_SIGNED)
    assert (refused.security, refused.reason) == (Security.INSECURE, Reason.TOO_MANY_ITERATIONS)
    assert decide("example.test MX", beyond).security is Security.SECURE


def test_sixty_five_thousand_iterations_are_not_counted() -> None:
    zones = sign_zones({"example.test": PARENT}, 1, frozenset(), {"example.test": Hashing(iterations=65535)})

    def count_from_here(link: str, own: dns.message.Message) -> dns.message.Message:
        hash_name.cache_clear()
        return own

    judgement = decide("a.b.c.d.e.f.example.test A", zones, count_from_here)

    assert judgement.reason is Reason.TOO_MANY_ITERATIONS
    assert hash_name.cache_info().misses == 0


def test_the_count_of_iterations_is_believed_only_where_it_is_signed() -> None:
    def boast(response: dns.message.Message) -> dns.message.Message:
        response.authority[:] = [
            dns.rrset.from_rdata_list(rrset.name, rrset.ttl, [one.replace(iterations=65535) for one in rrset])
            if rrset.rdtype == dns.rdatatype.NSEC3
            else rrset
            for rrset in response.authority
        ]
        return response

    judgement = decide("nobody.example.test A", SIGNED, at("nobody.example.test A", boast))

    assert (judgement.security, judgement.reason) == (Security.BOGUS, Reason.BAD_SIGNATURE)


@given(name=st.text("abcXYZ0189-", min_size=1, max_size=40), salt=st.binary(max_size=8), count=st.integers(0, 20))
def test_names_are_hashed_as_the_library_hashes_them(name: str, salt: bytes, count: int) -> None:
    wire = dns.name.from_text(f"{name}.example.test").canonicalize().to_wire()

    assert base64.b32hexencode(hash_name(wire, salt, count)).decode() == dns.dnssec.nsec3_hash(
        f"{name}.example.test", salt.hex(), count, 1
    )


@given(
    question=st.sampled_from(["mx1.example.test AAAA", "nobody.example.test A", "some.wild.example.test TXT"]),
    place=st.integers(12, 3000),
    flip=st.integers(1, 255),
)
def test_altered_proofs_never_prove_something_else_and_never_raise(question: str, place: int, flip: int) -> None:
    genuine = respond_from(link_of(question), SIGNED)
    wire = bytearray(genuine.to_wire())
    wire[12 + place % (len(wire) - 12)] ^= flip
    try:
        altered = dns.message.from_wire(bytes(wire), ignore_trailing=True)
    except dns.exception.DNSException:
        return

    judgement = decide(question, SIGNED, at(question, lambda _: altered))

    if judgement.security not in (Security.BOGUS, Security.UNKNOWN):
        assert judgement.security is Security.SECURE
        assert altered.rcode() == genuine.rcode()
