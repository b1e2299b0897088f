"""Certificates of a peer made into facts, and the questions a strict client asks of one.

A peer may send anything that parses as a certificate: a field that cannot be read becomes an empty one, never an
exception. Standards: RFC 5280 §4 (fields), RFC 9525 §6 (names).
"""

from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from service_identity.cryptography import verify_certificate_hostname
from service_identity.exceptions import CertificateError, VerificationError

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


def describe_certificate(certificate: x509.Certificate) -> Certificate:
    """The fact of one certificate; text is escaped, names are lower-case."""
    return Certificate(
        der=certificate.public_bytes(serialization.Encoding.DER),
        subject=escape_text(_read(lambda: certificate.subject.rfc4514_string(), "")),
        issuer=escape_text(_read(lambda: certificate.issuer.rfc4514_string(), "")),
        names=_read(lambda: _names(certificate), _NO_NAMES),
        not_before=_read(lambda: certificate.not_valid_before_utc.timestamp(), 0.0),
        not_after=_read(lambda: certificate.not_valid_after_utc.timestamp(), 0.0),
        key=_read(lambda: _key(certificate), "unknown"),
        signature=_read(lambda: _signature(certificate), "unknown"),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
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


def date_problem(certificate: x509.Certificate, now: float) -> int | None:
    """OpenSSL's objection to the certificate's dates at `now` (seconds since 1970 UTC), None where there is none."""
    if now < _read(lambda: certificate.not_valid_before_utc.timestamp(), float("inf")):
        return NOT_YET_VALID
    return EXPIRED if now > _read(lambda: certificate.not_valid_after_utc.timestamp(), float("-inf")) else None


def match_name(certificate: x509.Certificate, host: str) -> str | None:
    """None where the certificate names the host, else the objection in words (RFC 9525 §6.3)."""
    try:
        verify_certificate_hostname(certificate, host.rstrip("."))
    except VerificationError:
        names = _read(lambda: _names(certificate), _NO_NAMES)
        return f"made out to {', '.join(names[:8]) or 'no host name'}, not to {host}"
    except (CertificateError, ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        return escape_text(str(error)) or "its names cannot be read"
    return None
