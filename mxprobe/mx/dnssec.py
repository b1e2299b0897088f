"""Whether an answer is what its zone has signed, and if not, which link of the chain does not hold and why.

Pure: `judge` is a generator that says what has to be asked next (DS and DNSKEY, from the root down) and is sent the
responses. The arithmetic is that of `dns.dnssec`, the reasons and proofs are worked out here. NSEC3 is not read: an
absence that is proven by nothing else counts as unproven.

Standards: RFC 4033 §5, RFC 4034, RFC 4035 §5 (validation), §5.4 (absence), RFC 6840 §4.1, §4.4 (proofs at a cut).
"""

import math
import struct
from collections.abc import Generator
from datetime import UTC, datetime
from enum import StrEnum

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
from dns.dnssectypes import DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.RRSIG import RRSIG
from msgspec import Struct

from mxprobe.facts.dns import Security
from mxprobe.mx.nsec import Name, Type, covers, denies_name, denies_type, has_type

_LONGEST_CHAIN = 16
_ZONE_KEY = 0x0100
_SAYS_SOMETHING = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
_ALGORITHMS = frozenset({8, 10, 13, 14, 15, 16})
_DIGESTS = frozenset({2, 4})
_CANNOT_VERIFY = (dns.exception.DNSException, ValueError, TypeError, struct.error, IndexError)


class Reason(StrEnum):
    """Why an answer is bogus."""

    UNSIGNED = "unsigned"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_KEY = "wrong-key"
    BAD_SIGNATURE = "bad-signature"
    NO_KEYS = "no-keys"
    UNTRUSTED_KEYS = "untrusted-keys"
    NO_PROOF = "no-proof"
    NO_ANSWER = "no-answer"


class Link(Struct, frozen=True, kw_only=True):
    """A question of the chain: whose records of which type."""

    name: Name
    rdtype: Type

    def __str__(self) -> str:
        return f"{self.name.to_text(omit_final_dot=True)} {self.rdtype.name}"


class Judgement(Struct, frozen=True, kw_only=True):
    """How the answer ended. `link` is the one that does not hold, `detail` says it in words.

    `lasts` is how many seconds the signatures let it be believed (RFC 4035 §5.3.3).
    """

    security: Security
    reason: Reason | None = None
    link: str = ""
    detail: str = ""
    lasts: float = math.inf


Asking = Generator[Link, dns.message.Message | None, Judgement]
"""Yields what has to be asked; is sent the response, None where there was none."""


def judge(link: Link, response: dns.message.Message, anchor: tuple[str, ...], now: float) -> Asking:
    """Judge the `response` to `link`. `anchor` has the root's DS records as text; `now` is in seconds since 1970."""
    walk = _Walk(anchor, now)
    try:
        security = yield from walk.judge(link, response)
    except _Broken as broken:
        return Judgement(
            security=Security.BOGUS, reason=broken.reason, link=str(broken.link), detail=f"{broken.link}: {broken}"
        )
    return Judgement(security=security, lasts=walk.lasts)


class _Broken(Exception):
    """A link that does not hold; never leaves this module."""

    def __init__(self, reason: Reason, link: Link, words: str) -> None:
        super().__init__(words)
        self.reason, self.link = reason, link


class _Zone(Struct, frozen=True, kw_only=True):
    """A zone on the way; without keys it is proven to be unsigned, and so is all below."""

    name: Name
    keys: tuple[DNSKEY, ...] | None


_Descent = Generator[Link, dns.message.Message | None, _Zone]


