"""The rules about domains, one file each. A new rule is one file and one line in the RULES of its folder."""

from types import ModuleType

from mxprobe.rules.domain import (
    accepts_any_recipient,
    all_mx_unreachable,
    backup_accepts_unknown,
    backup_defers_while_primary_up,
    backup_unreachable,
    cert_expired,
    cert_name_mismatch,
    cert_untrusted,
    consent_missing,
    domain_does_not_exist,
    domain_not_accepted,
    egress_port_25_blocked,
    filter_parity,
    greylist_not_shared,
    greylisting,
    implicit_mx,
    ipv6_path_unavailable,
    mx_address_loopback,
    mx_address_private,
    mx_lookup_temporary_failure,
    mx_target_is_cname,
    mx_target_lookup_failed,
    mx_target_no_address,
    mx_target_nxdomain,
    no_mail_target,
    no_usable_mx,
    null_mx,
    null_mx_not_alone,
    null_sender_rejected,
    open_relay,
    postmaster_rejected,
    primary_tier_down,
    probe_identity_weak,
    probe_rejected_by_policy,
    probe_throttled,
    recipient_accepted,
    recipient_divergence,
    starttls_not_offered,
    tls_parity_gap,
)
from mxprobe.rules.domain.authentication import RULES as AUTHENTICATION_RULES
from mxprobe.rules.domain.chain import RULES as CHAIN_RULES
from mxprobe.rules.domain.dane import RULES as DANE_RULES
from mxprobe.rules.domain.dnssec import RULES as DNSSEC_RULES
from mxprobe.rules.domain.drift import RULES as DRIFT_RULES
from mxprobe.rules.domain.expected import RULES as EXPECTED_RULES
from mxprobe.rules.domain.migration import RULES as MIGRATION_RULES
from mxprobe.rules.domain.policy import RULES as POLICY_RULES
from mxprobe.rules.domain.providers import RULES as PROVIDER_RULES
from mxprobe.rules.domain.redundancy import RULES as REDUNDANCY_RULES
from mxprobe.rules.domain.reputation import RULES as REPUTATION_RULES
from mxprobe.rules.domain.transport import RULES as TRANSPORT_RULES

_HERE: tuple[ModuleType, ...] = (
    egress_port_25_blocked,
    probe_identity_weak,
    probe_rejected_by_policy,
    probe_throttled,
    ipv6_path_unavailable,
    consent_missing,
    domain_does_not_exist,
    mx_lookup_temporary_failure,
    implicit_mx,
    mx_target_is_cname,
    no_mail_target,
    null_mx,
    null_mx_not_alone,
    mx_target_nxdomain,
    mx_target_no_address,
    mx_target_lookup_failed,
    no_usable_mx,
    mx_address_private,
    mx_address_loopback,
    backup_defers_while_primary_up,
    backup_unreachable,
    primary_tier_down,
    all_mx_unreachable,
    postmaster_rejected,
    null_sender_rejected,
    starttls_not_offered,
    cert_name_mismatch,
    cert_untrusted,
    cert_expired,
    tls_parity_gap,
    recipient_accepted,
    domain_not_accepted,
    recipient_divergence,
    backup_accepts_unknown,
    accepts_any_recipient,
    filter_parity,
    greylisting,
    greylist_not_shared,
    open_relay,
)

RULES: tuple[ModuleType, ...] = (
    _HERE
    + CHAIN_RULES
    + REDUNDANCY_RULES
    + DNSSEC_RULES
    + TRANSPORT_RULES
    + DANE_RULES
    + POLICY_RULES
    + AUTHENTICATION_RULES
    + REPUTATION_RULES
    + DRIFT_RULES
    + EXPECTED_RULES
    + PROVIDER_RULES
    + MIGRATION_RULES
)
