"""The rules about what the MX records name, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.chain import (
    authority_fails_mx_query,
    mx_duplicate_target,
    mx_inconsistent_between_authorities,
    mx_target_domain_unregistered,
    mx_target_invalid_hostname,
    mx_target_is_ip_address,
    mx_target_not_absolute,
    mx_ttl_too_high,
    propagation_incomplete,
)

RULES: tuple[ModuleType, ...] = (
    mx_target_is_ip_address,
    mx_target_invalid_hostname,
    mx_target_not_absolute,
    mx_duplicate_target,
    mx_inconsistent_between_authorities,
    authority_fails_mx_query,
    mx_ttl_too_high,
    propagation_incomplete,
    mx_target_domain_unregistered,
)
