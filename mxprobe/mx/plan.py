"""The MX chain of a domain: which hosts a sender would try, in which order, and which it leaves out and why.

Works on answers alone. `next_questions` says what has to be asked before the chain is known, so that whoever asks the
DNS needs no rule of mail.

Standards: RFC 5321 §5.1 (order, implicit MX, unusable MX), RFC 7505 §3 (null MX), RFC 2181 §10.3 (aliases).
"""

import ipaddress
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import AddressRecord, Alias, Answer, Answers, AnswerStatus, MxRecord, Question, RecordType
from mxprobe.facts.names import is_address
from mxprobe.facts.session import Endpoint
from mxprobe.mx.delivery import Target
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.profile import Profile

_REMEMBERED = 4096
"""Addresses and hosts of which something is remembered: a look asks many times about the same."""

_FAMILIES = {4: RecordType.A, 6: RecordType.AAAA}
_PRIVATE = tuple(
    ipaddress.ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


class Basis(StrEnum):
    """Where the chain comes from: MX records, the domain's own addresses, or there is none for a reason."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"
    NULL = "null"
    NONE = "none"
    UNKNOWN = "unknown"


class HostProblem(StrEnum):
    """What is the matter with an MX host. All but ALIAS keep it out of the chain."""

    ALIAS = "alias"
    NXDOMAIN = "nxdomain"
    NO_ADDRESS = "no-address"
    LOOKUP_FAILED = "lookup-failed"
    NOT_ASKED = "not-asked"
    IP_ADDRESS = "ip-address"
    NULL_IN_COMPANY = "null-in-company"
    DUPLICATE = "duplicate"


class PlannedHost(Struct, frozen=True, kw_only=True):
    """One MX record with what its host resolves to; `ttl` is that of the MX record, `cell` of the outcome table."""

    name: str
    preference: int
    ttl: int | None
    addresses: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()
    problem: HostProblem | None = None
    cell: str | None = None


class Tier(Struct, frozen=True, kw_only=True):
    """The hosts of one preference: equals, in no order (sorted by name here)."""

    preference: int
    hosts: tuple[PlannedHost, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """The chain. `cell` says how the names ended (D1 to D13), `temporary` that a lookup failed for now."""

    domain: str
    basis: Basis
    cell: str
    tiers: tuple[Tier, ...] = ()
    excluded: tuple[PlannedHost, ...] = ()
    aliases: tuple[Alias, ...] = ()
    ttl: int | None = None
    temporary: bool = False

    @property
    def hosts(self) -> tuple[PlannedHost, ...]:
        """The hosts of the chain, best preference first."""
        return tuple(host for tier in self.tiers for host in tier.hosts)

    def targets(self, port: int = 25) -> tuple[Target, ...]:
        """Every address of the chain; those of one host together, in the resolver's order."""
        return tuple(
            Target(preference=host.preference, endpoint=Endpoint(host=host.name, address=address, port=port))
            for host in self.hosts
            for address in host.addresses
        )


def next_questions(domain: str, answers: Answers, families: tuple[int, ...] = (4, 6)) -> tuple[Question, ...]:
    """What has to be asked before `plan_mx` knows the chain; empty when it does."""
    mx_question = Question(name=domain, rrtype=RecordType.MX)
    answer = answers.get(mx_question)
    if answer is None:
        return (mx_question,)
    names: list[str] = []
    if answer.mx:
        names = [record.exchange for record in answer.mx if record.exchange != "." and not is_address(record.exchange)]
    elif answer.status is AnswerStatus.NODATA or answer.status is AnswerStatus.FOUND:
        names = [domain]
    wanted = [Question(name=name, rrtype=_FAMILIES[family]) for name in dict.fromkeys(names) for family in families]
    return tuple(question for question in wanted if question not in answers)


def best_first(domain: str, answers: Answers, questions: tuple[Question, ...]) -> tuple[Question, ...]:
    """The questions about a chain, those about the hosts of the best preference first."""
    answer = answers.get(Question(name=domain, rrtype=RecordType.MX))
    places: dict[str, tuple[int, str]] = {}
    for record in answer.mx if answer is not None else ():
        place = (record.preference, record.exchange)
        places[record.exchange] = min(place, places.get(record.exchange, place))
    return tuple(sorted(questions, key=lambda question: places.get(question.name, (0, ""))))


def plan_mx(domain: str, answers: Answers) -> Plan:
    """The chain of `domain` as far as `answers` tell; unanswered questions count as failed lookups."""
    answer = answers.get(Question(name=domain, rrtype=RecordType.MX))
    if answer is None or answer.status.is_temporary:
        looped = answer is not None and answer.status is AnswerStatus.ALIAS_LOOP
        return Plan(domain=domain, basis=Basis.UNKNOWN, cell="D6" if looped else "D4", temporary=True)
    if answer.status is AnswerStatus.NXDOMAIN:
        return Plan(domain=domain, basis=Basis.NONE, cell="D3", aliases=answer.aliases)
    records = answer.mx
    if not records:
        return _implicit(domain, answer, answers)
    if {record.exchange for record in records} == {"."}:
        ttl = records[0].ttl
        return Plan(domain=domain, basis=Basis.NULL, cell="D7", aliases=answer.aliases, ttl=ttl)
    return _explicit(domain, answer, records, answers)


def without_worse(plan: Plan, host: str) -> Plan:
    """The chain for a relay that stands in it: what is no better than itself is left out (RFC 5321 §5.1)."""
    own = next((one.preference for one in (*plan.hosts, *plan.excluded) if one.name == host), None)
    if own is None:
        return plan
    return replace(plan, tiers=tuple(tier for tier in plan.tiers if tier.preference < own))


def with_outsiders(plan: Plan, addresses: tuple[str, ...] = ()) -> Plan:
    """The chain of a zone with the hosts that it knows by name alone: they are elsewhere, with these `addresses`."""
    outside = [replace(host, addresses=addresses) for host in plan.excluded if host.problem is HostProblem.NOT_ASKED]
    hosts = sorted((*plan.hosts, *outside), key=lambda host: (host.preference, host.name))
    tiers = tuple(
        Tier(preference=preference, hosts=tuple(host for host in hosts if host.preference == preference))
        for preference in dict.fromkeys(host.preference for host in hosts)
    )
    excluded = tuple(host for host in plan.excluded if host.problem is not HostProblem.NOT_ASKED)
    doubtful = any(host.problem is HostProblem.LOOKUP_FAILED for host in excluded)
    return replace(plan, tiers=tiers, excluded=excluded, temporary=plan.temporary and (doubtful or not hosts))


def plan_onward(domain: str, host: str, answers: Answers) -> Plan:
    """The chain of a relay that hands all mail for `domain` on to one host, by its addresses."""
    planned = _resolve(MxRecord(preference=0, exchange=host, ttl=0), answers)
    temporary = planned.problem is HostProblem.LOOKUP_FAILED
    if not planned.addresses:
        return Plan(domain=domain, basis=Basis.NONE, cell="D10" if temporary else "D13", temporary=temporary)
    return Plan(domain=domain, basis=Basis.EXPLICIT, cell="D1", tiers=(Tier(preference=0, hosts=(planned,)),))


def _implicit(domain: str, answer: Answer, answers: Answers) -> Plan:
    """The domain itself is the host, with preference 0."""
    host = _resolve(MxRecord(preference=0, exchange=domain, ttl=0), answers)
    temporary = host.problem is HostProblem.LOOKUP_FAILED
    if not host.addresses:
        cell = "D10" if temporary else "D13"
        return Plan(domain=domain, basis=Basis.NONE, cell=cell, aliases=answer.aliases, temporary=temporary)
    host = PlannedHost(name=domain, preference=0, ttl=None, addresses=host.addresses, aliases=host.aliases)
    tiers = (Tier(preference=0, hosts=(host,)),)
    return Plan(domain=domain, basis=Basis.IMPLICIT, cell="D2", tiers=tiers, aliases=answer.aliases)


def _explicit(domain: str, answer: Answer, records: tuple[MxRecord, ...], answers: Answers) -> Plan:
    usable: set[str] = set()
    tiers: dict[int, list[PlannedHost]] = {}
    excluded: list[PlannedHost] = []
    for record in sorted(records, key=_by_preference) if len(records) > 1 else records:
        if record.exchange in usable:
            excluded.append(_excluded(record, HostProblem.DUPLICATE, None))
            continue
        host = _resolve(record, answers)
        if host.addresses:
            usable.add(host.name)
            tiers.setdefault(host.preference, []).append(host)
        else:
            excluded.append(host)
    temporary = any(host.problem in (HostProblem.LOOKUP_FAILED, HostProblem.NOT_ASKED) for host in excluded)
    return Plan(
        domain=domain,
        basis=Basis.EXPLICIT,
        cell="D1" if tiers else "D10" if temporary else "D13",
        tiers=tuple([Tier(preference=preference, hosts=tuple(hosts)) for preference, hosts in tiers.items()]),
        excluded=tuple(excluded),
        aliases=answer.aliases,
        ttl=min([record.ttl for record in records]),
        temporary=temporary,
    )


def _by_preference(record: MxRecord) -> tuple[int, str]:
    return record.preference, record.exchange


def _excluded(record: MxRecord, problem: HostProblem, cell: str | None, aliases: tuple[Alias, ...] = ()) -> PlannedHost:
    return PlannedHost(
        name=record.exchange,
        preference=record.preference,
        ttl=record.ttl,
        aliases=aliases,
        problem=problem,
        cell=cell,
    )


def _resolve(record: MxRecord, answers: Answers) -> PlannedHost:
    """The host of one record with its addresses, or with the reason why it has none."""
    if record.exchange == ".":
        return _excluded(record, HostProblem.NULL_IN_COMPANY, "D8")
    if is_address(record.exchange):
        return _excluded(record, HostProblem.IP_ADDRESS, "D12")
    asked: list[Answer] = []
    addresses: dict[str, None] = {}
    aliases: tuple[Alias, ...] = ()
    for question in _questions(record.exchange):
        answer = answers.get(question)
        if answer is not None:
            asked.append(answer)
            aliases = aliases or answer.aliases
            for found in answer.records:
                if isinstance(found, AddressRecord):
                    addresses[found.address] = None
    if not addresses:
        problem, cell = _why_none(asked)
        return _excluded(record, problem, cell, aliases)
    return PlannedHost(
        name=record.exchange,
        preference=record.preference,
        ttl=record.ttl,
        addresses=tuple(addresses),
        aliases=aliases,
        problem=HostProblem.ALIAS if aliases else None,
        cell="D11" if aliases else None,
    )


@lru_cache(maxsize=_REMEMBERED)
def _questions(host: str) -> tuple[Question, ...]:
    """The questions about the addresses of a host, which a look puts more than once."""
    return tuple(Question(name=host, rrtype=rrtype) for rrtype in _FAMILIES.values())


def _why_none(asked: list[Answer]) -> tuple[HostProblem, str]:
    open_ones = {answer.status for answer in asked if answer.status.is_temporary}
    if open_ones == {AnswerStatus.NOT_ASKED}:
        return HostProblem.NOT_ASKED, "D10"
    if open_ones or not asked:
        return HostProblem.LOOKUP_FAILED, "D10"
    if any(answer.status is AnswerStatus.NXDOMAIN for answer in asked):
        return HostProblem.NXDOMAIN, "D9"
    return HostProblem.NO_ADDRESS, "D9"


@lru_cache(maxsize=_REMEMBERED)
def special_use(address: str) -> str | None:
    """Which special-use block (RFC 6890) an address lies in, in words; None for a public address."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_loopback or parsed.is_unspecified:
        return "loopback"
    if parsed.is_link_local:
        return "link-local"
    if parsed.is_multicast:
        return "multicast"
    if any(parsed.version == block.version and parsed in block for block in _PRIVATE):
        return "private"
    return None if parsed.is_global else "reserved"


def decided_by_names(profile: Profile, policy: TlsPolicy, plan: Plan) -> str | None:
    """The cell by which the names alone decide what becomes of a message; None where there are hosts to try."""
    company = any(host.cell == "D8" for host in plan.excluded)
    if company and profile.ruling("D8", policy).action is Action.BOUNCE:
        return "D8"
    if plan.tiers:
        return None
    return "D4" if plan.temporary else plan.cell
