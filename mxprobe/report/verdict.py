"""The exit status of a look, and why: pure, and a promise."""

from collections.abc import Iterable, Sequence

from mxprobe.facts.change import Area, Changes
from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.snapshot import NotVisited, Snapshot
from mxprobe.mx.once import known_chain
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.mx.whatif import Forecast
from mxprobe.report.json import LookDocument
from mxprobe.report.words import count_of

_WHY = {
    Standing.BLOCKED_HERE: "this network blocks outgoing port 25, or has no way out at all",
    Standing.NO_IPV6_HERE: "there is no IPv6 here",
    Standing.NO_IPV4_HERE: "there is no IPv4 here",
    Standing.REFUSES_PROBE: "the hosts refuse this probe, which says nothing of your mail",
    Standing.THROTTLED: "the hosts limit this probe, which says nothing of your mail",
}
_NOBODY_ANSWERED = {
    AnswerStatus.TIMEOUT: "did not answer",
    AnswerStatus.UNREACHABLE: "did not answer",
    AnswerStatus.REFUSED: "refused the question",
}
_ABOUT_THE_PROBE = "MX0"

COULD_NOT_LOOK = 3
"""The exit status of a look that saw too little."""


def findings_of(judgements: Iterable[Judgement]) -> tuple[Finding, ...]:
    """Every finding, worst first, then in the order of the rules; behind all others those that are waived."""
    found = [finding for judgement in judgements if judgement.status is Status.FIRES for finding in judgement.findings]
    return tuple(sorted(found, key=lambda finding: (finding.waived is not None, finding.severity.rank)))


def could_not_look(snapshot: Snapshot) -> str | None:
    """Why too little was seen to say that all is well; None where enough was, or where nothing was to be dialled."""
    mx = snapshot.mx
    if mx is None:
        return "interrupted" if not snapshot.complete else "no name server was asked"
    if snapshot.zone is not None:
        return "the name leads out of the zone file" if mx.status is AnswerStatus.NOT_ASKED else None
    if mx.status in _NOBODY_ANSWERED:
        return f"the name server {mx.server or ''} {_NOBODY_ANSWERED[mx.status]}"
    plan = known_chain(snapshot)
    if not plan.tiers:
        return "the addresses of the MX hosts could not be looked up" if plan.temporary else None
    if not snapshot.complete:
        return "interrupted"
    dialled = [visit for visit in snapshot.visits if visit.sessions]
    left = {visit.not_visited for visit in snapshot.visits}
    if not dialled:
        return _why_not_dialled(left)
    found = [judge_visit(visit, snapshot) for visit in dialled]
    if any(standing.is_known for standing in found):
        return None
    return "; ".join(dict.fromkeys(_WHY.get(standing, standing.value) for standing in found))


def _why_not_dialled(left: set[NotVisited | None]) -> str | None:
    if left == {NotVisited.DNS_ONLY}:
        return None
    if NotVisited.SPECIAL_USE in left:
        return "every address is for special use; --allow-special dials them"
    if NotVisited.EXCLUDED in left:
        return "the list of what is left alone names the domain, its hosts or their addresses"
    return "the hosts have no address of the family that was asked for"


def exit_status(snapshot: Snapshot, judgements: Sequence[Judgement], fail_on: Severity) -> tuple[int, str]:
    """0, 1 or 3 with the reason in words. What is proven stands though more could not be seen; MX0xx is about us."""
    bad = _failing(judgements, fail_on)
    worst = [finding for finding in bad if finding.waived is None]
    if worst:
        return 1, count_of(len(worst), worst[0].severity.value)
    reason = could_not_look(snapshot)
    if reason is not None:
        return COULD_NOT_LOOK, f"could not look: {reason}"
    return 0, f"nothing at or above {fail_on}" + (f" but {len(bad)} waived" if bad else "")


def exit_status_of_diff(changes: Changes, judgements: Sequence[Judgement], fail_on: Severity) -> tuple[int, str]:
    """The same for two looks beside each other; where the MX records of one are not known nothing is well."""
    worst = _failing(judgements, fail_on)
    if worst:
        return 1, count_of(len(worst), worst[0].severity.value)
    reason = next((one.why for one in changes.unknown if one.area is Area.MX), None)
    if reason is not None:
        return 3, f"could not compare: {reason}"
    return 0, f"nothing at or above {fail_on}"


def _failing(judgements: Sequence[Judgement], fail_on: Severity) -> list[Finding]:
    """The findings that are bad enough to count for an exit status, worst first."""
    return [
        finding
        for finding in findings_of(judgements)
        if finding.severity.rank <= fail_on.rank
        and finding.severity is not Severity.OK
        and not finding.code.startswith(_ABOUT_THE_PROBE)
    ]


def conclude_look(
    snapshot: Snapshot,
    judgements: tuple[Judgement, ...],
    forecast: Forecast | None,
    fail_on: Severity = Severity.ERROR,
) -> LookDocument:
    """A look with its exit status, as every format tells it."""
    status, reason = exit_status(snapshot, judgements, fail_on)
    return LookDocument(snapshot=snapshot, judgements=judgements, forecast=forecast, exit_status=status, reason=reason)
