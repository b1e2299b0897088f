"""The proofs that were kept in a folder."""

from pathlib import Path

import msgspec
from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.proof import Proof

_LARGEST = 10_000_000


class Kept(Struct, frozen=True, kw_only=True):
    """The proofs of a folder, by file name; `others` counts the files that are none."""

    proofs: tuple[Proof, ...]
    others: int = 0


def read_kept(folder: Path, domain: str | None = None) -> Kept:
    """Every proof in the folder itself (*.json), those of one domain where it is named.

    Raises InputError for a folder that cannot be read.
    """
    proofs, others = [], 0
    try:
        for path in sorted(folder.glob("*.json")):
            proof = _read(path)
            if proof is None:
                others += 1
            elif domain in (None, proof.domain):
                proofs.append(proof)
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", place=Place(str(folder))) from error
    return Kept(proofs=tuple(proofs), others=others)


def _read(path: Path) -> Proof | None:
    if not path.is_file() or path.stat().st_size > _LARGEST:
        return None
    try:
        proof = msgspec.json.decode(path.read_bytes(), type=Proof)
    except msgspec.DecodeError:
        return None
    return proof if proof.kind == "proof" else None
