"""All rules there are: those about domains, about senders and runs, and about proofs. A look loads the first alone."""

from types import ModuleType

from mxprobe.rules.domain import RULES as DOMAIN_RULES
from mxprobe.rules.proof import RULES as PROOF_RULES
from mxprobe.rules.sender import RULES as SENDER_RULES

ALL_RULES: tuple[ModuleType, ...] = DOMAIN_RULES + SENDER_RULES + PROOF_RULES
