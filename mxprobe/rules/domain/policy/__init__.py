"""The rules about MTA-STS and the reports about it, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.policy import (
    sts_mx_fails_validation,
    sts_mx_not_covered,
    sts_ok,
    sts_policy_host_cert_invalid,
    sts_policy_malformed,
    sts_policy_unfetchable,
    sts_txt_invalid,
    tlsrpt_missing,
)

RULES: tuple[ModuleType, ...] = (
    sts_ok,
    sts_txt_invalid,
    sts_policy_unfetchable,
    sts_policy_host_cert_invalid,
    sts_policy_malformed,
    sts_mx_not_covered,
    sts_mx_fails_validation,
    tlsrpt_missing,
)
