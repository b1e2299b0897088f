"""Judges: every rule over a snapshot or a run, and the pages of the rules."""

from types import ModuleType

from mxprobe.facts.finding import Judgement
from mxprobe.facts.run import Run
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain import RULES as DOMAIN_RULES
from mxprobe.rules.rule import Rule, fold
from mxprobe.rules.sender import RULES as SENDER_RULES

ALL_RULES: tuple[ModuleType, ...] = DOMAIN_RULES + SENDER_RULES


def judge_snapshot(snapshot: Snapshot) -> tuple[Judgement, ...]:
    """What every rule about domains says of a saved probe."""
    return fold(tuple(module.find(snapshot) for module in DOMAIN_RULES), _rules(DOMAIN_RULES))


def judge_run(run: Run) -> tuple[Judgement, ...]:
    """What every rule about senders says of a run."""
    return fold(tuple(module.find(run) for module in SENDER_RULES), _rules(SENDER_RULES))


def _rules(modules: tuple[ModuleType, ...]) -> tuple[Rule, ...]:
    return tuple(module.RULE for module in modules)


def page(code: str) -> str | None:
    """The page of a rule, by its code; None for no such rule."""
    return next((module.__doc__ for module in ALL_RULES if module.RULE.code == code), None)
