"""How far a migration has come, by one look: what is published, who takes mail, and what still forbids the cut-over.

Standards: RFC 1035 §3.2.1, RFC 2181 §8 (TTL); RFC 8461 §3.3, §5.1, §8.1; RFC 7672 §2.2.
"""

from functools import cached_property

from msgspec import Struct

from mxprobe.facts.dns import index_answers
from mxprobe.facts.migration import LOW_TTL, Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import DaneOutcome
from mxprobe.mx.drift import Published, addresses_in, published_mx
from mxprobe.mx.migration import (
    MARGIN,
    STS_REFRESH,
    Since,
    enforced_policy,
    extended_since,
    has_new,
    is_drafted,
    left_out,
    low_since,
    old_record_ends,
    served_mx,
    ttl_given,
    ttl_held,
)
from mxprobe.mx.movers import Fitness, Seen, seen_of
from mxprobe.mx.mtasts import Policy
from mxprobe.mx.policyseen import policy_of
from mxprobe.mx.promise import PromiseKind, match_session, names_that_count, promise_of
from mxprobe.mx.promise import seen_of as promises_seen

TTL_NOT_IN_FILE = "since when the old records have a low TTL a zone file does not tell: `ttl-lowered` of the plan would"
"""Why it is not known whether the TTL is lowered, of a file that has the new records."""


class Gate(Struct, frozen=True, kw_only=True):
    """What forbids the cut-over before `until` (None: nobody knows when that is over), and why.

    `is_open_question`: it may be over already, and was not seen to be.
    """

    reason: str
    until: float | None = None
    is_open_question: bool = False


def address_ttls(plan: Migration, snapshot: Snapshot) -> dict[str, int]:
    """The longest TTL of the address records of each host that gets new ones, as the resolver gives it."""
    hosts = {moved.host for moved in plan.addresses}
    found = dict[str, int]()
    for answer in snapshot.answers:
        host = answer.question.name
        if host in hosts:
            ttls = [record.ttl for record in answer.addresses]
            found[host] = max([found.get(host, 0), *ttls])
    return {host: ttl for host, ttl in found.items() if ttl}


