"""Lines that mend a finding as they stand: records of a master file, settings of a mailer, a policy's body.

Records of one name and type are given all together, as they ought to be; texts beside others of other kinds alone. A
comment line says what a block is. Where a name could not stand in a file as it is, nothing is given.

Standards: RFC 1035 §5.1 (master files), RFC 7208 §3.3 (strings of a TXT record).
"""

import ipaddress
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import speaking, voices_of
from mxprobe.mx.mtasts import POLICY_PATH, Mode, policy_host
from mxprobe.mx.once import known_answers

TTL = 3600
"""Of records that are not there yet."""

MOST_RECORDS = 16
"""More MX records nobody pastes."""

LONGEST_TEXT = 2000
"""No longer text is given to be pasted; of an SPF record, no receiver would take it."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\.")
_LONGEST_STRING = 255


def record(name: str, rrtype: str, data: str, ttl: int = TTL) -> str:
    """One record as a line of a master file; `name` without a final dot."""
    return f"{name}. {ttl} IN {rrtype} {data}"


def under(comment: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    """Lines below a comment; no comment without lines."""
    return (f"; {comment}", *lines) if lines else ()


def text_record(name: str, text: str, ttl: int = TTL) -> tuple[str, ...]:
    """A TXT record, long ones in several strings; nothing where it holds what a file would have to escape."""
    if not (text.isascii() and text.isprintable()) or '"' in text or "\\" in text or not _PLAIN.fullmatch(name):
        return ()
    if len(text) > LONGEST_TEXT:
        return ()
    parts = [text[at : at + _LONGEST_STRING] for at in range(0, len(text), _LONGEST_STRING)]
    return (record(name, "TXT", " ".join(f'"{part}"' for part in parts), ttl),)


def ttl_of(snapshot: Snapshot, name: str, rrtype: RecordType) -> int:
    """The TTL of records as it was seen; that of new ones where there are none."""
    answer = known_answers(snapshot).get(Question(name=name, rrtype=rrtype))
    return max((one.ttl for one in answer.records), default=TTL) if answer is not None else TTL


def ttl_of_mx(snapshot: Snapshot) -> int:
    """The TTL of the MX records: as the zone's own servers say it, else the most that was seen."""
    told = [voice.ttl for voice in speaking(voices_of(snapshot.domain, snapshot.authorities)) if voice.ttl is not None]
    seen = [one.ttl for one in snapshot.mx.mx] if snapshot.mx is not None else []
    return max(told or seen, default=TTL)


def mx_records(snapshot: Snapshot, wanted: Iterable[tuple[int, str]], ttl: int | None = None) -> tuple[str, ...]:
    """All MX records as they ought to be, best preference first; nothing where none is left, or too many to be read.

    Other findings may have lines of the same records: each mends its own.
    """
    found = sorted(set(wanted))
    names = (snapshot.domain, *(host for _, host in found))
    if not 0 < len(found) <= MOST_RECORDS or not all(_PLAIN.fullmatch(name) for name in names):
        return ()
    ttl = ttl_of_mx(snapshot) if ttl is None else ttl
    lines = (record(snapshot.domain, "MX", f"{number} {host.rstrip('.')}.", ttl) for number, host in found)
    others = ", with this mended" if mx_now(snapshot) else ""
    return under(f"all MX records of {snapshot.domain}{others}", tuple(lines))


def mx_now(snapshot: Snapshot) -> tuple[tuple[int, str], ...]:
    """The MX records as they are: preference and host."""
    return tuple((one.preference, one.exchange) for one in snapshot.mx.mx) if snapshot.mx is not None else ()


def mx_with(snapshot: Snapshot, old: str, new: str) -> tuple[str, ...]:
    """All MX records, one host by another name; where that name has a record already, the better one is kept."""
    renamed = [(number, new if host == old else host) for number, host in mx_now(snapshot)]
    best = min((number for number, host in renamed if host == new), default=0)
    return mx_records(snapshot, (one for one in renamed if one[1] != new or one[0] == best))


def mx_without(snapshot: Snapshot, gone: str) -> tuple[str, ...]:
    """All MX records but those of a host; nothing where no host is left."""
    return mx_records(snapshot, (one for one in mx_now(snapshot) if one[1] not in (gone, ".")))


def tlsa_records(snapshot: Snapshot, name: str, texts: Iterable[str]) -> tuple[str, ...]:
    """All TLSA records of a name."""
    ttl = ttl_of(snapshot, name, RecordType.TLSA)
    lines = tuple(record(name, "TLSA", text, ttl) for text in dict.fromkeys(texts))
    return under(f"all TLSA records of {name}", lines) if _PLAIN.fullmatch(name) else ()


def ptr_record(address: str, host: str) -> tuple[str, ...]:
    """The name of an address."""
    if not _PLAIN.fullmatch(host):
        return ()
    return (record(ipaddress.ip_address(address).reverse_pointer, "PTR", f"{host}."),)


def policy_id(snapshot: Snapshot) -> tuple[str, ...]:
    """The TXT record of a policy with an id that is new: the second of the look."""
    moment = datetime.fromtimestamp(snapshot.started_at, UTC)
    return text_record(f"_mta-sts.{snapshot.domain}", f"v=STSv1; id={moment:%Y%m%dT%H%M%S}")


def policy_body(snapshot: Snapshot, mode: Mode, patterns: Iterable[str], max_age: int) -> tuple[str, ...]:
    """The file of an MTA-STS policy, and the record that makes senders fetch it."""
    names = tuple(dict.fromkeys(patterns))
    if not names or not all(_PLAIN.fullmatch(name.removeprefix("*.")) for name in names):
        return ()
    return (
        f"# the whole of https://{policy_host(snapshot.domain)}{POLICY_PATH}",
        "version: STSv1",
        f"mode: {mode.value}",
        *(f"mx: {name}" for name in names),
        f"max_age: {max_age}",
        *under(f"then, in the zone of {snapshot.domain}", policy_id(snapshot)),
    )


def setting(snapshot: Snapshot, host: str, postfix: Iterable[str] = (), exim: Iterable[str] = ()) -> tuple[str, ...]:
    """The settings for the mailer that a host greets as; nothing where its greeting does not say."""
    banners = [
        session.banner.text
        for visit in snapshot.visits
        if visit.endpoint.host == host
        for session in visit.sessions
        if session.banner is not None
    ]
    lines = tuple(postfix) if any("Postfix" in text for text in banners) else ()
    if lines:
        return (f"# Postfix at {host}, main.cf", *lines)
    lines = tuple(exim) if any("Exim" in text for text in banners) else ()
    return (f"# Exim at {host}, main section", *lines) if lines else ()
