"""Reads a saved probe that may be anybody's work: what it is not is said with the file's name, and memory is bounded.

Prints nothing, and compares nothing.
"""

from pathlib import Path

import msgspec

from mxprobe.errors import InputError, Place
from mxprobe.facts.snapshot import SNAPSHOT_SCHEMA, Snapshot

MOST_OCTETS = 16_777_216
"""No saved probe is larger."""

HISTORY_SUFFIX = ".jsonl"
"""Of files that have a saved probe on each line (probe --history)."""

_SCHEMA = 1
_HINT = "It comes from `mxprobe probe --save FILE` or `--format json`."
_OTHERS = {"runs": "saved runs", "proof": "a proof", "proven": "a table of proofs", "diff": "a comparison of probes"}


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = ""
    schema: int = 0


class _SavedLook(msgspec.Struct, frozen=True, kw_only=True):
    snapshot: Snapshot


def read_saved(path: Path, domain: str | None = None) -> Snapshot:
    """The look of a saved probe; of the results of a survey that at a `domain`, as A-label.

    Raises InputError for any other file, one that is too large or of a later schema.
    """
    return look_in(read_document(path, MOST_OCTETS, domain), path)


def look_in(data: bytes, path: Path) -> Snapshot:
    """The look of a saved probe that was read from a file already. Raises InputError."""
    place = Place(str(path))
    try:
        saved = msgspec.json.decode(data, type=_Kind)
        if saved.kind != "look" or saved.schema != _SCHEMA:
            known = f" but {_OTHERS[saved.kind]}" if saved.kind in _OTHERS else ""
            raise InputError(f"this is no saved probe of schema {_SCHEMA}{known}", place=place, hint=_HINT)
        snapshot = msgspec.json.decode(data, type=_SavedLook).snapshot
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"no saved probe: {error}", place=place, hint=_HINT) from error
    if snapshot.schema > SNAPSHOT_SCHEMA:
        says = f"this probe is of schema {snapshot.schema}; up to {SNAPSHOT_SCHEMA} can be read"
        raise InputError(says, place=place)
    return snapshot


def read_document(path: Path, most: int, domain: str | None = None) -> bytes:
    """The document in a file, which is not larger than it may be; of a history (DOMAIN.jsonl) the last one.

    Where a `domain` is named, the last one about it: that is how results of a survey are read. Raises InputError.
    """
    if domain is not None:
        from mxprobe.jobs.survey.results import line_about

        return line_about(path, domain)
    if path.suffix != HISTORY_SUFFIX:
        return read_octets(path, most)
    from mxprobe.jobs.history import last_line

    line = last_line(path)
    if not line:
        raise InputError("no look was kept there yet", place=Place(str(path)))
    return line


def read_octets(path: Path, most: int) -> bytes:
    """The octets of a file that is not larger than it may be. Raises InputError."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(path))) from error
    if len(data) > most:
        raise InputError(f"the file has more than {most} octets", place=Place(str(path)))
    return data
