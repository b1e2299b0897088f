"""The outcome table, whole, as text that is reviewed as a diff."""

from pathlib import Path

import pytest

from mxprobe.mx.cells import CELLS
from mxprobe.mx.outcome import Cell, TlsPolicy
from mxprobe.mx.profile import Grade
from mxprobe.mx.senders import PROFILES

GOLDEN = Path(__file__).with_name("outcome.golden.txt")


def _line(cell: Cell) -> str:
    if cell.action is not None:
        ruling = f"{cell.action.value:<7}"
    else:
        ruling = " ".join(f"{policy}:{cell.by_policy.get(policy, '-')}" for policy in TlsPolicy)
    mark = "?" if cell.open else " "
    return f"{cell.id:<4}{mark} {ruling} {cell.scope.value}/{cell.kind.value}  {cell.event}  [{cell.clauses}]".rstrip()


def render_table() -> str:
    """The table and every profile's deviations, a line each."""
    lines = [_line(cell) for cell in CELLS.values()]
    for profile in PROFILES:
        lines.append(f"\n{profile.name} {profile.version}")
        for deviation in profile.deviations:
            kind = deviation.kind.value if deviation.kind else "-"
            until = f" until {deviation.until:.0f} s" if deviation.until else ""
            until += f" under {deviation.under}" if deviation.under else ""
            lines.append(f"  {deviation.cell:<4} {deviation.action.value} {kind} {deviation.grade.value}{until}")
        if profile.memory is not None:
            cells = " ".join(cell for cell in CELLS if cell in profile.memory.cells)
            lines.append(f"  remembers {cells} for {profile.memory.seconds:.0f} s, {profile.memory.grade.value}")
        if profile.known is not None:
            cells = " ".join(cell for cell in CELLS if cell in profile.known.cells)
            lines.append(f"  follows {cells}, {profile.known.grade.value}")
    return "\n".join(lines) + "\n"


def test_the_table_is_the_one_that_was_reviewed() -> None:
    assert render_table() == GOLDEN.read_text()


def test_every_row_of_both_tables_is_there() -> None:
    rows = {"D": 15, "C": 5, "B": 6, "H": 6, "M": 5, "R": 8, "X": 4, "Z": 6, "Q": 1, "E": 4}
    wanted = [f"{letter}{number}" for letter, last in rows.items() for number in range(1, last + 1)]
    wanted += [f"T{number}" for number in range(18)]

    assert sorted(CELLS) == sorted(wanted)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_deviation_names_a_cell_departs_there_and_has_its_evidence(profile) -> None:  # type: ignore[no-untyped-def]
    for deviation in profile.deviations:
        cell = CELLS[deviation.cell]
        reference = cell.action_under(deviation.under or profile.tls)
        departs = deviation.action is not reference or deviation.kind not in (None, cell.kind) or cell.id == "B4"

        assert departs, deviation.cell
        assert deviation.evidence
        assert isinstance(deviation.grade, Grade)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_cell_is_known_to_follow_the_reference_or_to_depart_but_not_both(profile) -> None:  # type: ignore[no-untyped-def]
    if profile.known is None:
        return
    always = {one.cell for one in profile.deviations if one.under is None and one.until is None}

    assert profile.known.evidence
    assert profile.known.cells <= set(CELLS)
    assert not profile.known.cells & always
    for cell in CELLS:
        assert (profile.grade_of(cell) is None) == (cell not in profile.known.cells and not profile.deviation(cell))


def test_the_reference_departs_nowhere() -> None:
    assert PROFILES[0].deviations == ()
