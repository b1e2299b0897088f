"""One look as text: the answer, the MX chain, findings with their evidence, the forecast, what was not told."""

from datetime import UTC, datetime

from mxprobe.facts.dns import index_answers
from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.names import to_unicode
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Visit
from mxprobe.mx.forecast import WAYS, Case, FateKind, MailerForecast
from mxprobe.mx.plan import Basis, Plan, plan_mx
from mxprobe.mx.senders import find_profile
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.report.json import LookDocument
from mxprobe.report.verdict import could_not_look, findings_of
from mxprobe.report.words import WIDTH, count_of, cut, say_span

_WAY = dict(WAYS)
_COLUMNS = ("connect", "banner", "TLS", "certificate")
_HEADER = " pref  {:<24} {:>11}  {:>6}  {:<3}  {:<29} recipient".format("host and address", *_COLUMNS)
_SHORT_STANDING = {
    Standing.REFUSES_CONNECTIONS: "REFUSED",
    Standing.DOES_NOT_ANSWER: "NO ANSWER",
    Standing.UNREACHABLE: "UNREACHABLE",
    Standing.SILENT: "SILENT",
    Standing.HANGS_UP: "HANGS UP",
    Standing.GARBAGE: "NO SMTP",
}


def render_look(document: LookDocument, reason: str) -> str:
    """The whole report; `reason` is that of the exit status."""
    snapshot = document.snapshot
    plan = plan_mx(snapshot.domain, index_answers(snapshot.answers))
    parts = [_answer_line(document, plan), "", *_chain(document, plan), *_findings(document)]
    parts += _forecast(document)
    parts += _not_told(document)
    parts += ["", _last_line(document, reason)]
    return "\n".join(cut_line(line) for line in parts)


def cut_line(line: str) -> str:
    """No line is wider than a report; a command to copy is left whole."""
    return line if len(line) <= WIDTH or "mxprobe " in line else cut(line, WIDTH)


def _answer_line(document: LookDocument, plan: Plan) -> str:
    snapshot = document.snapshot
    name = to_unicode(snapshot.domain)
    reason = could_not_look(snapshot)
    if reason is not None:
        return f"{name}: could not look: {reason}. DNS was checked, hosts were not."
    errors = [found for found in findings_of(document.judgements) if found.severity is Severity.ERROR]
    if plan.basis is Basis.NULL:
        return f"{name} takes no mail, and says so by a null MX."
    standings: dict[str, list[Standing]] = {}
    for visit in snapshot.visits:
        standings.setdefault(visit.endpoint.host, []).append(judge_visit(visit, snapshot))
    up = sum(1 for found in standings.values() if Standing.ANSWERS in found)
    hosts = f"{up} of {count_of(len(standings), 'MX host')} {'answers' if len(standings) == 1 else 'answer'}"
    if not snapshot.visits or all(not visit.sessions for visit in snapshot.visits):
        hosts = "hosts were not looked at"
    if errors:
        return f"{name}: {errors[0].says}; {hosts}."
    return f"{name}: {hosts}, and nothing is wrong with the chain."


def _chain(document: LookDocument, plan: Plan) -> list[str]:
    snapshot = document.snapshot
    signed = snapshot.answers[0].authenticated if snapshot.answers else None
    server = snapshot.answers[0].server if snapshot.answers else None
    checked = f"validated by {server}" if signed else f"not validated ({server} says nothing of DNSSEC)"
    ttl = f"MX TTL {say_span(plan.ttl)}, " if plan.ttl is not None else ""
    lines = [f"MX CHAIN   tried from the top; {ttl}{checked}"]
    if not plan.hosts:
        return [*lines, f"  none: cell {plan.cell}", ""]
    lines.append(_HEADER)
    visits = {visit.endpoint: visit for visit in snapshot.visits}
    seen = ""
    for target in plan.targets(snapshot.vantage.port):
        if target.endpoint.host != seen:
            lines.append(f" {target.preference:>4}  {to_unicode(target.endpoint.host)}")
            seen = target.endpoint.host
        visit = visits.get(target.endpoint)
        lines.append(f"         {target.endpoint.address:<22}{_cells(document, visit)}")
    left_out = [f" {host.preference:>4}  {host.name}  left out: {host.problem}" for host in plan.excluded]
    return [*lines, *left_out, ""]


def _cells(document: LookDocument, visit: Visit | None) -> str:
    snapshot = document.snapshot
    if visit is None or not visit.sessions:
        return f"{visit.not_visited if visit and visit.not_visited else 'not visited':>11}"
    session = visit.sessions[-1]
    standing = judge_visit(visit, snapshot)
    banner = session.banner
    if banner is None:
        word = _SHORT_STANDING.get(standing, standing.value)
        return f"{word:>11}  {'-':>6}  {'-':<3}  {'-':<29} -"
    connect = session.last_turn(Phase.CONNECT)
    took = f"{connect.elapsed * 1000:.0f} ms" if connect else "-"
    code = str(banner.code or "???")
    if banner.severity != 2:
        return f'{took:>11}  {code:>6}  "{cut(banner.text, 52)}"'
    tls = session.tls.version.removeprefix("TLSv") if session.tls else "no"
    return f"{took:>11}  {code:>6}  {tls:<3}  {_certificate(session):<29} {_recipient(session)}"


