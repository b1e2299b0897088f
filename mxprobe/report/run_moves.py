"""The moves of a mailer that is not ours, each with what the standards say of it."""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from mxprobe.facts.judged import Judged, Standing
from mxprobe.facts.run import Run
from mxprobe.report.words import WIDTH, count_of, cut, say_time, wrap


def render_moves(run: Run, *, everything: bool) -> list[str]:
    """How many moves were lawful, and those that were against a standard; `everything`: each of them."""
    if not run.moves:
        return []
    counts = Counter(move.standing for move in run.moves)
    told = ", ".join(f"{counts[standing]} {standing}" for standing in Standing if counts[standing])
    lines = ["", *wrap("      moves   ", f"{run.sender}, by what the hosts saw: {told}")]
    told_of = dict.fromkeys(replace(move, recipient="") for move in run.moves)  # all recipients have one road, mostly
    for move in told_of:
        if everything or move.standing is Standing.AGAINST:
            lines += _tell(move)
    return lines


def _tell(move: Judged) -> list[str]:
    cell = f" ({move.cell})" if move.cell else ""
    what = cut(f"      {say_time(move.at):>7} {move.standing:<9} {move.message}: {move.does}{cell}", WIDTH)
    clauses = f"; {move.clauses}" if move.clauses else ""
    return [what, *wrap(" " * 24, f"{move.because}{clauses}")]


def render_against(runs: Sequence[Run]) -> list[str]:
    """A line for each play that went as written although its sender left a standard."""
    lines = []
    for run in runs:
        against = sum(1 for move in run.moves if move.standing is Standing.AGAINST)
        if against and not run.went_wrong:
            says = (
                f"{run.path}: {run.sender} made {count_of(against, 'move')} against a standard; -v --trace tells which"
            )
            lines += wrap("note  ", says)
    return lines
