"""The records of common responses, straight from their octets; see `wire.plain`.

Every reader gets the message, where a record's data begins and where they end, and raises `Unusual` for whatever is not
plain, or not sound in every way that dnspython looks for.

Standards: RFC 1035 §3.3, §4.1.4 (data, pointers), RFC 4034 §3.1, §4.1, RFC 5155 §3.2 (signatures
and proofs, which are passed over), RFC 6698 §2.1 (TLSA).
"""

import re
import struct
from collections.abc import Callable
from socket import AF_INET6, inet_ntop
from typing import Any

from msgspec import Struct

from mxprobe.facts.dns import AddressRecord, MxRecord, Record, RecordType, TextRecord

LONGEST_NAME = 253
"""Characters of a name as text, which are two fewer than its octets."""

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, OPT = 1, 2, 5, 6, 12, 15, 16, 28, 41
DS, RRSIG, NSEC, DNSKEY, NSEC3, TLSA = 43, 46, 47, 48, 50, 52

_FIVE = struct.Struct("!5I")
_DS_HEAD = struct.Struct("!HBB")
_DIGESTS = {1: 20, 2: 32, 4: 48}
_POINTER = 0xC0
_LONGEST_LABEL = 63
_MOST_POINTERS = 8
_LONGEST_BITMAP = 32
_SIGNATURE_HEAD = struct.calcsize("!HBBIIIH")
_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
_STRING = re.compile(rb"[ !#-\[\]-~]*\Z")


class Unusual(Exception):
    """Not of the common form."""


def read_name(wire: bytes, place: int) -> tuple[str, int]:
    """A plain name in lower case, "." for the root, and the place behind it. Pointers lead strictly backwards."""
    name, behind = _read_as_written(wire, place)
    return name.lower(), behind


def _read_as_written(wire: bytes, place: int) -> tuple[str, int]:
    labels = []
    begin, behind, pointers, end = place, 0, 0, len(wire)
    while size := wire[place]:
        if size <= _LONGEST_LABEL:
            place += 1
            labels.append(wire[place : place + size])
            place += size
        elif size >= _POINTER:
            behind = behind or place + 2
            end, place = begin, (size & _LONGEST_LABEL) << 8 | wire[place + 1]
            pointers += 1
            if place >= begin or pointers > _MOST_POINTERS:
                raise Unusual
            begin = place
        else:
            raise Unusual
        if place >= end:
            raise Unusual
    joined = b".".join(labels)
    if joined.translate(None, _PLAIN) or joined.count(b".") >= max(len(labels), 1) or len(joined) > LONGEST_NAME:
        raise Unusual
    return joined.decode("ascii") or ".", behind or place + 1


def behind_name(wire: bytes, place: int) -> int:
    """The place behind a name, whatever octets are in it; as strict about its form as `read_name`."""
    begin, behind, pointers, end, octets = place, 0, 0, len(wire), 0
    while size := wire[place]:
        if size <= _LONGEST_LABEL:
            place += size + 1
            octets += size + 1
        elif size >= _POINTER:
            behind = behind or place + 2
            end, place = begin, (size & _LONGEST_LABEL) << 8 | wire[place + 1]
            pointers += 1
            if place >= begin or pointers > _MOST_POINTERS:
                raise Unusual
            begin = place
        else:
            raise Unusual
        if place >= end:
            raise Unusual
    if octets > LONGEST_NAME + 1:
        raise Unusual
    return behind or place + 1


class Form(Struct, frozen=True):
    """How records of one type are read: what is in them, the same for the same record, and what is made of it."""

    number: int
    read: Callable[[bytes, int, int], Any]
    make: Callable[[Any, int], Record]


def _read_mx(wire: bytes, place: int, end: int) -> tuple[int, str]:
    exchange, behind = read_name(wire, place + 2)
    if behind != end:
        raise Unusual
    return wire[place] << 8 | wire[place + 1], exchange


def _make_mx(data: tuple[int, str], ttl: int) -> Record:
    return MxRecord(preference=data[0], exchange=data[1], ttl=ttl)


def _read_a(wire: bytes, place: int, end: int) -> str:
    if end - place != 4:
        raise Unusual
    return f"{wire[place]}.{wire[place + 1]}.{wire[place + 2]}.{wire[place + 3]}"


def _read_aaaa(wire: bytes, place: int, end: int) -> str:
    # Not those that the C library ends with an IPv4 address, and Python, in some of its versions, does not.
    if end - place != 16 or not any(wire[place : place + 10]):
        raise Unusual
    return inet_ntop(AF_INET6, wire[place:end])


def _make_address(data: str, ttl: int) -> Record:
    return AddressRecord(address=data, ttl=ttl)


