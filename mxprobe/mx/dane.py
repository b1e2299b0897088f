"""Whether a host's certificate chain is one that its TLSA records promise, as a DANE sender judges it.

Works on the records and the chain alone: that the records are secure is the resolver's statement (`authenticated`),
and which names a certificate may bear is handed in. A bare key as trust anchor (2 1 0) counts where its certificate is
sent.

Standards: RFC 6698 §2.1, RFC 7671 §5, §9 (digests), RFC 7672 §2.2, §3.1 (SMTP).
"""

import hashlib
import warnings
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from msgspec import Struct

from mxprobe.facts.dns import Answer, Question, RecordType, TextRecord
from mxprobe.mx.mtasts import match_host

_DANE_TA, DANE_EE = 2, 3
_DIGESTS = {1: hashlib.sha256, 2: hashlib.sha512}
CANNOT_READ = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)

_REMEMBERED = 128
"""Certificates that are not read again: several rules, and domains that have a host in common, look at the same."""

NamesHost = Callable[[x509.Certificate], bool]
"""Whether a certificate bears a name that the sender accepts (RFC 7672 §3.2.2)."""


class TlsaRecord(Struct, frozen=True, kw_only=True, order=True):
    """One TLSA record; numbers are those of RFC 6698 §2.1."""

    usage: int
    selector: int
    mtype: int
    data: bytes

    @property
    def is_usable(self) -> bool:
        """Whether SMTP can use it: DANE-TA or DANE-EE, known numbers, data of the right size (RFC 7672 §3.1)."""
        is_known = self.usage in (_DANE_TA, DANE_EE) and self.selector in (0, 1) and self.mtype in (0, 1, 2)
        return is_known and len(self.data) == (
            _DIGESTS[self.mtype]().digest_size if self.mtype else len(self.data) or 1
        )

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.mtype} {self.data.hex()}"


class DaneOutcome(StrEnum):
    """How records and chain fit. UNUSABLE: there are records, and none that SMTP can use; ABSENT: there are none."""

    MATCHED = "matched"
    NO_MATCH = "no-match"
    UNUSABLE = "unusable"
    ABSENT = "absent"


class DaneMatch(Struct, frozen=True, kw_only=True):
    """The outcome, the record that fits, the place of its certificate in the chain (None: it is not sent), or why not.

    With UNUSABLE the sender uses TLS without authentication; with NO_MATCH it delivers nothing here.
    """

    outcome: DaneOutcome
    record: TlsaRecord | None = None
    place: int | None = None
    why: str = ""


def tlsa_question(host: str, port: int = 25) -> Question:
    """Where the TLSA records of a host are (RFC 7672 §2.2.3)."""
    return Question(name=f"_{port}._tcp.{host}", rrtype=RecordType.TLSA)


@lru_cache(maxsize=1024)
def read_tlsa(text: str) -> TlsaRecord | None:
    """A record from its presentation text, "3 1 1 hex"; None where it is none."""
    words = text.split(None, 3)
    try:
        usage, selector, mtype = (int(word) for word in words[:3])
        return TlsaRecord(usage=usage, selector=selector, mtype=mtype, data=bytes.fromhex("".join(words[3:])))
    except ValueError:
        return None


def tlsa_records(answer: Answer) -> tuple[TlsaRecord, ...]:
    """All that an answer has, in their order."""
    read = (read_tlsa(record.text) for record in answer.records if isinstance(record, TextRecord))
    return tuple(record for record in read if record is not None)


def tlsa_record(certificate: bytes, usage: int = 3, selector: int = 1, mtype: int = 1) -> str:
    """The text of the record that promises a certificate (DER). Raises ValueError for what is no certificate."""
    chosen = _select(x509.load_der_x509_certificate(certificate), selector)
    return f"{usage} {selector} {mtype} {_digest(chosen, mtype).hex()}"


def bears_name(certificate: x509.Certificate, names: tuple[str, ...]) -> bool:
    """Whether a certificate is made out to one of the names: its DNS names, else its common name (RFC 7672 §3.2.3)."""
    try:
        bears = _dns_names(certificate) or _common_names(certificate)
    except (*CANNOT_READ, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    return any(match_host(pattern, name) for pattern in bears for name in names)


def _dns_names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def _common_names(certificate: x509.Certificate) -> list[str]:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(attribute.value) for attribute in found]


