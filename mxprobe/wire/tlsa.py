"""TLSA records of any length in a response: dnspython refuses a whole message for one digest that is too short.

Senders pass over such a record, and take it for a promise of TLS all the same (RFC 7672 §2.2). So that they can be
read, the records get a type that nobody knows, before the message is read.

Standards: RFC 1035 §4.1.3 (form), RFC 3597 §3 (unknown types), RFC 6698 §2.1 (data).
"""

import struct

import dns.rdata
import dns.rdatatype

STAND_IN = dns.rdatatype.RdataType.make(65399)
"""A type for private use that no server would send for an answer to TLSA."""

_FIXED = struct.Struct("!HHIH")


def with_stand_in(behind_number: bytes) -> bytes:
    """A response without its number, its TLSA records under STAND_IN. What is no sound message stays as it is."""
    told = bytearray(behind_number)
    try:
        _, questions, *sections = struct.unpack_from("!5H", told)
        place = 10
        for _ in range(questions):
            place = _behind_name(told, place) + 4
        for _ in range(sum(sections)):
            place = _behind_name(told, place)
            rdtype, _, _, length = _FIXED.unpack_from(told, place)
            if rdtype == dns.rdatatype.TLSA:
                struct.pack_into("!H", told, place, STAND_IN)
            place += _FIXED.size + length
    except (IndexError, struct.error):
        return behind_number
    return bytes(told)


def _behind_name(wire: bytearray, place: int) -> int:
    while wire[place]:
        if wire[place] >= 0xC0:
            return place + 2
        place += wire[place] + 1
    return place + 1


def tlsa_text(record: dns.rdata.Rdata) -> str:
    """The record under STAND_IN as presentation text; one without its three numbers in the form of RFC 3597 §5."""
    data = bytes(record.data) if isinstance(record, dns.rdata.GenericRdata) else b""
    if len(data) < 3:
        return f"\\# {len(data)} {data.hex()}".rstrip()
    return f"{data[0]} {data[1]} {data[2]} {data[3:].hex()}".rstrip()
