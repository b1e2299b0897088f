"""JSON documents: a promise to other programs. One object, sorted as played or tried, with a schema number."""

from collections.abc import Sequence
from typing import Any

import msgspec

from mxprobe.facts.advice import Advice
from mxprobe.facts.codec import masked
from mxprobe.facts.finding import Judgement
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


def render_document(document: Any) -> str:
    """The document with local parts cut, indented for people."""
    return msgspec.json.format(msgspec.json.encode(masked(document)), indent=2).decode() + "\n"


def render_runs_json(runs: Sequence[Run]) -> str:
    """All runs."""
    return render_document(RunsDocument(runs=tuple(runs)))


def render_looks_json(looks: Sequence[LookDocument]) -> str:
    """A document for each look, one behind the other."""
    return "".join(map(render_document, looks))
