"""Gathers proofs that were kept: those that a person names, and those that lie beside another. Prints nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.proof import Proof
from mxprobe.jobs.prove import load_proof
from mxprobe.jobs.saved import MOST_OCTETS
from mxprobe.mx.proven import DomainProven, last_proven

_HEAD = 512
_MARK = b'"kind":"proof"'


class Kept(Struct, frozen=True, kw_only=True):
    """Proofs that were kept, and how many files of the folders are none."""

    proofs: tuple[Proof, ...]
    skipped: int = 0


def gather_proofs(paths: Sequence[Path]) -> Kept:
    """The proofs of files and folders; folders within folders are left out, a file that is met twice counts once.

    Raises InputError for a named file that is no proof, and where there is none at all.
    """
    proofs, met = list[Proof](), set[Path]()
    skipped = 0
    for path in paths:
        is_folder = path.is_dir()
        for file in _files(path) if is_folder else (path,):
            if file.resolve() in met:
                continue
            met.add(file.resolve())
            proof = _try(file) if is_folder else load_proof(file)
            if proof is None:
                skipped += 1
            else:
                proofs.append(proof)
    if not proofs:
        places = ", ".join(str(path) for path in paths)
        raise InputError("no proof that mxprobe has kept lies there", place=Place(places))
    return Kept(proofs=tuple(proofs), skipped=skipped)


def proven_beside(proof: Proof, journal: Path) -> DomainProven:
    """When the hosts of a proof were last proven: by itself, and by those of its domain in the folder it is kept in."""
    try:
        others = [known for file in _files(journal.parent) if file.name != journal.name and (known := _try(file))]
    except InputError:  # a folder that can be written to, and not be listed
        others = []
    (domain,) = last_proven([proof, *(known for known in others if known.domain == proof.domain)])
    return domain


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder, but for hidden ones, by name."""
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(folder))) from error
    yield from found


def _try(file: Path) -> Proof | None:
    """The proof in a file that may be anything; None where it holds none."""
    try:
        with file.open("rb") as opened:
            head = b"".join(opened.read(_HEAD).split())
        if _MARK not in head or file.stat().st_size > MOST_OCTETS:
            return None
        return load_proof(file)
    except (OSError, InputError):
        return None
