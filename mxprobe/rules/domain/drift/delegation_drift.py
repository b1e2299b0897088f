"""The zone of the domain is served by others than before.

What it sees. The name servers (NS), the keys that the parent vouches for (DS) or the first server of the SOA record
differ from the earlier probe (--baseline); or the name servers differ from those that are approved (--expect,
`nameservers`). What changes around the cut-over of a planned migration, with no other change of MX records than the
planned one, is the plan's.
It is an error where none of the name servers stayed and the new ones are of another operator (in the domain's own zone:
in another network); where the DS records went away beside other servers or other MX records; and where doubtful changes
of delegation and MX records come together. It is a note where keys went by others, or servers of the same operator came
or went. All else is a warning: DNSSEC was switched off, one server of a stranger came, all were replaced within one
operator.
Why it matters. Who holds the delegation can answer whatever he likes, and sign it.
Example. The name servers were replaced, and with them the MX records:
    before example.test MX 10 mx1.example.test
    before example.test NS ns1.example.test
    example.test MX 10 mx9.other.test
    example.test NS ns1.other.test
    mx9.other.test A 203.0.113.9
What to do. Ask the registrar who changed it; have the domain locked there.
Standards. RFC 1034 §4.2.1; RFC 4035 §2.4.
"""

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.change import Weight
from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.delegated import (
    Delegation,
    Served,
    names_then,
    weigh_first_server,
    weigh_servers,
    weigh_signers,
    weigh_together,
)
from mxprobe.mx.drift import Difference, compare_delegation, differ, texts_in, zone_of
from mxprobe.mx.migration import is_in_window
from mxprobe.mx.newcomers import Weighed
from mxprobe.mx.once import known_answers
from mxprobe.rules.domain.drift.reading import (
    NO_BASELINE,
    SEVERITY,
    MxChange,
    lines_of,
    mx_changes,
    said_before,
)
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX526",
    name="delegation-drift",
    severity=Severity.WARNING,
    covers=("MX520",),
    references=("RFC 1034 §4.2.1", "RFC 4035 §2.4"),
    behind=(Behind.SERVER,),
)


class _Part(Struct, frozen=True, kw_only=True):
    """One thing that differs: what it is, its records, against what they were held, and how that looks."""

    what: str
    difference: Difference
    against: str
    weighed: Weighed


class _Seen(Struct, frozen=True, kw_only=True):
    """All that is compared: the parts that differ, whether the zone is signed, and what could not be told."""

    parts: tuple[_Part, ...]
    together: Delegation
    is_signed: bool
    unknown: tuple[str, ...]


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the domain."""
    approved = beside.approved.nameservers if beside.approved is not None else None
    if beside.before is None and approved is None:
        return inconclusive(RULE, NO_BASELINE)
    seen = _compared(snapshot, beside)
    changes = mx_changes(snapshot, beside)
    if not seen.parts or (is_in_window(beside, snapshot) and not changes):
        return decide(RULE, [], [] if seen.parts else list(seen.unknown))
    records = min((change.weight for change in changes), key=lambda weight: weight.rank, default=None)
    severity = SEVERITY[weigh_together(seen.together, records, seen.is_signed)]
    found = finding(RULE, snapshot.domain, _words(snapshot, seen.parts, changes, severity), severity)
    return decide(RULE, [found], list(seen.unknown))


def _compared(snapshot: Snapshot, beside: Beside) -> _Seen:
    """What differs; what cannot be told."""
    before, approved = beside.before, beside.approved
    change = compare_delegation(before, snapshot) if before is not None else None
    apex = change.apex if change is not None else zone_of(snapshot) or snapshot.domain
    servers, against = _servers(apex, snapshot, beside)
    unknown, parts, together = [servers.unknown], list[_Part](), Delegation()
    if servers:
        wanted = names_then(before, apex)
        if approved is not None and approved.nameservers is not None:
            wanted = frozenset(approved.nameservers)
        today = (wanted | set(servers.new)) - set(servers.gone)
        served = Served(apex=apex, before=before, now=snapshot, wanted=wanted, today=today)
        together = replace(together, servers=_at_least(weigh_servers(served), approved))
        parts.append(_part("name servers", servers, against, together.servers))
    if change is None or before is None:
        return _Seen(parts=tuple(parts), together=together, is_signed=False, unknown=_said(unknown))
    unknown += change.unknown
    was = f"those of {said_before(before)}"
    signed = texts_in(known_answers(snapshot), Question(name=apex, rrtype=RecordType.DS))
    is_signed = not isinstance(signed, str) and bool(signed)
    if change.signers:
        together = replace(together, signers=weigh_signers(apex, change.signers, is_signed))
        parts.append(_part("keys (DS)", change.signers, was, together.signers))
    follows = bool(change.nameservers) and not servers and not servers.unknown
    if change.first_server and not follows:  # a move to approved servers has a first server of its own
        together = replace(together, first=weigh_first_server(apex, change.first_server))
        parts.append(_part("first server (SOA)", change.first_server, was, together.first))
    return _Seen(parts=tuple(parts), together=together, is_signed=is_signed, unknown=_said(unknown))


def _said(unknown: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason for reason in unknown if reason))


def _part(what: str, difference: Difference, against: str, weighed: Weighed | None) -> _Part:
    if weighed is None:
        raise AssertionError("what differs is weighed")
    return _Part(what=what, difference=difference, against=against, weighed=weighed)


def _at_least(weighed: Weighed, approved: Approved | None) -> Weighed:
    """What is not as approved is never mere upkeep."""
    if approved is None or approved.nameservers is None or weighed.weight is not Weight.RENEWAL:
        return weighed
    return replace(weighed, weight=Weight.CHANGE)


def _servers(apex: str, snapshot: Snapshot, beside: Beside) -> tuple[Difference, str]:
    """How the name servers differ, and from which: those that are approved, or those that were there."""
    approved, before = beside.approved, beside.before
    if approved is not None and approved.nameservers is not None:
        texts = texts_in(known_answers(snapshot), Question(name=apex, rrtype=RecordType.NS))
        if isinstance(texts, str):
            return Difference(unknown=texts), ""
        return differ(frozenset(approved.nameservers), texts), f"those that {approved.place('nameservers')} approves"
    if before is None:
        return Difference(), ""
    return compare_delegation(before, snapshot).nameservers, f"those of {said_before(before)}"


def _words(snapshot: Snapshot, parts: tuple[_Part, ...], changes: tuple[MxChange, ...], severity: Severity) -> Words:
    apex = zone_of(snapshot) or snapshot.domain
    what = " and ".join(part.what for part in parts)
    too = ", and its MX records changed in the same time" if changes else ""
    lines = [line for part in parts for line in lines_of(part.difference, part.what)]
    lines += [f"{part.what}: {part.weighed.because}" for part in parts]
    lines += [line for change in changes for line in (*lines_of(change.difference, "MX"), *change.lines_of_reasons)]
    is_note = severity is Severity.INFO
    return Words(
        says=f"the {what} of {apex} are not {parts[0].against}{too}",
        seen=tuple(lines),
        means="" if is_note else "Who holds the delegation can answer whatever he likes, the MX records too.",
        do="" if is_note else "If it was not you, ask the registrar who changed it, and have the domain locked there.",
    )
