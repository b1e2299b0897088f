"""The zone of the domain is served by others than before.

What it sees. The name servers (NS), the keys that the parent vouches for (DS) or the first server of the SOA record
differ from the earlier probe (--baseline); or the name servers differ from those that are approved (--expect,
`nameservers`). It is an error where the MX records changed in the same time, unapproved, and a note where there are
only new keys. What changes around the cut-over of a planned migration, with no other change of MX records than
the planned one, is the plan's.
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

from collections.abc import Iterator

from msgspec import Struct

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import Answers, Question, RecordType, index_answers
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import Difference, compare_delegation, differ, texts_in, zone_of
from mxprobe.mx.migration import is_in_window
from mxprobe.rules.domain.drift.reading import NO_BASELINE, MxChange, lines_of, mx_changes, said_before
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
    """One thing that differs: what it is, its records, against what they were held; `is_renewal`: keys alone went by
    others."""

    what: str
    difference: Difference
    against: str
    is_renewal: bool = False


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the domain."""
    approved = beside.approved.nameservers if beside.approved is not None else None
    if beside.before is None and approved is None:
        return inconclusive(RULE, NO_BASELINE)
    unknown = list[str]()
    parts = tuple(_parts(snapshot, beside, unknown))
    changes = mx_changes(snapshot, beside)
    if not parts or (is_in_window(beside, snapshot) and not changes):
        return decide(RULE, [], [] if parts else unknown)
    return decide(
        RULE, [finding(RULE, snapshot.domain, _words(snapshot, parts, changes), _severity(parts, changes))], []
    )


def _parts(snapshot: Snapshot, beside: Beside, unknown: list[str]) -> Iterator[_Part]:
    """What differs; why something cannot be told is put into `unknown`."""
    today, before = index_answers(snapshot.answers), beside.before
    if beside.approved is not None and beside.approved.nameservers is not None:
        servers = _from_approved(snapshot, today, beside.approved.nameservers)
        against = f"those that {beside.approved.place('nameservers')} approves"
    elif before is not None:
        servers, against = compare_delegation(before, snapshot).nameservers, f"those of {said_before(before)}"
    if servers.unknown:
        unknown.append(servers.unknown)
    if servers:
        yield _Part(what="name servers", difference=servers, against=against)
    if before is None:
        return
    change = compare_delegation(before, snapshot)
    unknown += [reason for reason in change.unknown if reason not in unknown]
    signed = texts_in(today, Question(name=change.apex, rrtype=RecordType.DS))
    if change.signers:
        yield _Part(
            what="keys (DS)",
            difference=change.signers,
            against=f"those of {said_before(before)}",
            is_renewal=bool(signed),
        )
    follows = bool(change.nameservers) and not servers and not servers.unknown
    if change.first_server and not follows:  # a move to approved servers has a first server of its own
        yield _Part(
            what="first server (SOA)", difference=change.first_server, against=f"those of {said_before(before)}"
        )


def _from_approved(snapshot: Snapshot, today: Answers, approved: tuple[str, ...]) -> Difference:
    """How the name servers differ from those that are approved."""
    apex = zone_of(snapshot) or snapshot.domain
    texts = texts_in(today, Question(name=apex, rrtype=RecordType.NS))
    return Difference(unknown=texts) if isinstance(texts, str) else differ(frozenset(approved), texts)


def _severity(parts: tuple[_Part, ...], changes: tuple[MxChange, ...]) -> Severity:
    if changes:
        return Severity.ERROR
    return Severity.INFO if all(part.is_renewal for part in parts) else Severity.WARNING


def _words(snapshot: Snapshot, parts: tuple[_Part, ...], changes: tuple[MxChange, ...]) -> Words:
    apex = zone_of(snapshot) or snapshot.domain
    what = " and ".join(part.what for part in parts)
    too = ", and its MX records changed in the same time" if changes else ""
    lines = [line for part in parts for line in lines_of(part.difference, part.what)]
    lines += [line for change in changes for line in lines_of(change.difference, "MX")]
    renewed = not changes and all(part.is_renewal for part in parts)
    return Words(
        says=f"the {what} of {apex} are not {parts[0].against}{too}",
        seen=tuple(lines),
        means="" if renewed else "Who holds the delegation can answer whatever he likes, the MX records too.",
        do="" if renewed else "If it was not you, ask the registrar who changed it, and have the domain locked there.",
    )
