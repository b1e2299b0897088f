"""A domain as the lab serves it, flawless until something is changed, and what the rules say of a look at it.

Names are signed under the lab's root and asked through its validating resolver; hosts shake hands with the lab's
certificates in the memory network; the policy comes from the lab's policy host. Addresses look public, and nothing
leaves the process.
"""

import asyncio
import os
import random
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP
from msgspec import Struct, field
from msgspec.structs import replace

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import Snapshot, Vantage
from mxprobe.jobs.look import judge
from mxprobe.lab.certs import Authority
from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.lab.memory import DelayedAnswer, MemoryNetwork, SynAnswer
from mxprobe.lab.nameserver import NameServer
from mxprobe.lab.policyhost import HTTPS_PORT, PolicySeams, policy_protocol
from mxprobe.lab.recursor import OWN_ADDRESS, Recursor
from mxprobe.lab.signing import SignedZones, sign_zones
from mxprobe.mx.dane import tlsa_record
from mxprobe.mx.mtasts import Mode, Policy
from mxprobe.probe.snapshot import Request, take_snapshot
from mxprobe.report.look_text import render_look
from mxprobe.report.verdict import conclude_look
from mxprobe.rules import judge_snapshot
from mxprobe.scenario.host import answer_policy_request, combine
from mxprobe.scenario.reaction import CertificateKind, Moment, Reaction, TlsVersion
from mxprobe.wire.dial import ConnectDialer
from mxprobe.wire.fetch import FetchMeans
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means
from mxprobe.wire.tls import TlsContext

DOMAIN = "example.test"
EPOCH = 1_767_225_600.0  # 2026-01-01
AUTHORITY, OTHER_AUTHORITY = Authority(1), Authority(2)
"""Both are trusted; hosts have certificates of the first unless it is said otherwise."""
LATENCY = 0.01
MX1, MX2, POLICY_HOST, NS1, NS2, PROBE = (
    "198.41.0.4",
    "199.9.14.201",
    "192.33.4.12",
    "192.5.5.241",
    "193.0.14.129",
    "202.12.27.33",
)
SOA = "SOA ns1.example.test. hostmaster.example.test. 2026010101 3600 900 1209600 300"
_CACHE = "192.0.2.99"
PROBE_NAME = "probe.elsewhere.test"


def tlsa_of(host: str, kind: CertificateKind = CertificateKind.VALID, issuer: Authority = AUTHORITY) -> str:
    """The record that promises the certificate which a host shows."""
    return tlsa_record(issuer.issue(host, kind).der)


NEXT_KEY = "TLSA 3 1 1 " + "5a" * 32
"""The record of a key that is not in use yet."""


def _flawless() -> dict[str, tuple[str, ...]]:
    return {
        "example.test": (
            SOA,
            "NS ns1.example.test.",
            "NS ns2.example.test.",
            "MX 10 mx1.example.test.",
            "MX 20 mx2.example.test.",
            'TXT "v=spf1 mx -all"',
        ),
        "ns1.example.test": (f"A {NS1}",),
        "ns2.example.test": (f"A {NS2}",),
        "mx1.example.test": (f"A {MX1}", 'TXT "v=spf1 a -all"'),
        "mx2.example.test": (f"A {MX2}", 'TXT "v=spf1 a -all"'),
        "_25._tcp.mx1.example.test": (f"TLSA {tlsa_of('mx1.example.test')}", NEXT_KEY),
        "_25._tcp.mx2.example.test": (f"TLSA {tlsa_of('mx2.example.test')}", NEXT_KEY),
        "_mta-sts.example.test": ('TXT "v=STSv1; id=20260101"',),
        "mta-sts.example.test": (f"A {POLICY_HOST}",),
        "_smtp._tls.example.test": ('TXT "v=TLSRPTv1; rua=mailto:tls@example.test"',),
        "_dmarc.example.test": ('TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.test"',),
    }


