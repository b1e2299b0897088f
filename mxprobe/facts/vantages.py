"""Vantage points: the places that a survey looks from, and what a host shows at one of them and not at another."""

from enum import StrEnum

from msgspec import Struct


class VantagePoint(Struct, frozen=True, kw_only=True):
    """One place by its name. `source` is the address that is dialled from there, None where the machine chooses."""

    name: str
    source: str | None = None


class Showing(StrEnum):
    """What of an endpoint is compared."""

    ANSWER = "answer"
    BANNER = "banner"
    STARTTLS = "starttls"
    CERTIFICATE = "certificate"
    RECIPIENT = "recipient"


class Shown(Struct, frozen=True, kw_only=True):
    """What one place saw, in a few words that are the same wherever the same was seen."""

    place: str
    what: str


class Differs(Struct, frozen=True, kw_only=True):
    """What is not alike at one endpoint: each place with what it saw, in the order in which places were named.

    `subject` is the recipient where answers to one differ. `about_place`: one place is limited or refused for its own
    address, so that this says nothing of the host.
    """

    endpoint: str
    showing: Showing
    places: tuple[Shown, ...]
    subject: str = ""
    about_place: bool = False
