"""Parts of a host: `mx1` is all of it, `mx1/v6` its addresses of one family, `mx1/192.0.2.1` one address.

A part is what stands behind the slash; "" is the whole host.
"""

import ipaddress

FAMILIES = ("v4", "v6")


def split_reference(reference: str) -> tuple[str, str]:
    """The host and the part."""
    host, _, part = reference.partition("/")
    return host, part


def covers(part: str, address: str) -> bool:
    """Whether an address belongs to the part; one that is not known belongs to the whole host alone."""
    if part in FAMILIES:
        return bool(address) and (":" in address) == (part == "v6")
    return part in ("", address)


def is_within(reference: str, whole: str) -> bool:
    """Whether a reference names nothing but what another names: `mx1/v6` lies within `mx1`."""
    (host, part), (of, all_of) = split_reference(reference), split_reference(whole)
    return host == of and (all_of in ("", part) or (part not in FAMILIES and covers(all_of, part)))


def read_part(word: str) -> str | None:
    """What stands behind the slash, an address in its one short form; None for what names no part."""
    try:
        return word if word in FAMILIES else str(ipaddress.ip_address(word))
    except ValueError:
        return None
