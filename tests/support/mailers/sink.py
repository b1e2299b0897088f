"""A host that takes every message and keeps it in memory: where mail of a mailer under test ends."""

import socket
import socketserver
import threading
import time
from types import TracebackType
from typing import Self

from msgspec import Struct

_PORT = 25


class Taken(Struct, frozen=True, kw_only=True):
    """A message as it came: `client` is the address it came from."""

    client: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Sink:
    """Listens at port 25 of an address, in threads: a context manager.

    Recipients called `ghost` it refuses with 550, those called `busy` it puts off with 450. `asked` are the recipients
    that anybody has named to it, refused ones included.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[str] = []
        self.taken: list[Taken] = []
        self._server: _Server | None = None

    def await_message(self, recipient: str, within: float = 10) -> Taken:
        """The first message for a recipient; TimeoutError when none has come in time."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for taken in self.taken:
                if recipient in taken.recipients:
                    return taken
            time.sleep(0.01)
        raise TimeoutError(f"nothing for {recipient} in {within:g} s")

    def __enter__(self) -> Self:
        kind = _Server6 if ":" in self.address else _Server
        self._server = kind((self.address, _PORT), _Session)
        self._server.sink = self
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 50
    daemon_threads = True
    block_on_close = False  # a mailer may keep an idle session for long
    sink: Sink


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            self._converse()
        except ConnectionError:
            return  # a mailer that is stopped says no goodbye

    def _converse(self) -> None:
        self._say("220 sink.test ESMTP")
        sender, recipients = "", list[str]()
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            match verb.upper():
                case "MAIL":
                    sender, recipients = _path(rest), []
                    self._say("250 2.1.0 Ok")
                case "RCPT":
                    self._say(self._judge(_path(rest), recipients))
                case "DATA" if recipients:
                    self._say("354 Go ahead")
                    self._take(sender, tuple(recipients))
                    self._say("250 2.0.0 Ok")
                case "DATA":
                    self._say("554 5.5.1 No valid recipients")
                case "QUIT":
                    self._say("221 2.0.0 Bye")
                    return
                case _:
                    self._say("250 sink.test")

    def _judge(self, recipient: str, recipients: list[str]) -> str:
        self._sink.asked.append(recipient)
        if recipient.startswith("ghost@"):
            return "550 5.1.1 No such user"
        if recipient.startswith("busy@"):
            return "450 4.2.0 Not now"
        recipients.append(recipient)
        return "250 2.1.5 Ok"

    def _take(self, sender: str, recipients: tuple[str, ...]) -> None:
        content = b"".join(iter(self.rfile.readline, b".\r\n"))
        client = self.client_address[0]
        self._sink.taken.append(Taken(client=client, sender=sender, recipients=recipients, content=content))

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    @property
    def _sink(self) -> Sink:
        assert isinstance(self.server, _Server)
        return self.server.sink


def _path(rest: str) -> str:
    """The address in `FROM:<...>` or `TO:<...>`, in small letters."""
    return rest[rest.index("<") + 1 : rest.index(">")].lower()
