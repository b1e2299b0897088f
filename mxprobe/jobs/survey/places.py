"""Vantage points as a person names them: `eu,us` or `eu=192.0.2.1,us`, each with the address to dial from, if any."""

import ipaddress
import re

from mxprobe.errors import InputError
from mxprobe.facts.vantages import VantagePoint

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_FORM = "Vantage points are named like the resources of Dask workers: --vantage eu,us or --vantage eu=192.0.2.1,us"


def read_places(text: str) -> tuple[VantagePoint, ...]:
    """The places of a comma-separated list, in its order. Raises InputError."""
    places: dict[str, VantagePoint] = {}
    for word in text.split(","):
        name, equals, source = word.strip().partition("=")
        if not _NAME.fullmatch(name):
            raise InputError(f"'{word.strip()}' does not name a vantage point", hint=_FORM)
        if name in places:
            raise InputError(f"the vantage point '{name}' is named twice", hint=_FORM)
        if equals and not _is_address(source):
            raise InputError(f"'{source}' is no address that {name} could dial from", hint=_FORM)
        places[name] = VantagePoint(name=name, source=source or None)
    return tuple(places.values())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