class _Walk:
    """One judgement: the zones found on the way down are looked up once in it."""

    def __init__(self, anchor: tuple[str, ...], now: float) -> None:
        self.now = now
        self.lasts = math.inf
        self._anchor = tuple(_read_ds(text) for text in anchor)
        self._found: dict[Name, _Zone] = {}

    def judge(self, link: Link, response: dns.message.Message) -> Generator[Link, dns.message.Message | None, Security]:
        """The state of the whole response: each RRset in it, and the absence behind the last alias."""
        if response.rcode() not in _SAYS_SOMETHING:
            raise _Broken(Reason.NO_ANSWER, link, "the answer is a failure")
        is_secure = True
        for rrset in response.answer:
            if rrset.rdtype == dns.rdatatype.RRSIG:
                continue
            zone = yield from self._zone_of(rrset, response.answer)
            if zone.keys is None:
                is_secure = False
                continue
            signature = self._verify(rrset, response.answer, zone)
            if signature.labels < len(rrset.name) - 1 - rrset.name.is_wild():
                self._check_expansion(rrset, response, zone)
        end = _end_of_aliases(link, response)
        if end is not None:
            zone = yield from self._descend(_signer_of_absence(end, response))
            is_secure = is_secure and zone.keys is not None
            if zone.keys is not None:
                self._check_absence(end, response, zone)
        return Security.SECURE if is_secure else Security.INSECURE

    # -- down the chain -----------------------------------------------------------------------------------------------

    def _zone_of(self, rrset: dns.rrset.RRset, section: list[dns.rrset.RRset]) -> _Descent:
        """The zone that an RRset is of: its signer's, which must be a zone on the way to it."""
        signatures = _signatures(rrset, section)
        if not signatures:
            return (yield from self._descend(_home(Link(name=rrset.name, rdtype=rrset.rdtype))))
        signer = signatures[0].signer
        zone = yield from self._descend(signer)
        if zone.keys is not None and zone.name != signer:
            link = Link(name=rrset.name, rdtype=rrset.rdtype)
            raise _Broken(Reason.WRONG_KEY, link, f"it is signed by {signer}, which is no zone")
        return zone

    def _descend(self, target: Name) -> _Descent:
        """The zone that `target` lies in, by asking for every cut from the root down to it."""
        if target in self._found:
            return self._found[target]
        lasts = self.lasts  # how long the links hold bounds them, not the answer
        zone = _Zone(name=dns.name.root, keys=(yield from self._keys(dns.name.root, self._anchor)))
        for length in range(2, len(target) + 1):
            zone = yield from self._cross(target.split(length)[1], zone)
            if zone.keys is None:
                break
        self._found[target], self.lasts = zone, lasts
        return zone

    def _cross(self, name: Name, above: _Zone) -> _Descent:
        """The zone at `name` where there is a cut, else the one above."""
        link = Link(name=name, rdtype=dns.rdatatype.DS)
        response = yield link
        if response is None or response.rcode() not in _SAYS_SOMETHING:
            raise _Broken(Reason.NO_ANSWER, link, "nobody says whether the zone is signed")
        found = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.DS)
        if found is not None:
            self._verify(found, response.answer, above)
            digests = tuple(ds for ds in found if isinstance(ds, DS) and _is_known(ds))
            keys = (yield from self._keys(name, digests)) if digests else None
            return _Zone(name=name, keys=keys)
        alias = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is not None:
            self._verify(alias, response.answer, above)
            return above
        for owner, proof in self._proofs(response, above):
            if owner == name:
                if has_type(proof, dns.rdatatype.DS) or has_type(proof, dns.rdatatype.SOA):
                    continue
                return _Zone(name=name, keys=None) if has_type(proof, dns.rdatatype.NS) else above
            if covers(owner, proof, name):
                return above
        raise _Broken(Reason.NO_PROOF, link, "nothing proves that the zone is not signed")

    def _keys(
        self, name: Name, digests: tuple[DS, ...]
    ) -> Generator[Link, dns.message.Message | None, tuple[DNSKEY, ...]]:
        """The keys of a zone, once one that the zone above vouches for has signed them."""
        link = Link(name=name, rdtype=dns.rdatatype.DNSKEY)
        response = yield link
        if response is None:
            raise _Broken(Reason.NO_ANSWER, link, "nobody says what the zone's keys are")
        found = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
        if found is None:
            raise _Broken(Reason.NO_KEYS, link, "the zone has no keys, and the one above says that it is signed")
        keys = tuple(key for key in found if isinstance(key, DNSKEY))
        trusted = tuple(key for key in keys if any(_vouches(digest, name, key) for digest in digests))
        if not trusted:
            raise _Broken(Reason.UNTRUSTED_KEYS, link, "no key is one that the zone above vouches for")
        self._verify(found, response.answer, _Zone(name=name, keys=trusted))
        return keys

    # -- signatures ---------------------------------------------------------------------------------------------------

    def _verify(self, rrset: dns.rrset.RRset, section: list[dns.rrset.RRset], zone: _Zone) -> RRSIG:
        """The signature that holds; raises _Broken with what is the matter with the last one that does not."""
        link = Link(name=rrset.name, rdtype=rrset.rdtype)
        broken = _Broken(Reason.UNSIGNED, link, f"there is no signature of {zone.name}")
        for signature in _signatures(rrset, section):
            if signature.signer != zone.name:
                continue
            told = f"the signature of {zone.name}/{signature.key_tag}"
            keys = [key for key in zone.keys or () if _fits(key, signature)]
            if not keys:
                broken = _Broken(Reason.WRONG_KEY, link, f"{told} is of no key that the zone has")
            elif signature.expiration < self.now:
                broken = _Broken(Reason.EXPIRED, link, f"{told} expired {_date(signature.expiration)}")
            elif signature.inception > self.now:
                broken = _Broken(Reason.NOT_YET_VALID, link, f"{told} holds from {_date(signature.inception)} on")
            elif not any(_holds(rrset, signature, key) for key in keys):
                broken = _Broken(Reason.BAD_SIGNATURE, link, f"{told} does not verify")
            else:
                self.lasts = min(self.lasts, signature.expiration - self.now, signature.original_ttl)
                return signature
        raise broken

    # -- absence ------------------------------------------------------------------------------------------------------

    def _proofs(self, response: dns.message.Message, zone: _Zone) -> list[tuple[Name, NSEC]]:
        """The NSEC records of the zone, each verified."""
        found = []
        for rrset in response.authority:
            if rrset.rdtype == dns.rdatatype.NSEC and rrset.name.is_subdomain(zone.name):
                self._verify(rrset, response.authority, zone)
                found += [(rrset.name, record) for record in rrset if isinstance(record, NSEC)]
        return found

    def _check_absence(self, link: Link, response: dns.message.Message, zone: _Zone) -> None:
        """Raise _Broken unless the zone proves that the name, or its records of this type, are not there."""
        for rrset in response.authority:
            if rrset.rdtype == dns.rdatatype.SOA:
                self._verify(rrset, response.authority, zone)
        proofs = self._proofs(response, zone)
        if response.rcode() == dns.rcode.NXDOMAIN:
            is_proven = denies_name(proofs, link.name)
        else:
            is_proven = denies_type(proofs, link.name, link.rdtype)
        if not is_proven:
            raise _Broken(Reason.NO_PROOF, link, f"nothing of {zone.name} proves that it is not there")

    def _check_expansion(self, rrset: dns.rrset.RRset, response: dns.message.Message, zone: _Zone) -> None:
        """Records of a wildcard stand for a name only where the name itself is not there (RFC 4035 §5.3.4)."""
        if not any(covers(owner, proof, rrset.name) for owner, proof in self._proofs(response, zone)):
            link = Link(name=rrset.name, rdtype=rrset.rdtype)
            raise _Broken(Reason.NO_PROOF, link, "a wildcard's records, and no proof that the name is not there")


