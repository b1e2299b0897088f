"""Fetches the MTA-STS policy of a domain: one GET over HTTPS, as a sender makes it, ending in a fact and in time.

No redirect is followed, no other status than 200 and no other type than text/plain counts, and the host's certificate
has to be valid before anything is asked (RFC 8461 §3.3). Memory and time are bounded whatever the peer sends. When to
fetch, and what the policy says, is thought out in `mx.mtasts`.

Standards: RFC 8461 §3.2 (type, size), §3.3 (fetching), RFC 9110 §8.3 (types), RFC 9112 (messages).
"""

import asyncio
import logging
from collections.abc import Callable

import h11
from msgspec import Struct
from OpenSSL import SSL

from mxprobe import __version__
from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.policy import FetchStatus, PolicyFetch
from mxprobe.facts.session import Endpoint, FailureKind
from mxprobe.facts.smtp import Phase
from mxprobe.facts.text import escape, escape_text
from mxprobe.facts.tls import StrictVerdict, TlsFacts
from mxprobe.mx.mtasts import POLICY_PATH, policy_host
from mxprobe.mx.plan import special_use
from mxprobe.wire.dial import Connect
from mxprobe.wire.failures import describe, failure_of
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.tls import TlsContext, TlsEngine

HTTPS_PORT = 443

LARGEST_BODY = 65536
"""What a policy file may have; RFC 8461 §3.3 suggests 64 kilobytes."""

MOST_HEARD = 524288
"""All that a peer may send on one connection: a body in chunks of one byte still fits."""

_SHOWN = 300
_HEADERS_TOO_LARGE = 431  # how h11 marks headers that go beyond its limit

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


class _Seen(Struct, frozen=True, kw_only=True):
    """How a fetch ended, without its times."""

    status: FetchStatus
    detail: str = ""
    endpoint: Endpoint | None = None
    tls: TlsFacts | None = None
    code: int | None = None
    body: bytes = b""


async def _fetch(host: str, means: FetchMeans, until: float) -> _Seen:
    """Look up, connect to the first address that answers, ask."""
    addresses = await _look_up(host, means, until)
    if isinstance(addresses, _Seen):
        return addresses
    seen = _Seen(status=FetchStatus.NO_ADDRESS)
    for address in addresses:
        endpoint = Endpoint(host=host, address=address, port=means.port)
        try:
            get = await _open(endpoint, means, until)
        except OSError as error:
            failure = failure_of(error, Phase.CONNECT, 0.0)
            status = _BY_KIND.get(failure.kind, FetchStatus.LOCAL)
            seen = _Seen(status=status, detail=failure.detail, endpoint=endpoint)
            continue
        return await get.hear(until)
    return seen


async def _look_up(host: str, means: FetchMeans, until: float) -> tuple[str, ...] | _Seen:
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
        return _Seen(status=FetchStatus.NO_ADDRESS, detail=detail)
    for answer in answers:
        if answer.status.is_temporary:
            detail = f"{host} {answer.question.rrtype}: {answer.detail or answer.status}"
            return _Seen(status=FetchStatus.LOOKUP_FAILED, detail=detail)
    if len(means.families) < 2:
        detail = f"{host} has no address of IPv{means.families[0]}, and no other was asked for"
        return _Seen(status=FetchStatus.LOOKUP_FAILED, detail=detail)
    return _Seen(status=FetchStatus.NO_ADDRESS, detail=f"{host} has no address")


