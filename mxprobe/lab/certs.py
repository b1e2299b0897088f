"""The lab's certificates: keys, serial numbers and signatures follow from the seed, so that runs can be compared.

Dates are fixed and wide, so that story time and the real clock judge alike. Standards: RFC 5280 §4.2.
"""

import hashlib
import ssl
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from mxprobe.scenario.reaction import CertificateKind

_LONG = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC))
_PAST = (datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))
_FUTURE = (datetime(2045, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC))
_DATES = {CertificateKind.EXPIRED: _PAST, CertificateKind.NOT_YET_VALID: _FUTURE}
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_USAGE = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class Issued(Struct, frozen=True, kw_only=True):
    """A certificate with what lies above it, and its key, as PEM."""

    chain_pem: bytes
    key_pem: bytes

    @property
    def der(self) -> bytes:
        """The host's own certificate."""
        return x509.load_pem_x509_certificate(self.chain_pem).public_bytes(serialization.Encoding.DER)


class Authority:
    """The certificate authority of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @property
    def pem(self) -> bytes:
        """The authority's own certificate."""
        return _root(self.seed)[1].public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The same in DER."""
        return _root(self.seed)[1].public_bytes(serialization.Encoding.DER)

    def issue(self, name: str, kind: CertificateKind = CertificateKind.VALID) -> Issued:
        """A certificate for `name`, with what is the matter with it."""
        return _issue(self.seed, name, kind)

    def context(self, name: str, kind: CertificateKind = CertificateKind.VALID) -> ssl.SSLContext:
        """What a host shakes hands with."""
        return _context(self.seed, name, kind)


def _key(*words: object) -> ec.EllipticCurvePrivateKey:
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _usage(*used: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in used for name in _USAGE})


class _Subject(Struct, frozen=True, kw_only=True):
    """Whose certificate is made, from when to when, and the number that its serial follows from."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    dates: tuple[datetime, datetime]
    serial: str


def _begin(subject: _Subject, issuer: tuple[x509.Name, ec.EllipticCurvePublicKey]) -> x509.CertificateBuilder:
    serial = int.from_bytes(hashlib.sha256(subject.serial.encode()).digest()[:15], "big") | 1
    public = subject.key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject.name)
        .issuer_name(issuer[0])
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(subject.dates[0])
        .not_valid_after(subject.dates[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1]), critical=False)
    )


@cache
def _root(seed: int) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key, name = _key(seed, "authority"), _name(f"mxprobe lab authority, seed {seed}")
    subject = _Subject(name=name, key=key, dates=_LONG, serial=f"{seed}/authority")
    builder = (
        _begin(subject, (name, key.public_key()))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    )
    return key, builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)


@cache
def _issue(seed: int, name: str, kind: CertificateKind) -> Issued:
    root_key, root = _root(-1 - seed if kind is CertificateKind.UNKNOWN_AUTHORITY else seed)
    key = _key(seed, name, kind)
    shown = "another.invalid" if kind is CertificateKind.WRONG_NAME else name
    dates = _DATES.get(kind, _LONG)
    subject = _Subject(name=_name(shown), key=key, dates=dates, serial=f"{seed}/{name}/{kind}")
    alone = kind is CertificateKind.SELF_SIGNED
    signer = key if alone else root_key
    issuer = (subject.name if alone else root.subject, signer.public_key())
    builder = (
        _begin(subject, issuer)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(shown)]), critical=False)
    )
    leaf = builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=True)
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Issued(chain_pem=leaf.public_bytes(serialization.Encoding.PEM), key_pem=key_pem)


@cache
def _context(seed: int, name: str, kind: CertificateKind) -> ssl.SSLContext:
    issued = _issue(seed, name, kind)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "host.pem")
        path.touch(mode=0o600)
        path.write_bytes(issued.key_pem + issued.chain_pem)
        context.load_cert_chain(path)
    return context
