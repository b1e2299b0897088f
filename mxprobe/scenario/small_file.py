"""Opens the small YAML files that a person writes beside a look (`--expect`, `--migration`, `--alarm-config`).

Reads the moments in them, too. What the files say is read by `load_approved`, `load_migration`, `load_windows`.
"""

import re
from datetime import UTC, datetime

from ruamel.yaml.nodes import Node

from mxprobe.errors import InputError, Place
from mxprobe.scenario.document import Reader, read_document

MOST_OCTETS = 65536
"""A file of more octets says something else."""

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?")
_RIGHT = "Right is a day, or a time with its zone: 2026-03-01, 2026-03-01T08:00Z, 2026-03-01T10:00+02:00."


def open_file(data: bytes, path: str, empty: str) -> tuple[Reader, Node]:
    """A small YAML file. Raises InputError for what is none, and, saying `empty`, for an empty one."""
    if len(data) > MOST_OCTETS:
        raise InputError(f"the file has more than {MOST_OCTETS} octets", place=Place(path))
    try:
        document, root = read_document(data.decode("utf-8-sig"), path, empty=empty)
    except UnicodeDecodeError as error:
        raise InputError(f"the file is not UTF-8 (byte {error.start + 1})", place=Place(path)) from error
    except RecursionError as error:
        raise InputError("not YAML that anybody can read: too many brackets in brackets", place=Place(path)) from error
    return Reader(document), root


def read_moment(reader: Reader, node: Node) -> float:
    """Seconds since 1970 UTC; a day alone begins at midnight UTC."""
    word = reader.text(node)
    if not _MOMENT.fullmatch(word):
        reader.document.refuse(node, f"`{word}` is no moment", hint=_RIGHT)
    try:
        moment = datetime.fromisoformat(word)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        reader.document.refuse(node, f"there is no such moment as `{word}`", hint=_RIGHT)
