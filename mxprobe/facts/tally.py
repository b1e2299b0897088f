"""What a survey counts of one domain: flat, small, and with what is not known kept apart from yes and from no.

A tally is a row of a table: its fields are the columns of results that are tables. It holds no address of a person
and nothing that a host said, so that sums over it can be shown to anybody.
"""

from enum import StrEnum

from msgspec import Struct


class Extent(StrEnum):
    """How many of several have something. Those of which nothing is known do not count; UNKNOWN: that is all."""

    ALL = "all"
    SOME = "some"
    NONE = "none"
    UNKNOWN = "unknown"


class Known(StrEnum):
    """Whether something is so. PARTLY: for some hosts, and not for others."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    UNKNOWN = "unknown"


class Tally(Struct, frozen=True, kw_only=True):
    """One domain of a survey.

    The chain: `basis` is where it comes from (`mx.plan.Basis`), `hosts` of it have `endpoints` addresses in `tiers`
    preferences; `visited` addresses were dialled, `reachable` of them speak SMTP with us, `excluded` were left alone on
    request. `has_backup`: there is a host of a worse preference. `operator` is whose the first host of the best
    preference is, "" where there is none.

    Over the addresses that answered EHLO: `starttls`; over those that completed a handshake: `certificates` that are
    valid. `dane`: hosts with secure TLSA records that SMTP uses. `mta_sts`: the record is there (the policy is not
    fetched). `accepts`: over the addresses that were asked about recipients and said yes or no, those that took all.

    What falls together: `one_operator`, `one_address`, `one_network`: all addresses of the chain are of one operator,
    are one address (of each family), lie in one /24 (and one /48).

    The forecast: which modelled mailers bounce new mail, make it wait, or cannot be told of, when every host of the
    best preference fails in that way; the others deliver elsewhere. `foretold`: there is a forecast.

    `errors`, `warnings`, `notes` are findings, None where the rules were not asked; `found` the codes of what was
    found, each once, but for what is good. `unjudged` rules needed more than was asked for. `throttled` are the
    operators that limited us, `untold` the reasons why something could not be looked at. `differs` is what was not
    alike from all vantage points (`facts.vantages.Showing`), each once; with those of `silent` nothing was compared.
    """

    domain: str
    depth: str
    basis: str
    hosts: int = 0
    tiers: int = 0
    endpoints: int = 0
    visited: int = 0
    reachable: int = 0
    excluded: int = 0
    has_backup: Known = Known.UNKNOWN
    operator: str = ""
    starttls: Extent = Extent.UNKNOWN
    certificates: Extent = Extent.UNKNOWN
    dane: Known = Known.UNKNOWN
    mta_sts: Known = Known.UNKNOWN
    accepts: Extent = Extent.UNKNOWN
    one_operator: Known = Known.UNKNOWN
    one_address: Known = Known.UNKNOWN
    one_network: Known = Known.UNKNOWN
    foretold: bool = False
    refused_bounces: tuple[str, ...] = ()
    refused_waits: tuple[str, ...] = ()
    refused_unknown: tuple[str, ...] = ()
    silent_bounces: tuple[str, ...] = ()
    silent_waits: tuple[str, ...] = ()
    silent_unknown: tuple[str, ...] = ()
    says_421_bounces: tuple[str, ...] = ()
    says_421_waits: tuple[str, ...] = ()
    says_421_unknown: tuple[str, ...] = ()
    says_554_bounces: tuple[str, ...] = ()
    says_554_waits: tuple[str, ...] = ()
    says_554_unknown: tuple[str, ...] = ()
    errors: int | None = None
    warnings: int | None = None
    notes: int | None = None
    found: tuple[str, ...] = ()
    unjudged: int | None = None
    throttled: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