def _others() -> dict[str, tuple[str, ...]]:
    return {
        "elsewhere.test": (
            "SOA ns1.example.test. hostmaster.example.test. 1 3600 900 1209600 300",
            "NS ns1.example.test.",
        ),
        PROBE_NAME: (f"A {PROBE}",),
        "arpa": ("SOA ns1.example.test. hostmaster.example.test. 1 3600 900 1209600 300", "NS ns1.example.test."),
        **{_reverse(address): (f"PTR {name}.",) for address, name in _NAMED.items()},
    }


_NAMED = {MX1: "mx1.example.test", MX2: "mx2.example.test", PROBE: PROBE_NAME}


def _reverse(address: str) -> str:
    return dns.reversename.from_address(address).to_text(omit_final_dot=True)


class MailHost(Struct, frozen=True, kw_only=True):
    """What stands at an address: nobody (`syn` says how connections end), or a host with these manners.

    `kind` is the certificate that it shows (None: no STARTTLS), in this `version` of TLS alone; `banner` is its
    greeting instead of its own; `silent`: it says nothing at all. `alert` is what it answers in the
    handshake. `local_error` is the errno with which a connection fails on our side. `issuer` made its certificate.
    `pipelining`: it takes commands in groups.
    """

    name: str
    kind: CertificateKind | None = CertificateKind.VALID
    banner: str | None = None
    starttls: str | None = None
    rcpt: str = "250 2.1.5 ok"
    silent: bool = False
    alert: bytes = b""
    local_error: int = 0
    issuer: Authority = AUTHORITY
    version: TlsVersion | None = None
    syn: SynAnswer | DelayedAnswer | None = None
    pipelining: bool = False


def _hosts() -> dict[str, MailHost]:
    return {address: MailHost(name=_NAMED[address]) for address in (MX1, MX2)}


class Domain(Struct, frozen=True, kw_only=True):
    """Everything that is served: records by name (without TTL: 3600), hosts by address, the policy.

    `unsigned` are zones without signatures. `cached` are records that the resolver still has in place of today's,
    `of_server` records that one name server has in place of those of all.
    `silent` are addresses of name servers that do not answer, `failing` questions ("example.test MX") that they answer
    with SERVFAIL. `change` alters the zones' text behind their signing. `react` is what the policy host does in place
    of answering. `answer_after` is how long each DNS answer takes, in seconds. `keys` is the seed that the keys of all
    zones follow from.
    """

    records: Mapping[str, tuple[str, ...]] = field(default_factory=_flawless)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=_others)
    hosts: Mapping[str, MailHost] = field(default_factory=_hosts)
    policy: Policy | None = Policy(mode=Mode.ENFORCE, mx=("mx1.example.test", "mx2.example.test"), max_age=604800)
    unsigned: frozenset[str] = frozenset()
    of_server: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    cached: Mapping[str, tuple[str, ...]] = {}
    silent: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    epoch: float = EPOCH
    change: Callable[[dict[str, str]], None] = lambda zones: None
    react: Callable[[Moment], tuple[Reaction, ...]] = lambda moment: ()
    answer_after: float = 2 * LATENCY
    keys: int = 1

    def at(self, name: str, *texts: str) -> "Domain":
        """The domain with these records at a name, in place of all that were there; none: no such name."""
        changed = {other: found for other, found in self.records.items() if other != name}
        return replace(self, records={**changed, **({name: texts} if texts else {})})

    def without(self, name: str, start: str) -> "Domain":
        """The domain without those records at a name that begin with these words."""
        return self.at(name, *(text for text in self.records[name] if not text.startswith(start)))

    def plus(self, name: str, *texts: str) -> "Domain":
        """The domain with further records at a name."""
        return self.at(name, *self.records.get(name, ()), *texts)

    def beside(self, name: str, *texts: str) -> "Domain":
        """The domain in a world where a name of somebody else has these records."""
        return replace(self, others={**self.others, name: texts})

    def named(self, address: str, *texts: str) -> "Domain":
        """The domain where an address has these names (PTR records)."""
        return replace(
            self,
            others={**self.others, _reverse(address): texts}
            if texts
            else {name: found for name, found in self.others.items() if name != _reverse(address)},
        )

    def host(self, address: str, **manners: Any) -> "Domain":
        """The domain whose host at an address has other manners."""
        return replace(self, hosts={**self.hosts, address: replace(self.hosts[address], **manners)})


