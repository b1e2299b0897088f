"""The rules about what the MX records name, one file each, and its line here."""

from types import ModuleType

RULES: tuple[ModuleType, ...] = ()
