"""A master file as records that know their lines, also where one record has several or a line has none of its own name.

Standards: RFC 1035 §5 (master files), §5.1 (names without a final dot are completed by the origin).
"""

import re
from functools import lru_cache

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tokenizer
import dns.transaction
import dns.zone
import dns.zonefile
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from msgspec import Struct

from mxprobe.errors import InputError, Place

_AT_LINE = re.compile(r":(\d+): (.*)\Z", re.DOTALL)
_LONGEST_CHAIN = 8


class Record(Struct, frozen=True, kw_only=True):
    """One record: its data as presentation text, its TTL, the line where it begins and that line as it stands.

    `points_to` is the host that an MX, NS or CNAME names, lower-case and without a final dot.
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
    """The records that mail needs (MX, NS, A, AAAA, CNAME), in the order of the file; `names` have any record."""

    domain: str
    path: str
    records: tuple[Record, ...]
    names: frozenset[str] = frozenset()

    def find(self, name: str, *rrtypes: str) -> tuple[Record, ...]:
        """The records of a name."""
        return tuple(record for record in self.records if record.name == name and record.rrtype in rrtypes)

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


class _Tokenizer(dns.tokenizer.Tokenizer):
    """Remembers on which line a record begins: where the reader asks for a token that may be white space."""

    began = 1

    def get(self, want_leading: bool = False, want_comment: bool = False) -> dns.tokenizer.Token:
        """The next token."""
        token = super().get(want_leading, want_comment)
        if want_leading and not token.is_eol_or_eof():
            self.began = self.line_number
        return token


@lru_cache(maxsize=8)
def read_zone_file(text: str, domain: str, path: str) -> ZoneFile:
    """The records of a zone. Raises InputError naming the line that is no record."""
    lines = text.splitlines()
    began: dict[tuple[dns.name.Name, dns.rdata.Rdata], tuple[int, int]] = {}
    zone = dns.zone.Zone(dns.name.from_text(domain), relativize=False)
    tokenizer = _Tokenizer(text, "zone")

    def note(_: dns.transaction.Transaction, name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> None:
        for rdata in rdataset:
            began.setdefault((name, rdata), (tokenizer.began, int(rdataset.ttl)))

    try:
        with zone.writer(True) as transaction:
            transaction.check_put_rdataset(note)
            dns.zonefile.Reader(tokenizer, dns.rdataclass.IN, transaction).read()
    except (dns.exception.DNSException, ValueError) as error:
        raise _refusal(error, lines, domain, path) from error
    records = (_record(name, rdata, place, lines) for (name, rdata), place in began.items())
    return ZoneFile(
        domain=domain,
        path=path,
        records=tuple(record for record in records if record is not None),
        names=frozenset(show_name(name) for name, _ in began),
    )


def _refusal(error: Exception, lines: list[str], domain: str, path: str) -> InputError:
    found = _AT_LINE.search(str(error))
    line = int(found[1]) if found else None
    excerpt = lines[line - 1] if line is not None and line <= len(lines) else None
    said = found[2] if found else str(error)
    return InputError(f"the zone of {domain} cannot be read: {said}", place=Place(path, line, None, excerpt))


def _record(name: dns.name.Name, rdata: dns.rdata.Rdata, place: tuple[int, int], lines: list[str]) -> Record | None:
    """A record that mail needs, from its line and its TTL; None for any other."""
    line, ttl = place
    points_to, preference = "", 0
    match rdata:
        case MX():
            points_to, preference = show_name(rdata.exchange), int(rdata.preference)
        case NS() | CNAME():
            points_to = show_name(rdata.target)
        case A() | AAAA():
            pass
        case _:
            return None
    return Record(
        name=show_name(name),
        rrtype=dns.rdatatype.to_text(rdata.rdtype),
        data=rdata.to_text(),
        points_to=points_to,
        preference=preference,
        ttl=ttl,
        line=line,
        text=lines[line - 1] if line <= len(lines) else "",
    )


def show_name(name: dns.name.Name) -> str:
    """A name as the project writes it: lower-case, without a final dot."""
    return name.to_text(omit_final_dot=True).lower()
