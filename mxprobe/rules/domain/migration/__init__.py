"""The rules about a planned migration, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.migration import (
    new_mx_not_ready,
    old_mx_still_published,
    old_mx_stopped_too_early,
    sts_policy_blocks_migration,
    ttl_not_lowered_in_time,
)

RULES: tuple[ModuleType, ...] = (
    old_mx_still_published,
    old_mx_stopped_too_early,
    new_mx_not_ready,
    ttl_not_lowered_in_time,
    sts_policy_blocks_migration,
)
