"""Whether an answer is what its zone has signed, and if not, which link of the chain does not hold and why.

Pure: `judge` is a generator that says what has to be asked next (DS and DNSKEY, from the root down) and is sent the
responses. Single signatures are judged in `signatures`, proofs of absence in `denial`; the reasons are worked out here.

Standards: RFC 4033 §5, RFC 4034, RFC 4035 §5 (validation), §5.4 (absence), RFC 5155 §8, §9.2 (NSEC3), RFC 6672 §5.3
(DNAME), RFC 6840 §4.1, §4.4 (proofs at a cut), RFC 9276 §3.2 (iterations).
"""

import math
from collections.abc import Generator, Sequence

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG
from msgspec import Struct

from mxprobe.facts.dns import Security
from mxprobe.mx.denial import Denial, gather_denial
from mxprobe.mx.nsec import Name, Type
from mxprobe.mx.nsec3 import MOST_ITERATIONS, Cut, Proof
from mxprobe.mx.signatures import (
    Failed,
    Keys,
    find_signature,
    home_of,
    read_digest,
    signatures_over,
    sort_keys,
    usable_digests,
    vouched_for,
)
from mxprobe.mx.vouching import Reason

MOST_CHECKED = 128
"""RRsets whose signatures are checked for one judgement."""

MOST_LINKS = 48
"""Links that are asked for in one judgement; names of mail have six labels, and an alias leads to another."""

_LONGEST_CHAIN = 16
_SAYS_SOMETHING = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
_TOO_MANY = f"its NSEC3 records want more than {MOST_ITERATIONS} iterations, and count as not signed"
_OPTED_OUT = "an NSEC3 record with opt-out proves no more than that"


class Link(Struct, frozen=True, kw_only=True):
    """A question of the chain: whose records of which type."""

    name: Name
    rdtype: Type

    def __str__(self) -> str:
        name = self.name.to_text(omit_final_dot=len(self.name) > 1)
        return f"{name} {dns.rdatatype.to_text(self.rdtype)}"


class Judgement(Struct, frozen=True, kw_only=True):
    """How the answer ended. `link` is the one that does not hold, or at which signing ends; `detail` says it in words.

    `lasts` is how many seconds the signatures let it be believed (RFC 4035 §5.3.3). `valid_from` and `valid_until`
    bound the signatures over the records of the answer, in seconds since 1970; None where there are none.
    """

    security: Security
    reason: Reason | None = None
    link: str = ""
    detail: str = ""
    lasts: float = math.inf
    valid_from: float | None = None
    valid_until: float | None = None


Asking = Generator[Link, dns.message.Message | None, Judgement]
"""Yields what has to be asked; is sent the response, None where there was none."""


def judge(link: Link, response: dns.message.Message | None, anchor: tuple[str, ...], now: float) -> Asking:
    """Judge the `response` to `link`. `anchor` has the root's DS records as text; `now` is in seconds since 1970."""
    walk = _Walk(anchor, now)
    try:
        ended = yield from walk.judge(link, response)
    except _Ended as broken:
        ended = broken
    if ended is None:
        return Judgement(
            security=Security.SECURE, lasts=walk.lasts, valid_from=walk.valid_from, valid_until=walk.valid_until
        )
    security = _SECURITY.get(ended.reason, Security.BOGUS)
    return Judgement(
        security=security,
        reason=ended.reason,
        link=str(ended.link),
        detail=f"{ended.link}: {ended}",
        lasts=walk.lasts if security is Security.INSECURE else math.inf,
        valid_from=walk.valid_from,
        valid_until=walk.valid_until,
    )


def is_answer(response: dns.message.Message) -> bool:
    """Whether it says something of the name, and is no failure."""
    return response.rcode() in _SAYS_SOMETHING


def bears_signatures(response: dns.message.Message) -> bool:
    """Whether it has signatures at all, of which something could be wrong."""
    return any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in (*response.answer, *response.authority))


def open_end(link: Link, response: dns.message.Message) -> Link | None:
    """What is still to be asked where the response's aliases lead to a name of which it says nothing."""
    end, step = _end_of_aliases(link, response)
    is_open = step > 0 and not response.authority and response.rcode() == dns.rcode.NOERROR
    return end if is_open else None


