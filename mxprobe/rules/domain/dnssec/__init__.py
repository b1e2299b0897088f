"""The rules about DNSSEC, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.dnssec import (
    dnssec_bogus_domain,
    dnssec_bogus_mx_target,
    dnssec_unsigned_domain,
    dnssec_unsigned_mx_target,
    resolver_not_validating,
    rrsig_expiring,
)

RULES: tuple[ModuleType, ...] = (
    resolver_not_validating,
    dnssec_bogus_domain,
    dnssec_unsigned_domain,
    dnssec_bogus_mx_target,
    dnssec_unsigned_mx_target,
    rrsig_expiring,
)
