"""Reads the text of a zone file, from a file or from standard input."""

import sys
from pathlib import Path

from mxprobe.errors import InputError, Place


def read_zone_text(zone: Path) -> str:
    """The text of a master file ("-": standard input). Raises InputError."""
    try:
        return sys.stdin.read() if str(zone) == "-" else zone.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the zone cannot be read: {error.strerror}", place=Place(str(zone))) from error
    except UnicodeDecodeError as error:
        raise InputError("the zone is not UTF-8", place=Place(str(zone))) from error
