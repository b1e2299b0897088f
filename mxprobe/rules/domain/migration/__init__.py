"""The rules about a planned migration, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.migration import (
    negative_ttl_too_high,
    new_mx_not_ready,
    old_mx_still_published,
    old_mx_stopped_too_early,
    split_authority,
    stale_secondary,
    sts_policy_blocks_migration,
    target_ttl_outlives_plan,
    ttl_not_lowered_in_time,
    ttl_not_restored,
)

RULES: tuple[ModuleType, ...] = (
    target_ttl_outlives_plan,
    negative_ttl_too_high,
    old_mx_still_published,
    old_mx_stopped_too_early,
    new_mx_not_ready,
    ttl_not_lowered_in_time,
    ttl_not_restored,
    sts_policy_blocks_migration,
    split_authority,
    stale_secondary,
)