_SECURITY = {
    Reason.NO_ANSWER: Security.UNKNOWN,
    Reason.TOO_MUCH: Security.UNKNOWN,
    Reason.NOT_SIGNED: Security.INSECURE,
    Reason.OPT_OUT: Security.INSECURE,
    Reason.UNKNOWN_ALGORITHM: Security.INSECURE,
    Reason.TOO_MANY_ITERATIONS: Security.INSECURE,
}
"""What is not bogus."""


class _Ended(Exception):
    """A link that does not hold, or at which signing ends; never leaves this module."""

    def __init__(self, reason: Reason, link: Link, words: str) -> None:
        super().__init__(words)
        self.reason, self.link = reason, link


class _Zone(Struct, frozen=True, kw_only=True):
    """A zone on the way. `unsigned` says why nothing in it is signed, nor in any below; then there are no keys."""

    name: Name
    keys: Keys
    unsigned: _Ended | None = None


_Descent = Generator[Link, dns.message.Message | None, _Zone]


class _Walk:
    """One judgement: the zones found on the way down are looked up once in it."""

    def __init__(self, anchor: tuple[str, ...], now: float) -> None:
        self.now = now
        self.lasts = math.inf
        self.valid_from: float | None = None
        self.valid_until: float | None = None
        self._anchor = tuple(read_digest(text) for text in anchor)
        self._found: dict[Name, _Zone] = {}
        self._links = self._checked = 0

    def judge(
        self, link: Link, response: dns.message.Message | None
    ) -> Generator[Link, dns.message.Message | None, _Ended | None]:
        """Why the response is not secure: each RRset in it, and the absence behind the last alias; None where it is."""
        if response is None or not is_answer(response):
            raise _Ended(Reason.NO_ANSWER, link, "nobody says what the answer is")
        insecure: _Ended | None = None
        for rrset in response.answer:
            if rrset.rdtype == dns.rdatatype.RRSIG or _is_synthesised(rrset, response.answer):
                continue
            zone = yield from self._zone_of(rrset, response.answer)
            if zone.unsigned is not None:
                insecure = insecure or zone.unsigned
                continue
            signature = self._verify(rrset, response.answer, zone.keys)
            self._note_dates(signature)
            if _is_expanded(rrset, signature):
                insecure = self._check_expansion(rrset, signature.labels, response, zone) or insecure
        end, _ = _end_of_aliases(link, response)
        if end is not None and open_end(link, response) is None:
            zone = yield from self._descend(_signer_of_absence(end, response))
            insecure = insecure or zone.unsigned
            if zone.unsigned is None:
                insecure = self._check_absence(end, response, zone) or insecure
        return insecure

    def _note_dates(self, signature: RRSIG) -> None:
        """Bound what the answer says by its own signatures, not by those of the chain."""
        self.valid_from = max(self.valid_from or 0.0, float(signature.inception))
        self.valid_until = min(self.valid_until or math.inf, float(signature.expiration))

    # -- down the chain -----------------------------------------------------------------------------------------------

    def _ask(self, link: Link) -> Generator[Link, dns.message.Message | None, dns.message.Message]:
        """The response to a link of the chain."""
        self._links += 1
        if self._links > MOST_LINKS:
            raise _Ended(Reason.TOO_MUCH, link, f"more than {MOST_LINKS} links would have to be asked for")
        response = yield link
        if response is None or not is_answer(response):
            what = "the zone's keys are" if link.rdtype == dns.rdatatype.DNSKEY else "its zone is signed with"
            raise _Ended(Reason.NO_ANSWER, link, f"nobody says what {what}")
        return response

    def _zone_of(self, rrset: dns.rrset.RRset, section: list[dns.rrset.RRset]) -> _Descent:
        """The zone that an RRset is of: its signer's, which must be a zone on the way to it."""
        signatures = signatures_over(rrset, section)
        if not signatures:
            return (yield from self._descend(home_of(rrset.name, rrset.rdtype)))
        signer = signatures[0].signer
        zone = yield from self._descend(signer)
        if zone.unsigned is None and zone.name != signer:
            link = Link(name=rrset.name, rdtype=rrset.rdtype)
            raise _Ended(Reason.WRONG_KEY, link, f"it is signed by {signer}, which is no zone")
        return zone

    def _descend(self, target: Name) -> _Descent:
        """The zone that `target` lies in, by asking for every cut from the root down to it."""
        lasts = self.lasts  # how long the links hold bounds them, not the answer
        for length in range(1, len(target) + 1):
            name = target.split(length)[1]
            if name not in self._found:
                if length == 1:
                    keys = yield from self._keys(name, self._anchor)
                    self._found[name] = _Zone(name=name, keys=keys)
                else:
                    self._found[name] = yield from self._cross(name, self._found[name.parent()])
            if self._found[name].unsigned is not None:
                break
        self.lasts = lasts
        return self._found[name]

    def _cross(self, name: Name, above: _Zone) -> _Descent:
        """The zone at `name` where there is a cut, else the one above."""
        link = Link(name=name, rdtype=dns.rdatatype.DS)
        response = yield from self._ask(link)
        found = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.DS)
        if found is not None:
            self._verify(found, response.answer, above.keys)
            digests = usable_digests(found)
            if digests:
                return _Zone(name=name, keys=(yield from self._keys(name, digests)))
            words = "it has no DS record of an algorithm that validators know"
            return _unsigned(name, Reason.UNKNOWN_ALGORITHM, link, words)
        alias = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is not None and not _is_synthesised(alias, response.answer):
            self._verify(alias, response.answer, above.keys)
            return above
        cut = self._proofs(response, above).cut_at(name)
        if cut is Cut.UNPROVEN:
            raise _Ended(Reason.NO_PROOF, link, "nothing proves that the zone is not signed")
        if cut is Cut.NONE:
            return above
        return _unsigned(name, _NOT_SIGNED[cut], link, _WHY_NOT_SIGNED[cut])

    def _keys(self, name: Name, digests: tuple[DS, ...]) -> Generator[Link, dns.message.Message | None, Keys]:
        """The keys of a zone, once one that the zone above vouches for has signed them."""
        link = Link(name=name, rdtype=dns.rdatatype.DNSKEY)
        response = yield from self._ask(link)
        found = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
        if found is None:
            raise _Ended(Reason.NO_KEYS, link, "the zone has no keys, and the one above says that it is signed")
        keys = sort_keys(name, found)
        trusted = vouched_for(keys, digests)
        if not trusted.by_tag:
            raise _Ended(Reason.UNTRUSTED_KEYS, link, "no key is one that the zone above vouches for")
        self._verify(found, response.answer, trusted)
        return keys

    # -- signatures and absence ---------------------------------------------------------------------------------------

    def _verify(self, rrset: dns.rrset.RRset, section: list[dns.rrset.RRset], keys: Keys) -> RRSIG:
        """The signature that holds; raises _Ended with what is the matter where none does."""
        link = Link(name=rrset.name, rdtype=rrset.rdtype)
        self._checked += 1
        if self._checked > MOST_CHECKED:
            raise _Ended(Reason.TOO_MUCH, link, f"more than {MOST_CHECKED} signatures would have to be checked")
        found = find_signature(rrset, section, keys, self.now)
        if isinstance(found, Failed):
            raise _Ended(found.reason, link, found.words)
        self.lasts = min(self.lasts, found.expiration - self.now, found.original_ttl)
        return found

    def _proofs(self, response: dns.message.Message, zone: _Zone) -> Denial:
        """The NSEC and NSEC3 records of the zone, each verified."""
        found: list[tuple[Name, dns.rdata.Rdata]] = []
        for rrset in response.authority:
            is_proof = rrset.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
            if is_proof and rrset.name.is_subdomain(zone.name):
                signature = self._verify(rrset, response.authority, zone.keys)
                if not _is_expanded(rrset, signature):  # the proof of a wildcard is none of another name
                    found += [(rrset.name, record) for record in rrset]
        return gather_denial(zone.name, found)

    def _check_absence(self, link: Link, response: dns.message.Message, zone: _Zone) -> _Ended | None:
        """Raise _Ended unless the zone proves that the name, or its records of this type, are not there."""
        for rrset in response.authority:
            if rrset.rdtype == dns.rdatatype.SOA:
                self._verify(rrset, response.authority, zone.keys)
        denial = self._proofs(response, zone)
        is_name = response.rcode() == dns.rcode.NXDOMAIN
        proof = denial.of_name(link.name) if is_name else denial.of_type(link.name, link.rdtype)
        return _weigh(proof, link, f"nothing of {zone.name} proves that it is not there")

    def _check_expansion(
        self, rrset: dns.rrset.RRset, labels: int, response: dns.message.Message, zone: _Zone
    ) -> _Ended | None:
        """Records of a wildcard stand for a name only where nothing closer is there (RFC 4035 §5.3.4)."""
        link = Link(name=rrset.name, rdtype=rrset.rdtype)
        proof = self._proofs(response, zone).of_closer(rrset.name, labels)
        return _weigh(proof, link, "a wildcard's records, and no proof that the name is not there")


