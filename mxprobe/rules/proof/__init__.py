"""The rules about proofs: labelled messages that were sent over each MX host. One file each, and its line here."""

from types import ModuleType

from mxprobe.rules.proof import (
    backup_does_not_forward,
    delivered_via_backup,
    delivery_slow,
    dmarc_breaks_on_mx_path,
    duplicate_delivery,
    forwarder_without_srs,
    message_lost,
    primary_distrusts_backup,
    session_accepted_but_policy_after_data,
    slow_final_reply,
    unknown_recipient_bounced_late,
)

RULES: tuple[ModuleType, ...] = (
    unknown_recipient_bounced_late,
    session_accepted_but_policy_after_data,
    backup_does_not_forward,
    delivered_via_backup,
    message_lost,
    duplicate_delivery,
    delivery_slow,
    slow_final_reply,
    primary_distrusts_backup,
    dmarc_breaks_on_mx_path,
    forwarder_without_srs,
)
