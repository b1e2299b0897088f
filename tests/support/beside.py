"""What stands beside real mailers in a test: a policy host over HTTPS, and a policy service that Postfix asks."""

import http.server
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.support.mailers import Certificate


@contextmanager
def policy_host(address: str, certificate: Certificate, policy: str) -> Iterator[None]:
    """An HTTPS server at port 443 of the address that answers every GET with an MTA-STS policy."""

    class Page(http.server.BaseHTTPRequestHandler):
        """One page."""

        def do_GET(self) -> None:
            """Give the policy."""
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(policy)))
            self.end_headers()
            self.wfile.write(policy.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    with http.server.ThreadingHTTPServer((address, 443), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with _running(server):
            yield


@contextmanager
def policy_service(decide: Callable[[Mapping[str, str]], str]) -> Iterator[str]:
    """A service in the manner of Postfix's SMTPD_POLICY_README; gives the word for `check_policy_service`.

    `decide` gets the attributes of a request and gives an action, such as `dunno` or `451 4.7.1 later`.
    """

    class Desk(socketserver.StreamRequestHandler):
        """One connection of an smtpd, with one request after the other."""

        def handle(self) -> None:
            """Answer until the client hangs up."""
            asked: dict[str, str] = {}
            for line in self.rfile:
                name, _, value = line.decode().rstrip("\n").partition("=")
                if name:
                    asked[name] = value
                    continue
                self.wfile.write(f"action={decide(asked)}\n\n".encode())
                asked = {}

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Desk) as server:
        server.daemon_threads = True
        with _running(server):
            yield f"check_policy_service inet:127.0.0.1:{server.server_address[1]}"


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
