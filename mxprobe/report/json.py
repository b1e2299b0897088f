"""JSON documents: a promise to other programs. One object, sorted as played or tried, with a schema number."""

from collections.abc import Sequence
from typing import Any

import msgspec

from mxprobe.facts.advice import Advice
from mxprobe.facts.change import Change, NotCompared
from mxprobe.facts.codec import masked
from mxprobe.facts.finding import Finding, Judgement
from mxprobe.facts.proof import Proof
from mxprobe.facts.run import Run
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.proven import DomainProven
from mxprobe.mx.whatif import Forecast

SCHEMA = 1


class RunsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `run --format json` prints."""

    schema: int = SCHEMA
    kind: str = "runs"
    runs: tuple[Run, ...]


class LookDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `probe --format json` prints and `--save` writes.

    `chosen`: the forecast is of the cases that a person asked about, and the rules were not asked. `reason` is that of
    the exit status. `advice` says how a planned migration stands.
    """

    schema: int = SCHEMA
    kind: str = "look"
    snapshot: Snapshot
    judgements: tuple[Judgement, ...] = ()
    forecast: Forecast | None = None
    chosen: bool = False
    exit_status: int = 0
    reason: str = ""
    advice: Advice | None = None


class ProofDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `prove --format json` prints. `removed`: how many messages `--clean` took out of the mailboxes, `troubles`:
    what hindered it; `proven`: when each host was last proven, by all proofs of the domain that are kept there.
    """

    schema: int = SCHEMA
    kind: str = "proof"
    proof: Proof
    judgements: tuple[Judgement, ...] = ()
    removed: int | None = None
    troubles: tuple[str, ...] = ()
    proven: DomainProven | None = None
    exit_status: int = 0


class ProvenDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `report --format json` prints of several proofs. `stale` are hosts that were not proven as lately as they
    should be, as domain and host; `skipped` counts files of a folder that are no proofs.
    """

    schema: int = SCHEMA
    kind: str = "proven"
    domains: tuple[DomainProven, ...]
    stale: tuple[tuple[str, str], ...] = ()
    skipped: int = 0
    exit_status: int = 0


class DiffDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `diff --format json` prints: two probes of `domain`, begun at `old_at` and `new_at` (seconds since 1970).

    `judgements` are those of the rules that compare, and of others what they did not find in the earlier probe;
    `mended` is what they found then, and not now. `reason` is that of the exit status.
    """

    schema: int = SCHEMA
    kind: str = "diff"
    domain: str
    old: str
    new: str
    old_at: float
    new_at: float
    changes: tuple[Change, ...] = ()
    unknown: tuple[NotCompared, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    mended: tuple[Finding, ...] = ()
    exit_status: int = 0
    reason: str = ""


def render_document(document: Any) -> str:
    """The document with local parts cut, indented for people."""
    return msgspec.json.format(msgspec.json.encode(masked(document)), indent=2).decode() + "\n"


def render_runs_json(runs: Sequence[Run]) -> str:
    """All runs."""
    return render_document(RunsDocument(runs=tuple(runs)))


def render_looks_json(looks: Sequence[LookDocument]) -> str:
    """A document for each look, one behind the other."""
    return "".join(map(render_document, looks))


def render_diffs_json(diffs: Sequence[DiffDocument]) -> str:
    """A document for each comparison, one behind the other."""
    return "".join(map(render_document, diffs))
