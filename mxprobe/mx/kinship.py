"""Whose a host is, as far as its name tells: the provider's that many domains share, or that of the domain it lies in.

No list of public suffixes is kept. A registered domain is taken for the last two labels of a name, three where a
country's registry sells names one label further down. Customers of one hoster who have names below its domain would
look like one operator; the names that hosters give to such machines are told by what is in them.
"""

import re

from mxprobe.mx.providers import provider_of
from mxprobe.mx.registered import registered_part

_TWO = 2
_RENTED = re.compile(
    r"^(?:vps|vm|compute|cloud|dedi|dedicated|static|dynamic|dyn|pool|customer|cust|ip|clients?)(?:[-\d].*)?$"
)
_ADDRESS = re.compile(r"(?:^|\D)\d{1,3}[-._]\d{1,3}[-._]\d{1,3}[-._]\d{1,3}(?:\D|$)")


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