def _read_txt(wire: bytes, place: int, end: int) -> str:
    strings = []
    while place < end:
        size = wire[place]
        string = wire[place + 1 : place + 1 + size]
        if _STRING.match(string) is None:
            raise Unusual
        strings.append(f'"{string.decode("ascii")}"')
        place += size + 1
    if place != end or not strings:
        raise Unusual
    return " ".join(strings)


def _read_tlsa(wire: bytes, place: int, end: int) -> str:
    if end - place < 3:
        raise Unusual
    return f"{wire[place]} {wire[place + 1]} {wire[place + 2]} {wire[place + 3 : end].hex()}".rstrip()


def _read_host(wire: bytes, place: int, end: int) -> str:
    name, behind = _read_as_written(wire, place)
    if behind != end or not name.islower():  # of two that differ in case alone dnspython keeps one
        raise Unusual
    return f"{name}."


def _read_soa(wire: bytes, place: int, end: int) -> str:
    primary, place = _read_as_written(wire, place)
    mailbox, place = _read_as_written(wire, place)
    if place + _FIVE.size != end or "." in (primary, mailbox):
        raise Unusual
    serial, refresh, retry, expire, minimum = _FIVE.unpack_from(wire, place)
    return f"{primary}. {mailbox}. {serial} {refresh} {retry} {expire} {minimum}"


def _read_ds(wire: bytes, place: int, end: int) -> str:
    tag, algorithm, kind = _DS_HEAD.unpack_from(wire, place)
    if end - place - _DS_HEAD.size != _DIGESTS.get(kind):
        raise Unusual
    return f"{tag} {algorithm} {kind} {wire[place + _DS_HEAD.size : end].hex()}"


def _make_text(data: str, ttl: int) -> Record:
    return TextRecord(text=data, ttl=ttl)


FORMS = {
    RecordType.MX: Form(MX, _read_mx, _make_mx),
    RecordType.A: Form(A, _read_a, _make_address),
    RecordType.AAAA: Form(AAAA, _read_aaaa, _make_address),
    RecordType.TXT: Form(TXT, _read_txt, _make_text),
    RecordType.TLSA: Form(TLSA, _read_tlsa, _make_text),
    RecordType.NS: Form(NS, _read_host, _make_text),
    RecordType.PTR: Form(PTR, _read_host, _make_text),
    RecordType.SOA: Form(SOA, _read_soa, _make_text),
    RecordType.DS: Form(DS, _read_ds, _make_text),
}


def read_soa(wire: bytes, place: int, end: int) -> int:
    """Its minimum."""
    place = behind_name(wire, behind_name(wire, place))
    if place + _FIVE.size != end:
        raise Unusual
    minimum: int = _FIVE.unpack_from(wire, place)[4]
    return minimum


def _skim_a(wire: bytes, place: int, end: int) -> None:
    if end - place != 4:
        raise Unusual


def _skim_aaaa(wire: bytes, place: int, end: int) -> None:
    if end - place != 16:
        raise Unusual


def _skim_ns(wire: bytes, place: int, end: int) -> None:
    if behind_name(wire, place) != end:
        raise Unusual


def _skim_rrsig(wire: bytes, place: int, end: int) -> None:
    _behind_bare_name(wire, place + _SIGNATURE_HEAD, end)


def _skim_nsec(wire: bytes, place: int, end: int) -> None:
    _skim_types(wire, _behind_bare_name(wire, place, end), end)


def _skim_nsec3(wire: bytes, place: int, end: int) -> None:
    place += 4
    place += wire[place] + 1
    if not wire[place]:
        raise Unusual
    _skim_types(wire, place + wire[place] + 1, end)


def _skim_types(wire: bytes, place: int, end: int) -> None:
    """The types that a proof lists, in windows of rising number, none with an empty end."""
    last = -1
    while place < end:
        window, size = wire[place], wire[place + 1]
        place += size + 2
        if window <= last or not 0 < size <= _LONGEST_BITMAP or not wire[place - 1]:
            raise Unusual
        last = window
    if place != end:
        raise Unusual


def _behind_bare_name(wire: bytes, place: int, end: int) -> int:
    """The place behind a name that may have no pointer."""
    begin = place
    while size := wire[place]:
        place += size + 1
        if size > _LONGEST_LABEL:
            raise Unusual
    if place >= end or place - begin > LONGEST_NAME + 1:
        raise Unusual
    return place + 1


def _refuse(wire: bytes, place: int, end: int) -> None:
    raise Unusual


class _Skims(dict[int, Callable[[bytes, int, int], None]]):
    """What is to be sound of a record that is not wanted, by its type; others are unusual."""

    def __missing__(self, key: int) -> Callable[[bytes, int, int], None]:
        return _refuse


SKIMMED = _Skims(
    {
        A: _skim_a,
        AAAA: _skim_aaaa,
        NS: _skim_ns,
        RRSIG: _skim_rrsig,
        NSEC: _skim_nsec,
        NSEC3: _skim_nsec3,
    }
)
