"""The rules about how many ways mail has, and in which order, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.redundancy import (
    backup_adds_risk_without_benefit,
    backup_is_another_mailbox_provider,
    mixed_operators_in_one_tier,
    mx_targets_share_address,
    preference_inverted,
    single_mail_address,
    single_mx,
    tier_partly_down,
)

RULES: tuple[ModuleType, ...] = (
    mx_targets_share_address,
    single_mx,
    single_mail_address,
    mixed_operators_in_one_tier,
    backup_is_another_mailbox_provider,
    tier_partly_down,
    preference_inverted,
    backup_adds_risk_without_benefit,
)
