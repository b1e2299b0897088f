"""Whether a host has proved who it is: chains of the lab's authority, judged at moments of their own."""

import pytest

from mxprobe.lab.certs import Authority
from mxprobe.lab.world import EPOCH
from mxprobe.mx.dane import read_tlsa, tlsa_record
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.tlsneed import Need
from mxprobe.scenario.reaction import CertificateKind
from mxprobe.wire.trust import Trust, object_to

HOST = "mx1.example.test"
AUTHORITY = Authority(7)
NOW = Trust(anchors=AUTHORITY.pem, now=EPOCH)
ENFORCED = Need(policy=TlsPolicy.MTA_STS)


def chain(kind: CertificateKind = CertificateKind.VALID) -> tuple[bytes, ...]:
    return (AUTHORITY.issue(HOST, kind).der,)


def promised(der: bytes) -> Need:
    record = read_tlsa(tlsa_record(der))
    assert record is not None
    return Need(policy=TlsPolicy.DANE, tlsa=(record,))


def test_a_valid_chain_for_the_name_is_enough() -> None:
    assert object_to(ENFORCED, HOST, chain(), NOW) is None


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (CertificateKind.EXPIRED, "expired"),
        (CertificateKind.NOT_YET_VALID, "not valid yet"),
        (CertificateKind.SELF_SIGNED, "self-signed"),
        (CertificateKind.UNKNOWN_AUTHORITY, "the issuer is not known here"),
        (CertificateKind.WEAK_KEY, "the host's key is too weak"),
        (CertificateKind.WRONG_NAME, "made out to another.invalid, not to mx1.example.test"),
    ],
)
def test_what_is_the_matter_with_a_chain_is_said(kind: CertificateKind, said: str) -> None:
    assert object_to(ENFORCED, HOST, chain(kind), NOW) == said


def test_the_moment_decides() -> None:
    in_2019 = Trust(anchors=AUTHORITY.pem, now=1560000000.0)

    assert object_to(ENFORCED, HOST, chain(CertificateKind.EXPIRED), in_2019) is not None  # the authority is younger
    assert object_to(ENFORCED, HOST, chain(), Trust(anchors=AUTHORITY.pem, now=2.5e9)) == "expired"


def test_dane_asks_for_the_promised_key_and_for_nothing_else() -> None:
    own = chain()[0]

    assert object_to(promised(own), HOST, chain(), NOW) is None
    assert object_to(promised(own), "another.test", chain(), NOW) is None
    assert object_to(promised(own), HOST, chain(CertificateKind.SELF_SIGNED), NOW) is not None


def test_no_certificate_proves_nothing_and_nothing_is_asked_of_those_who_need_none() -> None:
    assert object_to(ENFORCED, HOST, (), NOW) == "the host showed no certificate"
    assert object_to(Need(policy=TlsPolicy.ENCRYPT), HOST, (), NOW) is None
