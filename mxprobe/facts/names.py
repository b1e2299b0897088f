"""Domain names: IDNA 2008 at the edge, lower-case A-labels without a final dot inside, U-labels shown.

Standards: RFC 5891 (IDNA 2008), RFC 5321 §2.3.5 (names in mail), RFC 1035 §2.3.4 (sizes). The root is ".".
"""

import ipaddress
import re
from functools import lru_cache

import idna

_LABELS = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
"""A name without a fault, but for its length: most are."""


class NameRefused(ValueError):
    """A text that cannot be a domain name; the message says why, in words for the person who typed it."""


def to_ascii(text: str) -> str:
    """The A-label form of a name typed by a person.

    Raises NameRefused for an empty name, white space, an address, a label of more than 63 or a name of more than 253
    octets, and for what IDNA 2008 refuses.
    """
    name = text.strip().rstrip(".")
    if not name:
        raise NameRefused("the name is empty")
    if len(name.split()) > 1:
        raise NameRefused("a domain name has no white space")
    if is_address(name):
        raise NameRefused("this is an IP address, not a domain name")
    if ".." in name or name.startswith("."):
        raise NameRefused("a label is empty (two dots in a row, or a leading dot)")
    try:
        ascii_name = name.lower() if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise NameRefused(f"not a valid internationalised name: {error}") from error
    _check_sizes(ascii_name)
    return ascii_name


def to_address(text: str) -> str:
    """A mail address as it may stand in a command: local part as it is, domain as A-label. Raises NameRefused."""
    local, at, domain = text.strip().rpartition("@")
    if not at or not local:
        raise NameRefused("an address has the form user@domain")
    if not local.isascii():
        raise NameRefused("a local part beyond ASCII cannot be asked for yet")
    if not local.isprintable() or len(local) > 64 or (set(local) & set(' <>"\\') and not _is_quoted(local)):
        raise NameRefused("its local part is not one that mail allows")
    return f"{local}@{to_ascii(domain)}"


def _is_quoted(local: str) -> bool:
    inner = local[1:-1]
    return len(local) > 2 and local[0] == local[-1] == '"' and not set(inner) & set('"\\<>')


def _check_sizes(name: str) -> None:
    for label in () if _LABELS.fullmatch(name) else name.split("."):
        if len(label) > 63:
            raise NameRefused(f"the label {label[:20]}… has {len(label)} octets; 63 is the most")
        if not all(character.isalnum() or character in "-_" for character in label):
            raise NameRefused(f"the label {label} has characters no domain name may have")
        if label.startswith("-") or label.endswith("-"):
            raise NameRefused(f"the label {label} begins or ends with a hyphen")
    if len(name) > 253:
        raise NameRefused(f"the name has {len(name)} octets; 253 is the most")


def to_unicode(name: str) -> str:
    """The U-label form for people; the A-label form where a label does not decode."""
    if "xn--" not in name:
        return name
    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


@lru_cache(maxsize=4096)
def is_address(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address, bare or in brackets (RFC 5321 §4.1.3)."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    bare = bare.removeprefix("IPv6:").removeprefix("ipv6:")
    if ":" not in bare and not bare[-1:].isdecimal():
        return False  # said without an exception, which costs more than all the rest
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True
