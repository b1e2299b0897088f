"""What each TLS policy of a sender does at every MX of a saved probe, and where its mail goes by that.

For each address and policy: how mail would travel, or that the sender passes over the host, or comes and does not
deliver. What a host needs is decided in `mx.tlsneed` before it is dialled, what follows from the dialogue by the rows
T0 to T17 of the outcome table.

Standards: RFC 7672 §2.2, §3; RFC 8461 §4.1, §4.2, §5; RFC 7435 §3.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Security
from mxprobe.facts.session import Endpoint, Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.cells import CELLS
from mxprobe.mx.dane import DaneOutcome
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.plan import Plan
from mxprobe.mx.policyseen import PolicySeen, policy_of
from mxprobe.mx.promise import Promise, PromiseKind, known_promises, match_session, names_that_count
from mxprobe.mx.security import security_of
from mxprobe.mx.tlsneed import Need, need_by_mtasts, need_by_promise

_BEFORE_TLS = ("C", "B", "H")
"""First letters of the cells that end an attempt before TLS counts."""

_NO_TLS = frozenset({"T1", "T2", "T3", "T4", "T10", "T17"})
"""The cells of a host with which TLS cannot be had."""


NOT_COMPARED = "its certificate was not kept, or was shown to another name than senders ask for"
"""Why a certificate tells nothing of a promise."""


class Passage(StrEnum):
    """What becomes of mail at one address under one policy.

    PASSES_OVER: the sender does not even dial; REFUSES: it comes, and does not deliver; DOWN: the host takes nobody's.
    """

    CLEAR = "in clear"
    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    REFUSES = "refuses"
    PASSES_OVER = "passes over"
    DOWN = "down"
    UNKNOWN = "cannot tell"

    @property
    def delivers(self) -> bool:
        """Whether mail gets in here."""
        return self in (Passage.CLEAR, Passage.UNVERIFIED, Passage.VERIFIED)

    @property
    def is_refused(self) -> bool:
        """Whether the policy keeps mail from the host."""
        return self in (Passage.REFUSES, Passage.PASSES_OVER)


class AtAddress(Struct, frozen=True, kw_only=True):
    """One address: what becomes of mail, the cell that says so, and what is not known."""

    endpoint: str
    host: str
    passage: Passage
    cell: str | None = None
    why: str = ""


class Way(StrEnum):
    """Where the mail of a policy goes now: to hosts, it waits, or nobody can tell."""

    GOES = "goes"
    WAITS = "waits"
    UNKNOWN = "cannot tell"


class OfPolicy(Struct, frozen=True, kw_only=True):
    """One policy over the whole chain: its addresses, best preference first, and what that means.

    `way` is where its mail goes now, `to` the hosts that may get it; `never` are hosts that its senders never use;
    `usable` those that take it, now or while better ones are down.
    """

    policy: TlsPolicy
    addresses: tuple[AtAddress, ...]
    way: Way
    to: tuple[str, ...] = ()
    usable: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class _Known(Struct, frozen=True, kw_only=True):
    """What all of a chain has in common."""

    snapshot: Snapshot
    mx: Security
    mta_sts: PolicySeen
    promises: Mapping[str, Promise]
    visits: Mapping[Endpoint, Visit]
    outcomes: Mapping[Endpoint, str | None]


def forecast_policies(snapshot: Snapshot, plan: Plan, outcomes: Mapping[Endpoint, str | None]) -> tuple[OfPolicy, ...]:
    """Every policy over the chain; `outcomes` has the cell at each address that no policy changes (None: unknown)."""
    known = _Known(
        snapshot=snapshot,
        mx=security_of_chain(snapshot),
        mta_sts=policy_of(snapshot),
        promises=known_promises(snapshot),
        visits={visit.endpoint: visit for visit in snapshot.visits},
        outcomes=outcomes,
    )
    return tuple(_of_policy(policy, plan, known) for policy in TlsPolicy)


def security_of_chain(snapshot: Snapshot) -> Security:
    """Whether the MX answer is secure."""
    return Security.UNKNOWN if snapshot.mx is None else security_of(snapshot, snapshot.mx.question)


def _of_policy(policy: TlsPolicy, plan: Plan, known: _Known) -> OfPolicy:
    port = known.snapshot.vantage.port
    found = {target.endpoint: _at(policy, target.endpoint, known) for target in plan.targets(port)}
    by_host = {host.name: [one for one in found.values() if one.host == host.name] for host in plan.hosts}
    usable = tuple(name for name, own in by_host.items() if any(one.passage.delivers for one in own))
    never = tuple(name for name, own in by_host.items() if own and all(one.passage.is_refused for one in own))
    way, to = _way(plan, by_host)
    return OfPolicy(policy=policy, addresses=tuple(found.values()), way=way, to=to, usable=usable, never=never)


def _way(plan: Plan, by_host: Mapping[str, list[AtAddress]]) -> tuple[Way, tuple[str, ...]]:
    """The first preference with a host that takes the mail; what is not known on the way there leaves it open."""
    for tier in plan.tiers:
        own = [one for host in tier.hosts for one in by_host[host.name]]
        takers = tuple(dict.fromkeys(one.host for one in own if one.passage.delivers))
        if any(one.passage is Passage.UNKNOWN for one in own):
            return Way.UNKNOWN, takers
        if takers:
            return Way.GOES, takers
    return (Way.UNKNOWN if plan.temporary else Way.WAITS), ()


def _at(policy: TlsPolicy, endpoint: Endpoint, known: _Known) -> AtAddress:
    passage, cell, why = _passage(policy, endpoint, known)
    return AtAddress(endpoint=endpoint.id, host=endpoint.host, passage=passage, cell=cell, why=why)


_Said = tuple[Passage, str | None, str]


def _passage(policy: TlsPolicy, endpoint: Endpoint, known: _Known) -> _Said:
    """The need first, then what would be met on the way, then the proof that the need asks for."""
    need, why = _need(policy, endpoint.host, known)
    if need is not None and need.rules_out:
        return Passage.PASSES_OVER, need.cell, ""
    cell = known.outcomes.get(endpoint)
    visit = known.visits.get(endpoint)
    if cell is None or visit is None or not visit.sessions:
        return Passage.UNKNOWN, None, "nothing is known of this address"
    session = visit.sessions[-1]
    if policy is TlsPolicy.NONE:
        return _never_tls(cell, session)
    if cell.startswith(_BEFORE_TLS) or _ends_at_starttls(session, cell):
        return Passage.DOWN, cell, ""
    if need is None:
        return Passage.UNKNOWN, None, why
    if cell in _NO_TLS:
        return _without_tls(need, cell)
    if session.tls is None:
        return Passage.UNKNOWN, None, "no handshake was seen"
    said = _with_tls(need, session, known)
    return said if _takes(cell) or said[0] is Passage.REFUSES else (Passage.DOWN, cell, "")


def _takes(cell: str) -> bool:
    """Whether the host takes mail, or would but for TLS."""
    return cell == "Z1" or cell in _NO_TLS


def _never_tls(cell: str, session: Session) -> _Said:
    """A sender that never says STARTTLS; what a host that ends there would have said in clear was not tried."""
    if _ends_at_starttls(session, cell):
        return Passage.UNKNOWN, None, "what the host says in clear was not tried"
    return (Passage.CLEAR, None, "") if _takes(cell) else (Passage.DOWN, cell, "")


def _ends_at_starttls(session: Session, cell: str) -> bool:
    """Whether the session ended at STARTTLS, by no answer or by 421."""
    return cell not in _NO_TLS and cell != "Z1" and session.turns[-1].phase is Phase.STARTTLS


def _need(policy: TlsPolicy, host: str, known: _Known) -> tuple[Need | None, str]:
    """What a sender of the policy needs at a host; None where that is not known, and why."""
    if policy is TlsPolicy.MTA_STS:
        if known.mta_sts.unknown:
            return None, known.mta_sts.unknown
        return need_by_mtasts(host, known.mta_sts.in_force), ""
    if policy is TlsPolicy.DANE:
        promise = known.promises[host]
        if promise.kind is PromiseKind.UNKNOWN:
            return None, promise.why
        return need_by_promise(promise), ""
    return Need(policy=policy), ""


def _without_tls(need: Need, cell: str) -> _Said:
    """TLS cannot be had: in clear where the policy allows that."""
    action = CELLS[cell].action_under(need.policy)
    return (Passage.CLEAR if action in (Action.GO, Action.CLEAR) else Passage.REFUSES), cell, ""


def _with_tls(need: Need, session: Session, known: _Known) -> _Said:
    """TLS was had: what the certificates prove to who asks."""
    if need.policy is TlsPolicy.DANE:
        promise = known.promises[session.endpoint.host]
        match = match_session(promise, names_that_count(promise, known.snapshot), session)
        if match is None:
            return (
                Passage.UNKNOWN,
                None,
                "its certificate was not kept, or was shown to another name than senders ask for",
            )
        if match.outcome is not DaneOutcome.MATCHED:
            return Passage.REFUSES, "T5", match.why
        return Passage.VERIFIED, "T9" if known.mx is Security.INSECURE else None, ""
    if need.policy is TlsPolicy.MTA_STS:
        valid = session.tls.verdict.is_valid if session.tls is not None else None
        if valid is None:
            return Passage.UNKNOWN, None, "the certificate was not judged"
        return (Passage.VERIFIED, None, "") if valid else (Passage.REFUSES, "T5", "")
    return Passage.UNVERIFIED, need.cell, ""