class Scene:
    """One look at a domain that moves. Everything is worked out when it is asked for."""

    def __init__(self, plan: Migration, snapshot: Snapshot, before: Snapshot | None = None) -> None:
        self.plan, self.snapshot, self.before = plan, snapshot, before
        self.now = snapshot.started_at

    # -- what is published ---------------------------------------------------------------------------------------------

    @cached_property
    def sets(self) -> tuple[Published, ...]:
        """The MX records of each server that speaks for the zone."""
        return served_mx(self.snapshot)

    @property
    def file(self) -> str:
        """The zone file that was read, if one was: it is to be published, and nothing is known of what is."""
        return self.snapshot.zone.path if self.snapshot.zone is not None else ""

    @cached_property
    def has_draft(self) -> bool:
        """Whether a zone file has the new records, or addresses."""
        return bool(self.file) and any(map(self._is_new, self.sets))

    @cached_property
    def with_new(self) -> tuple[str, ...]:
        """The servers that have the new hosts; where none comes, those that have the new records, or addresses."""
        return tuple(one.by for one in self.sets if self._is_new(one)) if not self.file else ()

    @property
    def is_moved(self) -> bool:
        """Whether every server that was heard has the new hosts."""
        return bool(self.sets) and len(self.with_new) == len(self.sets)

    def _is_new(self, published: Published) -> bool:
        if self.plan.addresses and self.plan.old == self.plan.new:
            return not self.addresses_left
        return has_new(self.plan, published.records)

    @property
    def addresses_left(self) -> tuple[str, ...]:
        """Hosts that keep their name and have not got their new addresses yet, as the resolver knows them."""
        answers = index_answers(self.snapshot.answers)
        return tuple(
            moved.host for moved in self.plan.addresses if addresses_in(answers, moved.host) != set(moved.addresses)
        )

    @cached_property
    def still_old(self) -> tuple[str, ...]:
        """The servers that name a host that leaves."""
        leaving = set(self.plan.leaving) if not self.file else set[str]()
        return tuple(one.by for one in self.sets if any(record.host in leaving for record in one.records))

    @property
    def ttl(self) -> int | None:
        """The TTL that the zone's servers give."""
        return ttl_given(self.snapshot)

    @property
    def low_limit(self) -> int:
        """The longest TTL that counts as lowered."""
        return max(LOW_TTL, self.plan.ttl)

    @cached_property
    def low_since(self) -> Since | None:
        """Since when the TTL is low."""
        return low_since(self.plan, self.snapshot, self.before)

    @property
    def _old_held(self) -> int:
        """How long the resolver that was asked keeps records with an old host yet."""
        leaving, copies = set(self.plan.leaving), published_mx(self.snapshot)
        held = (one.ttl for one in copies if not one.authoritative and leaving & {rec.host for rec in one.records})
        return max(held, default=0)

    # -- hosts ---------------------------------------------------------------------------------------------------------

    @cached_property
    def coming(self) -> tuple[Seen, ...]:
        """The hosts that come."""
        return tuple(seen_of(self.snapshot, host) for host in self.plan.coming)

    @cached_property
    def leaving(self) -> tuple[Seen, ...]:
        """The hosts that leave."""
        return tuple(seen_of(self.snapshot, host) for host in self.plan.leaving)

    # -- the policy ----------------------------------------------------------------------------------------------------

    @cached_property
    def policy(self) -> Policy | None:
        """The enforced MTA-STS policy."""
        return enforced_policy(self.snapshot)

    @property
    def policy_unknown(self) -> str:
        """Why it is not known whether there is a policy."""
        return policy_of(self.snapshot).unknown

    @property
    def not_allowed(self) -> tuple[str, ...]:
        """New hosts that the enforced policy leaves out."""
        return left_out(self.policy, self.plan.coming) if self.policy is not None else ()

    @cached_property
    def extended_since(self) -> Since | None:
        """Since when the policy allows the new hosts."""
        return extended_since(self.plan, self.snapshot, self.before)

    # -- TLSA ----------------------------------------------------------------------------------------------------------

    @cached_property
    def unproven(self) -> tuple[tuple[str, str], ...]:
        """New hosts that DANE senders would not use, or use without proof where the old ones had one; and why."""
        seen = promises_seen(self.snapshot)
        old_owes = any(promise_of(record.host, seen).kind.owes_tls for record in self.plan.old if record.host != ".")
        found = []
        for host in self.coming:
            promise = promise_of(host.host, seen)
            if promise.kind is PromiseKind.FAILED:
                found.append((host.host, promise.why))
            elif promise.kind is PromiseKind.NONE and old_owes:
                found.append((host.host, "it has no TLSA record, and the old hosts have"))
            elif promise.kind is PromiseKind.USABLE:
                names = names_that_count(promise, self.snapshot)
                matches = [match_session(promise, names, one) for visit in host.visits for one in visit.sessions[-1:]]
                wrong = [one for one in matches if one is not None and one.outcome is not DaneOutcome.MATCHED]
                if wrong:
                    found.append((host.host, wrong[0].why or "its certificate is not the one that TLSA promises"))
        return tuple(found)

    @property
    def is_promised(self) -> bool:
        """Whether TLSA records count for a new host."""
        seen = promises_seen(self.snapshot)
        return any(promise_of(host, seen).kind is PromiseKind.USABLE for host in self.plan.coming)

    # -- moments -------------------------------------------------------------------------------------------------------

    @cached_property
    def gates(self) -> tuple[Gate, ...]:
        """What forbids the cut-over, or may: those whose time is over are left out."""
        found = (self._ttl_gate(), self._address_gate(), *self._host_gates(), self._policy_gate(), *self._tlsa_gates())
        return tuple(
            gate
            for gate in found
            if gate is not None and (gate.until is None or gate.until > self.now or gate.is_open_question)
        )

    def _ttl_gate(self) -> Gate | None:
        plan = self.plan
        if plan.old_ttl <= LOW_TTL or self.is_moved or plan.old == plan.new:
            return None
        if self.ttl is None:
            return Gate(reason="no server of the zone told the TTL of the MX records", is_open_question=True)
        if self.low_since is None and is_drafted(plan, self.snapshot):
            return Gate(reason=TTL_NOT_IN_FILE, is_open_question=True)
        if self.low_since is None:
            until = self.now + max(self.ttl, plan.old_ttl, ttl_held(self.snapshot))
            return Gate(until=until, reason="the TTL is not lowered: caches keep the old records for one old TTL more")
        until = self.low_since.at + plan.old_ttl
        if self.low_since.is_known:
            return Gate(until=until, reason="caches may keep the old records with the old TTL")
        reason = "since when the TTL is low is not known: `ttl-lowered` of the plan would tell"
        return Gate(until=until, reason=reason, is_open_question=True)

    def _address_gate(self) -> Gate | None:
        """Addresses that change with a long TTL. Of a short one a cache does not tell since when it is so."""
        left = set(self.addresses_left)
        longest = max((ttl for host, ttl in address_ttls(self.plan, self.snapshot).items() if host in left), default=0)
        if longest > self.low_limit:
            reason = "the TTL of the addresses that change is not lowered: caches keep the old ones"
            return Gate(until=self.now + longest, reason=reason)
        if left and self.plan.ttl_lowered is not None and self.plan.old_ttl > LOW_TTL:
            until = self.plan.ttl_lowered + self.plan.old_ttl
            return Gate(until=until, reason="caches may keep the old addresses with the old TTL")
        return None

    def _host_gates(self) -> list[Gate]:
        gates = []
        for host in self.coming:
            if host.fitness.is_bad:
                gates.append(Gate(reason=f"{host.host} {host.fitness}"))
            elif host.fitness is not Fitness.TAKES:
                gates.append(Gate(reason=host.doubt or f"{host.host} {host.fitness}", is_open_question=True))
        return gates

    def _policy_gate(self) -> Gate | None:
        if not self.plan.coming:
            return None
        if self.policy_unknown:
            return Gate(reason=self.policy_unknown, is_open_question=True)
        if self.policy is None:
            return None
        if self.extended_since is None:
            until = self.now + STS_REFRESH
            return Gate(until=until, reason="senders that enforce MTA-STS would not use the new hosts")
        until = self.extended_since.at + STS_REFRESH
        if self.extended_since.is_known:
            return Gate(until=until, reason="senders look for a new MTA-STS policy once a day")
        reason = "since when senders find the new MTA-STS policy is not known: `sts-published` of the plan would tell"
        return Gate(until=until, reason=reason, is_open_question=True)

    def _tlsa_gates(self) -> list[Gate]:
        return [Gate(reason=f"{host}: {why}") for host, why in self.unproven]

    @property
    def earliest(self) -> float | None:
        """The first moment for the new records that is known to be safe; None where none is."""
        if any(gate.until is None for gate in self.gates):
            return None
        return max((gate.until for gate in self.gates if gate.until is not None), default=self.now)

    @property
    def old_ends(self) -> float:
        """When the old hosts are not needed any more, as far as is known now."""
        ends = old_record_ends(self.plan)
        if self.plan.keep_old_until is not None:
            ends = max(ends, self.plan.keep_old_until + self.plan.old_ttl + MARGIN)
        if self.still_old:
            ttl = self.ttl or 0
            ends = max(ends, self.now + ttl + MARGIN)
        ends = max(ends, self.now + self._old_held)
        if not self.is_moved and self.earliest is not None:
            ends = max(ends, self.earliest + self.plan.old_ttl + MARGIN)
        return ends
