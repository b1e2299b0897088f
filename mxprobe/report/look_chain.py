"""The MX chain of a look as a table: every address in the order of a sender, and how far it was spoken with."""

from datetime import UTC, datetime

from mxprobe.facts.names import to_unicode
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.cells import CELLS
from mxprobe.mx.plan import Plan
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.report.words import cut, say_span, wrap

_COLUMNS = ("connect", "banner", "TLS", "certificate")
_HEADER = " pref  {:<24} {:>11}  {:>6}  {:<3}  {:<29} recipient".format("host and address", *_COLUMNS)
_SHORT_STANDING = {
    Standing.REFUSES_CONNECTIONS: "REFUSED",
    Standing.DOES_NOT_ANSWER: "NO ANSWER",
    Standing.UNREACHABLE: "UNREACHABLE",
    Standing.SILENT: "SILENT",
    Standing.HANGS_UP: "HANGS UP",
    Standing.GARBAGE: "NO SMTP",
    Standing.LOCAL_FAILURE: "not dialled",
}


def render_chain(snapshot: Snapshot, plan: Plan) -> list[str]:
    """The heading and a line for each host and address, left-out hosts last."""
    mx = snapshot.answers[0] if snapshot.answers else None
    server = mx.server if mx else None
    checked = f"validated by {server}" if mx and mx.authenticated else f"not validated (by {server or 'nobody'})"
    ttl = f"MX TTL {say_span(plan.ttl)}, " if plan.ttl is not None else ""
    lines = wrap("MX CHAIN   ", f"tried from the top; {ttl}{checked}")
    left_out = [
        f" {host.preference:>4}  {to_unicode(host.name)}  left out by senders: {host.problem}" for host in plan.excluded
    ]
    if not plan.hosts:
        return [*lines, *left_out, *wrap("  none: ", f"{CELLS[plan.cell].event} (cell {plan.cell})"), ""]
    lines.append(_HEADER)
    visits = {visit.endpoint: visit for visit in snapshot.visits}
    seen = ""
    for target in plan.targets(snapshot.vantage.port):
        if target.endpoint.host != seen:
            lines.append(f" {target.preference:>4}  {to_unicode(target.endpoint.host)}")
            seen = target.endpoint.host
        visit = visits.get(target.endpoint)
        lines.append(f"         {target.endpoint.address:<22}{_cells(snapshot, visit)}")
    return [*lines, *left_out, ""]


def _cells(snapshot: Snapshot, visit: Visit | None) -> str:
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
