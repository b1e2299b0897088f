"""What follows from a fact, worked out once and not by every rule again: the last few values are remembered.

A fact is told from another by which object it is, since comparing two looks costs more than most that follows from
them. Facts never change, so that what was worked out stays right; what is remembered is bounded.
"""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from mxprobe.facts.dns import Answer, Answers, index_answers
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import Plan, plan_mx

A = TypeVar("A")
T = TypeVar("T")

_LOOKS = 4
"""A comparison goes to and fro between two looks; a history is walked from one end to the other."""


def once(work: Callable[[A], T], most: int = _LOOKS) -> Callable[[A], T]:
    """`work`, not done again for one of the last facts, `most` at the most, that it was done for.

    Its value is everybody's, and must not be changed.
    """
    remembered: dict[int, tuple[A, T]] = {}
    last: tuple[A, T] | None = None  # many rules in a row ask about one look

    @wraps(work)
    def done(fact: A) -> T:
        nonlocal last
        kept = last
        if kept is not None and kept[0] is fact:
            return kept[1]
        kept = remembered.get(id(fact))
        if kept is None or kept[0] is not fact:
            kept = (fact, work(fact))
            if len(remembered) >= most:
                remembered.clear()
            # The fact is kept with its value, so that no other object can come to have its id.
            remembered[id(fact)] = kept
        last = kept
        return kept[1]

    return done


def known_answers(snapshot: Snapshot) -> Answers:
    """The answers of a look by their question."""
    return _indexed(snapshot.answers)


@once
def known_chain(snapshot: Snapshot) -> Plan:
    """The MX chain of a look."""
    return chain_by(snapshot.answers, snapshot.domain)


def chain_by(answers: tuple[Answer, ...], domain: str) -> Plan:
    """The MX chain of a domain, by the answers of a look: the same for every look that is made of them."""
    plans = _plans(answers)
    plan = plans.get(domain)
    if plan is None:
        if len(plans) >= _LOOKS:
            plans.clear()
        plan = plans[domain] = plan_mx(domain, _indexed(answers))
    return plan


def keep_chain(answers: tuple[Answer, ...], plan: Plan) -> None:
    """Have `chain_by` say this of a domain, from whoever knows it already."""
    _plans(answers)[plan.domain] = plan


@once
def _indexed(answers: tuple[Answer, ...]) -> Answers:
    return index_answers(answers)


@once
def _plans(answers: tuple[Answer, ...]) -> dict[str, Plan]:
    """What is remembered of the chains that follow from these answers, by domain."""
    return {}
