"""Certificates of a peer made into facts, and the questions a strict client asks of one.

A peer may send anything that parses as a certificate: a field that cannot be read becomes an empty one, never an
exception. What was read of the certificates seen last is remembered, since many hosts show the same ones; what depends
on the moment or on the host's name is judged anew each time. Standards: RFC 5280 §4 (fields), RFC 9525 §6 (names).
"""

import re
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from service_identity.cryptography import extract_patterns
from service_identity.exceptions import CertificateError, VerificationError
from service_identity.hazmat import DNS_ID, CertificatePattern, verify_service_identity

from mxprobe.facts.text import escape_text
from mxprobe.facts.tls import Certificate

T = TypeVar("T")

NOT_YET_VALID, EXPIRED, UNREADABLE_DATE = 9, 10, 13
DATE_CODES = frozenset({NOT_YET_VALID, EXPIRED, UNREADABLE_DATE, 14})
"""OpenSSL's objections about dates: not yet valid, expired, and the two for dates that cannot be read."""

# The objections that mail hosts really meet; numbers and meanings are those of X509_V_ERR_… in OpenSSL.
_WORDS = {
    2: "the issuer's certificate is missing",
    7: "a signature in the chain is wrong",
    NOT_YET_VALID: "not valid yet",
    EXPIRED: "expired",
    UNREADABLE_DATE: "the first day of validity cannot be read",
    14: "the last day of validity cannot be read",
    18: "self-signed",
    19: "the chain ends in a root that is not trusted",
    20: "the issuer is not known here",
    21: "the chain is cut short: it cannot be followed to a trusted root",
    22: "the chain is too long",
    24: "an issuer in the chain is no certificate authority",
    25: "the chain is longer than an issuer in it allows",
    26: "not made for TLS hosts (extended key usage)",
    27: "not trusted for TLS hosts",
    28: "rejected for TLS hosts",
    32: "an issuer's key may not sign certificates",
    66: "the host's key is too weak",
    67: "an authority's key is too weak",
    68: "an authority's signature is made with a digest that is too weak",
}


def verify_words(code: int) -> str:
    """What a code of OpenSSL's verifier means, in words."""
    return _WORDS.get(code, f"refused by the verifier (OpenSSL error {code})")


class SeenCertificate:
    """One certificate of a peer: the fact of it, and what a strict client asks of it."""

    def __init__(self, der: bytes) -> None:
        self.der = der
        self._parsed: x509.Certificate | None
        try:
            self._parsed = x509.load_der_x509_certificate(der)
        except (ValueError, x509.InvalidVersion):  # OpenSSL is more patient than the parser that we show them with
            self._parsed = None

    @cached_property
    def fact(self) -> Certificate:
        """The fact; text is escaped, names are lower-case."""
        return _describe(self.der, self._parsed)

    @cached_property
    def _dates(self) -> tuple[float, float] | None:
        return None if self._parsed is None else _dates_of(self._parsed)

    @cached_property
    def _patterns(self) -> Sequence[CertificatePattern] | str:
        return "it cannot be read" if self._parsed is None else _patterns_of(self._parsed)

    def date_problem(self, now: float) -> int | None:
        """OpenSSL's objection to the dates at `now` (seconds since 1970 UTC), None where there is none."""
        if self._dates is None:
            return UNREADABLE_DATE
        begins, ends = self._dates
        if now < begins:
            return NOT_YET_VALID
        return EXPIRED if now > ends else None

    def match_name(self, host: str) -> str | None:
        """None where the certificate names the host, else the objection in words (RFC 9525 §6.3)."""
        if self._plainly_names(host.rstrip(".")):
            return None
        return _object_to_name(self._patterns, host, lambda: self.fact.names)

    @cached_property
    def _plain_names(self) -> frozenset[str]:
        """The names of a certificate that has ordinary ones alone, else none."""
        names, parsed = self.fact.names, self._parsed
        if parsed is None or not names or not all(map(_PLAIN_NAME.fullmatch, names)):
            return frozenset()
        return frozenset(names if len(names) == _count_names(parsed) else ())

    def _plainly_names(self, host: str) -> bool:
        """Whether an ordinary host name is in the certificate letter by letter, or but for its first label (RFC 9525
        §6.3): the same verdict as the long way's, which costs more than all else that is asked of a certificate."""
        if not self._plain_names or not _PLAIN_HOST.fullmatch(host):
            return False
        return host in self._plain_names or "*." + host.partition(".")[2] in self._plain_names


