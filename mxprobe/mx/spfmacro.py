"""The macros of SPF: whether a domain with macros is well formed, and which name it stands for.

Standards: RFC 7208 §7 (macros), §12 (grammar); RFC 8616 §4 (a local part beyond ASCII matches nothing).
"""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import quote

from msgspec import Struct

_TOKEN = re.compile(r"%(?:([%_-])|\{([A-Za-z])([0-9]*)([Rr]?)([.+,/_=-]*)\})|([!-$&-~]+)")
_LETTERS = frozenset("slodiphvcrt")
_ONLY_IN_TEXTS = frozenset("crt")
_STANDS_FOR = {"%": "%", "_": " ", "-": "%20"}
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\Z")
_NOT_A_NUMBER = re.compile(r"[A-Za-z-]")
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_TO_ESCAPE = frozenset('"();\\@$')
_MOST_DIGITS = 3
_LONGEST_NAME = 253


class _Token(Struct, frozen=True, kw_only=True):
    """A piece of a domain: a text as it stands or that a macro stands for, or a macro's letter and how it is cut."""

    text: str = ""
    is_macro: bool = True
    letter: str = ""
    keep: int = 0
    backwards: bool = False
    delimiters: str = "."


def _read(spec: str) -> list[_Token] | None:
    """The pieces of a text, None where a macro is malformed."""
    found, at = list[_Token](), 0
    while at < len(spec):
        matched = _TOKEN.match(spec, at)
        if matched is None:
            return None
        at = matched.end()
        special, letter, digits, backwards, delimiters, literal = matched.groups()
        if literal is not None:
            found.append(_Token(text=literal, is_macro=False))
        elif special is not None:
            found.append(_Token(text=_STANDS_FOR[special]))
        else:
            digits = digits.lstrip("0") if digits.strip("0") else digits
            if letter.lower() not in _LETTERS or digits.strip("0") == "" != digits:
                return None
            keep = int(digits or 0) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
            found.append(_Token(letter=letter, keep=keep, backwards=bool(backwards), delimiters=delimiters or "."))
    return found


def is_macro_string(text: str) -> bool:
    """Whether a text with macros is well formed, as that of an unknown modifier has to be."""
    return _read(text) is not None


def is_domain_spec(text: str) -> bool:
    """Whether a text names a domain: with a last label that can be one, or a macro at its end (RFC 7208 §7.1)."""
    tokens = _read(text)
    if not tokens or any(token.letter.lower() in _ONLY_IN_TEXTS for token in tokens if token.letter):
        return False
    return tokens[-1].is_macro or _ends_in_label(tokens[-1].text)


def _ends_in_label(literal: str) -> bool:
    _, dot, label = literal.removesuffix(".").rpartition(".")
    return bool(dot) and _LABEL.match(label) is not None and _NOT_A_NUMBER.search(label) is not None


def letters_in(spec: str) -> frozenset[str]:
    """Which macros stand in a domain, as lower-case letters."""
    return frozenset(token.letter.lower() for token in _read(spec) or () if token.letter)


def expand(spec: str, values: Mapping[str, str]) -> str:
    """The text that a well-formed domain stands for; `values` by lower-case letter."""
    return "".join(token.text or _value(token, values) for token in _read(spec) or ())


def _value(token: _Token, values: Mapping[str, str]) -> str:
    """The value of a macro, cut, turned and joined by dots; a capital letter asks for the escapes of a URL."""
    parts = re.split(f"[{re.escape(token.delimiters)}]", values[token.letter.lower()])
    parts = parts[::-1] if token.backwards else parts
    text = ".".join(parts[-token.keep :] if token.keep else parts)
    return quote(text, safe="", errors="replace") if token.letter.isupper() else text


def name_of(expanded: str) -> str | None:
    """The name to ask for, lower case; None for what cannot be a name.

    Too long a name loses labels at its left (RFC 7208 §7.3).
    """
    name = expanded.removesuffix(".").lower()
    if len(name) > _LONGEST_NAME:
        name = name[-_LONGEST_NAME - 1 :].partition(".")[2]
    fits = name.isascii() and all(0 < len(label) <= 63 for label in name.split("."))
    return name if fits else None


def presented(name: str) -> str:
    """A name as questions have it: odd characters escaped as in a zone file."""
    return name if _PLAIN.fullmatch(name) else "".join(map(_escape, name))


def _escape(character: str) -> str:
    if character in _TO_ESCAPE:
        return f"\\{character}"
    return character if "!" <= character <= "~" else f"\\{ord(character):03d}"


def address_text(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """An address as the macro `i` has it: by octets, or for IPv6 by half octets, with dots."""
    return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))
