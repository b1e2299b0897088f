"""What one TLS handshake showed: version, cipher, chain, and what a strict client would have said.

Times are seconds since 1970 UTC. Standards: RFC 8446, RFC 5280, RFC 9525 (names).
"""

from msgspec import Struct

from mxprobe.facts.octets import Octets


class Certificate(Struct, frozen=True, kw_only=True):
    """One certificate of the chain as sent. `names` are its DNS names, `key` e.g. "ECDSA 256" or "RSA 2048"."""

    der: Octets
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float
    key: str
    signature: str
    fingerprint: str


class ChainProblem(Struct, frozen=True, kw_only=True):
    """One objection of the verifier: OpenSSL's code (X509_V_ERR_…), the depth in the chain, its words."""

    code: int
    depth: int
    text: str


class StrictVerdict(Struct, frozen=True, kw_only=True):
    """What a client that verifies would have said; None means that this was not judged.

    `trusted` is about the chain alone (dates aside), `dates_valid` about every certificate in it at the moment of the
    handshake, `name_matches` about the host's name (RFC 9525 §6).
    """

    trusted: bool | None
    dates_valid: bool | None
    name_matches: bool | None
    problems: tuple[ChainProblem, ...] = ()
    name_problem: str | None = None

    @property
    def is_valid(self) -> bool | None:
        """All three hold; None where one was not judged and none failed."""
        parts = (self.trusted, self.dates_valid, self.name_matches)
        if False in parts:
            return False
        return None if None in parts else True


class TlsFacts(Struct, frozen=True, kw_only=True):
    """A completed handshake. `server_name` is the SNI sent, `elapsed` seconds; byte counts are left out: they vary."""

    version: str
    cipher: str
    group: str | None
    server_name: str | None
    chain: tuple[Certificate, ...]
    verdict: StrictVerdict
    elapsed: float
