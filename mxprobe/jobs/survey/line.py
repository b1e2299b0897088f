"""A line of a survey's results: a saved probe, and what a survey adds to it. JSON, one object, no line end within.

    schema     1
    kind       "look": all that reads a saved probe reads a line
    snapshot   what was seen of the domain, as `probe --save` writes it (`facts.snapshot`)
    findings   in short, of the rules of the day: code, severity, subject, says; null where they were not asked
    foretold   who delivers elsewhere, waits, or bounces, if the best preference fails (`mx.foretold`); null without MX
    tally      what is counted of it (`facts.tally`): all that the summary reads
    place      the vantage point that the snapshot is of, "" where there is one alone
    elsewhere  the visits from every other vantage point
    differs    what was not alike at all of them (`facts.vantages`)

Local parts of mail addresses are cut short, everywhere. What follows from the snapshot is worked out again by `report`
and `diff`, with the rules of their day.
"""

from operator import attrgetter

import msgspec
from msgspec import Raw, Struct

from mxprobe.facts.dns import AuthorityAnswer, Question, Validation
from mxprobe.facts.finding import Severity
from mxprobe.facts.matrix import AskedAbout
from mxprobe.facts.policy import PolicyFetch
from mxprobe.facts.session import Endpoint, Session
from mxprobe.facts.snapshot import Control, NotVisited, Snapshot, Vantage, Visit, ZoneSource
from mxprobe.facts.tally import Tally
from mxprobe.facts.vantages import Differs
from mxprobe.mx.foretold import Foretold


class ShortFinding(Struct, frozen=True, kw_only=True):
    """A finding in short; the whole one, with evidence and what to do, follows from the snapshot."""

    code: str
    severity: Severity
    subject: str
    says: str


class VisitLine(Struct, frozen=True, kw_only=True):
    """A `Visit` whose sessions are JSON already."""

    endpoint: Endpoint
    preference: int
    sessions: Raw
    not_visited: NotVisited | None = None
    again: Session | None = None
    asked_again: tuple[int, ...] = ()


class SnapshotLine(Struct, frozen=True, kw_only=True):
    """A `Snapshot` whose answers and sessions are JSON already; all other fields are its own, in their order."""

    schema: int
    domain: str
    asked: str
    version: str
    started_at: float
    elapsed: float
    vantage: Vantage
    recipients: tuple[str, ...]
    answers: Raw
    visits: tuple[VisitLine, ...]
    controls: tuple[Control, ...]
    complete: bool
    zone: ZoneSource | None
    asked_about: AskedAbout | None
    policy: PolicyFetch | None
    asked_for: tuple[str, ...]
    unasked: tuple[Question, ...]
    queries: int
    authorities: tuple[AuthorityAnswer, ...]
    validations: tuple[Validation, ...]
    planned: tuple[Visit, ...]


class Elsewhere(Struct, frozen=True, kw_only=True):
    """The same addresses from another vantage point."""

    place: str
    visits: tuple[VisitLine, ...]


class SurveyLine(Struct, frozen=True, kw_only=True):
    """One line."""

    schema: int = 1
    kind: str = "look"
    snapshot: SnapshotLine
    findings: tuple[ShortFinding, ...] | None = None
    foretold: Foretold | None = None
    tally: Tally
    place: str = ""
    elsewhere: tuple[Elsewhere, ...] = ()
    differs: tuple[Differs, ...] = ()


def with_raw(snapshot: Snapshot, answers: bytes, visits: tuple[VisitLine, ...]) -> SnapshotLine:
    """A snapshot to be written, with the JSON that there is of its answers and visits."""
    fields = zip(_SAME, _same_of(snapshot), strict=True)
    return SnapshotLine(answers=Raw(answers), visits=visits, **dict(fields))


_SAME = tuple(name for name in SnapshotLine.__struct_fields__ if name not in ("answers", "visits"))
_same_of = attrgetter(*_SAME)


def encode_line(line: SurveyLine) -> bytes:
    """The line without its end."""
    return msgspec.json.encode(line)