async def _open(endpoint: Endpoint, means: FetchMeans, until: float) -> "_Get":
    """Connect. Raises OSError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout_at(min(until, loop.time() + means.connect_limit)):
        sock = await means.connect(endpoint)
        try:
            _, get = await loop.create_connection(
                lambda: _Get(endpoint, TlsEngine(means.tls, endpoint.host, means.wall())), sock=sock
            )
        except BaseException:
            sock.close()
            raise
    return get


class _Get(asyncio.Protocol):
    """One connection, one request, one answer; what was seen is gathered in its fields."""

    def __init__(self, endpoint: Endpoint, engine: TlsEngine) -> None:
        self.endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._engine = engine
        self._http = h11.Connection(our_role=h11.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._ended: asyncio.Future[_Seen] = self._loop.create_future()
        self._lost = self._loop.create_future()
        self._heard = 0
        self._no_more = False
        self._tls: TlsFacts | None = None
        self._code: int | None = None
        self._body = bytearray()

    async def hear(self, until: float) -> _Seen:
        """Wait for the end of the answer, and hang up."""
        try:
            async with asyncio.timeout_at(until):
                return await self._ended
        except TimeoutError:
            return self._seen(FetchStatus.TIMEOUT, f"no {'answer' if self._tls else 'handshake'} in time")
        finally:
            await self._hang_up()

    async def _hang_up(self) -> None:
        """Say goodbye, and drop what the peer does not read at once."""
        if self._transport is None:
            return
        self._engine.say_goodbye()
        self._flush()
        self._transport.close()
        self._transport.abort()
        await self._lost

    # -- what the transport says ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._transport = transport  # type: ignore[assignment]  # a Protocol is given a Transport
        self._advance(b"")

    def data_received(self, data: bytes) -> None:
        """Go on as far as the bytes allow."""
        self._heard += len(data)
        if self._heard > MOST_HEARD:
            self._end(FetchStatus.TOO_LARGE, f"sent more than {MOST_HEARD} bytes")
        self._advance(data)

    def eof_received(self) -> bool:
        """The peer has said all it will say: an end without TLS's own goodbye is none of the answer's."""
        self._break_off("closed the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._break_off("closed the connection" if exc is None else describe(exc))
        if not self._lost.done():
            self._lost.set_result(None)

    # -- TLS ----------------------------------------------------------------------------------------------------------

    def _advance(self, data: bytes) -> None:
        if self._ended.done():
            return
        try:
            if data:
                self._engine.feed(data)
            if self._tls is not None or self._shake_hands():
                self._read()
        except (SSL.Error, ValueError) as error:  # ValueError: a certificate that cannot be read
            self._flush()  # the alert that says why
            self._end(FetchStatus.TLS, describe(error))

    def _shake_hands(self) -> bool:
        """Go on with the handshake, and ask when it is done and the certificate is valid."""
        done = self._engine.shake_hands()
        self._flush()
        if not done:
            return False
        self._tls = self._engine.facts(round(self._loop.time() - self._began, 6))
        if not self._tls.verdict.is_valid:
            self._end(FetchStatus.BAD_CERTIFICATE, _objections(self._tls.verdict))
            return False
        self._engine.write(self._request())
        self._flush()
        return True

    def _read(self) -> None:
        plain, closed = self._engine.read()
        self._flush()
        if plain:
            self._http.receive_data(plain)
        if closed:
            self._no_more = True
            self._http.receive_data(b"")
        try:
            self._take_events()
        except h11.RemoteProtocolError as error:
            if self._no_more:
                self._break_off("closed the connection in the middle of its answer")
            elif error.error_status_hint == _HEADERS_TOO_LARGE:
                self._end(FetchStatus.TOO_LARGE, "sent headers without end")
            else:
                self._end(FetchStatus.MALFORMED, str(error))

    def _flush(self) -> None:
        """Send the ciphertext that waits."""
        waiting = self._engine.pull()
        if waiting and self._transport is not None and not self._transport.is_closing():
            self._transport.write(waiting)

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    def _request(self) -> bytes:
        host, port = self.endpoint.host, self.endpoint.port
        headers = [
            ("Host", host if port == HTTPS_PORT else f"{host}:{port}"),
            ("User-Agent", f"mxprobe/{__version__}"),
            ("Accept", "text/plain"),
            ("Connection", "close"),
        ]
        begun = self._http.send(h11.Request(method="GET", target=POLICY_PATH, headers=headers))
        return (begun or b"") + (self._http.send(h11.EndOfMessage()) or b"")

    def _take_events(self) -> None:
        while not self._ended.done():
            match self._http.next_event():
                case h11.NEED_DATA | h11.PAUSED:
                    return
                case h11.Response() as response:
                    self._judge(response)
                case h11.Data() as data:
                    self._body += data.data
                    if len(self._body) > LARGEST_BODY:
                        self._end(FetchStatus.TOO_LARGE, f"the body has more than {LARGEST_BODY} bytes")
                case h11.EndOfMessage():
                    self._end(FetchStatus.FETCHED)

    def _judge(self, response: h11.Response) -> None:
        """End here unless the answer is one that counts."""
        headers = {bytes(name): bytes(value) for name, value in reversed(list(response.headers))}
        self._code = code = response.status_code
        if 300 <= code < 400:
            self._end(FetchStatus.REDIRECT, f"answers {code} {_show(headers.get(b'location', b''))}".rstrip())
        elif code != 200:
            self._end(FetchStatus.HTTP_STATUS, f"answers {code} {_show(bytes(response.reason))}".rstrip())
        elif b"content-type" not in headers:
            self._end(FetchStatus.WRONG_TYPE, "says no Content-Type")
        elif headers[b"content-type"].partition(b";")[0].strip().lower() != b"text/plain":
            self._end(FetchStatus.WRONG_TYPE, f"is {_show(headers[b'content-type'])}, not text/plain")
        elif int(headers.get(b"content-length", b"0")) > LARGEST_BODY:
            self._end(FetchStatus.TOO_LARGE, f"the body has {int(headers[b'content-length'])} bytes")

    # -- the end ------------------------------------------------------------------------------------------------------

    def _break_off(self, why: str) -> None:
        """The connection ended: in the handshake that is its failure, later the answer's."""
        self._end(FetchStatus.TLS if self._tls is None else FetchStatus.CLOSED, why)

    def _end(self, status: FetchStatus, detail: str = "") -> None:
        if not self._ended.done():
            self._ended.set_result(self._seen(status, escape_text(detail)))

    def _seen(self, status: FetchStatus, detail: str) -> _Seen:
        body = bytes(self._body) if status is FetchStatus.FETCHED else b""
        return _Seen(status=status, detail=detail, endpoint=self.endpoint, tls=self._tls, code=self._code, body=body)


def _objections(verdict: StrictVerdict) -> str:
    """Why a certificate is not valid, in words."""
    words = [problem.text for problem in verdict.problems] + [verdict.name_problem or ""]
    return "; ".join(dict.fromkeys(word for word in words if word)) or "not valid at this moment"


def _show(raw: bytes) -> str:
    return escape(raw[:_SHOWN])
