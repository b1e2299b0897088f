"""The lab's certificates follow from the seed, to the byte, and are wrong in the way they are asked to be."""

import datetime

from cryptography import x509

from mxprobe.lab.certs import Authority
from mxprobe.scenario.reaction import CertificateKind

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
