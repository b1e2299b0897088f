"""Judges: the rules over a snapshot or a run."""

from types import ModuleType

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement
from mxprobe.facts.proof import Proof
from mxprobe.facts.run import EventKind, Run
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain import RULES as DOMAIN_RULES
from mxprobe.rules.moments import day_of
from mxprobe.rules.rule import fold, inconclusive
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
    beside, rules = beside or Beside(), select(DOMAIN_RULES, wanted, unwanted)
    first = tuple(module for module in rules if not hasattr(module, "find_among"))
    judgements = fold(
        tuple(_find(module, snapshot, beside) for module in first), tuple(module.RULE for module in first)
    )
    judgements = waive(judgements, beside.approved, day_of(snapshot.started_at))
    last = (module for module in rules if hasattr(module, "find_among"))
    judgements += tuple(module.find_among(snapshot, beside, judgements) for module in last)
    return name_lines(snapshot, judgements, {module.RULE.code: module.RULE.behind for module in rules})


def _find(module: ModuleType, snapshot: Snapshot, beside: Beside) -> Judgement:
    found: Judgement
    found = module.find_beside(snapshot, beside) if hasattr(module, "find_beside") else module.find(snapshot)
    return found


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
