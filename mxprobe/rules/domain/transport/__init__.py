"""The rules about connections, greetings, TLS and certificates, one file each, and its line here."""

from types import ModuleType

RULES: tuple[ModuleType, ...] = ()
