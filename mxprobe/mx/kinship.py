"""Whose a host is, as far as its name tells: the provider's that many domains share, or that of the domain it lies in.

No list of public suffixes is kept. A registered domain is taken for the last two labels of a name, three where a
country's registry sells names one label further down. Customers of one hoster who have names below its domain would
look like one operator; the names that hosters give to such machines are told by what is in them.
"""

import re
from functools import lru_cache

from mxprobe.mx.providers import provider_of, recognise
from mxprobe.mx.registered import registered_part

_TWO = 2
_RENTED = re.compile(
    r"^(?:vps|vm|compute|cloud|dedi|dedicated|static|dynamic|dyn|pool|customer|cust|ip|clients?)(?:[-\d].*)?$"
)
_ADDRESS = re.compile(r"(?:^|\D)\d{1,3}[-._]\d{1,3}[-._]\d{1,3}[-._]\d{1,3}(?:\D|$)")

_HOSTS = 4096
"""Hosts whose operator is remembered: many domains name the same ones."""

_CUSTOMERS = ("tenant", "key", "id", "allocation")
"""Places in the patterns of providers that stand for one customer; others are regions and machines."""


@lru_cache(maxsize=_HOSTS)
def operator_name(host: str) -> str:
    """Whose host it is: a provider's name, or the registered domain."""
    return provider_of(host) or registered_part(host)


def is_own(host: str, domain: str) -> bool:
    """Whether whoever holds the zone of `domain` can give a host whatever address he likes."""
    return registered_part(host) == registered_part(domain) and provider_of(host) is None


def is_rented(host: str) -> bool:
    """Whether a name looks like one that a hoster gives to machines of its customers: an address or such a word in it.

    What lies under one domain there is not of one operator.
    """
    labels = host.split(".")[:-_TWO]
    return any(_RENTED.search(label) for label in labels) or _ADDRESS.search(".".join(labels)) is not None


def customer_of(host: str) -> str | None:
    """The word in a provider's host name that is one customer's own; None where it has none, or is nobody's we know."""
    known = recognise(host)
    bound = dict(known.bound) if known is not None else {}
    return next((bound[place] for place in _CUSTOMERS if place in bound), None)


def is_made_of(word: str, domain: str) -> bool:
    """Whether a customer's word is the domain, as providers write it: without dots, cut short, or with more behind."""
    own, written = domain.replace(".", "").replace("-", ""), word.replace("-", "")
    return written.startswith(own) or own.startswith(written)
