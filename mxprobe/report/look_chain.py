"""The MX chain of a look as a table: every address in the order of a sender, and how far it was spoken with."""

from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import Security
from mxprobe.facts.names import to_unicode
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.cells import CELLS
from mxprobe.mx.plan import HostProblem, Plan, PlannedHost
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.mx.validation import OWN
from mxprobe.report.words import WIDTH, say_span, wrap

_COLUMNS = ("connect", "banner", "TLS", "certificate")
_HEADER = " pref  {:<24} {:>11}  {:>6}  {:<3}  {:<29} recipient".format("host and address", *_COLUMNS)
_ADDRESS_WIDTH = 31
_HOST_WIDTH = 30
_READY = 220
_NO_EHLO = "no EHLO"
_JUDGED = {
    Security.SECURE: "signed, validated here",
    Security.INSECURE: "not signed, validated here",
    Security.BOGUS: "signed, and the signatures do not hold",
    Security.UNKNOWN: "not validated (what proves it could not be had)",
}
_SHORT_STANDING = {
    Standing.REFUSES_CONNECTIONS: "REFUSED",
    Standing.DOES_NOT_ANSWER: "NO ANSWER",
    Standing.UNREACHABLE: "UNREACHABLE",
    Standing.SILENT: "SILENT",
    Standing.HANGS_UP: "HANGS UP",
    Standing.GARBAGE: "NO SMTP",
    Standing.LOCAL_FAILURE: "not dialled",
}


class AddressRow(Struct, frozen=True, kw_only=True):
    """How far one address was spoken with, a word a column; None where the session did not come there.

    `words` are those of the host where it did not serve us.
    """

    address: str
    connect: str
    banner: str | None = None
    tls: str | None = None
    certificate: str | None = None
    recipient: str | None = None
    words: str | None = None
    is_up: bool | None = None


class HostRow(Struct, frozen=True, kw_only=True):
    """One host of the chain with its addresses; `problem` says why senders leave it out."""

    preference: int
    host: str
    addresses: tuple[AddressRow, ...] = ()
    problem: str = ""


def rows_of(snapshot: Snapshot, plan: Plan) -> tuple[HostRow, ...]:
    """Every host in the order of a sender, those that are left out last; over a zone file all by their preference, and
    no address has more to say than itself."""
    visits = {visit.endpoint: visit for visit in snapshot.visits}
    targets: dict[tuple[int, str], list[AddressRow]] = {}
    for target in plan.targets(snapshot.vantage.port):
        address = target.endpoint.address
        row = AddressRow(address=address, connect="") if snapshot.zone else None
        row = row or _row(snapshot, visits.get(target.endpoint), address)
        targets.setdefault((target.preference, target.endpoint.host), []).append(row)
    hosts = [
        HostRow(preference=preference, host=to_unicode(host), addresses=tuple(rows))
        for (preference, host), rows in targets.items()
    ]
    for host in plan.excluded:
        outside = snapshot.zone is not None and host.problem is HostProblem.NOT_ASKED
        problem = "in another zone" if outside else _why_left_out(host)
        hosts.append(HostRow(preference=host.preference, host=to_unicode(host.name), problem=problem))
    if snapshot.zone is not None:  # hosts of other zones are no worse than their preference
        hosts.sort(key=lambda host: (host.preference, host.host))
    return tuple(hosts)


def about_chain(snapshot: Snapshot, plan: Plan) -> str:
    """How the chain is read, and who says so."""
    ttl = f"MX TTL {say_span(plan.ttl)}, " if plan.ttl is not None else ""
    return f"tried from the top; {ttl}{_source(snapshot)}"


def why_empty(plan: Plan) -> str:
    """Why there is no host."""
    return f"{CELLS[plan.cell].event} (cell {plan.cell})"


def render_chain(snapshot: Snapshot, plan: Plan) -> list[str]:
    """The heading and a line for each host and address, left-out hosts last."""
    lines = wrap("MX CHAIN   ", about_chain(snapshot, plan))
    if snapshot.zone is not None and (plan.hosts or plan.excluded):
        return [*lines, *_of_zone(plan), ""]
    left_out = [f" {host.preference:>4}  {to_unicode(host.name)}  {_why_left_out(host)}" for host in plan.excluded]
    if not plan.hosts:
        return [*lines, *left_out, *wrap("  none: ", why_empty(plan)), ""]
    lines.append(_HEADER)
    visits = {visit.endpoint: visit for visit in snapshot.visits}
    seen = ""
    for target in plan.targets(snapshot.vantage.port):
        if target.endpoint.host != seen:
            lines.append(f" {target.preference:>4}  {to_unicode(target.endpoint.host)}")
            seen = target.endpoint.host
        lines += _address(_row(snapshot, visits.get(target.endpoint), target.endpoint.address))
    return [*lines, *left_out, ""]


def _source(snapshot: Snapshot) -> str:
    """Who says so, and whether that was validated."""
    if snapshot.zone is not None:
        return f"as in {snapshot.zone.path}"
    mx = snapshot.mx
    judged = next((one.security for one in snapshot.validations if mx and one.question == mx.question), None)
    if judged is not None and OWN in snapshot.asked_for:
        return _JUDGED[judged]
    server = mx.server if mx else None
    return f"validated by {server}" if mx and mx.authenticated else f"not validated (by {server or 'nobody'})"