FLAWLESS = Domain()


class Looked(Struct, frozen=True, kw_only=True):
    """A look, what the rules say of it, and when (in seconds from the start) each session began."""

    snapshot: Snapshot
    judgements: tuple[Judgement, ...]
    dialled: tuple[float, ...]

    @property
    def found(self) -> dict[str, Severity]:
        """The codes of everything that was found, notes too, but for what is good."""
        findings = [one for judgement in self.judgements for one in judgement.findings]
        return {one.code: one.severity for one in findings if one.severity is not Severity.OK}

    @property
    def good(self) -> set[str]:
        """The codes of what is worth telling because it is good."""
        findings = [one for judgement in self.judgements for one in judgement.findings]
        return {one.code for one in findings if one.severity is Severity.OK}

    @property
    def text(self) -> str:
        """The report as a person reads it."""
        look = judge(self.snapshot)
        return render_look(conclude_look(look.snapshot, look.judgements, look.forecast))


def look_at(domain: Domain, **wishes: Any) -> Looked:
    """Look at the domain once, with these changes to the request."""
    return play_in_fresh_loop(lambda: _look(domain, wishes))


async def _look(domain: Domain, wishes: dict[str, Any]) -> Looked:
    loop = asyncio.get_running_loop()
    network, dialled = MemoryNetwork(latency=LATENCY), []
    for address, host in domain.hosts.items():
        network.add_address(address)
        if host.syn is None:
            network.listen(address, 25, _protocol(host))
    network.on_syn = lambda address, port: domain.hosts[address].syn if address in domain.hosts else None
    network.listen(POLICY_HOST, HTTPS_PORT, policy_protocol(_policy_seams(domain, loop)))
    signed = serve(domain)
    servers = {address: NameServer(zones) for address, zones in signed.items()}
    asked = tuple(f"{one}:53" for one in servers)
    if domain.cached:
        servers[_CACHE] = NameServer(_signed(domain, {**domain.records, **domain.cached}).zones)
        asked = (f"{_CACHE}:53",)

    async def ask(query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        address = server.rpartition(":")[0].strip("[]")
        if address not in servers or address in domain.silent:
            await asyncio.sleep(max(deadline - loop.time(), 0))
            raise TimeoutError
        if _is_failing(query, domain):
            return _servfail(query)
        answer = servers[address].answer(query, lambda question: (), over_tcp=over_tcp)
        if answer is None:
            raise OSError("nothing was answered")
        return answer

    recursor = Recursor(ask, asked, loop.time, random.Random(1), _anchor(domain))

    async def exchange(query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        await asyncio.sleep(domain.answer_after)
        if server != OWN_ADDRESS:
            return await ask(query, server, over_tcp, deadline)
        return await recursor.exchange(query, server, over_tcp, deadline)

    async def connect(endpoint: Endpoint) -> Any:
        if endpoint.port == 25:
            dialled.append(loop.time())
        host = domain.hosts.get(endpoint.address)
        if host is not None and host.local_error:
            raise OSError(host.local_error, os.strerror(host.local_error))
        return await network.connect(endpoint.address, endpoint.port, source=PROBE)

    def wall() -> float:
        return domain.epoch + loop.time()

    resolver, tls = Resolver(exchange, (OWN_ADDRESS,)), TlsContext(pem=AUTHORITY.pem + OTHER_AUTHORITY.pem)
    fetch = FetchMeans(resolver=resolver, connect=connect, tls=tls, wall=wall)
    means = Means(dialer=ConnectDialer(connect), tls=tls, wall=wall, fetch=fetch, ask=exchange)
    vantage = Vantage(helo=PROBE_NAME, nameservers=(OWN_ADDRESS,), source=PROBE)
    request = Request(domain=DOMAIN, asked=DOMAIN, vantage=vantage, helo=PROBE_NAME, own_sender=True)
    snapshot = await take_snapshot(replace(request, **wishes), resolver, means)
    network.close()
    return Looked(snapshot=snapshot, judgements=judge_snapshot(snapshot), dialled=tuple(dialled))


def _is_failing(query: bytes, domain: Domain) -> bool:
    (question,) = dns.message.from_wire(query).question
    name = question.name.to_text(omit_final_dot=True)
    return f"{name} {dns.rdatatype.to_text(question.rdtype)}" in domain.failing


def _servfail(query: bytes) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire()


def serve(domain: Domain) -> dict[str, dict[str, str]]:
    """The signed zones of each name server, by its address."""
    found: dict[str, dict[str, str]] = {}
    for address in (NS1, NS2):
        records = {**domain.records, **domain.of_server.get(address, {})}
        zones = dict(_signed(domain, records).zones)
        domain.change(zones)
        found[address] = zones
    return found


def _anchor(domain: Domain) -> tuple[str, ...]:
    return _signed(domain, domain.records).anchor


def _signed(domain: Domain, records: Mapping[str, tuple[str, ...]]) -> SignedZones:
    """All zones: a name belongs to the deepest zone that has a SOA."""
    everything = {**domain.others, **records}
    origins = [
        name
        for name, texts in everything.items()
        if any(text.lstrip("0123456789 ").startswith("SOA") for text in texts)
    ]
    zones = dict.fromkeys(origins, "")
    for name, texts in everything.items():
        (zone,) = sorted((one for one in origins if name == one or name.endswith(f".{one}")), key=len)[-1:] or [""]
        for text in texts:
            ttl, rest = ("", text) if not text[0].isdigit() else text.split(" ", 1)
            zones[zone] += f"{name}. {ttl or 3600} IN {rest}\n"
    return sign_zones(zones, domain.keys, domain.unsigned)


def _is_soa(text: str) -> bool:
    """Whether a record, perhaps with its TTL before it, is the top of a zone."""
    return text.lstrip("0123456789 ").startswith("SOA")


def _policy_seams(domain: Domain, loop: asyncio.AbstractEventLoop) -> PolicySeams:
    def react(moment: Moment) -> tuple[Reaction, ...]:
        return combine(domain.react(moment), answer_policy_request(domain.policy, moment))

    def context(kind: CertificateKind, version: Any) -> ssl.SSLContext:
        return AUTHORITY.context(f"mta-sts.{DOMAIN}", kind, version)

    return PolicySeams(name=f"mta-sts.{DOMAIN}", react=react, now=loop.time, context=context)


def _protocol(host: MailHost) -> Callable[[], asyncio.BaseProtocol]:
    if host.silent:
        return asyncio.Protocol
    context = host.issuer.context(host.name, host.kind, host.version) if host.kind is not None else None
    return lambda: _Smtp(host, context)


class _Smtp(SMTP):
    """aiosmtpd with a greeting, an answer to STARTTLS and one to RCPT of its own."""

    def __init__(self, host: MailHost, context: ssl.SSLContext | None) -> None:
        super().__init__(
            _Mailbox(host),
            hostname=host.name,
            ident="ESMTP",
            loop=asyncio.get_running_loop(),
            timeout=86400 * 365,
            tls_context=context,
        )
        self._host, self._greeted, self._is_shaking = host, False, False

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            status = self._host.banner or status
        await super().push(status)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if self._host.starttls is not None:
            await self.push(self._host.starttls)
        elif self._host.alert:
            await self.push("220 2.0.0 ready")
            self._is_shaking = True
        else:
            await super().smtp_STARTTLS(arg)

    def data_received(self, data: bytes) -> None:
        if not self._is_shaking:
            super().data_received(data)
        elif self.transport is not None:
            self.transport.write(self._host.alert)  # type: ignore[attr-defined]  # a stream's
            self.transport.close()


class _Mailbox(Sink):
    def __init__(self, host: MailHost) -> None:
        self._host = host

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        envelope.rcpt_tos.append(address)
        return self._host.rcpt

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, lines: list[str]) -> list[str]:
        session.host_name = name
        return [*lines[:-1], "250-PIPELINING", lines[-1]] if self._host.pipelining else lines
