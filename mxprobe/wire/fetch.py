"""Fetches the MTA-STS policy of a domain: one GET over HTTPS, as a sender makes it, ending in a fact and in time.

What is said on the connection is in `wire.get`. When to fetch, and what the policy says, is thought out in `mx.mtasts`.

Standards: RFC 8461 §3.3 (fetching).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.policy import FetchStatus, PolicyFetch
from mxprobe.facts.session import Endpoint, FailureKind
from mxprobe.facts.smtp import Phase
from mxprobe.facts.tls import TlsFacts
from mxprobe.mx.mtasts import policy_host
from mxprobe.mx.plan import special_use
from mxprobe.wire.dial import Connect
from mxprobe.wire.failures import failure_of
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.tls import TlsContext

if TYPE_CHECKING:
    from mxprobe.wire.get import Get

HTTPS_PORT = 443

_log = logging.getLogger("mxprobe.wire")

_BY_KIND = {
    FailureKind.REFUSED: FetchStatus.REFUSED,
    FailureKind.TIMEOUT: FetchStatus.TIMEOUT,
    FailureKind.UNREACHABLE: FetchStatus.UNREACHABLE,
    FailureKind.RESET: FetchStatus.CLOSED,
}
"""A connection that could not be made; what is not here is about this machine."""


def allow_public(address: str) -> bool:
    """Whether an address is of no special use: whoever writes a zone could have us ask machines of our own network."""
    return special_use(address) is None


def allow_any(_address: str) -> bool:
    """Where a lab is looked at."""
    return True


class FetchMeans(Struct, frozen=True, kw_only=True):
    """What a fetch is made with: names, connections, trust anchors and the wall clock they are judged by.

    `allows` says of an address whether it may be dialled: those of special use may not, unless a lab is looked at.
    `limit` is for the whole (RFC 8461 §3.3 suggests a minute), `connect_limit` for each address, in seconds.
    """

    resolver: Resolver
    connect: Connect
    tls: TlsContext
    wall: Callable[[], float]
    port: int = HTTPS_PORT
    families: tuple[int, ...] = (4, 6)
    limit: float = 60.0
    connect_limit: float = 20.0
    allows: Callable[[str], bool] = allow_public


async def fetch_policy(domain: str, means: FetchMeans, deadline: float | None = None) -> PolicyFetch:
    """The fetch for `domain` (A-labels), as far as it came; nothing of the network's is raised.

    It ends at the nearer of its own limit and `deadline` (loop time). A cancelled fetch drops its connection.
    """
    loop = asyncio.get_running_loop()
    began, began_at = loop.time(), means.wall()
    until = began + means.limit if deadline is None else min(began + means.limit, deadline)
    seen = await _fetch(policy_host(domain), means, until)
    _log.info("%s: policy %s", domain, seen.status)
    return PolicyFetch(
        domain=domain,
        status=seen.status,
        started_at=began_at,
        elapsed=round(loop.time() - began, 6),
        endpoint=seen.endpoint,
        tls=seen.tls,
        code=seen.code,
        body=seen.body,
        detail=seen.detail,
    )


class Seen(Struct, frozen=True, kw_only=True):
    """How a fetch ended, without its times."""

    status: FetchStatus
    detail: str = ""
    endpoint: Endpoint | None = None
    tls: TlsFacts | None = None
    code: int | None = None
    body: bytes = b""


async def _fetch(host: str, means: FetchMeans, until: float) -> Seen:
    """Look up, connect to the first address that answers, ask."""
    addresses = await _look_up(host, means, until)
    if isinstance(addresses, Seen):
        return addresses
    seen = Seen(status=FetchStatus.NO_ADDRESS)
    for address in addresses:
        endpoint = Endpoint(host=host, address=address, port=means.port)
        try:
            get = await _open(endpoint, means, until)
        except OSError as error:
            failure = failure_of(error, Phase.CONNECT, 0.0)
            status = _BY_KIND.get(failure.kind, FetchStatus.LOCAL)
            seen = Seen(status=status, detail=failure.detail, endpoint=endpoint)
            continue
        return await get.hear(until)
    return seen


async def _look_up(host: str, means: FetchMeans, until: float) -> tuple[str, ...] | Seen:
    """The addresses of the policy's host, or how looking for them ended."""
    questions = [
        Question(name=host, rrtype=RecordType.AAAA if family == 6 else RecordType.A) for family in means.families
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(means.resolver.ask(question, until)) for question in questions]
    answers = [task.result() for task in tasks]
    found = tuple(record.address for answer in answers for record in answer.addresses)
    addresses = tuple(address for address in found if means.allows(address))
    if addresses:
        return addresses
    if found:
        detail = f"{host} has addresses of special use alone: {', '.join(found[:4])}"
        return Seen(status=FetchStatus.NO_ADDRESS, detail=detail)
    for answer in answers:
        if answer.status.is_temporary:
            detail = f"{host} {answer.question.rrtype}: {answer.detail or answer.status}"
            return Seen(status=FetchStatus.LOOKUP_FAILED, detail=detail)
    if len(means.families) < 2:
        detail = f"{host} has no address of IPv{means.families[0]}, and no other was asked for"
        return Seen(status=FetchStatus.LOOKUP_FAILED, detail=detail)
    return Seen(status=FetchStatus.NO_ADDRESS, detail=f"{host} has no address")


async def _open(endpoint: Endpoint, means: FetchMeans, until: float) -> "Get":
    """Connect. Raises OSError."""
    from mxprobe.wire.get import Get  # few domains have a policy, and what speaks HTTP takes its time to be loaded

    loop = asyncio.get_running_loop()
    async with asyncio.timeout_at(min(until, loop.time() + means.connect_limit)):
        sock = await means.connect(endpoint)
        try:
            _, get = await loop.create_connection(lambda: Get(endpoint, means.tls, means.wall()), sock=sock)
        except BaseException:
            sock.close()
            raise
    return get
