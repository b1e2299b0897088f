"""The rules about domains, one file each. A new rule is one file and one line in RULES."""

from types import ModuleType

RULES: tuple[ModuleType, ...] = ()
