"""The rules about what changed, and what nobody approved, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.drift import (
    delegation_drift,
    mx_drift,
    mx_not_approved,
    mx_ttl_too_low,
    sts_id_not_changed,
    tls_identity_changed,
    transient_mx_change,
)

RULES: tuple[ModuleType, ...] = (
    mx_not_approved,
    delegation_drift,
    tls_identity_changed,
    mx_drift,
    sts_id_not_changed,
    transient_mx_change,
    mx_ttl_too_low,
)

COMPARING: tuple[ModuleType, ...] = (delegation_drift, tls_identity_changed, mx_drift, sts_id_not_changed)
"""Those that an earlier look alone is enough for."""
