"""Reads the text of a zone file, from a file or from standard input, as far as one may be long.

Lines end as they do anywhere: LF, CRLF or CR.
"""

import sys
from pathlib import Path

from mxprobe.errors import InputError, Place

MOST_OCTETS = 33_554_432
"""No zone file is longer (32 MiB): some hundred thousand records."""


def read_zone_text(zone: Path) -> str:
    """The text of a master file ("-": standard input). Raises InputError."""
    from_input = str(zone) == "-"
    place = Place("standard input" if from_input else str(zone))
    try:
        if from_input:
            data = sys.stdin.buffer.read(MOST_OCTETS + 1)
        else:
            with zone.open("rb") as file:
                data = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise InputError(f"the zone cannot be read: {error.strerror}", place=place) from error
    if len(data) > MOST_OCTETS:
        hint = "Give the part that mail needs."
        raise InputError(f"the zone has more than {MOST_OCTETS >> 20} MiB, and no more is read", place=place, hint=hint)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        says = f"the zone is not UTF-8 (octet 0x{data[error.start]:02x} here)"
        raise InputError(says, place=place._replace(line=line)) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