def _certificate(session: Session) -> str:
    tls = session.tls
    if tls is None:
        return "-" if not session.offers("STARTTLS") else "handshake failed"
    until = _day(tls.chain[0].not_after) if tls.chain else "?"
    verdict = tls.verdict
    if verdict.dates_valid is False:
        return f"EXPIRED {until}"
    if verdict.name_matches is False:
        return f"WRONG NAME, until {until}"
    if verdict.trusted is False:
        return f"NOT TRUSTED, until {until}"
    return f"valid until {until}" if verdict.is_valid else f"until {until}"


def _recipient(session: Session) -> str:
    turns = session.recipients
    if not turns:
        return "not asked"
    words = {2: "accepted", 4: "later", 5: "refused"}
    said = [
        f"{turn.reply.code} {words.get(turn.reply.severity or 0, '')}" if turn.reply else "no reply" for turn in turns
    ]
    return ", ".join(said)


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _findings(document: LookDocument) -> list[str]:
    found = findings_of(document.judgements)
    counts = [(severity, sum(1 for one in found if one.severity is severity)) for severity in Severity]
    tally = ", ".join(count_of(count, severity.value) for severity, count in counts if count)
    passed = sum(1 for judgement in document.judgements if judgement.status is Status.PASSES)
    if not found:
        return [f"FINDINGS   none; {passed} rules passed"]
    lines = [f"FINDINGS   {tally}"]
    for one in found:
        lines.append(f" {one.severity.value:<7} {one.code}  {one.says}")
        lines += [f"         {'seen' if number == 0 else '':<6} {line}" for number, line in enumerate(one.seen)]
        if one.means:
            lines.append(f"         means  {one.means}")
        if one.do:
            lines.append(f"         do     {one.do}")
        if one.also:
            lines.append(f"         also   {', '.join(one.also)}")
        if one.references:
            lines.append(f"         {'; '.join(one.references)}.  Page: mxprobe explain {one.code}")
    return lines


def _forecast(document: LookDocument) -> list[str]:
    forecast = document.forecast
    if forecast is None:
        return []
    lines = ["", f"AS IT IS NOW   forecast for new mail from {len(forecast.modelled)} modelled mailers"]
    lines += _case_lines(forecast.now, "now")
    groups: dict[tuple[str, ...], list[Case]] = {}
    for case in forecast.cases:
        groups.setdefault(case.down, []).append(case)
    for down, cases in groups.items():
        names = " AND ".join(host.split(".")[0].upper() for host in down)
        lines += ["", f"IF {names} FAILS   forecast for new mail"]
        for case in cases:
            lines += _case_lines(case, _WAY.get(case.cell or "", ""))
    lines.append(f" Not modelled, for they publish no rules: {', '.join(forecast.not_modelled)}.")
    return lines


def _case_lines(case: Case, label: str) -> list[str]:
    """The mailers of one case, grouped by what happens to their mail."""
    fates: dict[str, list[str]] = {}
    for mailer in case.mailers:
        fates.setdefault(_fate(mailer), []).append(find_profile(mailer.mailer).title)
    lines = []
    for number, (fate, mailers) in enumerate(fates.items()):
        who = f"all {len(mailers)}" if len(fates) == 1 else " ".join(mailers)
        lines.append(f" {label if number == 0 else '':<20} {fate:<44} {who}")
    return lines


def _fate(mailer: MailerForecast) -> str:
    parts = []
    for prospect in mailer.prospects:
        after = " at once" if prospect.latest < 1 else f" after {say_span(prospect.latest)}"
        host = (prospect.host or "").split(".")[0]
        parts.append(
            {
                FateKind.ACCEPTED: f"goes to {host}{after}",
                FateKind.WAITS: f"waits, bounces after {say_span(mailer.gives_up)}",
                FateKind.BOUNCES: f"bounces ({prospect.cell})",
                FateKind.UNKNOWN: f"asks {host}, which is not known",
            }[prospect.kind]
        )
    return " or ".join(parts)


def _not_told(document: LookDocument) -> list[str]:
    open_questions = [judgement for judgement in document.judgements if judgement.status is Status.INCONCLUSIVE]
    if not open_questions:
        return []
    lines = ["", "NOT TOLD BY THIS PROBE"]
    reasons: dict[str, list[str]] = {}
    for judgement in open_questions:
        reasons.setdefault(judgement.reason or "", []).append(judgement.code)
    lines += [f" {' '.join(codes)}  {reason}" for reason, codes in reasons.items()]
    return lines


def _last_line(document: LookDocument, reason: str) -> str:
    snapshot = document.snapshot
    sessions = sum(len(visit.sessions) for visit in snapshot.visits)
    queries = sum(answer.tries for answer in snapshot.answers)
    asked = f"{count_of(sessions, 'session')}, {count_of(queries, 'DNS query', 'DNS queries')}"
    cut_short = "" if snapshot.complete else "  Interrupted: this is what was seen by then."
    ended = f"Exit {document.exit_status}: {reason}.{cut_short}"
    return f"{asked}, {snapshot.elapsed:.1f} s, as {snapshot.vantage.helo}.  {ended}"
