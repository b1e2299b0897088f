"""What was measured in a look, as numbers: each address, how many hosts answer, how many queries.

A number that was not measured is None, never 0.
"""

from msgspec import Struct

from mxprobe.facts.finding import Severity
from mxprobe.facts.session import Endpoint, Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.standing import judge_visit
from mxprobe.report.json import LookDocument
from mxprobe.report.verdict import findings_of

DAY = 86400.0


class AddressFigures(Struct, frozen=True, kw_only=True):
    """One address: whether it answers (None: could not be told), seconds of its last attempt, its certificate.

    `not_after` is seconds since 1970 UTC, `days_left` counted from the handshake; `is_valid` what a strict client says.
    """

    endpoint: Endpoint
    preference: int
    is_up: bool | None = None
    connect: float | None = None
    banner: float | None = None
    tls: float | None = None
    version: str | None = None
    not_after: float | None = None
    days_left: float | None = None
    is_valid: bool | None = None


class HostFigures(Struct, frozen=True, kw_only=True):
    """How many MX hosts there are, and of how many at least one address answers; `unknown` could not be told."""

    count: int
    up: int
    unknown: int


def addresses_of(snapshot: Snapshot) -> tuple[AddressFigures, ...]:
    """Every address of the chain, in the order of a sender."""
    return tuple(_address(snapshot, visit) for visit in snapshot.visits)


def _address(snapshot: Snapshot, visit: Visit) -> AddressFigures:
    standing = judge_visit(visit, snapshot)
    session = visit.sessions[-1] if visit.sessions else None
    is_up = None if not standing.is_known else not standing.is_down
    if session is None:
        return AddressFigures(endpoint=visit.endpoint, preference=visit.preference, is_up=is_up)
    tls = session.tls
    leaf = tls.chain[0] if tls is not None and tls.chain and tls.chain[0].not_after else None
    return AddressFigures(
        endpoint=visit.endpoint,
        preference=visit.preference,
        is_up=is_up,
        connect=_seconds(session, Phase.CONNECT),
        banner=_seconds(session, Phase.BANNER),
        tls=tls.elapsed if tls is not None else None,
        version=tls.version if tls is not None else None,
        not_after=leaf.not_after if leaf is not None else None,
        days_left=(leaf.not_after - session.started_at) / DAY if leaf is not None else None,
        is_valid=tls.verdict.is_valid if tls is not None else None,
    )


def _seconds(session: Session, phase: Phase) -> float | None:
    """How long a phase took that went well."""
    turn = session.last_turn(phase)
    return None if turn is None or turn.failure is not None else turn.elapsed


def hosts_of(snapshot: Snapshot) -> HostFigures | None:
    """The hosts that were visited; None where nothing was learnt of any."""
    states: dict[str, list[bool | None]] = {}
    for figures in addresses_of(snapshot):
        states.setdefault(figures.endpoint.host, []).append(figures.is_up)
    if all(state is None for found in states.values() for state in found):
        return None
    up = sum(1 for found in states.values() if True in found)
    unknown = sum(1 for found in states.values() if True not in found and None in found)
    return HostFigures(count=len(states), up=up, unknown=unknown)


def queries_of(snapshot: Snapshot) -> int:
    """How many DNS queries were sent."""
    return snapshot.queries or sum(answer.tries for answer in snapshot.answers)


def tally(document: LookDocument) -> dict[Severity, int]:
    """How many findings there are of each severity that counts; waived ones do not."""
    counted = (Severity.ERROR, Severity.WARNING, Severity.INFO)
    found = [one.severity for one in findings_of(document.judgements) if one.waived is None]
    return {severity: found.count(severity) for severity in counted}
