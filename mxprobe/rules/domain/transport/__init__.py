"""The rules about connections, greetings, TLS and certificates, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.transport import (
    banner_4xx,
    banner_5xx,
    banner_name_invalid,
    banner_timeout,
    cert_expiring,
    connect_refused,
    connect_timeout,
    starttls_refused,
    tls_handshake_fails,
    tls_too_old,
)

RULES: tuple[ModuleType, ...] = (
    connect_refused,
    connect_timeout,
    banner_timeout,
    banner_4xx,
    banner_5xx,
    banner_name_invalid,
    starttls_refused,
    tls_handshake_fails,
    tls_too_old,
    cert_expiring,
)
