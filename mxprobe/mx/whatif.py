"""What-ifs over a saved probe: who takes the mail as it is now, and with a host, a preference, a family or a pair down.

What a host would say today is read from the probe's sessions; a case changes that at the addresses that are down, and
each modelled mailer walks the chain anew. Over a zone that is not published every host is assumed to answer. A forecast
never changes the exit status.

Standards: RFC 5321 §5.1.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import combinations

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.forecast import FateKind, MailerForecast, Outcomes, forecast_mailer
from mxprobe.mx.once import known_chain
from mxprobe.mx.plan import Plan, with_outsiders
from mxprobe.mx.policies import OfPolicy, forecast_policies
from mxprobe.mx.profile import Grade, Profile
from mxprobe.mx.senders import MODELLED, NOT_MODELLED
from mxprobe.mx.standing import cell_of

MOST_HOSTS = 30
"""So many hosts of a chain are forecast; the work grows with their square, and no chain of mail is longer."""

MOST_PAIRED = 12
"""Pairs are forecast among so many hosts: with those of thirty a look would take half a minute."""

UNKNOWN_ADDRESS = "?"
"""Stands for the addresses of a host outside the zone that was read."""


class Way(Struct, frozen=True, kw_only=True):
    """A way of failing: the cell that senders meet, and the words of a report ("greets with 421")."""

    cell: str
    words: str


WAYS: tuple[Way, ...] = (
    Way(cell="C1", words="refuses connections"),
    Way(cell="C2", words="does not answer"),
    Way(cell="B2", words="greets with 421"),
    Way(cell="B3", words="greets with 554"),
)
"""The ways of failing that matter."""


class CaseKind(StrEnum):
    """What is down: nothing, one host, all of one preference, one address family, two hosts, or what a person chose."""

    NOW = "now"
    HOST = "host"
    PREFERENCE = "preference"
    FAMILY = "family"
    PAIR = "pair"
    CHOSEN = "chosen"


class Down(Struct, frozen=True, kw_only=True):
    """The part of a chain that fails together: some `endpoints`; `hosts` are those that are meant."""

    kind: CaseKind
    hosts: tuple[str, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    preference: int | None = None
    family: int | None = None
    asked: str | None = None


class Case(Struct, frozen=True, kw_only=True):
    """One what-if and what the mailers do.

    `down` are the hosts that are meant (none: as it is now), `endpoints` the ids of the addresses that fail, each with
    `cell`, in the words of `way`; an address that fails does so for every host that has it. `preference` and `family`
    (4, 6) are set where one of these fails as a whole, `asked` where a person chose, in that person's words.
    """

    kind: CaseKind
    down: tuple[str, ...]
    endpoints: tuple[str, ...] = ()
    preference: int | None = None
    family: int | None = None
    asked: str | None = None
    cell: str | None = None
    way: str | None = None
    mailers: tuple[MailerForecast, ...]


class Model(Struct, frozen=True, kw_only=True):
    """A modelled mailer, and the grades of the evidence for where it departs from the reference, best first."""

    mailer: str
    title: str
    version: str
    grades: tuple[Grade, ...]


class Forecast(Struct, frozen=True, kw_only=True):
    """What-ifs of one saved probe, on what they rest, and the names of those that are not modelled.

    The mailers of every case stand in the order of `models`. `assumed`: no host was looked at, each is taken to answer.
    `policies`: what each TLS policy of a sender does at each address; empty where no host was looked at.
    """

    now: Case
    cases: tuple[Case, ...]
    modelled: tuple[str, ...]
    not_modelled: tuple[str, ...]
    models: tuple[Model, ...] = ()
    assumed: bool = False
    policies: tuple[OfPolicy, ...] = ()


class Chain(Struct, frozen=True, kw_only=True):
    """The chain that mailers walk, and how each address would end an attempt today."""

    plan: Plan
    port: int
    outcomes: Outcomes
    assumed: bool

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every address, best preference first."""
        return tuple(target.endpoint for target in self.plan.targets(self.port))


def chain_today(snapshot: Snapshot) -> Chain | None:
    """The chain of a saved probe as it stood then; None where there is none."""
    plan = known_chain(snapshot)
    assumed = snapshot.zone is not None
    plan = replace(with_outsiders(plan, (UNKNOWN_ADDRESS,)), temporary=False) if assumed else plan
    if not plan.tiers:
        return None
    port = snapshot.vantage.port
    known = {visit.endpoint: _cell_today(visit, snapshot) for visit in snapshot.visits}
    endpoints = (target.endpoint for target in plan.targets(port))
    outcomes = {endpoint: "Z1" if assumed else known.get(endpoint) for endpoint in endpoints}
    return Chain(plan=plan, port=port, outcomes=outcomes, assumed=assumed)


def _cell_today(visit: Visit, snapshot: Snapshot) -> str | None:
    """The cell that a sender would meet; T1 where the host would take the mail and offers no STARTTLS."""
    cell = cell_of(visit, snapshot)
    if cell != "Z1":
        return cell
    session = visit.sessions[-1]
    greeted = any(turn.phase in (Phase.EHLO, Phase.HELO) for turn in session.turns)
    return "T1" if greeted and not session.offers("STARTTLS") else "Z1"


def forecast_snapshot(snapshot: Snapshot, mailers: Sequence[Profile] = MODELLED) -> Forecast | None:
    """The forecast for a saved probe: as it is now, and every case of `parts_of`; None without a chain, and for one of
    more than MOST_HOSTS."""
    chain = chain_today(snapshot)
    if chain is None or why_none(snapshot):
        return None
    forecast = forecast_chain(chain, tuple(parts_of(chain)), mailers=mailers)
    if chain.assumed:
        return forecast
    return replace(forecast, policies=forecast_policies(snapshot, chain.plan, chain.outcomes))


