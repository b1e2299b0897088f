"""What the rules about domains ask of a saved probe: the chain, the standings, the sessions that got somewhere."""

from mxprobe.facts.dns import Answer, Question, RecordType, index_answers
from mxprobe.facts.finding import Finding, Severity
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.plan import Plan, plan_mx
from mxprobe.mx.standing import Standing, judge_visit


def mx_answer(snapshot: Snapshot) -> Answer | None:
    """The answer to the domain's MX question."""
    return index_answers(snapshot.answers).get(Question(name=snapshot.domain, rrtype=RecordType.MX))


def chain_of(snapshot: Snapshot) -> Plan:
    """The MX chain, worked out again."""
    return plan_mx(snapshot.domain, index_answers(snapshot.answers))


def was_dialled(snapshot: Snapshot) -> bool:
    """Whether any address was."""
    return any(visit.sessions for visit in snapshot.visits)


def states_by_preference(snapshot: Snapshot, plan: Plan) -> dict[int, list[Standing]]:
    """The standings of all addresses of each preference."""
    found: dict[int, list[Standing]] = {tier.preference: [] for tier in plan.tiers}
    for visit in snapshot.visits:
        found.setdefault(visit.preference, []).append(judge_visit(visit, snapshot))
    return found


def all_down(states: list[Standing]) -> bool:
    """Whether all that is known is that they are down; what is unknown accuses nobody."""
    known = [state for state in states if state.is_known]
    return bool(known) and all(state.is_down for state in known) and len(known) == len(states)


def attempts_at(snapshot: Snapshot, preference: int) -> tuple[str, ...]:
    """A line for each address: how it fails, how often it was asked, over which time."""
    return tuple(
        f"{visit.endpoint.id}: {describe(visit.sessions[-1])} ({span_of(visit)})"
        for visit in snapshot.visits
        if visit.preference == preference and visit.sessions
    )


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
    return f'"{session.banner.text}"' if session.banner else "no greeting"


def answering(snapshot: Snapshot) -> tuple[Session, ...]:
    """The last session of each address where EHLO was accepted."""
    last = [visit.sessions[-1] for visit in snapshot.visits if visit.sessions]
    return tuple(session for session in last if _greeted(session))


def _greeted(session: Session) -> bool:
    return any(
        turn.phase.value == "ehlo" and turn.reply is not None and turn.reply.is_positive for turn in session.turns
    )


def unique(findings: list[Finding]) -> list[Finding]:
    """One finding for each subject: a host with two addresses is one host."""
    return list({found.subject: found for found in reversed(findings)}.values())[::-1]


def strength(session: Session) -> str:
    """TLS in a few words."""
    if not session.offers("STARTTLS"):
        return "no STARTTLS"
    if session.tls is None:
        return "STARTTLS, and no handshake was completed"
    valid = {True: "valid certificate", False: "certificate not valid", None: "certificate not judged"}
    return f"{session.tls.version}, {valid[session.tls.verdict.is_valid]}"


def weaker(best: list[Session], session: Session) -> str | None:
    """What a backup lacks that every host of the best preference has."""
    if all(one.offers("STARTTLS") for one in best) and not session.offers("STARTTLS"):
        return "no STARTTLS"
    if all(one.tls is not None for one in best) and session.offers("STARTTLS") and session.tls is None:
        return "the handshake fails"
    valid = all(one.tls is not None and one.tls.verdict.is_valid for one in best)
    if valid and session.tls is not None and session.tls.verdict.is_valid is False:
        return "its certificate is not valid"
    return None
