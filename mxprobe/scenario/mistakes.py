"""What is wrong in a zone before any story is played over it: records that send mail nowhere, each with a remedy.

Standards: RFC 5321 §5.1, RFC 2181 §10.3 (no alias behind MX), RFC 7505 §3 (null MX), RFC 1035 §5.1 (final dots).
"""

from collections.abc import Iterator

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.names import is_address
from mxprobe.scenario.operators import is_inside
from mxprobe.scenario.zone import Over
from mxprobe.scenario.zonefile import Record, ZoneFile, read_zone_file


class Mistake(Struct, frozen=True, kw_only=True):
    """One record that cannot be right (None: the zone as a whole), what is wrong with it, and what would be right."""

    record: Record | None
    says: str
    do: str = ""


def check_zone(over: Over) -> None:
    """Refuse a zone that no story can be played over. Raises InputError at the first mistake's line, naming all."""
    zone = read_zone_file(over.text, over.domain, over.path)
    mistakes = tuple(find_mistakes(zone))
    if not mistakes:
        return
    first = mistakes[0]
    hints = [first.do] if first.do else []
    for other in mistakes[1:]:
        hints += [f"also {_position(zone, other)}: {other.says}", *([f"     {other.do}"] if other.do else [])]
    place = Place(over.path) if first.record is None else zone.place(first.record)
    raise InputError(first.says, place=place, hint="\n".join(hints) or None)


def _position(zone: ZoneFile, mistake: Mistake) -> str:
    return zone.path if mistake.record is None else f"{zone.path}:{mistake.record.line}"


def find_mistakes(zone: ZoneFile) -> Iterator[Mistake]:
    """Every mistake, in the order of the file."""
    records = zone.find(zone.domain, "MX")
    if not records and not zone.addresses(zone.domain):
        yield Mistake(record=None, says=f"the zone has neither an MX record nor an address for {zone.domain}")
    nulls = [record for record in records if record.points_to == "."]
    if nulls and len(nulls) == len(records):
        says = f"{zone.domain} takes no mail (null MX), so there is nothing to play"
        yield Mistake(record=nulls[0], says=says)
        return
    for record in sorted((*records, *zone.find(zone.domain, "NS")), key=lambda record: record.line):
        mistake = _of_null(record) if record.points_to == "." else _of_target(zone, record)
        if mistake is not None:
            yield mistake


def _of_null(record: Record) -> Mistake:
    return Mistake(
        record=record,
        says="a null MX says that the domain takes no mail, and other MX records say that it does (RFC 7505 §3)",
        do="Remove this record, or all others.",
    )


def _of_target(zone: ZoneFile, record: Record) -> Mistake | None:
    """What is wrong with the host that an MX or NS record names."""
    name = record.points_to
    told = f"{record.rrtype} {record.preference} {name}" if record.rrtype == "MX" else f"{record.rrtype} {name}"
    written = name.removesuffix(f".{zone.domain}")
    if is_address(written):
        return Mistake(
            record=record,
            says=f"{told} names a host by an address, which no sender looks up",
            do=f"Give {written} a name: an address record, and that name in this record.",
        )
    if not is_inside(name, zone.domain):
        return None
    aliases = zone.aliases(name)
    if aliases:
        end = aliases[-1].points_to
        return Mistake(
            record=record,
            says=f"{told} names an alias (line {aliases[0].line}: {name} is {end}), and may not (RFC 2181 §10.3)",
            do=f"Name the host itself: {end}.",
        )
    if zone.addresses(name):
        return None
    return Mistake(record=record, says=f"{told} names a host that has no address in this zone", do=_remedy(written))


def _remedy(written: str) -> str:
    """What was probably meant by a name that was completed by the zone's."""
    if "." in written:
        return f"Without a final dot a name is completed by the zone's. A final dot says that it is whole: {written}."
    return f"Add an address for {written}, or correct its name."
