"""Names, in what rules find in a zone file, the lines that are behind it."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from mxprobe.facts.finding import Finding, Judgement, Line
from mxprobe.facts.snapshot import STANDARD_INPUT, Snapshot, ZoneLine, ZoneSource

_NO_ADDRESS = ("MX201", "MX202")


def name_lines(snapshot: Snapshot, judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The judgements; where a zone file was read, the evidence of each finding ends with the file's lines."""
    zone = snapshot.zone
    if zone is None:
        return tuple(judgements)
    return tuple(
        replace(
            judgement, findings=tuple(_with_lines(finding, snapshot.domain, zone) for finding in judgement.findings)
        )
        for judgement in judgements
    )


def _with_lines(finding: Finding, domain: str, zone: ZoneSource) -> Finding:
    behind = tuple(_behind(finding, domain, zone))
    lines = (f"{zone.path}:{line.line}: {' '.join(line.text.split())}" for line in behind)
    places = dict.fromkeys(Line(path=zone.path, line=line.line) for line in behind if zone.path != STANDARD_INPUT)
    seen = (*finding.seen, *dict.fromkeys(lines))
    return replace(finding, seen=seen, places=tuple(places), do=_remedy(finding, domain))


def _remedy(finding: Finding, domain: str) -> str:
    """What to do; a name below the domain that has several labels of its own may lack its final dot."""
    written = finding.subject.removesuffix(f".{domain}")
    if finding.code not in _NO_ADDRESS or written == finding.subject or "." not in written:
        return finding.do
    return f"Without a final dot a name is completed by the zone's: write {written}. if that is the host. {finding.do}"


def _behind(finding: Finding, domain: str, zone: ZoneSource) -> Iterator[ZoneLine]:
    """The MX records of the domain, or those of the host that it is about, with its alias or its address."""
    host, _, address = finding.subject.partition("/")
    for line in zone.lines:
        is_mx = line.rrtype == "MX" and line.name == domain and host in (domain, line.data)
        is_alias = line.rrtype == "CNAME" and line.name == host
        if is_mx or is_alias or (address and line.name == host and line.data == address):
            yield line
