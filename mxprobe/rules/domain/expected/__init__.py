"""The rules about what the operator expects (`--expect`) and what he waives, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.expected import (
    addresses_not_as_expected,
    authentication_not_as_expected,
    backup_not_as_expected,
    mx_not_as_expected,
    nameservers_not_as_expected,
    policy_not_as_expected,
    tls_below_expected,
    waiver_ended,
    waiver_unused,
)

RULES: tuple[ModuleType, ...] = (
    mx_not_as_expected,
    backup_not_as_expected,
    addresses_not_as_expected,
    nameservers_not_as_expected,
    tls_below_expected,
    policy_not_as_expected,
    authentication_not_as_expected,
    waiver_ended,
    waiver_unused,
)