def _weigh(proof: Proof, link: Link, words: str) -> _Ended | None:
    """Nothing where it is proven, why it is not secure, or _Ended raised with `words` where there is no proof."""
    if proof is Proof.NONE:
        raise _Ended(Reason.NO_PROOF, link, words)
    if proof is Proof.OPT_OUT:
        return _Ended(Reason.OPT_OUT, link, _OPTED_OUT)
    return _Ended(Reason.TOO_MANY_ITERATIONS, link, _TOO_MANY) if proof is Proof.TOO_MANY else None


_NOT_SIGNED = {
    Cut.UNSIGNED: Reason.NOT_SIGNED,
    Cut.OPT_OUT: Reason.OPT_OUT,
    Cut.TOO_MANY: Reason.TOO_MANY_ITERATIONS,
}
_WHY_NOT_SIGNED = {
    Cut.UNSIGNED: "the zone above proves that it has none",
    Cut.OPT_OUT: "the zone above leaves open whether it is there (opt-out)",
    Cut.TOO_MANY: _TOO_MANY,
}


def _unsigned(name: Name, reason: Reason, link: Link, words: str) -> _Zone:
    return _Zone(name=name, keys=sort_keys(name, ()), unsigned=_Ended(reason, link, words))


def _is_expanded(rrset: dns.rrset.RRset, signature: RRSIG) -> bool:
    """Whether the records are a wildcard's under another name (RFC 4035 §5.3.2)."""
    return bool(signature.labels < len(rrset.name) - 1 - rrset.name.is_wild())


