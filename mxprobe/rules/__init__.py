"""Judges: the rules over a snapshot or a run."""

from types import ModuleType

from mxprobe.facts.finding import Judgement
from mxprobe.facts.run import Run
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain import RULES as DOMAIN_RULES
from mxprobe.rules.rule import fold
from mxprobe.rules.sender import RULES as SENDER_RULES

ALL_RULES: tuple[ModuleType, ...] = DOMAIN_RULES + SENDER_RULES


def judge_snapshot(
    snapshot: Snapshot, wanted: tuple[str, ...] = (), unwanted: tuple[str, ...] = ()
) -> tuple[Judgement, ...]:
    """What the rules about domains say of a saved probe.

    Only rules whose codes begin with one of `wanted` (empty: all) and with none of `unwanted` are asked.
    """
    return _judge(select(DOMAIN_RULES, wanted, unwanted), snapshot)


def judge_run(run: Run) -> tuple[Judgement, ...]:
    """What every rule about senders says of a run."""
    return _judge(SENDER_RULES, run)


def select(rules: tuple[ModuleType, ...], wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> tuple[ModuleType, ...]:
    """The rules whose codes begin with one of `wanted` (empty: all) and with none of `unwanted`."""
    return tuple(
        module
        for module in rules
        if (not wanted or module.RULE.code.startswith(wanted))
        and not (unwanted and module.RULE.code.startswith(unwanted))
    )


def _judge(rules: tuple[ModuleType, ...], subject: Snapshot | Run) -> tuple[Judgement, ...]:
    """The answers in the order of the rules."""
    return fold(tuple(module.find(subject) for module in rules), tuple(module.RULE for module in rules))
