"""The rules about DANE, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.dane import (
    dane_all_unusable,
    dane_in_unsigned_zone,
    dane_lookup_fails,
    dane_mismatch,
    dane_mx_insecure,
    dane_no_rollover_record,
    dane_ok,
    dane_partial_mx,
    dane_pkix_usage,
    dane_without_starttls,
)

RULES: tuple[ModuleType, ...] = (
    dane_ok,
    dane_mismatch,
    dane_without_starttls,
    dane_in_unsigned_zone,
    dane_all_unusable,
    dane_pkix_usage,
    dane_no_rollover_record,
    dane_partial_mx,
    dane_lookup_fails,
    dane_mx_insecure,
)