_PLAIN_HOST = re.compile(r"(?!xn--)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*")
"""A host name of which no reading of the standards makes anything else."""

_PLAIN_NAME = re.compile(r"(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*")
"""The same for a name in a certificate, which may begin with a wildcard."""

_REMEMBERED, _REMEMBERED_OCTETS = 1024, 8192
"""How many certificates are remembered, and how large one may be: hosts decide what they send."""

_remember = lru_cache(maxsize=_REMEMBERED)(SeenCertificate)


def see_certificate(der: bytes) -> SeenCertificate:
    """What there is to know of a certificate."""
    return _remember(der) if len(der) <= _REMEMBERED_OCTETS else SeenCertificate(der)


def _describe(der: bytes, certificate: x509.Certificate | None) -> Certificate:
    fingerprint = sha256(der).hexdigest()
    if certificate is None:
        unknown = "unknown"
        return Certificate(
            der=der,
            subject="",
            issuer="",
            names=(),
            not_before=0.0,
            not_after=0.0,
            key=unknown,
            signature=unknown,
            fingerprint=fingerprint,
        )
    return Certificate(
        der=der,
        subject=escape_text(_read(lambda: certificate.subject.rfc4514_string(), "")),
        issuer=escape_text(_read(lambda: certificate.issuer.rfc4514_string(), "")),
        names=_read(lambda: _names(certificate), _NO_NAMES),
        not_before=_read(lambda: certificate.not_valid_before_utc.timestamp(), 0.0),
        not_after=_read(lambda: certificate.not_valid_after_utc.timestamp(), 0.0),
        key=_read(lambda: _key(certificate), "unknown"),
        signature=_read(lambda: _signature(certificate), "unknown"),
        fingerprint=fingerprint,
    )


_NO_NAMES: tuple[str, ...] = ()


def _read(ask: Callable[[], T], otherwise: T) -> T:
    """A field of a certificate, or `otherwise` where the peer wrote one that cannot be read."""
    try:
        return ask()
    except (ValueError, TypeError, LookupError, OverflowError, UnsupportedAlgorithm, x509.DuplicateExtension):
        return otherwise
    except (x509.UnsupportedGeneralNameType, x509.InvalidVersion):
        return otherwise


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(escape_text(name.lower()) for name in extension.value.get_values_for_type(x509.DNSName))


def _count_names(certificate: x509.Certificate) -> int:
    """How many names of every kind a certificate has."""
    return len(list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value))


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    kind = type(key).__name__.removeprefix("_").removesuffix("PublicKey")
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.key_size}"
    size = getattr(key, "key_size", None)
    return f"{kind} {size}" if isinstance(size, int) else kind


def _signature(certificate: x509.Certificate) -> str:
    name = certificate.signature_algorithm_oid._name
    return name if name != "Unknown OID" else certificate.signature_algorithm_oid.dotted_string


def _dates_of(certificate: x509.Certificate) -> tuple[float, float]:
    """The first and last second of validity; of a date that cannot be read, one that no moment is inside of."""
    return (
        _read(lambda: certificate.not_valid_before_utc.timestamp(), float("inf")),
        _read(lambda: certificate.not_valid_after_utc.timestamp(), float("-inf")),
    )


def _patterns_of(certificate: x509.Certificate) -> Sequence[CertificatePattern] | str:
    """The names that a certificate is made out to, or why they cannot be read."""
    try:
        return extract_patterns(certificate)
    except _UNREADABLE_NAMES as error:
        return escape_text(str(error)) or "its names cannot be read"


_UNREADABLE_NAMES = (CertificateError, ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def match_name(certificate: x509.Certificate, host: str) -> str | None:
    """None where the certificate names the host, else the objection in words (RFC 9525 §6.3)."""
    return _object_to_name(_patterns_of(certificate), host, lambda: _read(lambda: _names(certificate), _NO_NAMES))


def _object_to_name(
    patterns: Sequence[CertificatePattern] | str, host: str, names: Callable[[], tuple[str, ...]]
) -> str | None:
    if isinstance(patterns, str):
        return patterns
    try:
        verify_service_identity(patterns, [DNS_ID(host.rstrip("."))], [])
    except VerificationError:
        return f"made out to {', '.join(names()[:8]) or 'no host name'}, not to {host}"
    except _UNREADABLE_NAMES as error:
        return escape_text(str(error)) or "its names cannot be read"
    return None
