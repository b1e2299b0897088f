"""TLS as a prober wants it: one handshake that always goes on, and what a strict client would have said of it.

The engine stands between ciphertext and plaintext and touches no socket. The verifier's objections are recorded
(code, depth), the host's name is checked beside it, and every date is judged at a moment that the caller gives, so
that a story years away is judged by its own clock. One context serves all sessions; building one costs 30 ms.

Standards: RFC 5280 §6 (chains), RFC 9525 §6 (names), RFC 6066 §3 (server name).
"""

import contextlib
import ssl
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

from mxprobe.errors import InputError, Place
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.facts.tls import ChainProblem, StrictVerdict, TlsFacts
from mxprobe.wire.certificates import DATE_CODES, SeenCertificate, see_certificate, verify_words

_CHUNK = 16384
"""Octets read at once: what one record of TLS can hold (RFC 8446 §5.1)."""

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: a store takes a moment once and for all connections, so we judge


class _Verification:
    """What one handshake's verifier is asked and says: the moment, its objections (code, depth), the host's own
    certificate."""

    __slots__ = ("leaf", "now", "problems")

    def __init__(self, now: float) -> None:
        self.now = now
        self.problems: list[tuple[int, int]] = []
        self.leaf: SeenCertificate | None = None


class TlsContext:
    """What all handshakes of one policy share: trust anchors (the system's, those of a file, or `pem`) and settings."""

    def __init__(self, cafile: Path | str | None = None, *, pem: bytes | None = None) -> None:
        """Raises InputError for a file that cannot be read or holds no certificate in PEM, ValueError for `pem`."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_verify(SSL.VERIFY_PEER, _record)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # thousands of connections wait at once
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        offer_groups(context)
        store = context.get_cert_store()
        assert store is not None  # noqa: S101 - OpenSSL makes the store together with the context
        store.set_flags(_NO_CHECK_TIME)
        self._loading: Thread | None = None
        if cafile is None and pem is None:
            # The system's anchors take OpenSSL a while, in which the names are asked for: the first handshake waits.
            self._loading = Thread(target=context.set_default_verify_paths, name="trust anchors", daemon=True)
            self._loading.start()
        for certificate in () if cafile is None else _read_anchors(Path(cafile)):
            store.add_cert(crypto.X509.from_cryptography(certificate))
        for certificate in () if pem is None else x509.load_pem_x509_certificates(pem):
            store.add_cert(crypto.X509.from_cryptography(certificate))
        self._context = context

    def connect(self, verification: _Verification) -> SSL.Connection:
        """A connection over memory; what its verifier objects to is put into `verification`."""
        if self._loading is not None:
            self._loading.join()
            self._loading = None
        connection = SSL.Connection(self._context, None)
        connection.set_app_data(verification)
        connection.set_connect_state()
        return connection


_GROUPS = b"X25519:P-256:X448:P-384:P-521:ffdhe2048:ffdhe3072"
"""OpenSSL's groups but the hybrid of ML-KEM."""


def offer_groups(context: SSL.Context) -> None:
    """Offer the groups that mail senders have had for years, so that the hello is one segment.

    The share of a hybrid makes it two, at which some old hosts fall silent, and a handshake takes a quarter more of the
    processor. pyOpenSSL offers no list of groups; where what it has within is gone, OpenSSL's own list stays.
    """
    inside: Any = SSL
    try:
        if not inside._lib.SSL_CTX_set1_curves_list(context._context, _GROUPS):
            inside._lib.ERR_clear_error()
    except (AttributeError, TypeError):
        return


@cache
def system_context() -> TlsContext:
    """The context that trusts the system's authorities: one for the process, loaded once."""
    return TlsContext()


def _record(connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, good: int) -> bool:
    """Note the verifier's objection, or ours about the dates of what it let pass, and let the handshake go on."""
    verification: _Verification = connection.get_app_data()
    objection: int | None = code
    if good:
        seen = _see(certificate)
        objection = seen.date_problem(verification.now)
        if depth == 0:
            verification.leaf = seen
    if objection is not None:
        verification.problems.append((objection, depth))
    return True


def _see(certificate: crypto.X509) -> SeenCertificate:
    return see_certificate(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))


