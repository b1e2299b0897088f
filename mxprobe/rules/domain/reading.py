"""What the rules about domains ask of a saved probe: the chain, the standings, the sessions that got somewhere."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from functools import partial

from msgspec.structs import replace

from mxprobe.facts.dns import Answer, TextRecord
from mxprobe.facts.finding import Finding, Severity
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.once import known_chain, once
from mxprobe.mx.plan import Basis, HostProblem, Plan, with_outsiders
from mxprobe.mx.standing import Standing, judge_visit


def chain_of(snapshot: Snapshot) -> Plan:
    """The MX chain, worked out again."""
    return known_chain(snapshot)


def named_chain(snapshot: Snapshot) -> Plan:
    """The chain for rules that go by names: of a zone file with the hosts in it that lie in other zones."""
    plan = chain_of(snapshot)
    return plan if snapshot.zone is None else with_outsiders(plan)


@once
def was_dialled(snapshot: Snapshot) -> bool:
    """Whether any address was."""
    return any(visit.sessions for visit in snapshot.visits)


WAYS_OF_BEING_DOWN = ("MX601", "MX602", "MX605", "MX607", "MX608")
"""The rules about one address that is down: what is told of a whole preference covers them."""


_MOST_NAMED = 8

_SESSIONS = 256
"""So many sessions are remembered."""


class Reach(StrEnum):
    """Whether a preference can be reached: one address that answers is enough, and what is unknown accuses nobody."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


def reach_of(snapshot: Snapshot, preference: int) -> Reach:
    """The reach of a preference. DOWN where every address of it is known to fail."""
    return _reaches(snapshot).get(preference, Reach.UNKNOWN)


@once
def _reaches(snapshot: Snapshot) -> Mapping[int, Reach]:
    return {preference: _reach_by(states) for preference, states in _by_preference(snapshot).items()}


def _reach_by(states: list[Standing]) -> Reach:
    if Standing.ANSWERS in states:
        return Reach.UP
    return Reach.DOWN if states and all(state.is_down for state in states) else Reach.UNKNOWN


def standings(snapshot: Snapshot, preference: int) -> list[Standing]:
    """The standing of every address of a preference."""
    return list(_by_preference(snapshot).get(preference, ()))


@once
def _by_preference(snapshot: Snapshot) -> Mapping[int, list[Standing]]:
    found: dict[int, list[Standing]] = {}
    for visit in snapshot.visits:
        found.setdefault(visit.preference, []).append(judge_visit(visit, snapshot))
    return found


def ways_of_failing(snapshot: Snapshot, preference: int) -> str:
    """How the addresses of a preference fail, in the words of reports."""
    return ", ".join(sorted({state.value for state in standings(snapshot, preference)}))


def attempts_at(snapshot: Snapshot, preference: int) -> tuple[str, ...]:
    """A line for each address: how its attempts ended, how many there were, over which time."""
    return tuple(
        f"{visit.endpoint.id}: {attempts_of(visit)}"
        for visit in snapshot.visits
        if visit.preference == preference and visit.sessions
    )


def attempts_of(visit: Visit) -> str:
    """How the attempts at an address ended, how many there were, over which time."""
    return f"{_endings(visit)} ({span_of(visit)})"


def _endings(visit: Visit) -> str:
    """How the attempts ended; where they ended in different ways, how many in each."""
    counts = Counter(describe(session) for session in visit.sessions)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{ending} ({count} of {len(visit.sessions)})" for ending, count in counts.items())


def span_of(visit: Visit) -> str:
    """Attempts and span: "3 attempts in 42 s"."""
    count = len(visit.sessions)
    if count == 1:
        return "1 attempt"
    span = visit.sessions[-1].started_at - visit.sessions[0].started_at
    return f"{count} attempts in {span:.0f} s"


def repeated(snapshot: Snapshot, preference: int) -> Severity:
    """ERROR where every address was asked more than once, WARNING on a single attempt."""
    visits = [visit for visit in snapshot.visits if visit.preference == preference and visit.sessions]
    return Severity.ERROR if all(len(visit.sessions) > 1 for visit in visits) else Severity.WARNING


def describe(session: Session) -> str:
    """How a session went, in one line."""
    if session.failure is not None:
        detail = f": {session.failure.detail}" if session.failure.detail else ""
        return f"{session.failure.kind} at {session.failure.phase}{detail}"
    if session.banner is None:
        return "no greeting"
    refusal = next((turn.reply for turn in session.turns if turn.reply and not turn.reply.is_positive), session.banner)
    return f'"{refusal.text}"'


@partial(once, most=_SESSIONS)
def offers_starttls(session: Session) -> bool:
    """Whether the host of a session offers STARTTLS."""
    return session.offers("STARTTLS")


@once
def answering(snapshot: Snapshot) -> tuple[Session, ...]:
    """The last session of each address where EHLO was accepted."""
    last = [visit.sessions[-1] for visit in snapshot.visits if visit.sessions]
    return tuple(session for session in last if _greeted(session))


def _greeted(session: Session) -> bool:
    return any(
        turn.phase.value == "ehlo" and turn.reply is not None and turn.reply.is_positive for turn in session.turns
    )


def unique(findings: list[Finding]) -> list[Finding]:
    """One finding for each subject, with the evidence of all: a host with two addresses is one host."""
    found: dict[str, Finding] = {}
    for one in findings:
        first = found.setdefault(one.subject, one)
        if first is not one:
            found[one.subject] = replace(first, seen=tuple(dict.fromkeys((*first.seen, *one.seen))))
    return list(found.values())


@once
def not_resolved(plan: Plan) -> str | None:
    """Why nothing can be said of some MX hosts; None where every name was looked up."""
    if plan.basis is Basis.UNKNOWN:
        return "the MX lookup gave no answer"
    outside = [host.name for host in plan.excluded if host.problem is HostProblem.NOT_ASKED]
    if outside:
        return f"the addresses of {_few(outside)} are not in the zone, or beyond the budget, or were not waited for"
    names = [host.name for host in plan.excluded if host.problem is HostProblem.LOOKUP_FAILED]
    if names:
        return f"the addresses of {_few(names)} could not be looked up"
    return f"the addresses of {plan.domain} could not be looked up" if plan.temporary else None


def _few(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def texts_of(answer: Answer) -> tuple[str, ...]:
    """The records of an answer, as a zone file has them."""
    return tuple(record.text for record in answer.records if isinstance(record, TextRecord))
