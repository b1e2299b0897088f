"""One GET for an MTA-STS policy over TLS: the request, and an answer that counts or the reason why it does not.

No redirect is followed, no other status than 200 and no other type than text/plain counts, and the host's certificate
has to be valid before anything is asked (RFC 8461 §3.3). Memory and time are bounded whatever the peer sends.

Standards: RFC 8461 §3.2 (type, size), §3.3 (fetching), RFC 9110 §8.3 (types), RFC 9112 (messages).
"""

import asyncio

import h11
from OpenSSL import SSL

from mxprobe import __version__
from mxprobe.facts.policy import FetchStatus
from mxprobe.facts.session import Endpoint
from mxprobe.facts.text import escape, escape_text
from mxprobe.facts.tls import StrictVerdict, TlsFacts
from mxprobe.mx.mtasts import POLICY_PATH
from mxprobe.wire.failures import describe
from mxprobe.wire.fetch import HTTPS_PORT, Seen
from mxprobe.wire.tls import TlsContext, TlsEngine

LARGEST_BODY = 65536
"""What a policy file may have; RFC 8461 §3.3 suggests 64 kilobytes."""

MOST_HEARD = 524288
"""All that a peer may send on one connection: a body in chunks of one byte still fits."""

_SHOWN = 300
_HEADERS_TOO_LARGE = 431  # how h11 marks headers that go beyond its limit


class Get(asyncio.Protocol):
    """One connection, one request, one answer; what was seen is gathered in its fields."""

    def __init__(self, endpoint: Endpoint, tls: TlsContext, now: float) -> None:
        self.endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._engine = TlsEngine(tls, endpoint.host, now)
        self._http = h11.Connection(our_role=h11.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._ended: asyncio.Future[Seen] = self._loop.create_future()
        self._lost = self._loop.create_future()
        self._heard = 0
        self._no_more = False
        self._tls: TlsFacts | None = None
        self._code: int | None = None
        self._body = bytearray()

    async def hear(self, until: float) -> Seen:
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

    def _seen(self, status: FetchStatus, detail: str) -> Seen:
        body = bytes(self._body) if status is FetchStatus.FETCHED else b""
        return Seen(status=status, detail=detail, endpoint=self.endpoint, tls=self._tls, code=self._code, body=body)


def _objections(verdict: StrictVerdict) -> str:
    """Why a certificate is not valid, in words."""
    words = [problem.text for problem in verdict.problems] + [verdict.name_problem or ""]
    return "; ".join(dict.fromkeys(word for word in words if word)) or "not valid at this moment"


def _show(raw: bytes) -> str:
    return escape(raw[:_SHOWN])
