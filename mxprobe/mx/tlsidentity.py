"""Who a mail host says it is: the public key and the issuer of the certificate that it shows, and its network.

The network of an address is told by the block it lies in, as large as those that are handed to one operator: nobody is
asked whose it is. Standards: RFC 5280 §4.1.2.7 (the key), RFC 7671 §5.1 (a key outlives its certificate).
"""

import hashlib
import ipaddress
import warnings
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import Answers
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import DANE_EE, tlsa_question, tlsa_records
from mxprobe.mx.drift import addresses_in

_OF_KEY = (DANE_EE, 1, 1)
_BLOCKS = {4: 16, 6: 32}
_NARROW = {4: 24, 6: 48}
_CANNOT_READ = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)


class Identity(Struct, frozen=True, kw_only=True):
    """What the addresses of one host showed: digests of keys, names of issuers, and where each was seen."""

    keys: frozenset[str]
    issuers: frozenset[str]
    seen: tuple[str, ...]


def identity_of(snapshot: Snapshot, host: str) -> Identity | None:
    """The identity of a host; None where no handshake was seen, or no key can be read."""
    keys, issuers, seen = set[str](), set[str](), []
    for visit in snapshot.visits:
        session = visit.sessions[-1] if visit.sessions and visit.endpoint.host == host else None
        shown = _shown(session) if session is not None else None
        if shown is not None:
            keys.add(shown[0])
            issuers.add(shown[1])
            seen.append(f"{visit.endpoint.id}: key {shown[0][:16]}, issued by {shown[1]}")
    return Identity(keys=frozenset(keys), issuers=frozenset(issuers), seen=tuple(seen)) if keys else None


def identity_at(snapshot: Snapshot, host: str, address: str) -> Identity | None:
    """The same for one address of the host."""
    there = tuple(visit for visit in snapshot.visits if visit.endpoint.address == address)
    return identity_of(replace(snapshot, visits=there), host)


def promised_keys(answers: Answers, host: str) -> frozenset[str]:
    """Digests of the keys that the TLSA records of a host promise (usage 3, SHA-256 of a key)."""
    answer = answers.get(tlsa_question(host))
    records = tlsa_records(answer) if answer is not None else ()
    return frozenset(one.data.hex() for one in records if (one.usage, one.selector, one.mtype) == _OF_KEY)


def _shown(session: Session) -> tuple[str, str] | None:
    if session.tls is None or not session.tls.chain:
        return None
    leaf = session.tls.chain[0]
    key = key_digest(leaf.der)
    return None if key is None else (key, leaf.issuer)


@lru_cache(maxsize=1024)
def key_digest(certificate: bytes) -> str | None:
    """SHA-256 of the public key of a certificate (DER), in hexadecimal; None where it cannot be read."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of what a peer may send, and nobody should
            key = x509.load_der_x509_certificate(certificate).public_key()
        chosen = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    except _CANNOT_READ:
        return None
    return hashlib.sha256(chosen).hexdigest()


def has_moved_network(before: Answers, now: Answers, host: str) -> bool | None:
    """Whether a host stands in other networks than before; None where the addresses do not tell.

    An address that stayed is in the network it was in. Others in one block may be of one network or of two.
    """
    then, today = addresses_in(before, host), addresses_in(now, host)
    if then & today:
        return False
    blocks, blocks_now = blocks_of(then), blocks_of(today)
    families = {block.version for block in blocks} & {block.version for block in blocks_now}
    return True if families and not blocks & blocks_now else None


class Near(StrEnum):
    """How near an address is to others: in one network of a customer, in one of an operator at most, or in neither."""

    SAME = "in a network of the earlier probe"
    NEIGHBOUR = "near the networks of the earlier probe"
    ELSEWHERE = "in a network that was not seen before"


def nearness(addresses: Iterable[str], known: Iterable[str]) -> Near:
    """How near the farthest of some addresses is to those that are known; with no address at all: elsewhere."""
    addresses, known = tuple(addresses), tuple(known)
    if not addresses:
        return Near.ELSEWHERE
    if blocks_of(addresses, _NARROW) <= blocks_of(known, _NARROW):
        return Near.SAME
    return Near.NEIGHBOUR if blocks_of(addresses) <= blocks_of(known) else Near.ELSEWHERE


def blocks_of(
    addresses: Iterable[str], sizes: Mapping[int, int] = _BLOCKS
) -> set[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks that addresses lie in, as far as their blocks tell; what is no address lies in none."""
    found = set()
    for text in addresses:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            continue  # a saved probe may be anybody's work
        found.add(ipaddress.ip_network((address, sizes[address.version]), strict=False))
    return found
