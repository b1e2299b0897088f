"""The chain holds where it is whole, and every way of breaking it is told by its link and its reason."""

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
from mxprobe.lab.signing import SignedZones, sign_zones
from mxprobe.mx.dnssec import Judgement, Link
from mxprobe.mx.vouching import Reason
from tests.support.links import NOW, Change, at, follow, link_of, respond_from, unchanged, without

ZONE = """\
@ 300 IN SOA ns hostmaster 1 3600 900 604800 60
@ 300 IN NS ns
@ 3600 IN MX 10 mx1
mx1 600 IN A 192.0.2.1
a.deep 600 IN A 192.0.2.2
www 300 IN CNAME mx1
away 300 IN CNAME mx1.other.test.
open 300 IN CNAME mx1.beyond.invalid.
* 300 IN TXT "any"
"""
ZONES = {"example.test": ZONE, "sub.example.test": ZONE, "other.test": ZONE}
UNSIGNED = frozenset({"other.test"})
SIGNED = sign_zones(ZONES, 1, UNSIGNED)
FOREIGN = sign_zones(ZONES, 2, UNSIGNED)


def respond(link: Link, zones: SignedZones = SIGNED) -> dns.message.Message:
    return respond_from(link, zones)


def decide(text: str, change: Change = unchanged, now: float = NOW) -> Judgement:
    return follow(text, SIGNED, change, now)


def with_other_address(response: dns.message.Message) -> dns.message.Message:
    response.answer[0] = dns.rrset.from_text("mx1.example.test.", 600, "IN", "A", "198.51.100.66")
    return response


@pytest.mark.parametrize(
    "question",
    [
        "example.test MX",
        "mx1.example.test A",
        "mx1.sub.example.test A",
        "www.example.test A",
        "open.example.test A",
        "example.test DNSKEY",
        "example.test DS",
        "mx1.example.test AAAA",
        "deep.example.test A",
        "www.example.test CNAME",
        "nobody.example.test A",
        "nobody.invalid A",
        "test NS",
        ". DNSKEY",
        ". DS",
    ],
)
def test_a_whole_chain_is_secure_for_records_and_for_absence(question: str) -> None:
    judgement = decide(question)

    assert (judgement.security, judgement.detail) == (Security.SECURE, "")
    assert 60 <= judgement.lasts <= 3600


@pytest.mark.parametrize(
    "question", ["other.test MX", "mx1.other.test AAAA", "a.b.other.test A", "away.example.test A"]
)
def test_a_zone_that_is_proven_to_be_unsigned_is_insecure(question: str) -> None:
    assert decide(question).security is Security.INSECURE


@pytest.mark.parametrize(
    ("question", "change", "reason", "link"),
    [
        ("example.test MX", at("example.test MX", without(dns.rdatatype.RRSIG)), Reason.UNSIGNED, "example.test MX"),
        (
            "mx1.example.test A",
            at("mx1.example.test A", with_other_address),
            Reason.BAD_SIGNATURE,
            "mx1.example.test A",
        ),
        (
            "example.test MX",
            at("example.test MX", lambda _: respond(link_of("example.test MX"), FOREIGN)),
            Reason.WRONG_KEY,
            "example.test MX",
        ),
        (
            "example.test MX",
            at("example.test DNSKEY", lambda _: respond(link_of("example.test DNSKEY"), FOREIGN)),
            Reason.UNTRUSTED_KEYS,
            "example.test DNSKEY",
        ),
        (
            "example.test MX",
            at(". DNSKEY", lambda _: respond(link_of(". DNSKEY"), FOREIGN)),
            Reason.UNTRUSTED_KEYS,
            ". DNSKEY",
        ),
        (
            "example.test MX",
            at("example.test DNSKEY", without(dns.rdatatype.DNSKEY)),
            Reason.NO_KEYS,
            "example.test DNSKEY",
        ),
        ("example.test MX", at("example.test DS", without(dns.rdatatype.RRSIG)), Reason.UNSIGNED, "example.test DS"),
        ("example.test MX", at("example.test DS", without(dns.rdatatype.DS)), Reason.NO_PROOF, "example.test DS"),
        ("other.test MX", at("other.test DS", without(dns.rdatatype.NSEC)), Reason.NO_PROOF, "other.test DS"),
        (
            "mx1.example.test AAAA",
            at("mx1.example.test AAAA", without(dns.rdatatype.NSEC)),
            Reason.NO_PROOF,
            "mx1.example.test AAAA",
        ),
        (
            "example.test MX",
            at("example.test MX", without(dns.rdatatype.MX)),
            Reason.NO_PROOF,
            "example.test MX",
        ),
    ],
)
def test_a_broken_link_is_named_with_its_reason(question: str, change: Change, reason: Reason, link: str) -> None:
    judgement = decide(question, change)

    assert (judgement.security, judgement.reason, judgement.link) == (Security.BOGUS, reason, link)
    assert judgement.detail.startswith(f"{link}: ")