def _is_synthesised(rrset: dns.rrset.RRset, section: Sequence[dns.rrset.RRset]) -> bool:
    """Whether a CNAME follows from a DNAME of the same section, which is judged in its place (RFC 6672 §5.3.1)."""
    if rrset.rdtype != dns.rdatatype.CNAME or len(rrset) != 1:
        return False
    for other in section:
        if other.rdtype == dns.rdatatype.DNAME and rrset.name != other.name and rrset.name.is_subdomain(other.name):
            below, target = rrset.name.relativize(other.name), other[0].target
            if rrset[0].target.is_subdomain(target) and rrset[0].target.relativize(target) == below:
                return True
    return False


def _end_of_aliases(link: Link, response: dns.message.Message) -> tuple[Link | None, int]:
    """What the response does not have, and behind how many aliases; None where it has the records."""
    name = link.name
    for step in range(_LONGEST_CHAIN):
        if response.get_rrset(response.answer, name, dns.rdataclass.IN, link.rdtype) is not None:
            return None, step
        alias = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            return Link(name=name, rdtype=link.rdtype), step
        name = alias[0].target
    return None, _LONGEST_CHAIN


def _signer_of_absence(link: Link, response: dns.message.Message) -> Name:
    """The zone that claims the absence, or the name itself where no signature says so."""
    home = home_of(link.name, link.rdtype)
    signers = [
        record.signer
        for rrset in response.authority
        if rrset.rdtype == dns.rdatatype.RRSIG
        for record in rrset
        if isinstance(record, RRSIG) and home.is_subdomain(record.signer)
    ]
    return signers[0] if signers else home
