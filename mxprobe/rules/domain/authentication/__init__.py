"""The rules about SPF, DKIM and DMARC where they touch the MX hosts, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.authentication import (
    dkim_keys_missing_for_new_operator,
    dmarc_missing,
    dmarc_report_domain_cannot_receive,
    spf_lookup_limit,
    spf_missing,
    spf_multiple,
    spf_mx_mechanism_stale,
    spf_mx_over_limit,
    spf_omits_mailbox_operator,
)

RULES: tuple[ModuleType, ...] = (
    spf_missing,
    spf_omits_mailbox_operator,
    spf_mx_mechanism_stale,
    spf_mx_over_limit,
    spf_lookup_limit,
    spf_multiple,
    dmarc_missing,
    dmarc_report_domain_cannot_receive,
    dkim_keys_missing_for_new_operator,
)
