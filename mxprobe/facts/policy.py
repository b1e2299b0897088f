"""How the fetch of an MTA-STS policy went: one HTTPS GET, and what came of it.

What the body says is worked out by `mx.mtasts`, again by today's code whenever a saved fetch is judged.
Standards: RFC 8461 §3.3.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.session import Endpoint
from mxprobe.facts.tls import TlsFacts


class FetchStatus(StrEnum):
    """How a fetch ended. Only `FETCHED` has a body that counts.

    `NO_ADDRESS`: the name servers say that the policy's host has none; `LOOKUP_FAILED`: they say nothing. `CLOSED`: the
    connection ended before the answer did; `LOCAL`: about this machine, and not to be blamed on the host.
    """

    FETCHED = "fetched"
    NO_ADDRESS = "no-address"
    LOOKUP_FAILED = "lookup-failed"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    LOCAL = "local"
    TLS = "tls"
    BAD_CERTIFICATE = "bad-certificate"
    CLOSED = "closed"
    MALFORMED = "malformed"
    HTTP_STATUS = "http-status"
    REDIRECT = "redirect"
    WRONG_TYPE = "wrong-type"
    TOO_LARGE = "too-large"


class PolicyFetch(Struct, frozen=True, kw_only=True):
    """One fetch. `endpoint` is the last address tried, `tls` the handshake where it came to its end.

    `code` is that of HTTP, `body` the policy file as it came (empty unless fetched), `detail` escaped text for people,
    `elapsed` seconds from the first question to the end; `started_at` is seconds since 1970 UTC.
    """

    domain: str
    status: FetchStatus
    started_at: float
    elapsed: float = 0.0
    endpoint: Endpoint | None = None
    tls: TlsFacts | None = None
    code: int | None = None
    body: bytes = b""
    detail: str = ""
