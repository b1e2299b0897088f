"""What a mailer of the lab knows about the TLS that hosts need: TLSA records, MTA-STS policies and how long they count.

It asks and fetches; what follows is thought out in `mx.tlsneed` and `mx.mtasts`. Standards: RFC 7672 §2.2, RFC 8461 §5.
"""

from collections.abc import Callable

from msgspec import Struct

from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.policy import FetchStatus
from mxprobe.facts.session import Endpoint
from mxprobe.mx.dane import tlsa_question
from mxprobe.mx.mtasts import (
    Memory,
    NextStep,
    Policy,
    learn,
    next_step,
    read_policy,
    read_record,
    record_question,
)
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.promise import bases_of
from mxprobe.mx.tlsneed import Need, need_by_dane, need_by_mtasts
from mxprobe.wire.dial import Connect
from mxprobe.wire.fetch import FetchMeans, allow_any, fetch_policy
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.tls import TlsContext


class Knowledge(Struct, frozen=True, kw_only=True):
    """Where a mailer learns what it needs: names, the way to policy hosts, whom it trusts (PEM), its wall clock."""

    resolver: Resolver
    connect: Connect
    anchors: bytes
    wall: Callable[[], float]
    policy_port: int


class Guard:
    """The knowledge of one mailer, whose TLS policy is `policy`; `protected` are hosts that had to prove themselves."""

    def __init__(self, policy: TlsPolicy, knowledge: Knowledge) -> None:
        self.policy, self._from = policy, knowledge
        self.protected: set[str] = set()
        self._memories: dict[str, Memory] = {}
        self._tls: TlsContext | None = None

    async def prepare(self, domain: str) -> None:
        """Learn the domain's MTA-STS policy, where it counts and there is a new one."""
        if self.policy is not TlsPolicy.MTA_STS:
            return
        memory = self._memories.get(domain, Memory())
        record = read_record(await self._from.resolver.ask(record_question(domain)))
        if next_step(memory, record, self._from.wall()) is NextStep.FETCH:
            memory = learn(memory, record, await self._fetch(domain), self._from.wall())
        self._memories[domain] = memory

    async def need(self, domain: str, endpoint: Endpoint) -> Need:
        """What the mailer needs of a host of the domain."""
        need = await self._need(domain, endpoint)
        if need.authenticates:
            self.protected.add(endpoint.host)
        return need

    async def _need(self, domain: str, endpoint: Endpoint) -> Need:
        if self.policy is TlsPolicy.MTA_STS:
            policy = self._memories.get(domain, Memory()).policy_at(self._from.wall())
            return need_by_mtasts(endpoint.host, policy)
        if self.policy is not TlsPolicy.DANE:
            return Need(policy=self.policy)
        family = RecordType.AAAA if endpoint.is_ipv6 else RecordType.A
        addresses = await self._from.resolver.ask(Question(name=endpoint.host, rrtype=family))
        if not addresses.authenticated:
            return need_by_dane(addresses, None)
        need = Need(policy=TlsPolicy.MAY)
        for base in bases_of(endpoint.host, addresses.aliases):
            tlsa = await self._from.resolver.ask(tlsa_question(base))
            need = need_by_dane(addresses, tlsa)
            if need.cell != "T7":  # secure records, or a lookup that fails: no other name is asked about
                break
        return need

    async def _fetch(self, domain: str) -> Policy | None:
        """The policy that the domain's policy host serves; None where none can be had."""
        if self._tls is None:
            self._tls = TlsContext(pem=self._from.anchors)
        means = FetchMeans(
            resolver=self._from.resolver,
            connect=self._from.connect,
            tls=self._tls,
            wall=self._from.wall,
            port=self._from.policy_port,
            allows=allow_any,
        )
        fetched = await fetch_policy(domain, means)
        policy = read_policy(fetched.body) if fetched.status is FetchStatus.FETCHED else None
        return policy if isinstance(policy, Policy) else None
