"""Foreign exceptions made into facts, here and nowhere else.

What a peer, the network or this machine does to a connection arrives as an exception of the operating system or of the
TLS library; beyond this room it is a `Failure` with its phase.
"""

import errno
import os

from OpenSSL import SSL

from mxprobe.facts.session import Failure, FailureKind
from mxprobe.facts.smtp import Phase
from mxprobe.facts.text import escape_text


class PeerClosed(EOFError):
    """The peer ended the connection with FIN where a reply was due."""


class PeerOverflowed(ValueError):
    """The peer sent more than any reply may have."""


class PeerMalformed(ValueError):
    """The peer said what is no reply."""


NETWORK_FAILURES: tuple[type[BaseException], ...] = (OSError, PeerClosed, PeerOverflowed, SSL.Error)
"""What may be caught around a conversation and handed to `failure_of`. TimeoutError is an OSError."""

_BY_ERRNO = {
    errno.ECONNREFUSED: FailureKind.REFUSED,
    errno.ECONNRESET: FailureKind.RESET,
    errno.ECONNABORTED: FailureKind.RESET,
    errno.EPIPE: FailureKind.RESET,
    errno.ETIMEDOUT: FailureKind.TIMEOUT,
    errno.ENETUNREACH: FailureKind.UNREACHABLE,
    errno.EHOSTUNREACH: FailureKind.UNREACHABLE,
    errno.EHOSTDOWN: FailureKind.UNREACHABLE,
    errno.EPROTO: FailureKind.UNREACHABLE,
    errno.ENOPROTOOPT: FailureKind.UNREACHABLE,
    errno.EAFNOSUPPORT: FailureKind.NO_FAMILY,
}


def failure_of(error: BaseException, phase: Phase, after: float) -> Failure:
    """The failure that `error` stands for, `after` seconds of waiting in `phase`.

    An error of the operating system that is not known to come from the way or the peer is LOCAL: it is about this
    machine, and never blamed on a host.
    """
    return Failure(kind=_kind_of(error), phase=phase, detail=escape_text(describe(error)), after=round(after, 6))


def _kind_of(error: BaseException) -> FailureKind:
    if isinstance(error, PeerOverflowed):
        return FailureKind.TOO_LONG
    if isinstance(error, PeerMalformed):
        return FailureKind.MALFORMED
    if isinstance(error, PeerClosed):
        return FailureKind.CLOSED
    if isinstance(error, SSL.Error):
        return FailureKind.TLS
    number = getattr(error, "errno", None)
    if isinstance(error, TimeoutError) and number is None:
        return FailureKind.TIMEOUT
    return _BY_ERRNO.get(number, FailureKind.LOCAL) if number is not None else FailureKind.LOCAL


def describe(error: BaseException) -> str:
    """What happened, in words; not yet escaped."""
    if isinstance(error, SSL.Error):
        return describe_tls(error)
    number = getattr(error, "errno", None)
    if number is not None:
        return os.strerror(number)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__


def describe_tls(error: SSL.Error) -> str:
    """OpenSSL's reasons, the last first; the names of its functions and libraries are left out."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    reasons = [str(entry[-1]) for entry in reversed(queue) if isinstance(entry, tuple) and entry and entry[-1]]
    if reasons:
        return "; ".join(dict.fromkeys(reasons))
    if isinstance(error, SSL.ZeroReturnError):
        return "the peer closed TLS"
    return (
        "the peer closed the connection in the middle of TLS" if isinstance(error, SSL.SysCallError) else "TLS failed"
    )
