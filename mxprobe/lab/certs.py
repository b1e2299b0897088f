"""The lab's certificates: keys, serial numbers and signatures follow from the seed, so that runs can be compared.

Dates are fixed and wide, so that story time and the real clock judge alike. Standards: RFC 5280 §4.2.
"""

import hashlib
import itertools
import ssl
import tempfile
import warnings
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from mxprobe.scenario.reaction import CertificateKind, TlsVersion

_LONG = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC))
_PAST = (datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))
_FUTURE = (datetime(2045, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC))
_DATES = {CertificateKind.EXPIRED: _PAST, CertificateKind.NOT_YET_VALID: _FUTURE}
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_VERSIONS = {
    TlsVersion.TLS_1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.TLS_1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3,
}
_WEAK_BITS, _EXPONENT = 1024, 65537
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

    def context(
        self, name: str, kind: CertificateKind = CertificateKind.VALID, version: TlsVersion | None = None
    ) -> ssl.SSLContext:
        """What a host shakes hands with: in one version of TLS alone, or in those of today (None)."""
        return _context(self.seed, name, kind, version)


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def _key(*words: object) -> ec.EllipticCurvePrivateKey:
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def _weak_key(*words: object) -> rsa.RSAPrivateKey:
    """A key of RSA that is too short, from the first two primes behind numbers that follow from the words."""
    p, q = (_prime(*words, half) for half in ("p", "q"))
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    ).private_key()


def _prime(*words: object) -> int:
    """The first prime behind a number of half the key's length that follows from the words."""
    digest = hashlib.sha512("/".join(map(str, words)).encode()).digest()
    begin = int.from_bytes(digest, "big") | 3 << (_WEAK_BITS // 2 - 2) | 1
    return next(number for number in itertools.count(begin, 2) if number % _EXPONENT != 1 and _is_prime(number))


def _is_prime(number: int) -> bool:
    """Whether no small divisor and no witness of Miller and Rabin speaks against it; enough where nobody cheats."""
    witnesses = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if any(number % witness == 0 for witness in witnesses):
        return False
    odd, halvings = number - 1, 0
    while odd % 2 == 0:
        odd, halvings = odd // 2, halvings + 1
    for witness in witnesses[:6]:
        power = pow(witness, odd, number)
        if power != 1 and all(pow(power, 2**step, number) != number - 1 for step in range(halvings)):
            return False
    return True


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _usage(*used: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in used for name in _USAGE})


class _Subject(Struct, frozen=True, kw_only=True):
    """Whose certificate is made, from when to when, and the number that its serial follows from."""

    name: x509.Name
    key: PrivateKey
    dates: tuple[datetime, datetime]
    serial: str


def _begin(subject: _Subject, issuer: tuple[x509.Name, PublicKey]) -> x509.CertificateBuilder:
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
    return key, _issue_authority(subject, key, name)


@cache
def _intermediate(seed: int) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """An authority under the first one."""
    signer, root = _root(seed)
    key, name = _key(seed, "intermediate"), _name(f"mxprobe lab intermediate authority, seed {seed}")
    subject = _Subject(name=name, key=key, dates=_LONG, serial=f"{seed}/intermediate")
    return key, _issue_authority(subject, signer, root.subject)


def _issue_authority(subject: _Subject, signer: ec.EllipticCurvePrivateKey, issuer: x509.Name) -> x509.Certificate:
    builder = (
        _begin(subject, (issuer, signer.public_key()))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    )
    return builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=True)


def _signer(seed: int, kind: CertificateKind) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Who signs a certificate of this kind."""
    if kind is CertificateKind.MISSING_INTERMEDIATE:
        return _intermediate(seed)
    return _root(-1 - seed if kind is CertificateKind.UNKNOWN_AUTHORITY else seed)


@cache
def _issue(seed: int, name: str, kind: CertificateKind) -> Issued:
    authority_key, authority = _signer(seed, kind)
    key = _weak_key(seed, name) if kind is CertificateKind.WEAK_KEY else _key(seed, name, kind)
    shown = "another.invalid" if kind is CertificateKind.WRONG_NAME else name
    dates = _DATES.get(kind, _LONG)
    subject = _Subject(name=_name(shown), key=key, dates=dates, serial=f"{seed}/{name}/{kind}")
    alone = kind is CertificateKind.SELF_SIGNED
    signer = key if alone else authority_key
    issuer = (subject.name if alone else authority.subject, signer.public_key())
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
def _context(seed: int, name: str, kind: CertificateKind, version: TlsVersion | None) -> ssl.SSLContext:
    by_sni = kind is CertificateKind.BY_SNI
    issued = _issue(seed, name, CertificateKind.WRONG_NAME if by_sni else kind)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if kind is CertificateKind.WEAK_KEY or version is not None:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else OpenSSL has neither short keys nor old versions
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that 1.0 and 1.1 are old is the point
            context.minimum_version = context.maximum_version = _VERSIONS[version]
    if by_sni:
        right = _context(seed, name, CertificateKind.VALID, version)
        context.sni_callback = lambda tls, asked, _: setattr(tls, "context", right) if asked == name else None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "host.pem")
        path.touch(mode=0o600)
        path.write_bytes(issued.key_pem + issued.chain_pem)
        context.load_cert_chain(path)
    return context
