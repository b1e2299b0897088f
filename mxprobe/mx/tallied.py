"""The tally of a look: the few facts that a survey counts, each with what is not known kept apart.

What is not known of some hosts accuses nobody and praises nobody: a share is told over those of which something is
known, and how many these are stands beside it.

Standards: RFC 5321 §5.1 (the chain), RFC 7672 §2.2 (DANE), RFC 8461 §3.1 (MTA-STS).
"""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import RecordType
from mxprobe.facts.finding import Judgement, Severity, Status
from mxprobe.facts.proof import Answer
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import NotVisited, Snapshot, Visit
from mxprobe.facts.survey import Depth
from mxprobe.facts.tally import Extent, Known, Tally
from mxprobe.mx.foretold import Foretold
from mxprobe.mx.kinship import operator_name
from mxprobe.mx.matrix import answers_of
from mxprobe.mx.mtasts import RecordStatus
from mxprobe.mx.once import known_chain, once
from mxprobe.mx.plan import Basis, HostProblem, Plan, Tier
from mxprobe.mx.policyseen import policy_of
from mxprobe.mx.promise import PromiseKind, known_promises
from mxprobe.mx.standing import Standing, judge_session, judge_visit

WAYS = {"C1": "refused", "C2": "silent", "B2": "says_421", "B3": "says_554"}
"""The ways of failing that are counted: what they are called in a tally, by their cells."""

_OPEN = (HostProblem.LOOKUP_FAILED, HostProblem.NOT_ASKED)
_PLAIN_REASONS = (NotVisited.DNS_ONLY, NotVisited.EXCLUDED)
"""What was asked for, and is counted otherwise."""
_MOST_REASONS = 8


def tally_of(
    snapshot: Snapshot,
    depth: Depth,
    foretold: Foretold | None = None,
    judgements: Sequence[Judgement] | None = None,
    accounts: Sequence["Account | None"] = (),
) -> Tally:
    """The tally; `judgements` None where the rules were not asked.

    `accounts` are those of visits, in their order, as far as they are known to whoever has the sessions.
    """
    plan = known_chain(snapshot)
    chain = _counted_tiers(plan.tiers)
    is_open = any(host.problem in _OPEN for host in plan.excluded)
    known = zip(snapshot.visits, accounts or (None,) * len(snapshot.visits), strict=True)
    counted = [account or account_of(visit, snapshot) for visit, account in known]
    standings = [account.standing for account in counted]
    tally = Tally(
        domain=snapshot.domain,
        depth=depth.value,
        basis=plan.basis.value,
        hosts=chain.hosts,
        tiers=len(plan.tiers),
        endpoints=chain.endpoints,
        visited=sum([bool(visit.sessions) for visit in snapshot.visits]),
        reachable=standings.count(Standing.ANSWERS),
        excluded=[visit.not_visited for visit in snapshot.visits].count(NotVisited.EXCLUDED),
        has_backup=_has_backup(plan, is_open=is_open),
        operator=chain.operator,
        starttls=extent_of([account.starttls for account in counted]),
        certificates=extent_of([account.certificate for account in counted]),
        dane=_dane(snapshot),
        mta_sts=_mta_sts(snapshot),
        accepts=extent_of([account.accepts for account in counted]),
        one_operator=_whole(chain.one_operator, is_open=is_open),
        one_address=_whole(chain.one_address, is_open=is_open),
        one_network=_whole(chain.one_network, is_open=is_open),
        untold=_untold(snapshot, plan, standings),
        **_foretold(foretold),
    )
    return tally if judgements is None else _with_findings(tally, judgements)


def _has_backup(plan: Plan, *, is_open: bool) -> Known:
    """Whether there is a host of a worse preference; a host whose addresses are not known (`is_open`) may be one."""
    if len(plan.tiers) > 1:
        return Known.YES
    if plan.basis is Basis.UNKNOWN or is_open:
        return Known.UNKNOWN
    return Known.NO


def extent_of(states: Iterable[bool | None]) -> Extent:
    """How many of those of which it is known have it."""
    known = set(states)
    if True in known:
        return Extent.SOME if False in known else Extent.ALL
    return Extent.NONE if False in known else Extent.UNKNOWN


class Account(Struct, frozen=True, kw_only=True):
    """What is counted of one address; None is what is not known.

    `starttls`: it offers it; `certificate`: the one that it showed is valid; `accepts`: it took all recipients.
    """

    standing: Standing
    starttls: bool | None = None
    certificate: bool | None = None
    accepts: bool | None = None


def account_of(visit: Visit, snapshot: Snapshot) -> Account:
    """What is counted of a visited address."""
    standing = judge_visit(visit, snapshot)
    if not visit.sessions:
        return Account(standing=standing)
    session = visit.sessions[-1]
    return Account(
        standing=standing,
        starttls=_offers(session),
        certificate=None if session.tls is None else session.tls.verdict.is_valid,
        accepts=_took({given.answer for given in answers_of(snapshot, visit)}) if snapshot.recipients else None,
    )


def account_of_answering(session: Session, *, accepts: bool | None = None) -> Account | None:
    """What is counted of an address, by its last session without recipients; None where that tells less.

    `accepts`: there were recipients, and it took them all. A session that answers and refuses this probe nothing
    without them does so with them as well.
    """
    standing = judge_session(session)
    if standing is not Standing.ANSWERS:
        return None
    certificate = None if session.tls is None else session.tls.verdict.is_valid
    return Account(standing=standing, starttls=_offers(session), certificate=certificate, accepts=accepts)


