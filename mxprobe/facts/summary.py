"""What a whole survey comes to: counts over its domains, with what is not known beside every one of them."""

from msgspec import Struct


class Share(Struct, frozen=True, kw_only=True):
    """So many of `known` domains have something wholly (`having`) or in part (`partly`); of `unknown` it is not known.

    Whom it does not concern is in neither number.
    """

    having: int = 0
    partly: int = 0
    known: int = 0
    unknown: int = 0


class Counted(Struct, frozen=True, kw_only=True):
    """How many domains have this `name`: an operator, a finding's code, a reason."""

    name: str
    domains: int


class MailerCount(Struct, frozen=True, kw_only=True):
    """For how many domains new mail from one modelled mailer would bounce, wait, or come to an end nobody knows; for
    the others it goes elsewhere."""

    mailer: str
    bounces: int = 0
    waits: int = 0
    unknown: int = 0


class WayCount(Struct, frozen=True, kw_only=True):
    """All of the best preference failing in one way: what a tally calls it, and the mailers that do not deliver to all
    domains."""

    way: str
    mailers: tuple[MailerCount, ...] = ()


class Summary(Struct, frozen=True, kw_only=True):
    """A survey in numbers. All counts are of domains.

    `untallied` lines have no tally: nobody could tell them, or they are no survey's. `cut_short`: the last line has no
    end, and was passed over. `reach` counts depths, `basis` where chains come from. `with_hosts` have a chain,
    `several` of them with two hosts or more, as far as is known: `one_operator`, `one_address` and `one_network` are
    shares of those. The other shares are of all that have a chain, or may have one that could not be looked up.
    `starttls`, `certificates` and `accepts` are `having` where every address that was heard has it. `foretold` have a
    forecast, `judged` were judged, `erring` of them with an error, `warned` with a warning and no error; `unseen` have
    neither, and no chain that could be looked up.

    `differs` counts what was not alike from all vantage points (`facts.vantages.Showing`), `silent` the places from
    which nobody was heard, with the domains for which they were left out.

    Of `operators` (whose the first host is), `throttled`, `found` and `untold` the most frequent are named. So many
    different ones may be met that they were not all kept in mind: a count may be `too_few` less than it should be.
    """

    schema: int = 1
    kind: str = "survey-summary"
    domains: int = 0
    untallied: int = 0
    cut_short: bool = False
    reach: tuple[Counted, ...] = ()
    basis: tuple[Counted, ...] = ()
    with_hosts: int = 0
    several: int = 0
    has_backup: Share = Share()
    starttls: Share = Share()
    certificates: Share = Share()
    dane: Share = Share()
    mta_sts: Share = Share()
    accepts: Share = Share()
    one_operator: Share = Share()
    one_address: Share = Share()
    one_network: Share = Share()
    excluded: int = 0
    foretold: int = 0
    forecast: tuple[WayCount, ...] = ()
    judged: int = 0
    erring: int = 0
    warned: int = 0
    unseen: int = 0
    operators: tuple[Counted, ...] = ()
    throttled: tuple[Counted, ...] = ()
    found: tuple[Counted, ...] = ()
    untold: tuple[Counted, ...] = ()
    differs: tuple[Counted, ...] = ()
    silent: tuple[Counted, ...] = ()
    too_few: int = 0
