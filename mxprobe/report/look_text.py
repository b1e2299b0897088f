"""One look as text: the answer, the MX chain, findings with their evidence, the forecast, what was not told."""

from collections.abc import Iterable
from datetime import UTC, datetime

from mxprobe.facts.finding import Judgement, Severity, Status
from mxprobe.facts.names import to_unicode
from mxprobe.facts.proof import Answer
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.matrix import answers_of
from mxprobe.mx.once import known_chain
from mxprobe.mx.plan import Basis, Plan
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.mx.whatif import Forecast, why_none
from mxprobe.report.forecast_told import answer_chosen
from mxprobe.report.handed_on import render_handed_on
from mxprobe.report.json import LookDocument
from mxprobe.report.look_advice import render_advice
from mxprobe.report.look_chain import render_chain
from mxprobe.report.look_findings import render_findings
from mxprobe.report.look_forecast import render_chosen, render_forecast
from mxprobe.report.look_policies import render_policies
from mxprobe.report.recipients import render_recipients
from mxprobe.report.verdict import could_not_look, findings_of
from mxprobe.report.words import count_of, wrap
from mxprobe.rules.domain.drift.reading import NO_BASELINE, NO_HISTORY, NOTHING_APPROVED
from mxprobe.rules.domain.migration.reading import NO_PLAN

_PLURAL = {Severity.OK: "ok"}
_FURTHER = {
    NOTHING_APPROVED: "--expect FILE",
    NO_BASELINE: "--baseline FILE",
    NO_HISTORY: "--history DIR",
    NO_PLAN: "--migration FILE",
}
"""Reasons that are the same for every domain on earth, and what would tell: they share a line."""

_MOST_CODES = 6
"""So many codes stand before a reason; more stand behind it."""


def render_look(document: LookDocument) -> str:
    """The whole report."""
    snapshot = document.snapshot
    plan = known_chain(snapshot)
    lines = [*wrap("", answer_of(document, plan)), "", *render_chain(snapshot, plan)]
    lines += [*render_recipients(snapshot), *render_findings(document.judgements)]
    if document.chosen and document.forecast is not None:
        return _chosen(document, document.forecast)
    if document.advice is not None:
        lines += render_advice(document.advice)
    if document.forecast is not None:
        lines += render_forecast(document.forecast)
        lines += render_policies(document.forecast.policies)
    elif why := why_none(snapshot):
        lines += ["", *wrap("FORECAST   ", f"none: {why}.")]
    return "\n".join([*lines, *_not_told(document), "", *wrap("", ending_of(document))])


