"""What the operator of a domain approves and expects, as the file of `--expect` says it, and what it waives until when.

Names are lower-case A-labels without a final dot. What the file does not say is None, and is left to the other rules.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.finding import Line
from mxprobe.facts.migration import ApprovedMx, Migration


class TlsFloor(StrEnum):
    """The lowest version of TLS that may be agreed on; `NONE`: the host need not have TLS at all."""

    NONE = "none"
    V10 = "1.0"
    V11 = "1.1"
    V12 = "1.2"
    V13 = "1.3"

    @property
    def rank(self) -> int:
        """0 is the lowest."""
        return list(TlsFloor).index(self)


class WantedDane(StrEnum):
    """Whether every MX host has TLSA records that senders use, or none has any."""

    REQUIRED = "required"
    ABSENT = "absent"


class WantedMode(StrEnum):
    """The mode of the MTA-STS policy; no policy is `NONE`, too."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


class WantedSigning(StrEnum):
    """Whether the MX records are signed (DNSSEC)."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


class WantedDmarc(StrEnum):
    """What DMARC asks for mail that fails; `ABSENT`: no record."""

    REJECT = "reject"
    QUARANTINE = "quarantine"
    NONE = "none"
    ABSENT = "absent"


class WantedSpf(StrEnum):
    """Whether there is an SPF record, or what it says of a client that it does not name."""

    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    PRESENT = "present"
    ABSENT = "absent"


class WantedReports(StrEnum):
    """Whether TLS reporting (TLSRPT) is asked for."""

    PRESENT = "present"
    ABSENT = "absent"


class WantedTls(Struct, frozen=True, kw_only=True):
    """What is expected of TLS at `host`, or at every host (""): a floor, and a certificate that can be verified."""

    host: str = ""
    minimum: TlsFloor | None = None
    verified: bool | None = None


class WantedAddresses(Struct, frozen=True, kw_only=True):
    """All the addresses of a host, in the canonical text of their families."""

    host: str
    addresses: tuple[str, ...]


class Span(Struct, frozen=True, kw_only=True):
    """From `least` to `most` seconds, both included."""

    least: int
    most: int


class Exemption(Struct, frozen=True, kw_only=True):
    """What is waived: findings of a rule (by its code) about these hosts (empty: any), and the reason.

    `until` is the last day (UTC) on which that holds, as in 2027-03-31; `line` is where it stands.
    """

    rule: str
    hosts: tuple[str, ...]
    because: str
    until: str
    line: int

    def place(self, path: str) -> Line:
        """Where it stands in the file `path`."""
        return Line(path=path, line=self.line)


class Approved(Struct, frozen=True, kw_only=True):
    """What the operator of `domain` approves; `path` is the file that says so. None: it does not say.

    `mx` is the whole set. `operators` are domains whose hosts may all be named by MX records, `providers` names of the
    table whose hosts have to be, `nameservers` is the whole NS RRset. `backups` may have no part in the best
    preference. Of `tls`, what is said of one host stands before what is said of all. `lines` tells where each key
    stands ("mx", "tls.minimum"), and where a value of it does that has a line of its own ("mx mx1.example.test").
    """

    path: str
    domain: str
    mx: tuple[ApprovedMx, ...] | None = None
    mx_ttl: Span | None = None
    backups: tuple[str, ...] = ()
    operators: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    nameservers: tuple[str, ...] | None = None
    addresses: tuple[WantedAddresses, ...] = ()
    tls: tuple[WantedTls, ...] = ()
    dane: WantedDane | None = None
    mta_sts: WantedMode | None = None
    tlsrpt: WantedReports | None = None
    dnssec: WantedSigning | None = None
    spf: WantedSpf | None = None
    dmarc: WantedDmarc | None = None
    migration: Migration | None = None
    exemptions: tuple[Exemption, ...] = ()
    lines: Mapping[str, int] = {}

    def place(self, *keys: str) -> Line:
        """Where the first of these keys stands that has a line; without any the first line of the file."""
        return Line(path=self.path, line=next((self.lines[key] for key in keys if key in self.lines), 1))

    def tls_at(self, host: str) -> WantedTls:
        """What is expected of TLS at one host, by what is said of it and of all."""
        said = {wanted.host: wanted for wanted in self.tls}
        own, of_all = said.get(host, WantedTls()), said.get("", WantedTls())
        return WantedTls(
            host=host,
            minimum=own.minimum if own.minimum is not None else of_all.minimum,
            verified=own.verified if own.verified is not None else of_all.verified,
        )
