"""What a rule is: a code with a name, and three answers.

A rule is one file: its docstring is its page, RULE says who it is, `find(subject)` gives its judgement of a snapshot
or of a run. `INCONCLUSIVE` is no pass: it says what was missing.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.finding import Finding, Judgement, Line, Severity, Status
from mxprobe.mx.once import once


class Behind(StrEnum):
    """Which records of a zone file are behind a finding: those of the MX set and its aliases, addresses, name servers,
    and the texts of SPF, DMARC, MTA-STS, TLS reporting and DKIM."""

    MX = "mx"
    ALIAS = "alias"
    ADDRESS = "address"
    SERVER = "server"
    TLSA = "tlsa"
    SPF = "spf"
    DMARC = "dmarc"
    POLICY = "policy"
    REPORTS = "reports"
    KEY = "key"


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. `covers` are the codes of rules whose findings about the same subject only follow from this one.

    `by_chain` says that it judges a run by the MX records of the story's start, and cannot where they change. `behind`
    are the records that it goes by: where a zone file was read, findings end with their lines.
    """

    code: str
    name: str
    severity: Severity
    covers: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    by_chain: bool = False
    behind: tuple[Behind, ...] = (Behind.MX, Behind.ALIAS)


class Words(Struct, frozen=True, kw_only=True):
    """What a finding tells: what is so, the evidence, what it means, what to do, lines ready to be pasted; `about` are
    further subjects, `places` lines of files that a person wrote."""

    says: str
    about: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    means: str = ""
    do: str = ""
    paste: tuple[str, ...] = ()
    places: tuple[Line, ...] = ()


def finding(rule: Rule, subject: str, words: Words, severity: Severity | None = None) -> Finding:
    """A finding of `rule` about `subject`."""
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=severity or rule.severity,
        subject=subject,
        about=words.about,
        says=words.says,
        seen=words.seen,
        means=words.means,
        do=words.do,
        paste=words.paste,
        places=words.places,
        references=rule.references,
    )


def conclude(rule: Rule, findings: list[Finding]) -> Judgement:
    """The rule fires with its findings, or passes without one."""
    if not findings:
        return _passed(rule.code, rule.name)
    return Judgement(code=rule.code, name=rule.name, status=Status.FIRES, findings=tuple(findings))


@lru_cache(maxsize=1024)
def _passed(code: str, name: str) -> Judgement:
    """What every pass of a rule looks like."""
    return Judgement(code=code, name=name, status=Status.PASSES)


def decide(rule: Rule, findings: list[Finding], unknown: list[str]) -> Judgement:
    """As `conclude`, and no pass where something is `unknown`; a rule that fires tells that beside its findings."""
    if not unknown:
        return conclude(rule, findings)
    reason = "; ".join(dict.fromkeys(unknown))
    return replace(conclude(rule, findings), reason=reason) if findings else inconclusive(rule, reason)


def inconclusive(rule: Rule, reason: str) -> Judgement:
    """The rule could not be judged."""
    return Judgement(code=rule.code, name=rule.name, status=Status.INCONCLUSIVE, reason=reason)


def fold(judgements: tuple[Judgement, ...], rules: tuple[Rule, ...]) -> tuple[Judgement, ...]:
    """One cause, one finding: what a firing rule covers about the same subject moves under its `also`.

    What a covered rule covers follows as well. Of several that cover one finding the first in order has it.
    """
    firing = [found for judgement in judgements for found in judgement.findings]
    if not firing:
        return judgements
    covers = _covers(rules)
    told = {(found.code, found.subject): found.id for found in firing}
    covered: dict[str, Finding] = {}
    for found in firing:
        for code in covers.get(found.code, ()):
            for subject in (found.subject, *found.about):
                if (code, subject) in told:
                    covered.setdefault(told[code, subject], found)
    if not covered:
        return judgements
    owner = {name: _root(found, covered) for name, found in covered.items()}
    under: dict[Finding, dict[str, None]] = {}
    for found in firing:
        if found.id in owner:
            under.setdefault(owner[found.id], {})[f"{found.code} {found.name}"] = None
    return tuple(_fold_one(judgement, owner, under) for judgement in judgements)


@once
def _covers(rules: tuple[Rule, ...]) -> Mapping[str, tuple[str, ...]]:
    """What each rule covers, by its code."""
    return {rule.code: rule.covers for rule in rules}


def _root(found: Finding, covered: dict[str, Finding]) -> Finding:
    """The finding that stands alone above one: who covers it, or who covers that."""
    seen = set[str]()
    while found.id in covered and found.id not in seen:
        seen.add(found.id)
        found = covered[found.id]
    return found


def _fold_one(judgement: Judgement, owner: dict[str, Finding], under: dict[Finding, dict[str, None]]) -> Judgement:
    """A judgement with the findings that stand alone, and `under` each what follows from it."""
    if not judgement.findings:
        return judgement
    kept = [replace(found, also=tuple(under.get(found, ()))) for found in judgement.findings if found.id not in owner]
    above = dict.fromkeys(owner[found.id].code for found in judgement.findings if found.id in owner)
    reason = f"told under {', '.join(above)}" if above and not kept else judgement.reason
    return replace(judgement, findings=tuple(kept), reason=reason)
