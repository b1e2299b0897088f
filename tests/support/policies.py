"""A policy host and a client that fetches from it, in a memory network of their own."""

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from mxprobe.facts.policy import PolicyFetch
from mxprobe.facts.session import Endpoint
from mxprobe.lab.certs import Authority
from mxprobe.lab.clock import StoryLoop
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.lab.nameserver import NameServer
from mxprobe.lab.policyhost import PolicySeams
from mxprobe.mx.mtasts import Mode, Policy
from mxprobe.scenario.host import answer_policy_request, combine
from mxprobe.scenario.reaction import CertificateKind, Moment, Reaction, TlsVersion
from mxprobe.wire.dial import Connect
from mxprobe.wire.fetch import HTTPS_PORT, FetchMeans, allow_any, fetch_policy
from mxprobe.wire.resolver import Patience, Resolver
from mxprobe.wire.tls import TlsContext

T = TypeVar("T")

DOMAIN, HOST, ADDRESS = "example.test", "mta-sts.example.test", "192.0.2.7"
EPOCH = 1_767_225_600.0  # 2026-01-01
LATENCY = 0.01
POLICY = Policy(mode=Mode.ENFORCE, mx=("mx1.example.test",), max_age=604800)
AUTHORITY = Authority(1)
TRUSTING = TlsContext(pem=AUTHORITY.pem)

React = Callable[[Moment], tuple[Reaction, ...]]


def play(story: Coroutine[Any, Any, T]) -> T:
    """Run a story on a loop of its own."""
    with asyncio.Runner(loop_factory=StoryLoop) as runner:
        return runner.run(story)


def context(kind: CertificateKind, version: TlsVersion | None = None) -> ssl.SSLContext:
    return AUTHORITY.context(HOST, kind, version)


def seams(fault: React = lambda moment: ()) -> PolicySeams:
    """A policy host with `fault` in force."""

    def react(moment: Moment) -> tuple[Reaction, ...]:
        return combine(fault(moment), answer_policy_request(POLICY, moment))

    return PolicySeams(name=HOST, react=react, now=asyncio.get_running_loop().time, context=context)


def inside_tls(talk: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.BaseProtocol]:
    """A factory of hosts that shake hands and then do whatever the protocol does."""
    loop = asyncio.get_running_loop()
    valid = context(CertificateKind.VALID)
    return lambda: SSLProtocol(loop, talk(), valid, None, server_side=True)  # type: ignore[arg-type]


def resolver(*addresses: str) -> Resolver:
    """Names of the domain: its policy host has these addresses, and nothing where there are none."""
    zone = "@ 300 IN SOA ns hostmaster 1 3600 900 604800 60\n@ 300 IN NS ns\nns 300 IN A 192.0.2.1\n"
    for address in addresses:
        zone += f"mta-sts 300 IN {'AAAA' if ':' in address else 'A'} {address}\n"
    names = NameServer({DOMAIN: zone})

    async def exchange(query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        await asyncio.sleep(2 * LATENCY)
        return names.answer(query, lambda question: (), over_tcp=over_tcp) or b""

    return Resolver(exchange, ("192.0.2.1:53",), Patience())


def means(connect: Connect, names: Resolver | None = None, **changes: Any) -> FetchMeans:
    """What a fetch is made with; the wall clock is the loop's, from 2026 on."""
    loop = asyncio.get_running_loop()
    settings: dict[str, Any] = {"tls": TRUSTING, "wall": lambda: EPOCH + loop.time(), "allows": allow_any} | changes
    return FetchMeans(resolver=names or resolver(ADDRESS), connect=connect, **settings)


def over(network: MemoryNetwork) -> Connect:
    """Connects in a memory network."""

    async def connect(endpoint: Endpoint) -> Any:
        return await network.connect(endpoint.address, endpoint.port)

    return connect


def fetch_from(host: Callable[[], Callable[[], asyncio.BaseProtocol]], **changes: Any) -> PolicyFetch:
    """One fetch from a host whose factory `host` makes; afterwards nothing is left open and no task waits."""

    async def story() -> PolicyFetch:
        network = MemoryNetwork(latency=LATENCY)
        network.listen(ADDRESS, HTTPS_PORT, host())
        fetch = await fetch_policy(DOMAIN, means(over(network), **changes))
        await asyncio.sleep(200)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not network.open_ends
        return fetch

    return play(story())
