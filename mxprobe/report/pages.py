"""The pages that `explain` prints, made from rules, cells, profiles and faults themselves."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import getmodule
from itertools import accumulate, islice

from mxprobe.mx.cells import CELLS
from mxprobe.mx.outcome import Cell, TlsPolicy
from mxprobe.mx.profile import Memory, Profile, describe
from mxprobe.mx.providers import PROVIDERS
from mxprobe.mx.retry import intervals
from mxprobe.mx.senders import NOT_MODELLED, PROFILES, REMEMBERED
from mxprobe.report.provider_pages import render_provider, render_providers
from mxprobe.report.story_words import EXPECTATIONS, STEPS, Word
from mxprobe.report.words import say_span, wrap
from mxprobe.rules.all import ALL_RULES
from mxprobe.scenario.faults import FAULTS
from mxprobe.scenario.faults.fault import About, Fault

_TRIES = 5
"""So many retries of a mailer are told."""


def pages() -> Mapping[str, Callable[[], str]]:
    """Every page by its name."""
    found: dict[str, Callable[[], str]] = {
        "rules": _rules,
        "cells": _cells,
        "faults": _faults,
        "profiles": _profiles,
        "providers": render_providers,
        "steps": partial(_words, STEPS),
        "expectations": partial(_words, EXPECTATIONS),
    }
    found |= {module.RULE.code: partial(_rule, module.RULE.code) for module in ALL_RULES}
    found |= {module.RULE.name: partial(_rule, module.RULE.code) for module in ALL_RULES}
    found |= {cell.id: partial(_cell, cell) for cell in CELLS.values()}
    found |= {fault.NAME: partial(_fault, fault) for fault in FAULTS}
    found |= {name: partial(_word, name, word) for name, word in (STEPS | EXPECTATIONS).items()}
    found |= {provider.id: partial(render_provider, provider) for provider in PROVIDERS}
    found |= {profile.name: partial(_profile, profile) for profile in PROFILES}
    return found


def _rules() -> str:
    """Each rule on a line, in the order of their codes."""
    rules = sorted((module.RULE for module in ALL_RULES), key=lambda rule: rule.code)
    return "\n".join(f"{rule.code}  {rule.severity.value:<7}  {rule.name}" for rule in rules)


def _cells() -> str:
    return "\n".join(f"{cell.id:<4} {cell.event}" for cell in CELLS.values())


def _faults() -> str:
    lines = []
    for fault in FAULTS:
        where = (fault.PHASE or "say a phase") if fault.ABOUT is About.HOSTS else fault.ABOUT
        lines += wrap(f"{fault.NAME:<22} {where:<12} ", _page_of(fault).splitlines()[0])
    return "\n".join(lines)


def _profiles() -> str:
    lines = [f"{profile.name:<15} {profile.title}, {profile.version}" for profile in PROFILES]
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
    width = max(len(profile.name) for profile in PROFILES)
    lines = [f"{cell.id}  {cell.event}", *_row("clauses", cell.clauses or "none speaks of this", width)]
    note = f" ({cell.note})" if cell.note else ""
    if cell.action is not None:
        lines += _row("reference", f"{describe(PROFILES[0], cell.id)}{note}", width)
    else:
        by = "; ".join(f"{policy}: {cell.by_policy[policy].words}" for policy in TlsPolicy if policy in cell.by_policy)
        lines += _row("reference", f"{by}{note}", width)
    for profile in PROFILES[1:]:
        lines += _row(profile.name, _said(profile, cell), width)
    return "\n".join(lines)


def _said(profile: Profile, cell: Cell) -> str:
    """What a mailer does at a cell, and how that is known."""
    grade = profile.grade_of(cell.id)
    if cell.id == REMEMBERED and profile.memory is not None:
        return f"remembers {_memory(profile.memory)}"
    if cell.id == REMEMBERED and grade is not None:
        return f"remembers no host  ({grade.value})"
    deviation = profile.deviation(cell.id)
    if deviation is None:
        return _without_deviation(profile, cell)
    until = f", until the mail is {say_span(deviation.until)} old" if deviation.until else ""
    return f"{describe(profile, cell.id)}{until}  ({deviation.grade.value}: {deviation.evidence})"


def _without_deviation(profile: Profile, cell: Cell) -> str:
    """What follows where a mailer departs from the reference elsewhere: in what it makes of the last host (E1)."""
    told, last = describe(profile, cell.id), profile.deviation("E1")
    if last is not None and told != describe(PROFILES[0], cell.id):
        return f"{told}  (cell E1; {last.grade.value}: {last.evidence})"
    if profile.known is None:
        return "follows the reference, as far as is known"
    grade = profile.grade_of(cell.id)
    return f"follows the reference  ({grade.value})" if grade else "not known; taken to follow the reference"


def _row(label: str, text: str, width: int = 10) -> list[str]:
    return wrap(f"  {label:<{width}} ", text)


def _profile(profile: Profile) -> str:
    timeouts, schedule = profile.timeouts, profile.schedule
    lines = [f"{profile.name}  {profile.title}, {profile.version}"]
    for label, text in (
        (
            "timeouts",
            f"connection {say_span(timeouts.connect)}, greeting {say_span(timeouts.banner)}, EHLO"
            f" {say_span(timeouts.ehlo)}, MAIL {say_span(timeouts.mail)}, RCPT {say_span(timeouts.rcpt)}, DATA"
            f" {say_span(timeouts.data)}, final dot {say_span(timeouts.dot)}",
        ),
        ("limits", _limits(profile)),
        ("TLS", f"{profile.tls}"),
        ("tries at", _ages(profile)),
        (
            "gives up",
            f"after {say_span(schedule.lifetime)}" + (f" or {schedule.rounds} rounds" if schedule.rounds else ""),
        ),
    ):
        lines += _row(label, text)
    if profile.memory is not None:
        lines += _row("remembers", _memory(profile.memory))
    lines.append("  departs from the reference in" if profile.deviations else "  departs from the reference nowhere")
    for one in profile.deviations:
        under = f" (under {one.under})" if one.under else ""
        lines += wrap(f"    {one.cell:<4} ", f"{CELLS[one.cell].event}{under}: {one.because}")
        lines += wrap(" " * 9, f"{one.grade.value}: {one.evidence}")
    return "\n".join([*lines, *_following(profile)])


def _limits(profile: Profile) -> str:
    """How far a mailer walks the chain in one round."""
    limits = profile.limits
    parts = [
        f"{limits.hosts} hosts" if limits.hosts else "all hosts",
        f"{limits.addresses} addresses" if limits.addresses else "all addresses",
        f"{limits.sessions} sessions" if limits.sessions else "any number of sessions",
    ]
    told = f"{', '.join(parts)} a round"
    if limits.addresses_per_host:
        told += f"; {limits.addresses_per_host} addresses of a host"
    if limits.one_more_per_preference:
        told += "; then one address of each further preference"
    if limits.one_answer_per_host:
        told += "; another address of a host only where the connection fails"
    if len(limits.families) == 1:
        told += f"; IPv{limits.families[0]} alone"
    return told


def _ages(profile: Profile) -> str:
    """How old a message is at its first tries."""
    most = min(_TRIES, (profile.schedule.rounds or _TRIES + 1) - 1)
    ages = [say_span(age) for age in accumulate(islice(intervals(profile.schedule), most))]
    return ", ".join(["once", *ages]) + (", ..." if most == _TRIES else "")


def _memory(memory: Memory) -> str:
    cells = " ".join(cell for cell in CELLS if cell in memory.cells)
    times = f", {memory.after} times in a row" if memory.after > 1 else ""
    about = f"{memory.grade.value}: {memory.evidence}"
    return f"for {say_span(memory.seconds)} an address where it met {cells}{times}  ({about})"


def _following(profile: Profile) -> list[str]:
    """The cells in which it is known to follow the reference, and those of which nothing is known."""
    if profile.known is None:
        return []
    graded = {cell for cell in CELLS if profile.grade_of(cell) is not None}
    follows = " ".join(cell for cell in CELLS if cell in profile.known.cells)
    rest = " ".join(cell for cell in CELLS if cell not in graded and profile.deviation(cell) is None)
    about = f"{profile.known.grade.value}: {profile.known.evidence}"
    lines = ["  follows it in", *wrap("    ", follows), *wrap(" " * 9, about)]
    return [*lines, "  not known, and taken to follow it in", *wrap("    ", rest)] if rest else lines


def _fault(fault: type[Fault]) -> str:
    return f"{fault.NAME}\n\n{_page_of(fault)}"


def _page_of(fault: type[Fault]) -> str:
    return (getattr(getmodule(fault), "__doc__", None) or "").strip()
