"""Reads reports of SMTP TLS reporting from files: JSON, compressed by gzip, or a mail that carries one. Prints nothing.

They come from anybody, by mail: how much is unpacked is bounded, whatever a file promises.
"""

import email
import email.policy
import zlib
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.tlsreport import TlsReport
from mxprobe.jobs.look import Look
from mxprobe.jobs.look_again import look_again
from mxprobe.mx.drift import mx_unknown, published_mx
from mxprobe.mx.tlsreport import read_report

MOST_OCTETS = 16_777_216
"""No report is larger, unpacked or not."""

MOST_FILES = 4096
MOST_MEMBERS = 64
"""No file is put together of more pieces that gzip has packed: each is copied with all behind it."""

_MOST_LINES, _MOST_BOUNDARIES = 400_000, 32
"""Of a mail: a report as large as may be has fewer lines (base64), and stands in one multipart or two."""

_GZIP = b"\x1f\x8b"
_HEAD = 65536
_BEGINNING = 512
_KEYS = (b'"organization-name"', b'"report-id"')
_MARK = b"tlsrpt"
_CARRIED = ("application/tlsrpt+gzip", "application/tlsrpt+json")
_OTHERS = ("application/gzip", "application/x-gzip", "application/json")


class Gathered(Struct, frozen=True, kw_only=True):
    """Reports, and the newest look at each domain that was named beside them."""

    reports: tuple[TlsReport, ...]
    looks: tuple[Snapshot, ...] = ()

    @property
    def chains(self) -> dict[str, frozenset[str]]:
        """The MX hosts of each domain that was looked at, where they are known."""
        return {
            look.domain: frozenset(record.host for one in published_mx(look)[:1] for record in one.records)
            for look in sorted(self.looks, key=lambda one: one.started_at)
            if not mx_unknown(look)
        }


def holds_reports(files: Sequence[Path]) -> bool:
    """Whether one of the files seems to be a report of TLS sessions; one that cannot be read is none."""
    return any(_is_report(_head(file)) for file in files)


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_HEAD)
    except OSError:
        return b""


def _is_report(head: bytes) -> bool:
    if head.startswith(_GZIP):
        return True
    if _is_ours(head):
        return False
    return any(key in head for key in _KEYS) or (_MARK in head.lower() and not _is_json(head))


def _is_ours(head: bytes) -> bool:
    """Whether a file says that mxprobe has written it."""
    return _is_json(head) and b'"kind":"' in b"".join(head[:_BEGINNING].split())


def _is_json(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))


def gather_reports(files: Sequence[Path]) -> Gathered:
    """Every report, and the saved probes beside them. Raises InputError for a file that is neither."""
    if len(files) > MOST_FILES:
        raise InputError(f"{len(files)} files at once; {MOST_FILES} is the most")
    reports, looks = list[TlsReport](), list[Snapshot]()
    for file in files:
        if _is_ours(_head(file)):
            seen = look_again(file)
            if not isinstance(seen, Look):
                says = "beside reports of TLS sessions stand saved probes, and this is none"
                raise InputError(says, place=Place(str(file)))
            looks.append(seen.snapshot)
        else:
            reports.append(load_report(file))
    return Gathered(reports=tuple(reports), looks=tuple(looks))


def load_report(file: Path) -> TlsReport:
    """One report. Raises InputError with the file's name."""
    place = Place(str(file))
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_OCTETS + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error
    if len(data) > MOST_OCTETS:
        raise InputError(f"the file has more than {MOST_OCTETS} octets", place=place)
    if not data.startswith(_GZIP) and not _is_json(data):
        data = _carried(data, file)
    return read_report(_unpacked(data, place), str(file))


def _unpacked(data: bytes, place: Place) -> bytes:
    """What gzip has packed, up to the most that a report may be; other data as it is."""
    if not data.startswith(_GZIP):
        return data
    parts, size = list[bytes](), 0
    while data:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            part = unpacker.decompress(data, MOST_OCTETS + 1 - size)
        except zlib.error as error:
            raise InputError("this is no gzip that can be unpacked: it is damaged", place=place) from error
        size += len(part)
        parts.append(part)
        if size > MOST_OCTETS or unpacker.unconsumed_tail:
            says = f"unpacked, this has more than {MOST_OCTETS} octets: no report is that large"
            raise InputError(says, place=place)
        if not unpacker.eof:
            raise InputError("the gzip ends before its end: it was cut short", place=place)
        if len(parts) >= MOST_MEMBERS:
            raise InputError(f"more than {MOST_MEMBERS} pieces of gzip in one file: no report is sent so", place=place)
        data = unpacker.unused_data.lstrip(b"\0")
        if data and not data.startswith(_GZIP):
            raise InputError("behind the gzip stands something else", place=place)
    return b"".join(parts)


def _carried(data: bytes, file: Path) -> bytes:
    """The report that a mail carries. Raises InputError."""
    place = Place(str(file))
    if data.count(b"\n") + data.count(b"\r") > 2 * _MOST_LINES or data.lower().count(b"boundary") > _MOST_BOUNDARIES:
        says = "no report, and no mail that carries one: it has too many lines, or parts within parts"
        raise InputError(says, place=place)
    try:
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        parts = {part.get_content_type(): part for part in reversed(list(message.walk()))}
        wanted = next((parts[kind] for kind in (*_CARRIED, *_OTHERS) if kind in parts), None)
        payload = None if wanted is None else wanted.get_payload(decode=True)
    except (RecursionError, ValueError, LookupError) as error:
        raise InputError("no report, and no mail that can be read", place=place) from error
    if not isinstance(payload, bytes):
        says = "no report of TLS sessions, and no mail that carries one (application/tlsrpt+gzip)"
        raise InputError(says, place=place)
    return payload
