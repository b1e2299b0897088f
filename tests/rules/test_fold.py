"""Folding: what follows from a finding is told under it, and the work grows with the findings, not their square."""

import hypothesis.strategies as st
from hypothesis import given
from msgspec.structs import replace

from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.rules.rule import Rule, fold

_CODES = ("MX001", "MX002", "MX003", "MX004")
_SUBJECTS = ("a.test", "b.test", "c.test")


def _finding(code: str, subject: str, about: tuple[str, ...] = (), says: str = "says") -> Finding:
    return Finding(code=code, name=f"name-{code}", severity=Severity.ERROR, subject=subject, about=about, says=says)


def _judgement(code: str, findings: tuple[Finding, ...]) -> Judgement:
    status = Status.FIRES if findings else Status.PASSES
    return Judgement(code=code, name=f"name-{code}", status=status, findings=findings, reason=None)


def _rule(code: str, covers: tuple[str, ...]) -> Rule:
    return Rule(code=code, name=f"name-{code}", severity=Severity.ERROR, covers=covers)


_covers = st.lists(st.sampled_from(_CODES), max_size=3).map(tuple)
_rules = st.tuples(*(st.builds(_rule, st.just(code), _covers) for code in _CODES))


@st.composite
def _judged(draw: st.DrawFn) -> tuple[Judgement, ...]:
    judgements = []
    for code in _CODES:
        findings = draw(
            st.lists(
                st.builds(
                    _finding,
                    st.just(code),
                    st.sampled_from(_SUBJECTS),
                    st.lists(st.sampled_from(_SUBJECTS), max_size=2).map(tuple),
                    st.sampled_from(("one", "other")),
                ),
                max_size=4,
            )
        )
        judgements.append(_judgement(code, tuple(findings)))
    return tuple(judgements)


def _by_definition(judgements: tuple[Judgement, ...], rules: tuple[Rule, ...]) -> tuple[Judgement, ...]:
    """Every finding beside every other one: slow, and plain."""
    covers = {rule.code: rule.covers for rule in rules}
    firing = [found for judgement in judgements for found in judgement.findings]
    above: dict[str, Finding] = {}
    for found in firing:
        for other in firing:
            if other.code in covers[found.code] and other.subject in (found.subject, *found.about):
                above.setdefault(other.id, found)

    def top(found: Finding) -> Finding:
        seen: set[str] = set()
        while found.id in above and found.id not in seen:
            seen.add(found.id)
            found = above[found.id]
        return found

    owner = {name: top(found) for name, found in above.items()}
    folded = []
    for judgement in judgements:
        kept = []
        for found in judgement.findings:
            if found.id not in owner:
                also = (f"{other.code} {other.name}" for other in firing if owner.get(other.id) == found)
                kept.append(replace(found, also=tuple(dict.fromkeys(also))))
        under = dict.fromkeys(owner[found.id].code for found in judgement.findings if found.id in owner)
        reason = f"told under {', '.join(under)}" if under and not kept else judgement.reason
        folded.append(replace(judgement, findings=tuple(kept), reason=reason))
    return tuple(folded)


@given(_judged(), _rules)
def test_folding_is_what_its_definition_says_whatever_covers_what(
    judgements: tuple[Judgement, ...], rules: tuple[Rule, ...]
) -> None:
    assert fold(judgements, rules) == _by_definition(judgements, rules)


def test_very_many_findings_are_folded_without_comparing_each_with_all_others() -> None:
    class Counted(str):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    hosts = [Counted(f"mx{number}.test") for number in range(500)]
    judgements = tuple(_judgement(code, tuple(_finding(code, host) for host in hosts)) for code in ("MX001", "MX002"))
    folded = fold(judgements, (_rule("MX001", ("MX002",)), _rule("MX002", ())))
    assert [len(judgement.findings) for judgement in folded] == [500, 0]
    assert all(found.also == ("MX002 name-MX002",) for found in folded[0].findings)
    assert Counted.compared < 20 * len(hosts)