def _why_left_out(host: PlannedHost) -> str:
    return f"left out by senders: {host.problem}"


def _of_zone(plan: Plan) -> list[str]:
    """The hosts of a zone file with their addresses; those outside of it are no less hosts of the chain."""
    lines = [f" pref  {'host':<{_HOST_WIDTH}}  addresses"]
    for host in sorted((*plan.hosts, *plan.excluded), key=lambda host: (host.preference, host.name)):
        outside = "in another zone" if host.problem is HostProblem.NOT_ASKED else _why_left_out(host)
        name = to_unicode(host.name)
        lines += wrap(f" {host.preference:>4}  {name:<{_HOST_WIDTH}}  ", "  ".join(host.addresses) or outside)
    return lines


def _address(row: AddressRow) -> list[str]:
    """The row of one address; a long address, and long words of the host, take lines of their own."""
    start = f"         {row.address:<22}"
    cells = f"{row.connect:>11}"
    if row.banner is not None:
        cells += f"  {row.banner:>6}"
    if row.tls is not None:
        cells += f"  {row.tls:<3}"
    if row.certificate is not None:
        cells += f"  {row.certificate:<29} {row.recipient or ''}"
    lines = [start + cells] if len(start) == _ADDRESS_WIDTH else [start, " " * _ADDRESS_WIDTH + cells]
    if row.words is None:
        return lines
    quoted = f'"{row.words}"'
    room = WIDTH - len(lines[-1]) - 2
    return [*lines[:-1], f"{lines[-1]}  {quoted}"] if len(quoted) <= room else lines + wrap(" " * 13, quoted)


def _row(snapshot: Snapshot, visit: Visit | None, address: str) -> AddressRow:
    """The columns behind an address, and the words of the host where it did not serve us."""
    if visit is None or not visit.sessions:
        why = visit.not_visited if visit else None
        return AddressRow(address=address, connect=why.value if why else "not visited")
    session = visit.sessions[-1]
    standing = judge_visit(visit, snapshot)
    is_up = None if not standing.is_known else not standing.is_down
    banner = session.banner
    if banner is None:
        word = _SHORT_STANDING.get(standing, standing.value)
        nothing = {"banner": "-", "tls": "-", "certificate": "-", "recipient": "-"}
        return AddressRow(address=address, connect=word, is_up=is_up, **nothing)
    connect = session.last_turn(Phase.CONNECT)
    row = AddressRow(
        address=address,
        connect=f"{connect.elapsed * 1000:.0f} ms" if connect else "-",
        banner=str(banner.code or "???"),
        is_up=is_up,
    )
    if standing is Standing.STUCK:
        return replace(row, tls=_NO_EHLO, words=_refusal_of_ehlo(session))
    if standing is Standing.SILENT or banner.severity != 2:
        return replace(row, words=banner.text)
    recipient = _recipient(session, len(snapshot.recipients))
    return replace(row, tls=_version(session), certificate=_certificate(session), recipient=recipient)


def _refusal_of_ehlo(session: Session) -> str | None:
    turn = session.last_turn(Phase.HELO) or session.last_turn(Phase.EHLO)
    return turn.reply.text if turn is not None and turn.reply is not None else None


def _version(session: Session) -> str:
    """The version of TLS; "no" where there is none, "?" where nobody could tell."""
    if session.tls is not None:
        return session.tls.version.removeprefix("TLSv")
    return "no" if _said_ehlo(session) else "?"


def _said_ehlo(session: Session) -> bool:
    turn = session.last_turn(Phase.EHLO)
    return turn is not None and turn.reply is not None and turn.reply.is_positive


def _certificate(session: Session) -> str:
    tls = session.tls
    if tls is None:
        starttls = session.last_turn(Phase.STARTTLS)
        if starttls is not None and starttls.reply is not None and starttls.reply.code != _READY:
            return f"STARTTLS answered {starttls.reply.code}"
        return "handshake failed" if session.last_turn(Phase.TLS) else "-"
    if not tls.chain:
        return "no certificate"
    leaf, verdict = tls.chain[0], tls.verdict
    until = _day(leaf.not_after)
    if verdict.dates_valid is False:
        if leaf.not_before > session.started_at:
            return f"NOT VALID before {_day(leaf.not_before)}"
        return f"EXPIRED {until}" if leaf.not_after < session.started_at else "EXPIRED ISSUER"
    if verdict.name_matches is False:
        return f"WRONG NAME, until {until}"
    if verdict.trusted is False:
        return f"NOT TRUSTED, until {until}"
    return f"valid until {until}" if verdict.is_valid else f"until {until}"


def _recipient(session: Session, goods: int) -> str:
    """What was said of each recipient who was named, `goods` of them; where MAIL was refused, that."""
    mail = next((turn for turn in session.turns if turn.phase is Phase.MAIL), None)
    if mail is not None and (mail.reply is None or not mail.reply.is_positive):
        return f"MAIL {mail.reply.code}" if mail.reply else "MAIL: no reply"
    words = {2: "accepted", 4: "later", 5: "refused"}
    said = [
        f"{turn.reply.code} {words.get(turn.reply.severity or 0, '')}" if turn.reply else "no reply"
        for turn in session.recipients[:goods]
    ]
    return ", ".join(said) or "not asked"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