def why_none(snapshot: Snapshot) -> str:
    """Why a chain is not forecast though there is one; empty where it is, or there is none."""
    count = len(known_chain(snapshot).hosts)
    return (
        f"the chain has {count} hosts, and one of more than {MOST_HOSTS} is not forecast" if count > MOST_HOSTS else ""
    )


def forecast_chain(
    chain: Chain, parts: Sequence[Down], ways: Sequence[Way] | None = None, mailers: Sequence[Profile] = MODELLED
) -> Forecast:
    """The chain as it is now, and each part of it failing in each way; without `ways` in those of WAYS that fit it."""
    now = _case(chain, Down(kind=CaseKind.NOW), None, mailers, ())
    return Forecast(
        now=now,
        cases=tuple(
            _case(chain, part, way, mailers, now.mailers) for part in parts for way in ways or _usual_ways(part)
        ),
        modelled=tuple(profile.title for profile in mailers),
        not_modelled=NOT_MODELLED,
        models=tuple(_model(profile) for profile in mailers),
        assumed=chain.assumed,
    )


def _usual_ways(part: Down) -> tuple[Way, ...]:
    """A family fails on the way to the hosts, and not by what they say."""
    return tuple(way for way in WAYS if part.family is None or way.cell[0] == "C")


def _model(profile: Profile) -> Model:
    found = {deviation.grade for deviation in profile.deviations}
    grades = tuple(grade for grade in Grade if grade in found)
    return Model(mailer=profile.name, title=profile.title, version=profile.version, grades=grades)


def parts_of(chain: Chain) -> Iterator[Down]:
    """Every host, every preference of several, every family where there are both, and every pair of hosts, unless there
    are more than MOST_PAIRED."""
    names = [host.name for host in chain.plan.hosts]
    for name in names:
        yield hosts_down(chain, CaseKind.HOST, (name,))
    tiers = [tier for tier in chain.plan.tiers if len(tier.hosts) > 1]
    whole = [tuple(host.name for host in tier.hosts) for tier in tiers]
    for tier, hosts in zip(tiers, whole, strict=True):
        yield replace(hosts_down(chain, CaseKind.PREFERENCE, hosts), preference=tier.preference)
    families = [family_down(chain, family) for family in (4, 6)]
    if all(part.endpoints for part in families):
        yield from families
    for pair in combinations(names, 2) if len(names) <= MOST_PAIRED else ():
        if pair not in whole:
            yield hosts_down(chain, CaseKind.PAIR, pair)


def hosts_down(chain: Chain, kind: CaseKind, hosts: tuple[str, ...]) -> Down:
    """Whole hosts: all their addresses, also where another host of the chain has one of them."""
    addresses = {endpoint.address for endpoint in chain.endpoints if endpoint.host in hosts} - {UNKNOWN_ADDRESS}
    endpoints = tuple(
        endpoint for endpoint in chain.endpoints if endpoint.host in hosts or endpoint.address in addresses
    )
    return Down(kind=kind, hosts=hosts, endpoints=endpoints)


def family_down(chain: Chain, family: int) -> Down:
    """Every address of a family, 4 or 6, that is known."""
    known = (endpoint for endpoint in chain.endpoints if endpoint.address != UNKNOWN_ADDRESS)
    endpoints = tuple(endpoint for endpoint in known if endpoint.is_ipv6 == (family == 6))
    hosts = tuple(dict.fromkeys(endpoint.host for endpoint in endpoints))
    return Down(kind=CaseKind.FAMILY, hosts=hosts, endpoints=endpoints, family=family)


def _case(chain: Chain, part: Down, way: Way | None, mailers: Sequence[Profile], now: Sequence[MailerForecast]) -> Case:
    """What the mailers do in one case; `now` is what they do without it, in the same order."""
    down = frozenset(part.endpoints)
    outcomes = {
        endpoint: way.cell if way is not None and endpoint in down else _where_family_fails(endpoint, cell, part)
        for endpoint, cell in chain.outcomes.items()
    }
    told = [forecast_mailer(profile, chain.plan, outcomes, chain.port) for profile in mailers]
    return Case(
        kind=part.kind,
        down=part.hosts,
        endpoints=tuple(endpoint.id for endpoint in part.endpoints),
        preference=part.preference,
        family=part.family,
        asked=part.asked,
        cell=way.cell if way else None,
        way=way.words if way else None,
        mailers=tuple(
            _about_tls(mailer, now[number] if now else mailer, chain.assumed) for number, mailer in enumerate(told)
        ),
    )


def _where_family_fails(endpoint: Endpoint, cell: str | None, part: Down) -> str | None:
    """A host whose addresses are not known may or may not have one of the other family."""
    return None if part.family is not None and endpoint.address == UNKNOWN_ADDRESS else cell


def _about_tls(mailer: MailerForecast, now: MailerForecast, assumed: bool) -> MailerForecast:
    """Say whether TLS is lost; over a zone nothing is known of TLS."""
    if assumed:
        prospects = tuple(replace(prospect, clear=None) for prospect in mailer.prospects)
        return replace(mailer, prospects=prospects)
    before = [prospect.clear for prospect in now.prospects if prospect.kind is FateKind.ACCEPTED]
    after = [prospect.clear for prospect in mailer.prospects if prospect.kind is FateKind.ACCEPTED]
    if FateKind.UNKNOWN in mailer.kinds | now.kinds and not any(after):
        return mailer
    return replace(mailer, loses_tls=bool(before) and not any(before) and any(bool(clear) for clear in after))
