"""The lab's certificates follow from the seed, to the byte, and are wrong in the way they are asked to be."""

import contextlib
import datetime
import itertools
import ssl
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from mxprobe.lab.certs import Authority
from mxprobe.scenario.reaction import CertificateKind, TlsVersion

NAME = "mx1.example.test"


def _leaf(kind: CertificateKind, seed: int = 1) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Authority(seed).issue(NAME, kind).chain_pem)


def test_one_seed_gives_the_same_bytes_and_another_others() -> None:
    import mxprobe.lab.certs as certs

    first = Authority(1).issue(NAME)
    certs._issue.cache_clear()
    certs._root.cache_clear()

    assert Authority(1).issue(NAME) == first
    assert Authority(2).issue(NAME) != first


def test_each_kind_is_what_it_says() -> None:
    root = x509.load_pem_x509_certificate(Authority(1).pem)
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    valid = _leaf(CertificateKind.VALID)
    valid.verify_directly_issued_by(root)
    assert valid.not_valid_before_utc < now < valid.not_valid_after_utc
    assert _leaf(CertificateKind.EXPIRED).not_valid_after_utc < now
    names = _leaf(CertificateKind.WRONG_NAME).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert NAME not in names.get_values_for_type(x509.DNSName)
    alone = _leaf(CertificateKind.SELF_SIGNED)
    alone.verify_directly_issued_by(alone)


def test_an_intermediate_authority_signs_and_is_not_sent() -> None:
    pem = Authority(1).issue(NAME, CertificateKind.MISSING_INTERMEDIATE).chain_pem
    root = x509.load_pem_x509_certificate(Authority(1).pem)

    (leaf,) = x509.load_pem_x509_certificates(pem)
    assert leaf.issuer != root.subject
    with pytest.raises(ValueError, match="does not match certificate issuer"):
        leaf.verify_directly_issued_by(root)


def test_a_weak_key_follows_from_the_seed_as_all_keys_do() -> None:
    import mxprobe.lab.certs as certs

    first = Authority(1).issue(NAME, CertificateKind.WEAK_KEY)
    certs._issue.cache_clear()

    assert Authority(1).issue(NAME, CertificateKind.WEAK_KEY) == first
    assert Authority(2).issue(NAME, CertificateKind.WEAK_KEY).key_pem != first.key_pem
    key = _leaf(CertificateKind.WEAK_KEY).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 1024


def test_a_new_key_comes_in_a_certificate_that_is_as_good_as_the_first() -> None:
    root = x509.load_pem_x509_certificate(Authority(1).pem)
    first, new = _leaf(CertificateKind.VALID), _leaf(CertificateKind.NEW_KEY)

    new.verify_directly_issued_by(root)
    assert new.subject == first.subject
    assert new.public_key() != first.public_key()


def _shake_hands(host: ssl.SSLContext, client: ssl.SSLContext, asks_for: str | None) -> ssl.SSLObject:
    """The client's end of a handshake over memory. Raises ssl.SSLError."""
    to_host, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [host.wrap_bio(to_host, to_client, server_side=True), client.wrap_bio(to_client, to_host, False, asks_for)]
    left = list(ends)
    for end in itertools.islice(itertools.cycle(reversed(ends)), 8):
        if end in left:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
                left.remove(end)
    assert left == []
    return ends[1]


def _client(**settings: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that takes any certificate; `least` is the oldest version that it speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "least" in settings:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = settings["least"]
    return context


@pytest.mark.parametrize(
    ("asks_for", "shown"), [(NAME, NAME), (None, "another.invalid"), ("x.test", "another.invalid")]
)
def test_a_certificate_by_sni_is_for_who_asks_for_the_name(asks_for: str | None, shown: str) -> None:
    host = Authority(1).context(NAME, CertificateKind.BY_SNI)

    der = _shake_hands(host, _client(), asks_for).getpeercert(binary_form=True)
    assert der is not None
    names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == [shown]


@pytest.mark.parametrize("version", TlsVersion)
def test_a_host_speaks_the_version_it_is_told_to(version: TlsVersion) -> None:
    host = Authority(1).context(NAME, CertificateKind.VALID, version)

    client = _shake_hands(host, _client(least=ssl.TLSVersion.TLSv1), NAME)
    assert client.version() == {"1.0": "TLSv1"}.get(version, f"TLSv{version}")
    if version in (TlsVersion.TLS_1_0, TlsVersion.TLS_1_1):
        with pytest.raises(ssl.SSLError):
            _shake_hands(host, _client(), NAME)
