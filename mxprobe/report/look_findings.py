"""The findings of a look as text: each cause once, with its evidence, what it means and what to do."""

from collections.abc import Iterable
from itertools import groupby

from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.text import escape_text
from mxprobe.report.verdict import findings_of
from mxprobe.report.words import count_of, wrap


def render_findings(judgements: tuple[Judgement, ...]) -> list[str]:
    """How many findings there are, and each of them."""
    found = findings_of(judgements)
    lines = [f"FINDINGS   {tally_of(judgements)}"]
    for group in grouped(found):
        lines += _block(group)
    return lines


def tally_of(judgements: tuple[Judgement, ...]) -> str:
    """How many findings there are of each severity, and how many rules passed or could not be judged."""
    found = findings_of(judgements)
    counted = [one.severity for one in found if one.waived is None]
    counts = [(severity, counted.count(severity)) for severity in Severity]
    told = [count_of(count, severity.value) for severity, count in counts if count]
    told += [f"{len(found) - len(counted)} waived"] if len(found) > len(counted) else []
    tally = ", ".join(told)
    passed = sum(1 for judgement in judgements if judgement.status is Status.PASSES)
    open_ones = sum(1 for judgement in judgements if judgement.status is Status.INCONCLUSIVE)
    return f"{tally or 'none'}; {count_of(passed, 'rule')} passed, {open_ones} could not be judged"


def grouped(found: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Neighbours that are told alike, in one block."""
    return tuple(tuple(group) for _, group in groupby(found, key=_told_alike))


def _told_alike(one: Finding) -> tuple[object, ...]:
    """Findings for which this is equal stand in one block."""
    return (one.code, one.severity, one.means, one.do, one.paste, one.also, one.waived)


def _block(found: tuple[Finding, ...]) -> list[str]:
    """What one rule says of one subject, or of several alike: what is so, the evidence, what it means, what to do."""
    first = found[0]
    lines: list[str] = []
    for number, one in enumerate(found):
        word = first.severity.value if first.waived is None else "waived"
        lines += wrap(f" {word:<7} {first.code}  " if number == 0 else " " * 16, one.says)
    lines += _labelled("seen", (line for one in found for line in one.seen))
    lines += _labelled("means", (first.means,))
    lines += _labelled("do", (first.do,))
    lines += _pasted(first.paste)
    lines += _labelled("also", (", ".join(first.also),))
    if first.waived is not None:
        waived = first.waived
        lines += _labelled(
            "waived", (f"{first.severity.value} until {waived.until}: {waived.because} ({waived.place})",)
        )
    clauses = f"{'; '.join(first.references)}.  " if first.references else ""
    return [*lines, f"         {clauses}Page: mxprobe explain {first.code}"]


def _pasted(lines: tuple[str, ...]) -> list[str]:
    """Lines to be copied as they stand: never wrapped."""
    return [f"         {'' if number else 'paste':<6} {escape_text(line)}" for number, line in enumerate(lines)]


def _labelled(label: str, texts: Iterable[str]) -> list[str]:
    """Lines behind their label, which stands on the first alone."""
    lines: list[str] = []
    for text in texts:
        if text:
            lines += wrap(f"         {'' if lines else label:<6} ", text)
    return lines
