"""Names, in what rules find in a zone file, the lines that are behind it.

A rule says which records it goes by (`Rule.behind`); which of their lines belong to a finding follows from its subject.
Where a finding is about what is not there, the SOA record stands for the zone, as in a server's denial (RFC 2308 §2);
of an expectation that is not met its own line comes first then.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.finding import Finding, Judgement, Line
from mxprobe.facts.snapshot import STANDARD_INPUT, Snapshot, ZoneLine, ZoneSource
from mxprobe.facts.text import escape_text
from mxprobe.rules.rule import Behind

MOST_LINES = 20
"""So many lines are shown with one finding."""

_NO_ADDRESS = ("MX118", "MX201", "MX202")
_SERVICE = re.compile(r"(?:_[^.]+\.)+")


class _Kind(Struct, frozen=True, kw_only=True):
    """How records are told: by type, by what stands before the name that they are about, and by what they say.

    `is_one` means that there is one set of them for the domain, whatever the finding is about.
    """

    types: tuple[str, ...]
    before: str = ""
    says: str = ""
    is_one: bool = False

    def has(self, line: ZoneLine) -> bool:
        """Whether a line is of this kind."""
        return (
            line.rrtype in self.types
            and (not self.before or re.match(self.before, line.name) is not None)
            and (not self.says or re.match(self.says, line.data, re.IGNORECASE) is not None)
        )


_KINDS = {
    Behind.MX: _Kind(types=("MX",)),
    Behind.ALIAS: _Kind(types=("CNAME",)),
    Behind.ADDRESS: _Kind(types=("A", "AAAA")),
    Behind.SERVER: _Kind(types=("NS",)),
    Behind.TLSA: _Kind(types=("TLSA",), before=r"_\d+\._tcp\."),
    Behind.SPF: _Kind(types=("TXT", "SPF"), says=r'"v=spf1', is_one=True),
    Behind.DMARC: _Kind(types=("TXT",), before=r"_dmarc\.|.*\._report\._dmarc\.", is_one=True),
    Behind.POLICY: _Kind(types=("TXT",), before=r"_mta-sts\."),
    Behind.REPORTS: _Kind(types=("TXT",), before=r"_smtp\._tls\."),
    Behind.KEY: _Kind(types=("TXT",), before=r".*\._domainkey\."),
}

_OF_HOSTS = (Behind.ALIAS, Behind.ADDRESS, Behind.TLSA)
"""What stands at the end of a host's aliases."""


def name_lines(
    snapshot: Snapshot, judgements: Iterable[Judgement], behind: Mapping[str, tuple[Behind, ...]]
) -> tuple[Judgement, ...]:
    """The judgements; where a zone file was read, the evidence of each finding ends with the file's lines.

    `behind` has the records that each rule goes by, under its code.
    """
    zone = snapshot.zone
    if zone is None:
        return tuple(judgements)
    return tuple(
        replace(
            judgement,
            findings=tuple(
                _with_lines(finding, snapshot.domain, zone, behind.get(finding.code, ()))
                for finding in judgement.findings
            ),
        )
        for judgement in judgements
    )


def _with_lines(finding: Finding, domain: str, zone: ZoneSource, behind: tuple[Behind, ...]) -> Finding:
    found = {line.line: line for line in _lines_of(finding, domain, zone, behind)}
    is_absent = not found
    if is_absent and behind:
        found = {line.line: line for line in zone.lines if line.rrtype == "SOA" and line.name == domain}
    numbers = sorted(found)
    lines = [f"{zone.path}:{number}: {escape_text(' '.join(found[number].text.split()))}" for number in numbers]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"{zone.path}: and {len(lines) - MOST_LINES} lines more"]
    shown = numbers[:MOST_LINES] if zone.path != STANDARD_INPUT else ()
    places = tuple(Line(path=zone.path, line=number) for number in shown)
    places = (*finding.places, *places) if is_absent else (*places, *finding.places)
    return replace(finding, seen=(*finding.seen, *lines), places=places, do=_remedy(finding, domain, zone))


def _remedy(finding: Finding, domain: str, zone: ZoneSource) -> str:
    """What to do; a name below the domain that has several labels of its own may lack its final dot."""
    if finding.code not in _NO_ADDRESS:
        return finding.do
    end = next(iter([*_ends({finding.subject}, _aliases_in(zone))][::-1]), finding.subject)
    written = end.removesuffix(f".{domain}")
    if written == end or "." not in written:
        return finding.do
    return f"Without a final dot a name is completed by the zone's: write {written}. if that is the host. {finding.do}"


def _aliases_in(zone: ZoneSource) -> dict[str, str]:
    return {line.name: line.data for line in zone.lines if line.rrtype == "CNAME"}


def _lines_of(finding: Finding, domain: str, zone: ZoneSource, behind: tuple[Behind, ...]) -> Iterator[ZoneLine]:
    """The lines of the records that the rule goes by, as far as they are about the finding's subjects."""
    subjects, address = _subjects(finding)
    chain = [line for line in zone.lines if line.rrtype == "MX" and line.name == domain]
    hosts = subjects - {domain}
    if domain in subjects:
        hosts |= {line.data for line in chain} if chain else {domain}
    ends = hosts | set(_ends(hosts, _aliases_in(zone)))
    named = {*re.split(r"[\s,]+", finding.says), address}
    for kind in _meant(finding.subject, behind):
        names = ends if kind in _OF_HOSTS else hosts
        lines = [line for line in zone.lines if _KINDS[kind].has(line) and _is_about(line, kind, subjects, names)]
        if kind is Behind.ADDRESS:
            lines = [line for line in lines if line.data in named] or lines
        yield from lines


def _meant(subject: str, behind: tuple[Behind, ...]) -> tuple[Behind, ...]:
    """Of the records that a rule goes by those that a finding is about: a subject such as _dmarc.example.test tells."""
    own = tuple(kind for kind in behind if _KINDS[kind].before and re.match(_KINDS[kind].before, f"{subject}."))
    if own:
        return own
    at_the_domain = any(_KINDS[kind].is_one and not _KINDS[kind].before for kind in behind)
    return tuple(kind for kind in behind if not (at_the_domain and _KINDS[kind].is_one and _KINDS[kind].before))


def _subjects(finding: Finding) -> tuple[set[str], str]:
    """The names that a finding is about, and the address where it is about one."""
    host, _, address = finding.subject.partition("/")
    return {*host.split(", "), *finding.about}, address


def _ends(hosts: set[str], aliases: Mapping[str, str]) -> Iterator[str]:
    """The names on the way along the aliases of hosts."""
    for host in hosts:
        seen = {host}
        while host in aliases and aliases[host] not in seen:
            host = aliases[host]
            seen.add(host)
            yield host


def _is_about(line: ZoneLine, kind: Behind, subjects: set[str], hosts: set[str]) -> bool:
    """Whether a line is about one of these names: at it, for a service of it, or naming it."""
    if _KINDS[kind].is_one:
        return True
    if kind in (Behind.MX, Behind.SERVER):
        return line.name in subjects or line.data in hosts
    at = _SERVICE.sub("", line.name, count=1) if line.name.startswith("_") else line.name
    return line.name in subjects or (at in hosts if kind in _OF_HOSTS else at in subjects)
