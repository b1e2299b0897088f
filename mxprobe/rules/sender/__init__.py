"""The rules about senders and runs, one file each. A new rule is one file and one line in RULES."""

from types import ModuleType

from mxprobe.rules.sender import (
    accepted_then_bounced,
    backup_used_unnecessarily,
    bounced_while_alternative_existed,
    duplicate_delivered,
    failover_as_specified,
    mail_lost,
    never_failed_over,
)

RULES: tuple[ModuleType, ...] = (
    failover_as_specified,
    never_failed_over,
    mail_lost,
    duplicate_delivered,
    accepted_then_bounced,
    bounced_while_alternative_existed,
    backup_used_unnecessarily,
)