def match_chain(
    records: tuple[TlsaRecord, ...], chain: tuple[bytes, ...], now: float, names_host: NamesHost
) -> DaneMatch:
    """Judge the `chain` (DER, the host's own certificate first) at `now`, seconds since 1970."""
    if not records:
        return DaneMatch(outcome=DaneOutcome.ABSENT, why="there are no TLSA records")
    usable = _strongest(tuple(record for record in records if record.is_usable))
    if not usable:
        return DaneMatch(outcome=DaneOutcome.UNUSABLE, why="no TLSA record is one that SMTP uses (2 or 3)")
    sent = _read_chain(chain)
    if not sent:
        return DaneMatch(outcome=DaneOutcome.NO_MATCH, why="the host's certificate cannot be read")
    for record in usable:
        # Names and dates of the certificate are not looked at (RFC 7672 §3.1.1).
        if record.usage == DANE_EE and _fits(record, sent[0]):
            return DaneMatch(outcome=DaneOutcome.MATCHED, record=record, place=0)
    return _match_anchor(tuple(record for record in usable if record.usage == _DANE_TA), sent, now, names_host)


def _match_anchor(
    records: tuple[TlsaRecord, ...], sent: list[x509.Certificate], now: float, names_host: NamesHost
) -> DaneMatch:
    """Follow the issuers up from the host's certificate to one that a record names (RFC 7672 §3.1.2)."""
    why = "no TLSA record is of the certificate or of an authority above it"
    pool = sent[1:] + [anchor for record in records if (anchor := _anchor_in(record)) is not None]
    path = [sent[0]]
    while records:
        above = next((one for one in pool if one not in path and _has_issued(one, path[-1])), None)
        if above is None:
            break
        path.append(above)
        record = next((record for record in records if _fits(record, above)), None)
        if record is None:
            continue
        if not all(_is_in_date(one, now) for one in path):
            why = "a certificate on the way to the trust anchor is out of its dates"
        elif not names_host(path[0]):
            why = "the certificate leads to the trust anchor, and does not name the host"
        else:
            place = sent.index(above) if above in sent else None
            return DaneMatch(outcome=DaneOutcome.MATCHED, record=record, place=place)
    return DaneMatch(outcome=DaneOutcome.NO_MATCH, why=why)


def _strongest(records: tuple[TlsaRecord, ...]) -> tuple[TlsaRecord, ...]:
    """Without digests that are weaker than another of the same usage and selector (RFC 7671 §9)."""
    best: dict[tuple[int, int], int] = {}
    for record in records:
        key = (record.usage, record.selector)
        best[key] = max(best.get(key, 0), record.mtype)
    return tuple(record for record in records if record.mtype in (0, best[record.usage, record.selector]))


def _read_chain(chain: tuple[bytes, ...]) -> list[x509.Certificate]:
    """Those that can be read; nothing where the host's own cannot."""
    found = [_read(der) for der in chain]
    return [one for one in found if one is not None] if found and found[0] is not None else []


@lru_cache(maxsize=_REMEMBERED)
def _read(der: bytes) -> x509.Certificate | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of what a peer may send, and nobody should
            return x509.load_der_x509_certificate(der)
    except CANNOT_READ:
        return None


def _anchor_in(record: TlsaRecord) -> x509.Certificate | None:
    """The trust anchor where the record is the whole of its certificate."""
    return _read(record.data) if (record.selector, record.mtype) == (0, 0) else None


def _fits(record: TlsaRecord, certificate: x509.Certificate) -> bool:
    try:
        return _digest(_select(certificate, record.selector), record.mtype) == record.data
    except CANNOT_READ:
        return False


@lru_cache(maxsize=_REMEMBERED)
def _select(certificate: x509.Certificate, selector: int) -> bytes:
    """What the record is about: the whole certificate, or its public key."""
    if selector == 0:
        return certificate.public_bytes(serialization.Encoding.DER)
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _digest(chosen: bytes, mtype: int) -> bytes:
    return chosen if mtype == 0 else _DIGESTS[mtype](chosen).digest()


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether an authority has signed a certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
        if not _is_whole(certificate):
            return False
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (*CANNOT_READ, InvalidSignature, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return constraints.ca


def _is_whole(certificate: x509.Certificate) -> bool:
    """Whether what stands beside the signature, and what nobody has signed, is as it must be: the algorithm that was
    signed, too, and a signature of whole octets (RFC 5280 §4.1.1.2, §4.1.1.3)."""
    signed, whole = certificate.tbs_certificate_bytes, certificate.public_bytes(serialization.Encoding.DER)
    behind = whole.index(signed) + len(signed)
    beside = whole[behind : behind + 2 + whole[behind + 1]]
    return beside in signed and whole[-len(certificate.signature) - 1] == 0


def _is_in_date(certificate: x509.Certificate, now: float) -> bool:
    try:
        return certificate.not_valid_before_utc.timestamp() <= now <= certificate.not_valid_after_utc.timestamp()
    except CANNOT_READ:
        return False