@pytest.mark.parametrize("link", ["example.test DS", "example.test DNSKEY", ". DNSKEY"])
def test_a_link_of_which_nobody_says_anything_leaves_the_answer_open(link: str) -> None:
    def fail(response: dns.message.Message) -> dns.message.Message:
        response.set_rcode(dns.rcode.SERVFAIL)
        return _bare(without(dns.rdatatype.DNSKEY)(without(dns.rdatatype.DS)(response)))

    for change in (lambda _: None, fail):
        judgement = decide("example.test MX", at(link, change))

        assert (judgement.security, judgement.reason, judgement.link) == (Security.UNKNOWN, Reason.NO_ANSWER, link)


def test_a_name_of_a_hundred_labels_is_not_followed_for_ever() -> None:
    question = f"{'a.' * 100}example.test A"
    asked = []

    def count(link: str, response: dns.message.Message) -> dns.message.Message:
        asked.append(link)
        return _bare(response) if link == str(link_of(question)) else response

    judgement = decide(question, count)

    assert (judgement.security, judgement.reason) == (Security.UNKNOWN, Reason.TOO_MUCH)
    assert len(asked) < 60


def test_more_signatures_than_anybody_checks_leave_the_answer_open() -> None:
    zones = sign_zones({"example.test": ZONE + "".join(f"n{at} 300 IN A 192.0.2.9\n" for at in range(200))}, 1)
    links = [link_of(f"n{at}.example.test A") for at in range(200)]
    crowd = [rrset for link in links for rrset in respond(link, zones).answer]

    def boast(response: dns.message.Message) -> dns.message.Message:
        response.answer += crowd
        return response

    judgement = follow("example.test MX", zones, lambda link, own: boast(own) if link.endswith("MX") else own)

    assert (judgement.security, judgement.reason) == (Security.UNKNOWN, Reason.TOO_MUCH)


@pytest.mark.parametrize(
    ("now", "reason", "words"),
    [
        (1577750400.0, Reason.NOT_YET_VALID, "holds from 2020-01-01 00:00 UTC on"),
        (2400000000.0, Reason.EXPIRED, "expired 2045-01-01 00:00 UTC"),
    ],
)
def test_signatures_hold_between_their_dates_alone(now: float, reason: Reason, words: str) -> None:
    judgement = decide("example.test MX", now=now)

    assert judgement.reason is reason
    assert words in judgement.detail


def test_what_is_believed_ends_with_its_signature() -> None:
    assert decide("example.test MX", now=2366841600.0 - 10).lasts == 10


def _denied(question: str, proofs_of: str, rcode: dns.rcode.Rcode) -> Judgement:
    """An absence that is claimed with the signed proofs of another."""

    def claim(response: dns.message.Message) -> dns.message.Message:
        other = respond(link_of(proofs_of))
        response.answer[:] = []
        response.authority[:] = other.authority
        response.set_rcode(rcode)
        return response

    return decide(question, at(question, claim))


