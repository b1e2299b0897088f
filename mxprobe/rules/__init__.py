"""Judges: the rules over a snapshot or a run."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import ModuleType

from msgspec import Struct

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement
from mxprobe.facts.proof import Proof
from mxprobe.facts.run import EventKind, Run
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain import RULES as DOMAIN_RULES
from mxprobe.rules.moments import day_of
from mxprobe.rules.rule import Behind, Rule, fold, inconclusive
from mxprobe.rules.waivers import waive
from mxprobe.rules.zone_lines import name_lines

_CHANGED = "the MX records change while the story lasts"


def judge_snapshot(
    snapshot: Snapshot,
    wanted: tuple[str, ...] = (),
    unwanted: tuple[str, ...] = (),
    beside: Beside | None = None,
) -> tuple[Judgement, ...]:
    """What the rules about domains say of a saved probe, with what stands `beside` it.

    Only rules whose codes begin with one of `wanted` (empty: all) and with none of `unwanted` are asked. A rule that
    looks at an earlier probe or at what is approved has `find_beside` in place of `find`; one that looks at what the
    others say has `find_among`, and comes last. What is approved to be waived on the day of the look is marked.
    """
    beside, asked = beside or Beside(), _asked(wanted, unwanted)
    first = tuple([find(snapshot, beside) if with_beside else find(snapshot) for find, with_beside in asked.first])
    judgements = waive(fold(first, asked.rules), beside.approved, day_of(snapshot.started_at))
    judgements += tuple(find_among(snapshot, beside, judgements) for find_among in asked.last)
    return name_lines(snapshot, judgements, asked.behind)


_Find = tuple[Callable[..., Judgement], bool]
"""How a rule is asked about a look, and whether with what stands beside it."""


def _find(module: ModuleType) -> _Find:
    return (module.find_beside, True) if hasattr(module, "find_beside") else (module.find, False)


class _Asked(Struct, frozen=True, kw_only=True):
    """The rules that are asked: `first` those that look at what was seen, of whom `rules` are the descriptions, `last`
    those that look at what the others say; what is `behind` each by code."""

    first: tuple[_Find, ...]
    rules: tuple[Rule, ...]
    last: tuple[Callable[[Snapshot, Beside, tuple[Judgement, ...]], Judgement], ...]
    behind: Mapping[str, tuple[Behind, ...]]


@lru_cache(maxsize=64)
def _asked(wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> _Asked:
    rules = select(DOMAIN_RULES, wanted, unwanted)
    first = tuple(module for module in rules if not hasattr(module, "find_among"))
    return _Asked(
        first=tuple(map(_find, first)),
        rules=tuple(module.RULE for module in first),
        last=tuple(module.find_among for module in rules if hasattr(module, "find_among")),
        behind={module.RULE.code: module.RULE.behind for module in rules},
    )


def judge_run(run: Run) -> tuple[Judgement, ...]:
    """What every rule about senders says of a run."""
    from mxprobe.rules.sender import RULES as SENDER_RULES  # a look at a domain does without them

    changed = any(event.kind is EventKind.PUBLISH for event in run.events)
    judgements = tuple(
        inconclusive(module.RULE, _CHANGED) if changed and module.RULE.by_chain else module.find(run)
        for module in SENDER_RULES
    )
    return fold(judgements, tuple(module.RULE for module in SENDER_RULES))


def select(rules: tuple[ModuleType, ...], wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> tuple[ModuleType, ...]:
    """The rules whose codes begin with one of `wanted` (empty: all) and with none of `unwanted`."""
    return tuple(
        module
        for module in rules
        if (not wanted or module.RULE.code.startswith(wanted))
        and not (unwanted and module.RULE.code.startswith(unwanted))
    )


def judge_proof(proof: Proof) -> tuple[Judgement, ...]:
    """What every rule about proofs says of one; some rules about domains and senders can judge proofs, too."""
    from mxprobe.rules.all import ALL_RULES

    rules = tuple(module for module in ALL_RULES if hasattr(module, "find_in_proof"))
    return fold(tuple(module.find_in_proof(proof) for module in rules), tuple(module.RULE for module in rules))
