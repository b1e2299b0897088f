"""Aggregate reports of SMTP TLS reporting: what a sender says of its sessions with the MX hosts of a domain.

Names are lower case without a final dot; times are seconds since 1970 UTC. Standards: RFC 8460 §4.
"""

from msgspec import Struct


class TlsFailure(Struct, frozen=True, kw_only=True):
    """Sessions that failed in one way.

    `result` is the type of RFC 8460 §4.3, or what the report has in its place. `host` is the MX host that received
    (empty: the report names none), `receiving_ip` its address, `sending_ip` that of the sender, `reason` the sender's
    own code for it.
    """

    result: str
    sessions: int
    host: str = ""
    receiving_ip: str = ""
    sending_ip: str = ""
    reason: str = ""


class TlsPolicyReport(Struct, frozen=True, kw_only=True):
    """Sessions under one policy of one domain: `kind` is `sts`, `tlsa` or `no-policy-found`, `mode` that of an MTA-STS
    policy (None: the report does not have it)."""

    domain: str
    kind: str
    mode: str | None = None
    hosts: tuple[str, ...] = ()
    good: int = 0
    failed: int = 0
    failures: tuple[TlsFailure, ...] = ()


class TlsReport(Struct, frozen=True, kw_only=True):
    """One report: who reports (`by`), of which time, under which id, in which file."""

    by: str
    id: str
    begins: float
    ends: float
    policies: tuple[TlsPolicyReport, ...]
    path: str = ""
