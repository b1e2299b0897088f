"""The pages that `explain` prints, made from rules, cells, profiles and faults themselves."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import getmodule

from mxprobe.mx.cells import CELLS
from mxprobe.mx.outcome import Cell, TlsPolicy
from mxprobe.mx.profile import Profile, describe
from mxprobe.mx.senders import NOT_MODELLED, PROFILES
from mxprobe.report.story_words import EXPECTATIONS, STEPS, Word
from mxprobe.report.words import say_span, wrap
from mxprobe.rules import ALL_RULES
from mxprobe.scenario.faults import FAULTS
from mxprobe.scenario.faults.fault import About, Fault


def pages() -> Mapping[str, Callable[[], str]]:
    """Every page by its name."""
    found: dict[str, Callable[[], str]] = {
        "rules": _rules,
        "cells": _cells,
        "faults": _faults,
        "profiles": _profiles,
        "steps": partial(_words, STEPS),
        "expectations": partial(_words, EXPECTATIONS),
    }
    found |= {module.RULE.code: partial(_rule, module.RULE.code) for module in ALL_RULES}
    found |= {module.RULE.name: partial(_rule, module.RULE.code) for module in ALL_RULES}
    found |= {cell.id: partial(_cell, cell) for cell in CELLS.values()}
    found |= {fault.NAME: partial(_fault, fault) for fault in FAULTS}
    found |= {name: partial(_word, name, word) for name, word in (STEPS | EXPECTATIONS).items()}
    found |= {profile.name: partial(_profile, profile) for profile in PROFILES}
    return found


def _rules() -> str:
    return "\n".join(f"{module.RULE.code}  {module.RULE.severity.value:<7}  {module.RULE.name}" for module in ALL_RULES)


def _cells() -> str:
    return "\n".join(f"{cell.id:<4} {cell.event}" for cell in CELLS.values())


def _faults() -> str:
    lines = []
    for fault in FAULTS:
        where = (fault.PHASE or "say a phase") if fault.ABOUT is About.HOSTS else fault.ABOUT
        lines += wrap(f"{fault.NAME:<22} {where:<12} ", _page_of(fault).splitlines()[0])
    return "\n".join(lines)


def _profiles() -> str:
    lines = [f"{profile.name:<10} {profile.title}, {profile.version}" for profile in PROFILES]
    return "\n".join([*lines, f"Not modelled: {', '.join(NOT_MODELLED)}."])


def _words(words: Mapping[str, Word]) -> str:
    """A list of words, each with what it is for."""
    return "\n".join(line for name, word in words.items() for line in wrap(f"{name:<9} ", word.told))


def _word(name: str, word: Word) -> str:
    example = "\n".join(f"    {line}" for line in word.example.splitlines())
    return "\n".join([name, "", *wrap("", word.told), "Example.", example])


def _rule(code: str) -> str:
    module = next(module for module in ALL_RULES if module.RULE.code == code)
    rule = module.RULE
    return f"{rule.code}  {rule.name}  {rule.severity.value}\n\n{(module.__doc__ or '').strip()}"


def _cell(cell: Cell) -> str:
    lines = [f"{cell.id}  {cell.event}", *_row("clauses", cell.clauses or "none speaks of this")]
    note = f" ({cell.note})" if cell.note else ""
    if cell.action is not None:
        lines += _row("reference", f"{describe(PROFILES[0], cell.id)}{note}")
    else:
        by = "; ".join(f"{policy}: {cell.by_policy[policy].words}" for policy in TlsPolicy if policy in cell.by_policy)
        lines += _row("reference", f"{by}{note}")
    for profile in PROFILES[1:]:
        deviation = profile.deviation(cell.id)
        if deviation is None:
            lines += _row(profile.name, _without_deviation(profile, cell))
            continue
        until = f", until the mail is {say_span(deviation.until)} old" if deviation.until else ""
        known = f"{deviation.grade.value}: {deviation.evidence}"
        lines += _row(profile.name, f"{describe(profile, cell.id)}{until}  ({known})")
    return "\n".join(lines)


def _without_deviation(profile: Profile, cell: Cell) -> str:
    """What follows where a mailer departs from the reference elsewhere: in what it makes of the last host (E1)."""
    told, last = describe(profile, cell.id), profile.deviation("E1")
    if last is None or told == describe(PROFILES[0], cell.id):
        return "follows the reference, as far as is known"
    return f"{told}  (cell E1; {last.grade.value}: {last.evidence})"


def _row(label: str, text: str) -> list[str]:
    return wrap(f"  {label:<10} ", text)


def _profile(profile: Profile) -> str:
    limits, timeouts = profile.limits, profile.timeouts
    lines = [
        f"{profile.name}  {profile.title}, {profile.version}",
        f"  timeouts   connection {say_span(timeouts.connect)}, greeting {say_span(timeouts.banner)},"
        f" final dot {say_span(timeouts.dot)}",
        f"  limits     {limits.addresses or 'all'} addresses, {limits.sessions or 'any number of'} sessions a round",
        f"  gives up   after {say_span(profile.schedule.lifetime)}"
        + (f" or {profile.schedule.rounds} rounds" if profile.schedule.rounds else ""),
        "  departs from the reference in" if profile.deviations else "  departs from the reference nowhere",
    ]
    for one in profile.deviations:
        lines += wrap(f"    {one.cell:<4} ", f"{CELLS[one.cell].event}: {one.because}")
        lines += wrap(" " * 9, f"{one.grade.value}: {one.evidence}")
    return "\n".join(lines)


def _fault(fault: type[Fault]) -> str:
    return f"{fault.NAME}\n\n{_page_of(fault)}"


def _page_of(fault: type[Fault]) -> str:
    return (getattr(getmodule(fault), "__doc__", None) or "").strip()