def _read_ds(text: str) -> DS:
    record = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DS, text)
    if not isinstance(record, DS):
        raise AssertionError("the text of a DS record gives one")
    return record


def _signatures(rrset: dns.rrset.RRset, section: list[dns.rrset.RRset]) -> list[RRSIG]:
    """Those over an RRset whose signer can be its zone."""
    home = _home(Link(name=rrset.name, rdtype=rrset.rdtype))
    return [
        record
        for signatures in section
        if signatures.rdtype == dns.rdatatype.RRSIG and signatures.name == rrset.name
        for record in signatures
        if isinstance(record, RRSIG) and record.type_covered == rrset.rdtype and home.is_subdomain(record.signer)
    ]


def _home(link: Link) -> Name:
    """The deepest name that the zone of such records can have: that of DS records is above (RFC 4035 §2.4)."""
    is_above = link.rdtype == dns.rdatatype.DS and link.name != dns.name.root
    return link.name.parent() if is_above else link.name


def _end_of_aliases(link: Link, response: dns.message.Message) -> Link | None:
    """What the response says is not there; None where it has the records, or leaves an alias open."""
    name = link.name
    for step in range(_LONGEST_CHAIN):
        if response.get_rrset(response.answer, name, dns.rdataclass.IN, link.rdtype) is not None:
            return None
        alias = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            is_open = step > 0 and not response.authority and response.rcode() == dns.rcode.NOERROR
            return None if is_open else Link(name=name, rdtype=link.rdtype)
        name = alias[0].target
    return None


def _signer_of_absence(link: Link, response: dns.message.Message) -> Name:
    """The zone that claims the absence, or the name itself where no signature says so."""
    home = _home(link)
    signers = [
        record.signer
        for rrset in response.authority
        if rrset.rdtype == dns.rdatatype.RRSIG
        for record in rrset
        if isinstance(record, RRSIG) and home.is_subdomain(record.signer)
    ]
    return signers[0] if signers else home


def _is_known(ds: DS) -> bool:
    return ds.algorithm in _ALGORITHMS and ds.digest_type in _DIGESTS


def _vouches(digest: DS, name: Name, key: DNSKEY) -> bool:
    if digest.digest_type not in _DIGESTS or not key.flags & _ZONE_KEY:
        return False
    made = dns.dnssec.make_ds(name, key, DSDigest(digest.digest_type), validating=True)
    return bool(made == digest)


def _fits(key: DNSKEY, signature: RRSIG) -> bool:
    """Whether a key can have made the signature (RFC 4035 §5.3.1)."""
    is_zone_key = bool(key.flags & _ZONE_KEY) and key.protocol == 3
    return is_zone_key and key.algorithm == signature.algorithm and dns.dnssec.key_id(key) == signature.key_tag


def _holds(rrset: dns.rrset.RRset, signature: RRSIG, key: DNSKEY) -> bool:
    keys: dict[Name, dns.node.Node | dns.rdataset.Rdataset] = {signature.signer: dns.rdataset.from_rdata(0, key)}
    try:
        dns.dnssec.validate_rrsig(rrset, signature, keys, now=signature.inception)
    except _CANNOT_VERIFY:
        return False
    return True


def _date(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
