"""Looks again at a saved probe or saved runs, with today's rules. Prints nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from mxprobe.errors import InputError, Place
from mxprobe.facts.finding import Status
from mxprobe.facts.run import Run
from mxprobe.jobs.look import Look, judge
from mxprobe.jobs.saved import look_in, read_document
from mxprobe.rules import judge_run

if TYPE_CHECKING:
    from mxprobe.jobs.prove import Proved


MOST_OCTETS = 67_108_864
"""No file of saved runs, which may be many, is larger."""


class _SavedRuns(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[Run, ...]


class _Saved(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = ""
    schema: int = 0


def look_again(path: str | Path, domain: str | None = None) -> "Look | Proved | tuple[Run, ...]":
    """The look of a saved probe, a proof that was kept, or the runs of a saved play; of a history the last look, of
    results of a survey that at a `domain`, as A-label.

    Raises InputError for any other file, and for one that is too large.
    """
    path = Path(path)
    data = read_document(path, MOST_OCTETS, domain)
    try:
        saved = msgspec.json.decode(data, type=_Saved)
        if saved.schema != 1 or saved.kind not in ("look", "runs", "proof"):
            raise InputError(
                "this is no saved probe, no proof and no saved run of schema 1",
                place=Place(str(path)),
                hint="They come from `mxprobe probe --save FILE`, `mxprobe prove` and `mxprobe run --format json`.",
            )
        if saved.kind == "proof":
            from mxprobe.jobs.prove import judge as judge_proof
            from mxprobe.jobs.prove import load_proof

            return judge_proof(load_proof(path))
        if saved.kind == "look":
            return judge(look_in(data, path))
        return tuple(_judge_again(run) for run in msgspec.json.decode(data, type=_SavedRuns).runs)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"no saved probe: {error}", place=Place(str(path))) from error


def _judge_again(run: Run) -> Run:
    findings = tuple(
        found for judgement in judge_run(run) if judgement.status is Status.FIRES for found in judgement.findings
    )
    return replace(run, findings=findings)
