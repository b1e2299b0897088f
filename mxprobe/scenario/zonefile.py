"""A master file as records that know their lines, also where one record has several or a line has none of its own name.

Records are found by name at once, however many there are, and become text when they are asked for. Signatures and
denials of a signed file are left out: nothing is proven by them here, and their names do not exist for anybody.

Standards: RFC 1035 §5 (master files), §5.1 (names without a final dot are completed by the origin), RFC 4592 §2.2.2
(names that exist without a record), RFC 5155 §7.2.8 (the names of NSEC3 records do not).
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.DNAME import DNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.scenario.zonereader import Node, Told, Unreadable, kind_of, read_records, text_of

_LONGEST_CHAIN = 8
_LABEL = re.compile(r"(?:\\.|[^.\\])+")
_BELOW = "\0"
"""Between the labels of a name that is written from its end: it sorts before all that a label has."""

_PROOFS = frozenset({dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3})


class Record(Struct, frozen=True, kw_only=True):
    """One record: its data as presentation text, its TTL, the line where it begins and that line as it stands.

    `points_to` is the host that an MX, NS, CNAME or DNAME names, lower-case and without a final dot.
    """

    name: str
    rrtype: str
    data: str
    points_to: str
    preference: int
    ttl: int
    line: int
    text: str


class ZoneFile(Struct, frozen=True, kw_only=True):
    """The records of a zone by their names, which are lower-case and without a final dot.

    `lines` are those of the file, `ladder` the names written from their ends and sorted, `size` counts the records.
    """

    domain: str
    path: str
    nodes: Mapping[str, Node] = {}
    lines: tuple[str, ...] = ()
    ladder: tuple[str, ...] = ()
    size: int = 0

    def find(self, name: str, *rrtypes: str) -> tuple[Record, ...]:
        """The records of a name, in the order of the file."""
        node = self.nodes.get(name)
        if node is None:
            return ()
        found = [told for rrtype in rrtypes for told in node.get(dns.rdatatype.from_text(rrtype), ())]
        if len(rrtypes) > 1:
            found.sort(key=lambda told: told.line)
        return tuple(self._record(name, told) for told in found)

    def exists(self, name: str) -> bool:
        """Whether a name has records, or lies between the zone's name and one that has."""
        key = _from_its_end(name)
        place = bisect_left(self.ladder, key)
        return place < len(self.ladder) and f"{self.ladder[place]}{_BELOW}".startswith(f"{key}{_BELOW}")

    def aliases(self, name: str) -> tuple[Record, ...]:
        """The CNAME records on the way from a name to its end."""
        found: list[Record] = []
        while len(found) < _LONGEST_CHAIN and (alias := next(iter(self.find(name, "CNAME")), None)) is not None:
            found.append(alias)
            name = alias.points_to
        return tuple(found)

    def end_of(self, name: str) -> str:
        """The name at the end of a name's aliases; itself where it has none."""
        aliases = self.aliases(name)
        return aliases[-1].points_to if aliases else name

    def addresses(self, name: str) -> tuple[Record, ...]:
        """The address records of a name, at the end of its aliases."""
        return self.find(self.end_of(name), "A", "AAAA")

    def place(self, record: Record) -> Place:
        """Where a record stands, for a complaint."""
        return Place(self.path, record.line, None, record.text)

    def _record(self, name: str, told: Told) -> Record:
        rdata = told.rdata
        points_to, preference = "", 0
        match rdata:
            case MX():
                points_to, preference = show_name(rdata.exchange), int(rdata.preference)
            case NS() | CNAME() | DNAME():
                points_to = show_name(rdata.target)
        return Record(
            name=name,
            rrtype=dns.rdatatype.to_text(kind_of(rdata)),
            data=text_of(rdata),
            points_to=points_to,
            preference=preference,
            ttl=told.ttl,
            line=told.line,
            text=self.lines[told.line - 1] if told.line <= len(self.lines) else "",
        )


@lru_cache(maxsize=8)
def read_zone_file(text: str, domain: str, path: str) -> ZoneFile:
    """The records of a zone. Raises InputError naming the line that is no record."""
    lines = tuple(text.split("\n"))
    try:
        found = read_records(text, dns.name.from_text(domain))
    except Unreadable as error:
        line = error.line if error.line is not None and error.line <= len(lines) else None
        place = Place(path, line, None, lines[line - 1] if line is not None else None)
        raise InputError(f"the zone of {domain} cannot be read: {error.says}", place=place, hint=error.hint) from error
    nodes = {show_name(name): node for name, node in found.items() if node.keys() - _PROOFS}
    return ZoneFile(
        domain=domain,
        path=path,
        nodes=nodes,
        lines=lines,
        ladder=tuple(sorted(map(_from_its_end, nodes))),
        size=sum(len(told) for node in found.values() for told in node.values()),
    )


def show_name(name: dns.name.Name) -> str:
    """A name as the project writes it: lower-case, without a final dot."""
    return name.to_text(omit_final_dot=True).lower()


def labels_of(name: str) -> list[str]:
    """The labels of a name, first to last; a dot behind a backslash is part of one."""
    return _LABEL.findall(name) if "\\" in name else name.split(".")


def _from_its_end(name: str) -> str:
    return _BELOW.join(reversed(labels_of(name)))