@pytest.mark.parametrize(
    ("question", "proofs_of", "rcode"),
    [
        ("mx1.example.test A", "mx1.example.test AAAA", dns.rcode.NOERROR),
        ("mx1.example.test A", "nobody.example.test A", dns.rcode.NXDOMAIN),
        ("mx1.example.test A", "nobody.invalid A", dns.rcode.NXDOMAIN),
        ("deep.example.test A", "deep.example.test A", dns.rcode.NXDOMAIN),
        ("sub.example.test MX", "sub.example.test TXT", dns.rcode.NXDOMAIN),
        ("mx1.sub.example.test A", "nobody.example.test A", dns.rcode.NXDOMAIN),
        ("mx1.example.test A", "other.test DS", dns.rcode.NXDOMAIN),
        ("nobody.example.test TXT", "nobody.example.test A", dns.rcode.NXDOMAIN),
    ],
)
def test_the_proof_of_another_absence_proves_nothing(question: str, proofs_of: str, rcode: dns.rcode.Rcode) -> None:
    judgement = _denied(question, proofs_of, rcode)

    assert (judgement.security, judgement.reason) == (Security.BOGUS, Reason.NO_PROOF)


def test_a_wildcards_signature_stands_for_another_name_only_with_a_proof() -> None:
    def expand(response: dns.message.Message) -> dns.message.Message:
        wild = respond(link_of("*.example.test TXT"))
        response.set_rcode(dns.rcode.NOERROR)
        name = dns.name.from_text("nobody.example.test")
        response.answer[:] = [dns.rrset.from_rdata_list(name, 300, list(rrset)) for rrset in wild.answer]
        return response

    bare = decide("nobody.example.test TXT", at("nobody.example.test TXT", lambda r: _bare(expand(r))))

    assert decide("nobody.example.test TXT", at("nobody.example.test TXT", expand)).security is Security.SECURE
    assert (bare.security, bare.reason) == (Security.BOGUS, Reason.NO_PROOF)


def _bare(response: dns.message.Message) -> dns.message.Message:
    response.authority[:] = []
    return response


def _meaning(message: dns.message.Message) -> tuple[object, ...]:
    """What a validated response says: its signed records, whatever their TTL and the case of their names."""
    signed = [rrset for rrset in message.answer if rrset.rdtype != dns.rdatatype.RRSIG]
    return (message.rcode(), {(rrset.name, rrset.rdtype, frozenset(rrset)) for rrset in signed})


@given(
    question=st.sampled_from(["example.test MX", "mx1.example.test A", "mx1.example.test AAAA", "www.example.test A"]),
    place=st.integers(12, 2000),
    flip=st.integers(1, 255),
)
def test_altered_bytes_never_validate_as_something_else_and_never_raise(question: str, place: int, flip: int) -> None:
    link = link_of(question)
    genuine = respond(link)
    wire = bytearray(genuine.to_wire())
    wire[12 + place % (len(wire) - 12)] ^= flip
    try:
        altered = dns.message.from_wire(bytes(wire), ignore_trailing=True)
    except dns.exception.DNSException:
        return

    judgement = decide(question, at(question, lambda _: altered))

    if judgement.security not in (Security.BOGUS, Security.UNKNOWN):
        assert judgement.security is Security.SECURE
        assert _meaning(altered) == _meaning(genuine)


@given(place=st.integers(12, 2000), flip=st.integers(1, 255), where=st.sampled_from(["DS", "DNSKEY"]))
def test_altered_links_never_make_a_signed_answer_insecure(place: int, flip: int, where: str) -> None:
    genuine = respond(link_of(f"example.test {where}"))
    wire = bytearray(genuine.to_wire())
    wire[12 + place % (len(wire) - 12)] ^= flip
    try:
        altered = dns.message.from_wire(bytes(wire), ignore_trailing=True)
    except dns.exception.DNSException:
        return

    judgement = decide("example.test MX", at(f"example.test {where}", lambda _: altered))

    assert judgement.security is not Security.INSECURE
