"""The rules about how others know the hosts' addresses, one file each, and its line here."""

from types import ModuleType

from mxprobe.rules.domain.reputation import dnsbl_listed, ptr_missing, ptr_not_confirmed

RULES: tuple[ModuleType, ...] = (
    ptr_missing,
    ptr_not_confirmed,
    dnsbl_listed,
)
