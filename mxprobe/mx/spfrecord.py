"""An SPF record as text: which TXT record it is, its terms, and whether it is one at all.

A record with a syntax error anywhere is no record (RFC 7208 §4.6). Terms are parted by spaces alone; names are the same
in either case. Macros are checked here and expanded in `mx.spfmacro`.

Standards: RFC 7208 §3 (records), §4.5 (selection), §4.6 (terms), §5 (mechanisms), §6 (modifiers), §12 (grammar).
"""

import ipaddress
import re
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from mxprobe.facts.dns import Answer, TextRecord
from mxprobe.mx.consent import text_of
from mxprobe.mx.spfmacro import is_domain_spec, is_macro_string, letters_in

_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)\Z", re.DOTALL)
_DIRECTIVE = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9_.-]*)(.*)\Z", re.DOTALL)
_DUAL_CIDR = re.compile(r"(.*?)(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?\Z", re.DOTALL)
_NETWORK = re.compile(r":([0-9A-Fa-f:.]+)(?:/(0|[1-9][0-9]{0,2}))?\Z")
_REMEMBERED = 64


class Word(StrEnum):
    """What an SPF evaluation ends in (RFC 7208 §2.6)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_QUALIFIERS = {"": Word.PASS, "+": Word.PASS, "-": Word.FAIL, "~": Word.SOFTFAIL, "?": Word.NEUTRAL}


class Mechanism(StrEnum):
    """The mechanisms there are."""

    ALL = "all"
    INCLUDE = "include"
    A = "a"
    MX = "mx"
    PTR = "ptr"
    IP4 = "ip4"
    IP6 = "ip6"
    EXISTS = "exists"


_MECHANISMS = {mechanism.value: mechanism for mechanism in Mechanism}


class Network(Struct, frozen=True, kw_only=True):
    """A block of addresses as numbers, so that many are compared quickly."""

    version: int
    base: int
    mask: int


class Directive(Struct, frozen=True, kw_only=True):
    """A mechanism with what it gives where it matches; `spec` is its domain with macros (None: the current one).

    `cidr4` and `cidr6` are the lengths of `a` and `mx`, `network` is that of `ip4` and `ip6`.
    """

    text: str
    word: Word
    mechanism: Mechanism
    spec: str | None = None
    cidr4: int = 32
    cidr6: int = 128
    network: Network | None = None


class SpfRecord(Struct, frozen=True, kw_only=True):
    """A record that can be evaluated.

    `redirect` is None, too, where it is ignored because `all` stands somewhere (RFC 7208 §6.1). `varies`: what its
    terms ask depends on client or sender.
    """

    text: str
    directives: tuple[Directive, ...] = ()
    redirect: str | None = None
    varies: bool = False


class BadRecord(Struct, frozen=True, kw_only=True):
    """A record that is none: which term is the first that is wrong, and why."""

    text: str
    term: str
    reason: str


class _Wrong(ValueError):
    """A term that is not one; never leaves this module."""


def spf_texts(answer: Answer) -> tuple[str, ...]:
    """The TXT records that claim to be SPF (RFC 7208 §4.5): the version, and behind it a space or nothing."""
    texts = [_text_of(record.text) for record in answer.records if isinstance(record, TextRecord)]
    return tuple(text for text in texts if _VERSION.match(text))


@lru_cache(maxsize=_REMEMBERED)
def _text_of(presented: str) -> str:
    """The same records are looked at again for each client, and may have 64 KB."""
    return text_of(presented)


@lru_cache(maxsize=_REMEMBERED)
def read_spf(text: str) -> SpfRecord | BadRecord:
    """The record that a text is; every term is looked at, those behind `all` too."""
    if not text.isascii():
        return BadRecord(text=text, term="", reason="it has octets beyond ASCII")
    directives, modifiers = [], dict[str, str]()
    for term in filter(None, text.split(" ")[1:]):
        try:
            modifier = _MODIFIER.match(term)
            if modifier is not None:
                _read_modifier(modifier[1].lower(), modifier[2], modifiers)
            else:
                directives.append(_read_directive(term))
        except _Wrong as wrong:
            return BadRecord(text=text, term=term, reason=str(wrong))
    has_all = any(one.mechanism is Mechanism.ALL for one in directives)
    redirect = None if has_all else modifiers.get("redirect")
    specs = [redirect or "", *(one.spec for one in directives if one.spec is not None)]
    by_client = any(one.mechanism in (Mechanism.EXISTS, Mechanism.PTR) for one in directives)
    return SpfRecord(
        text=text,
        directives=tuple(directives),
        redirect=redirect,
        varies=by_client or any(letters_in(spec) for spec in specs),
    )


def _read_modifier(name: str, value: str, found: dict[str, str]) -> None:
    """`redirect` and `exp` stand at most once; others are ignored however often they stand (RFC 7208 §6)."""
    if name not in ("redirect", "exp"):
        if not is_macro_string(value):
            raise _Wrong("a macro is malformed")
        return
    if name in found:
        raise _Wrong(f"{name}= stands twice")
    if not is_domain_spec(value):
        raise _Wrong(f"{name}= names no domain")
    found[name] = value


def _read_directive(term: str) -> Directive:
    matched = _DIRECTIVE.match(term)
    if matched is None:
        raise _Wrong("it is neither a mechanism nor a modifier")
    sign, name, rest = matched.groups()
    mechanism, word = _MECHANISMS.get(name.lower()), _QUALIFIERS[sign]
    if mechanism is None:
        raise _Wrong(f"there is no mechanism {name[:40]}")
    if mechanism is Mechanism.ALL:
        if rest:
            raise _Wrong("nothing can stand behind all")
        return Directive(text=term, word=word, mechanism=mechanism)
    if mechanism in (Mechanism.IP4, Mechanism.IP6):
        return Directive(text=term, word=word, mechanism=mechanism, network=_read_network(mechanism, rest))
    if mechanism in (Mechanism.A, Mechanism.MX):
        return _with_lengths(term, word, mechanism, rest)
    return Directive(text=term, word=word, mechanism=mechanism, spec=_read_spec(mechanism, rest))


def _with_lengths(term: str, word: Word, mechanism: Mechanism, rest: str) -> Directive:
    matched = _DUAL_CIDR.match(rest)
    if matched is None:
        raise _Wrong("its lengths are malformed")
    spec, four, six = matched.groups()
    cidr4, cidr6 = int(four or 32), int(six or 128)
    if cidr4 > 32 or cidr6 > 128:
        raise _Wrong("a length is at most 32 for IPv4 and 128 for IPv6")
    spec = _read_spec(mechanism, spec)
    return Directive(text=term, word=word, mechanism=mechanism, spec=spec, cidr4=cidr4, cidr6=cidr6)


def _read_spec(mechanism: Mechanism, rest: str) -> str | None:
    """The domain behind the colon; `include` and `exists` cannot do without."""
    if not rest and mechanism not in (Mechanism.INCLUDE, Mechanism.EXISTS):
        return None
    if not rest.startswith(":") or not is_domain_spec(rest[1:]):
        raise _Wrong(f"{mechanism} names no domain")
    return rest[1:]


def _read_network(mechanism: Mechanism, rest: str) -> Network:
    matched = _NETWORK.match(rest)
    longest = 32 if mechanism is Mechanism.IP4 else 128
    if matched is None or int(matched[2] or 0) > longest:
        raise _Wrong(f"{mechanism} has no block of addresses")
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address
        is_4 = mechanism is Mechanism.IP4
        address = ipaddress.IPv4Address(matched[1]) if is_4 else ipaddress.IPv6Address(matched[1])
    except ValueError as error:
        raise _Wrong(f"{mechanism} has no block of addresses") from error
    return network_of(address, longest if matched[2] is None else int(matched[2]))


def network_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int) -> Network:
    """The block of that length around an address."""
    bits = address.max_prefixlen
    mask = ((1 << bits) - 1) ^ ((1 << (bits - length)) - 1)
    return Network(version=address.version, base=int(address) & mask, mask=mask)
