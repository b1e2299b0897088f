"""Whether a host has proved who it is, judged from the chain it showed and at a moment that the caller gives.

For a sender that shakes hands with anybody first, as the lab's does: the standard library can neither judge at another
time than now nor go on after an objection. Standards: RFC 5280 §6, RFC 7672 §3.1, RFC 8461 §4.2, RFC 9525 §6.
"""

import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct
from OpenSSL import crypto

from mxprobe.mx.dane import DaneOutcome, match_chain
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.tlsneed import Need
from mxprobe.wire.certificates import match_name, verify_words

_LEAST_RSA = 2048
"""Bits that TLS libraries ask for as shipped; a store of certificates alone does not look at them."""

_TOO_WEAK = 66
"""OpenSSL's number for a key that is too weak."""


class Trust(Struct, frozen=True, kw_only=True):
    """Whom a sender believes: anchors as PEM, and its wall clock's moment (seconds since 1970 UTC)."""

    anchors: bytes
    now: float


def peer_chain(ssl_object: Any) -> tuple[bytes, ...]:
    """The certificates that a peer has shown, as DER, its own first; empty where there are none."""
    inner = getattr(ssl_object, "_sslobj", ssl_object)  # public from Python 3.13 on
    return tuple(certificate.public_bytes(_DER) for certificate in inner.get_unverified_chain() or ())


_DER = 2
"""`_ssl.ENCODING_DER`."""


def object_to(need: Need, host: str, chain: tuple[bytes, ...], trust: Trust) -> str | None:
    """What a sender has against the peer, in words; None where the peer has proved what the sender needs."""
    if not need.authenticates:
        return None
    if not chain:
        return "the host showed no certificate"
    if need.policy is TlsPolicy.DANE:
        match = match_chain(need.tlsa, chain, trust.now, lambda certificate: match_name(certificate, host) is None)
        return None if match.outcome is DaneOutcome.MATCHED else match.why
    return _chain_problem(chain, trust) or match_name(x509.load_der_x509_certificate(chain[0]), host)


def _chain_problem(chain: tuple[bytes, ...], trust: Trust) -> str | None:
    """OpenSSL's first objection to the chain."""
    store = crypto.X509Store()
    for anchor in x509.load_pem_x509_certificates(trust.anchors):
        store.add_cert(crypto.X509.from_cryptography(anchor))
    store.set_time(datetime.datetime.fromtimestamp(trust.now, datetime.UTC))
    leaf, *others = (crypto.X509.from_cryptography(x509.load_der_x509_certificate(der)) for der in chain)
    try:
        crypto.X509StoreContext(store, leaf, others).verify_certificate()
    except crypto.X509StoreContextError as error:
        return verify_words(int(error.errors[0]))
    key = x509.load_der_x509_certificate(chain[0]).public_key()
    too_weak = isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA
    return verify_words(_TOO_WEAK) if too_weak else None
