"""The rules about senders and runs, one file each. A new rule is one file and one line in RULES."""

from types import ModuleType

from mxprobe.rules.sender import (
    accepted_then_bounced,
    backup_flush_slow,
    backup_never_flushed,
    backup_used_unnecessarily,
    bounced_while_alternative_existed,
    client_timeout_short,
    duplicate_delivered,
    equal_preference_not_randomised,
    failed_over_late,
    failover_as_specified,
    gave_up_too_early,
    implicit_mx_abuse,
    mail_lost,
    never_failed_over,
    no_failback,
    null_mx_ignored,
    preference_order_violated,
    queued_and_retried,
    relay_loop,
    retry_too_fast,
)

RULES: tuple[ModuleType, ...] = (
    failover_as_specified,
    failed_over_late,
    never_failed_over,
    mail_lost,
    duplicate_delivered,
    accepted_then_bounced,
    bounced_while_alternative_existed,
    backup_used_unnecessarily,
    backup_flush_slow,
    backup_never_flushed,
    no_failback,
    queued_and_retried,
    retry_too_fast,
    gave_up_too_early,
    equal_preference_not_randomised,
    preference_order_violated,
    relay_loop,
    implicit_mx_abuse,
    null_mx_ignored,
    client_timeout_short,
)