def _read_anchors(path: Path) -> list[x509.Certificate]:
    hint = "A --cafile holds one or more blocks that begin with -----BEGIN CERTIFICATE-----."
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read the trust anchors: {error.strerror or error}", place=Place(str(path)), hint=hint
        ) from error
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        first = pem.splitlines()[0].decode("utf-8", "replace") if pem.strip() else ""
        place = Place(str(path), 1, 1, first, len(first)) if first else Place(str(path))
        raise InputError("there is no certificate in PEM in this file", place=place, hint=hint) from error


class TlsEngine:
    """One TLS connection: ciphertext in by `feed`, out by `pull`; plaintext in by `write`, out by `read`.

    Raises OpenSSL's errors, which `wire.failures` turns into facts.
    """

    def __init__(self, context: TlsContext, host: str, now: float) -> None:
        self._host = host
        self._verification = _Verification(now)
        self._connection = context.connect(self._verification)
        self.server_name = _server_name(host)
        if self.server_name is not None:
            self._connection.set_tlsext_host_name(self.server_name.encode("ascii"))

    def feed(self, data: bytes) -> None:
        """Take ciphertext from the peer."""
        self._connection.bio_write(data)

    def shake_hands(self) -> bool:
        """Go on with the handshake as far as the bytes allow; True when it is complete."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def write(self, data: bytes) -> None:
        """Encrypt plaintext; `pull` has the outcome."""
        self._connection.sendall(data)

    def read(self) -> tuple[bytes, bool]:
        """The plaintext that is there, and whether the peer has said goodbye (close_notify)."""
        parts = []
        try:
            while True:
                parts.append(self._connection.recv(_CHUNK))
        except SSL.WantReadError:
            return b"".join(parts), False
        except SSL.ZeroReturnError:
            return b"".join(parts), True

    def pull(self) -> bytes:
        """The ciphertext that waits to be sent."""
        parts = []
        try:
            while True:
                parts.append(self._connection.bio_read(_CHUNK))
                if len(parts[-1]) < _CHUNK:  # asked once more it would raise, which costs as much as the reading
                    break
        except SSL.WantReadError:
            pass
        return b"".join(parts)

    def say_goodbye(self) -> None:
        """Let close_notify wait for `pull`; a broken connection has nobody to say it to."""
        with contextlib.suppress(SSL.Error):
            self._connection.shutdown()

    def facts(self, elapsed: float) -> TlsFacts:
        """What the completed handshake showed."""
        chain = self._chain()
        return TlsFacts(
            version=self._connection.get_protocol_version_name(),
            cipher=self._connection.get_cipher_name() or "unknown",
            group=self._connection.get_group_name(),
            server_name=self.server_name,
            chain=tuple([certificate.fact for certificate in chain]),
            verdict=self._verdict(chain),
            elapsed=elapsed,
        )

    def _chain(self) -> list[SeenCertificate]:
        leaf, shown = self._verification.leaf, self._connection.get_peer_cert_chain() or []
        return [_see(shown[0]) if leaf is None else leaf, *map(_see, shown[1:])] if shown else []

    def _verdict(self, chain: list[SeenCertificate]) -> StrictVerdict:
        now, objections = self._verification.now, self._verification.problems
        problems = tuple(
            ChainProblem(code=code, depth=depth, text=verify_words(code)) for code, depth in dict.fromkeys(objections)
        )
        codes = {problem.code for problem in problems}
        name_problem = chain[0].match_name(self._host) if chain else "the host sent no certificate"
        return StrictVerdict(
            trusted=bool(chain) and not codes - DATE_CODES,
            dates_valid=not codes & DATE_CODES and bool(chain) and chain[0].date_problem(now) is None,
            name_matches=name_problem is None,
            problems=problems,
            name_problem=name_problem,
        )


PermissiveContext = ssl.SSLContext
"""A context that takes any certificate."""


def permissive_context() -> ssl.SSLContext:
    """What opportunistic senders shake hands with: any certificate will do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusted_pem(cafile: Path | None) -> bytes:
    """The authorities of a file, or those of this machine, as PEM. Raises InputError for a file that holds none."""
    if cafile is not None:
        return b"".join(anchor.public_bytes(Encoding.PEM) for anchor in _read_anchors(cafile))
    ders = ssl.create_default_context().get_ca_certs(binary_form=True)
    return b"".join(ssl.DER_cert_to_PEM_cert(der).encode() for der in ders)


def _server_name(host: str) -> str | None:
    """The name for SNI: none for an address (RFC 6066 §3), and none for what is no host name at all."""
    try:
        return to_ascii(host)
    except NameRefused:
        return None
