"""The rules about providers of mail, and what they want of the MX records, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.providers import (
    bounce_only_mx_as_mailbox,
    forwarder_identified,
    forwarder_mixed_with_mailbox_mx,
    gateway_bypass,
    mx_points_to_unclaimed_tenant,
    mx_target_lookalike,
    provider_dane_needs_sole_mx,
    provider_end_of_life,
    provider_identified,
    provider_legacy_host,
    provider_preference_unusual,
    provider_requires_exclusive_mx,
    provider_set_incomplete,
    provider_tenant_mismatch,
    provider_wrong_region,
)

RULES: tuple[ModuleType, ...] = (
    provider_identified,
    provider_set_incomplete,
    provider_preference_unusual,
    provider_legacy_host,
    provider_requires_exclusive_mx,
    provider_tenant_mismatch,
    gateway_bypass,
    provider_dane_needs_sole_mx,
    provider_end_of_life,
    provider_wrong_region,
    bounce_only_mx_as_mailbox,
    forwarder_identified,
    forwarder_mixed_with_mailbox_mx,
    mx_points_to_unclaimed_tenant,
    mx_target_lookalike,
)
