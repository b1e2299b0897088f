"""The exit status of a look, and why: pure, and a promise."""

from collections.abc import Iterable, Sequence

from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.snapshot import NotVisited, Snapshot
from mxprobe.mx.standing import Standing, judge_visit

_WHY = {
    Standing.BLOCKED_HERE: "this network blocks outgoing port 25",
    Standing.NO_IPV6_HERE: "the hosts have only IPv6 addresses, and there is no IPv6 here",
    Standing.NO_IPV4_HERE: "the hosts have only IPv4 addresses, and there is no IPv4 here",
    Standing.REFUSES_PROBE: "the hosts refuse this probe, which says nothing of your mail",
    Standing.THROTTLED: "the hosts limit this probe, which says nothing of your mail",
}


def findings_of(judgements: Iterable[Judgement]) -> tuple[Finding, ...]:
    """Every finding, worst first, then in the order of the rules."""
    found = [finding for judgement in judgements if judgement.status is Status.FIRES for finding in judgement.findings]
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def select(judgements: Iterable[Judgement], wanted: Sequence[str], unwanted: Sequence[str]) -> tuple[Judgement, ...]:
    """The judgements whose codes begin with one of `wanted` (empty: all) and with none of `unwanted`."""
    return tuple(
        judgement
        for judgement in judgements
        if (not wanted or judgement.code.startswith(tuple(wanted)))
        and not (unwanted and judgement.code.startswith(tuple(unwanted)))
    )


def could_not_look(snapshot: Snapshot) -> str | None:
    """Why nothing could be judged from here, None where something was seen or nothing was to be dialled."""
    mx = snapshot.answers[0] if snapshot.answers else None
    if mx is None:
        return "no name server was asked"
    if mx.status.value in ("timeout", "unreachable", "refused"):
        return f"the name server {mx.server or ''} did not answer"
    dialled = [visit for visit in snapshot.visits if visit.sessions]
    if not dialled:
        left = {visit.not_visited for visit in snapshot.visits}
        if snapshot.visits and left == {NotVisited.SPECIAL_USE}:
            return "every address is for special use; --allow-special dials them"
        return "interrupted" if not snapshot.complete else None
    standings = [judge_visit(visit, snapshot) for visit in dialled]
    if not any(standing.is_known for standing in standings):
        return _WHY.get(standings[0], standings[0].value)
    return None


def exit_status(snapshot: Snapshot, judgements: Sequence[Judgement], fail_on: Severity) -> tuple[int, str]:
    """0, 1 or 3 with the reason in words."""
    worst = [finding for finding in findings_of(judgements) if finding.severity.rank <= fail_on.rank]
    worst = [finding for finding in worst if finding.severity is not Severity.OK]
    reason = could_not_look(snapshot)
    if reason is not None:
        return 3, f"could not look: {reason}"
    if not worst:
        return 0, f"nothing at or above {fail_on}"
    count = len(worst)
    return 1, f"{count} {worst[0].severity}" + ("s" if count > 1 else "")