def _offers(session: Session) -> bool | None:
    """Whether the host offers STARTTLS; None where it answered no EHLO, nor HELO in its place."""
    greeted = any(
        turn.phase in (Phase.EHLO, Phase.HELO) and turn.reply is not None and turn.reply.is_positive
        for turn in session.turns
    )
    return session.offers("STARTTLS") if greeted else None


def _dane(snapshot: Snapshot) -> Known:
    """Whether the hosts have secure records that SMTP uses; YES is all of them."""
    if _knows_no_promise(snapshot):
        return Known.UNKNOWN
    kinds = [promise.kind for promise in known_promises(snapshot).values()]
    having = sum(kind is PromiseKind.USABLE for kind in kinds)
    open_ones = sum(kind in (PromiseKind.UNKNOWN, PromiseKind.FAILED) for kind in kinds)
    if having and having == len(kinds):
        return Known.YES
    if not kinds or (open_ones and (not having or having + open_ones == len(kinds))):
        return Known.UNKNOWN
    return Known.PARTLY if having else Known.NO


def _knows_no_promise(snapshot: Snapshot) -> bool:
    """Whether nobody asked for TLSA records, nor heard whether any answer is secure: then all promises are unknown."""
    tlsa = RecordType.TLSA
    return not snapshot.validations and not any(
        answer.authenticated or answer.question.rrtype is tlsa for answer in snapshot.answers
    )


def _mta_sts(snapshot: Snapshot) -> Known:
    if not any(answer.question.rrtype is RecordType.TXT for answer in snapshot.answers):
        return Known.UNKNOWN
    record = policy_of(snapshot).record
    if record is None or record.status is RecordStatus.FAILED:
        return Known.UNKNOWN
    return Known.YES if record.status is RecordStatus.FOUND else Known.NO


def _took(said: set[Answer]) -> bool | None:
    return False if Answer.REFUSED in said else True if said == {Answer.ACCEPTED} else None


# -- what falls together -----------------------------------------------------------------------------------------------


class _Counted(Struct, frozen=True, kw_only=True):
    """What is counted of the hosts of a chain; of where they are nothing is said (None) while no address is known."""

    hosts: int
    endpoints: int
    operator: str
    one_operator: bool | None
    one_address: bool | None
    one_network: bool | None


def _count(tiers: tuple[Tier, ...]) -> _Counted:
    hosts = [host for tier in tiers for host in tier.hosts]
    addresses = [address for host in hosts for address in host.addresses]
    operators = dict.fromkeys(operator_name(host.name) for host in hosts)
    return _Counted(
        hosts=len(hosts),
        endpoints=len(addresses),
        operator=next(iter(operators), ""),
        one_operator=len(operators) == 1 if addresses else None,
        one_address=_are_one(addresses),
        one_network=_are_one(map(network_of, addresses)),
    )


_counted_tiers = once(_count, most=1024)
"""Very many domains have the same chain."""


def _are_one(places: Iterable[str]) -> bool | None:
    """Whether there is one of each family; None where there is none at all."""
    families = [":" in place for place in set(places)]
    return len(families) == len(set(families)) if families else None


def _whole(is_one: bool | None, *, is_open: bool) -> Known:
    """Whether all of the chain is one, by the hosts that are known; others may be elsewhere (`is_open`)."""
    if is_one is None:
        return Known.UNKNOWN
    return Known.NO if not is_one else Known.UNKNOWN if is_open else Known.YES


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network that is looked at as one place: a /24, or a /48 of IPv6."""
    return str(ipaddress.ip_network((address, 48 if ":" in address else 24), strict=False))


# -- what follows ------------------------------------------------------------------------------------------------------


def _foretold(foretold: Foretold | None) -> dict[str, Any]:
    if foretold is None or not foretold.ways:
        return {}
    found: dict[str, Any] = {"foretold": True}
    for way in foretold.ways:
        name = WAYS.get(way.cell)
        if name is not None:
            found[f"{name}_bounces"], found[f"{name}_waits"] = way.bounces, way.waits
            found[f"{name}_unknown"] = way.unknown
    return found


def _untold(snapshot: Snapshot, plan: Plan, standings: Sequence[Standing]) -> tuple[str, ...]:
    """Why something could not be looked at, each reason once."""
    reasons: dict[str, None] = {}
    if plan.basis is Basis.UNKNOWN:
        answer = snapshot.mx
        reasons[f"the MX lookup failed: {answer.status if answer is not None else 'nobody was asked'}"] = None
    if any(host.problem is HostProblem.LOOKUP_FAILED for host in plan.excluded):
        reasons["addresses of MX hosts could not be looked up"] = None
    for visit, standing in zip(snapshot.visits, standings, strict=True):
        if visit.not_visited is not None and visit.not_visited not in _PLAIN_REASONS:
            reasons[f"not visited: {visit.not_visited.value}"] = None
        elif visit.not_visited is None and not standing.is_known:
            reasons[standing.value] = None
    return tuple(reasons)[:_MOST_REASONS]


def _with_findings(tally: Tally, judgements: Sequence[Judgement]) -> Tally:
    findings = [one for judgement in judgements for one in judgement.findings]
    severities = [one.severity for one in findings]
    return replace(
        tally,
        errors=severities.count(Severity.ERROR),
        warnings=severities.count(Severity.WARNING),
        notes=severities.count(Severity.INFO),
        found=tuple(dict.fromkeys(one.code for one in findings if one.severity is not Severity.OK)),
        unjudged=sum(one.status is Status.INCONCLUSIVE for one in judgements),
    )
