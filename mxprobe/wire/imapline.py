"""One connection to an IMAP server: imaplib over a socket that is read with a deadline and a bound.

Standards: RFC 8314 §3 (TLS from the first octet), RFC 3501 §6.2.1 (STARTTLS).
"""

import contextlib
import imaplib
import socket
import ssl
import time
from collections.abc import Callable

from msgspec import Struct

from mxprobe.errors import MxprobeError
from mxprobe.wire.secret import Secret

_MOST_ANSWER = 4_194_304  # a single command's answer, and what came unasked before it
_LONGEST_LINE = 1_000_000
_PIECE = 65_536


class MailboxRefused(MxprobeError):
    """The server cannot be trusted, or lets nobody in with this name and password: something here must change."""


class Account(Struct, frozen=True, kw_only=True):
    """Whose mail, where, and until when a server is waited for. `cafile` replaces the machine's authorities."""

    host: str
    port: int
    user: str
    password: Secret
    starttls: bool = False
    cafile: str | None = None
    limit: float = 30.0

    @property
    def name(self) -> str:
        """How messages to people call it."""
        return f"{self.user} at {self.host}:{self.port}"


class TooMuch(Exception):
    """The server sends more than there can be to say."""


class Line(imaplib.IMAP4):
    """imaplib over a socket read with a deadline for the whole of what is asked, and a bound on what may come."""

    def __init__(self, account: Account, deadline: float, hold: Callable[[socket.socket], None]) -> None:
        self._account = account
        self._hold = hold
        self._context = trusting(account)
        self._kept = bytearray()
        self._allowed = _MOST_ANSWER
        self.deadline = deadline
        super().__init__(account.host, account.port)

    def allow(self, deadline: float) -> None:
        """Begin something new, to be answered until then."""
        self.deadline = deadline
        self.allow_more()

    def allow_more(self) -> None:
        """Forget what was answered so far, and let as much be answered again."""
        self._allowed = _MOST_ANSWER
        self.untagged_responses.clear()

    @property
    def left(self) -> float:
        """Seconds to the deadline."""
        return self.deadline - time.monotonic()

    @property
    def limit(self) -> float:
        """Seconds from which the deadline was made."""
        return self._account.limit

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, with TLS at once unless the account says STARTTLS."""
        self.host, self.port = host, port
        self.sock = self._connected()
        try:
            if not self._account.starttls:
                self._shake_hands()
        except BaseException:
            self.shutdown()
            raise

    def upgrade(self) -> None:
        """STARTTLS; octets that were sent before TLS and are still unread are refused."""
        where, status = f"IMAP {self._account.name}", ""
        with contextlib.suppress(self.error):
            status, _ = self.xatom("STARTTLS")
        if status != "OK":
            raise MailboxRefused(f"{where}: it starts no TLS, and nothing is said without; try imaps:// (port 993)")
        if self._kept:
            raise MailboxRefused(f"{where}: somebody put words into it behind the answer to STARTTLS")
        self._shake_hands()
        self.learn()

    def learn(self) -> None:
        """Ask what the server can do: it tells more behind TLS, and more again to a user."""
        _, words = self.capability()
        self.capabilities = tuple(str(words[-1] or b"", "ascii", "replace").upper().split())

    def read(self, size: int) -> bytes:
        """A literal, whole."""
        if size > self._allowed:
            raise TooMuch
        while len(self._kept) < size:
            self._receive()
        return self._take(size)

    def readline(self) -> bytes:
        """A line, its end included."""
        begin = 0
        while (end := self._kept.find(b"\n", begin)) < 0:
            begin = len(self._kept)
            if begin > _LONGEST_LINE:
                raise TooMuch
            self._receive()
        return self._take(end + 1)

    def send(self, data: bytes) -> None:  # type: ignore[override]
        """All of it, within the deadline."""
        self.sock.settimeout(self._left())
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Close without a word, so that no server can hold it up."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def _log(self, line: object) -> None:
        """Nothing: imaplib would keep what was sent."""

    def _connected(self) -> socket.socket:
        problem: OSError = OSError("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
            opened = socket.socket(family, kind, protocol)
            self._hold(opened)
            try:
                opened.settimeout(self._left())
                opened.connect(address)
                return opened
            except OSError as error:
                opened.close()
                problem = error
        raise problem

    def _shake_hands(self) -> None:
        self.sock.settimeout(self._left())
        secured = self._context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = secured
        self._hold(secured)
        secured.do_handshake()

    def _left(self) -> float:
        left = self.left
        if left <= 0:
            raise TimeoutError
        return left

    def _receive(self) -> None:
        self.sock.settimeout(self._left())
        octets = self.sock.recv(_PIECE)
        if not octets:
            raise self.abort("it closed the connection")
        self._allowed -= len(octets)
        if self._allowed < 0:
            raise TooMuch
        self._kept += octets

    def _take(self, size: int) -> bytes:
        taken = bytes(self._kept[:size])
        del self._kept[:size]
        return taken


def trusting(account: Account) -> ssl.SSLContext:
    """What a server's certificate is held against. Raises MailboxRefused for a file that holds no authorities."""
    try:
        return ssl.create_default_context(cafile=account.cafile)
    except OSError as error:
        why = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        raise MailboxRefused(f"--imap-cafile {account.cafile}: {why}") from None