def _chosen(document: LookDocument, forecast: Forecast) -> str:
    """The answer to a what-if: one sentence, the tables, on what they rest."""
    snapshot = document.snapshot
    answer = f"{to_unicode(snapshot.domain)}: {answer_chosen(forecast)}."
    day = datetime.fromtimestamp(snapshot.started_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    ending = f"From what was saved on {day}; nothing was asked or dialled.  {_exit(document)}"
    return "\n".join([*wrap("", answer), *render_chosen(forecast), "", *wrap("", ending)])


def answer_of(document: LookDocument, plan: Plan) -> str:
    """The first sentence: the worst that was found, and how many hosts answer; never more than was seen."""
    snapshot = document.snapshot
    name = _named(snapshot)
    reason = could_not_look(snapshot)
    bad = [
        found
        for found in findings_of(document.judgements)
        if found.severity in (Severity.ERROR, Severity.WARNING) and not found.code.startswith("MX0")
    ]
    wrong = [found for found in bad if found.waived is None]
    if reason is not None and wrong:
        return f"{name}: {wrong[0].says}; more could not be looked at: {reason}."
    if reason is not None:
        checked = " DNS was checked, hosts were not." if plan.hosts else ""
        return f"{name}: could not look: {reason}.{checked}"
    if plan.basis is Basis.NULL:
        none = "takes no mail, and says so by a null MX"
        return f"{name}: {wrong[0].says}; it {none}." if wrong else f"{name} {none}."
    hosts = _hosts_answer(snapshot)
    if wrong:
        return f"{name}: {wrong[0].says}; {hosts}."
    if not bad:
        return f"{name}: {hosts}; no rule finds a fault."
    waived = "the only fault is waived" if len(bad) == 1 else f"all {len(bad)} faults are waived"
    return f"{name}: {hosts}; {waived}."


def _named(snapshot: Snapshot) -> str:
    """The domain; where it was not looked at but read, that."""
    name = to_unicode(snapshot.domain)
    if snapshot.zone is None:
        return name
    return f"{name}, read from the zone file {snapshot.zone.path} (nobody asked, nothing dialled)"


def _hosts_answer(snapshot: Snapshot) -> str:
    """How many hosts answer, and how many of those take mail for everyone who was asked about."""
    if snapshot.zone is not None:
        return count_of(len({record.exchange for record in snapshot.mx.mx}) if snapshot.mx else 0, "MX host")
    if all(not visit.sessions for visit in snapshot.visits):
        return "hosts were not looked at"
    by_host: dict[str, list[Visit]] = {}
    for visit in snapshot.visits:
        by_host.setdefault(visit.endpoint.host, []).append(visit)
    states = {host: [judge_visit(visit, snapshot) for visit in visits] for host, visits in by_host.items()}
    up = [host for host, found in states.items() if Standing.ANSWERS in found]
    unknown = [host for host, found in states.items() if host not in up and not all(one.is_down for one in found)]
    said = f"{len(up)} of {count_of(len(by_host), 'MX host')} {'answers' if len(up) == 1 else 'answer'}"
    if unknown:
        said += f", {len(unknown)} could not be judged"
    if not snapshot.recipients:
        return said
    asked = [host for host in up if any(_was_asked(visit) for visit in by_host[host])]
    takers = [host for host in asked if any(_takes_all(snapshot, visit) for visit in by_host[host])]
    people = ", ".join(snapshot.recipients)
    if not asked:
        return f"{said}, none could be asked about {people}"
    return f"{said}, {len(takers) or 'none'} {'accepts' if len(takers) < 2 else 'accept'} {people}"


def _was_asked(visit: Visit) -> bool:
    """Whether the host gave an answer about recipients, which it does only behind an accepted MAIL."""
    turns = visit.sessions[-1].turns if visit.sessions else ()
    mail = next((turn for turn in turns if turn.phase is Phase.MAIL), None)
    return mail is not None and mail.reply is not None and mail.reply.is_positive


def _takes_all(snapshot: Snapshot, visit: Visit) -> bool:
    goods = [given for given in answers_of(snapshot, visit) if given.number < len(snapshot.recipients)]
    return _was_asked(visit) and all(given.answer is Answer.ACCEPTED for given in goods)


def _not_told(document: LookDocument) -> list[str]:
    reasons = left_open(document.judgements)
    handed_on = render_handed_on(document.snapshot)
    if not reasons and not handed_on:
        return []
    lines = ["", "NOT TOLD BY THIS PROBE", *handed_on]
    further = {why: reasons.pop(why) for why in _FURTHER if why in reasons}
    for why, codes in reasons.items():
        if len(codes) > _MOST_CODES:
            lines += wrap(f" {f'{len(codes)} rules':<14} ", f"{why} ({' '.join(codes)})")
        else:
            lines += wrap(f" {' '.join(codes):<14} " if len(codes) < 3 else f" {' '.join(codes)}  ", why)
    if further:
        count = sum(map(len, further.values()))
        named = ", ".join(_FURTHER[why] for why in further)
        need = "needs" if count == 1 else "need"
        lines += wrap(
            f" {count_of(count, 'rule'):<14} ", f"{need} more than this look: {named}; listed in --format json"
        )
    return lines


def left_open(judgements: Iterable[Judgement]) -> dict[str, list[str]]:
    """The codes of the rules that could not be judged, or not everywhere, by the reason why."""
    reasons: dict[str, list[str]] = {}
    for judgement in judgements:
        if judgement.status is Status.INCONCLUSIVE or judgement.reason:
            reasons.setdefault(judgement.reason or "", []).append(judgement.code)
    return reasons


def ending_of(document: LookDocument) -> str:
    """What was asked and from where, and the exit status with its reason."""
    snapshot = document.snapshot
    sessions = [*snapshot.sessions, *(session for visit in snapshot.planned for session in visit.sessions)]
    if snapshot.zone is not None:
        lines = len(snapshot.zone.lines)
        records = count_of(snapshot.zone.records or lines, "record")
        return f"{records} read, {lines} of them about mail, 0 sessions, 0 DNS queries.  {_exit(document)}"
    queries = snapshot.queries or sum(answer.tries for answer in snapshot.answers)
    asked = f"{count_of(len(sessions), 'session')}, {count_of(queries, 'DNS query', 'DNS queries')}"
    sources = sorted({session.source for session in sessions if session.source})
    whence = f", from {' and '.join(sources)} as {snapshot.vantage.helo}" if sources else ""
    sender = f", MAIL FROM:<{snapshot.vantage.mail_from}>" if snapshot.recipients and sources else ""
    cut_short = "" if snapshot.complete else "  Interrupted: this is what was seen by then."
    return f"{asked}, {snapshot.elapsed:.1f} s{whence}{sender}.  {_exit(document)}{cut_short}"


def _exit(document: LookDocument) -> str:
    return f"Exit {document.exit_status}: {document.reason}."
