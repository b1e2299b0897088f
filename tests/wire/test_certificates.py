"""What is asked of a peer's certificate: the short way to a verdict says what the long way says."""

import datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.wire.certificates import EXPIRED, NOT_YET_VALID, UNREADABLE_DATE, match_name, see_certificate

BEGINS, ENDS = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
NAMES = (
    "mx.example.test",
    "*.example.test",
    "*.test",
    "*",
    "m*.example.test",
    "*.*.test",
    "mx..example.test",
    "MX.Example.Test",
    "xn--mx-test",
    "xn--mx.example.test",
    "*.xn--mx.test",
    "192.0.2.1",
    " mx.example.test",
    "mx.example.test.",
    "_mx.example.test",
    "a.b.example.test",
    "mx.example.7",
)
HOSTS = (*NAMES, "other.example.test", "test", "mx.xn--mx.test", "mx.test", "2001:db8::1", "", "mx.example.test\n")
OTHERS = (
    x509.UniformResourceIdentifier("https://mx.example.test/"),
    x509.RFC822Name("alice@example.test"),
    x509.UniformResourceIdentifier("nothing"),
)


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate(*names: x509.GeneralName) -> bytes:
    """A certificate of these names, as DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.example.test")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_key().public_key())
        .serial_number(1)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(_key(), hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@given(st.lists(st.sampled_from(NAMES).map(x509.DNSName) | st.sampled_from(OTHERS), max_size=3), st.sampled_from(HOSTS))
def test_a_name_is_matched_as_the_library_matches_it(names: list[x509.GeneralName], host: str) -> None:
    der = certificate(*names)

    assert see_certificate(der).match_name(host) == match_name(x509.load_der_x509_certificate(der), host)


def test_dates_are_judged_at_the_moment_that_is_given() -> None:
    seen = see_certificate(certificate())
    begins, ends = BEGINS.timestamp(), ENDS.timestamp()

    assert [seen.date_problem(now) for now in (begins - 1, begins, ends, ends + 1)] == [
        NOT_YET_VALID,
        None,
        None,
        EXPIRED,
    ]


def test_a_certificate_is_read_once_and_remembered() -> None:
    der = certificate()

    assert see_certificate(der) is see_certificate(bytes(bytearray(der)))
    assert (
        see_certificate(der).fact.fingerprint == x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
    )


OF_VERSION_6 = certificate().replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05", 1)


@pytest.mark.parametrize("der", [b"", b"0\x82", b"x" * 20_000, OF_VERSION_6])
def test_what_cannot_be_read_is_a_fact_of_its_own(der: bytes) -> None:
    seen = see_certificate(der)

    assert seen.fact.der == der
    assert (seen.fact.names, seen.fact.key) == ((), "unknown")
    assert seen.date_problem(0.0) == UNREADABLE_DATE
    assert seen.match_name("mx.example.test") is not None
