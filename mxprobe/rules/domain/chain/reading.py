"""What the rules about the MX set share: its records, and what the zone's own name servers say of them."""

from msgspec import Struct

from mxprobe.facts.dns import AnswerStatus, MxRecord
from mxprobe.facts.names import is_address
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import Voice, speaking, voices_of, zone_of
from mxprobe.mx.once import known_answers, once

NO_ANSWER = "the MX lookup gave no answer"


@once
def records_of(snapshot: Snapshot) -> tuple[MxRecord, ...] | None:
    """The MX records, best preference first; None where the lookup said nothing."""
    answer = snapshot.mx
    if answer is None or answer.status.is_temporary:
        return None
    return tuple(sorted(answer.mx, key=lambda record: (record.preference, record.exchange)))


@once
def named_hosts(records: tuple[MxRecord, ...]) -> dict[str, MxRecord]:
    """The hosts that the records name, each with its best record: no null MX, and no address."""
    found: dict[str, MxRecord] = {}
    for record in records:
        if record.exchange != "." and not is_address(record.exchange):
            found.setdefault(record.exchange, record)
    return found


def line_of(record: MxRecord) -> str:
    """The evidence of a record."""
    return f"MX {record.preference} {record.exchange}, TTL {record.ttl}"


class ZoneSide(Struct, frozen=True, kw_only=True):
    """What the zone's own servers said, one voice an address; `unknown` why nothing follows from it, else empty."""

    voices: tuple[Voice, ...] = ()
    unknown: str = ""


@once
def zone_side_of(snapshot: Snapshot) -> ZoneSide:
    """The zone's own servers as far as they were asked and heard."""
    voices = voices_of(snapshot.domain, snapshot.authorities)
    if speaking(voices):
        return ZoneSide(voices=voices)
    if snapshot.zone is not None:
        return ZoneSide(unknown="a zone file was read; the zone's name servers show it when it is published")
    answer = snapshot.mx
    if answer is not None and answer.status is AnswerStatus.NXDOMAIN:
        return ZoneSide(unknown=f"{snapshot.domain} does not exist, and has no name servers")
    if any(voice.mx.status is not AnswerStatus.NOT_ASKED for voice in voices):
        told = "none of the zone's own name servers was heard; a look from a network that lets DNS out would tell"
        return ZoneSide(voices=voices, unknown=told)
    zone = zone_of(snapshot.domain, known_answers(snapshot))
    return ZoneSide(voices=voices, unknown=zone.unknown or _why_unasked(snapshot, zone.name))


def _why_unasked(snapshot: Snapshot, zone: str) -> str:
    if snapshot.unasked:
        return "the budget of queries did not reach the zone's own name servers; --queries gives more"
    if zone:
        return f"no name server of {zone} has an address that is asked; --allow-special asks private ones too"
    return "the zone's own name servers were not asked; a look with today's mxprobe asks them"


def place_of(voice: Voice) -> str:
    """Which server, at which address."""
    return f"{voice.authority.server}/{voice.authority.address}"


def content_of(voice: Voice) -> str:
    """What a server has, and which version of the zone."""
    records = ", ".join(line if line.startswith("CNAME ") else f"MX {line}" for line in voice.content)
    if not records:
        records = "no such name" if voice.mx.status is AnswerStatus.NXDOMAIN else "no MX record"
    return f"{place_of(voice)}: {records}" + (f"; serial {voice.serial}" if voice.serial is not None else "")
