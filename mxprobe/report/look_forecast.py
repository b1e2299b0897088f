"""The forecast as tables: for each host and preference that may fail, where the mail of which mailers goes.

Ways of failing that end alike share a row; a host whose failure changes nothing for new mail takes one line.
"""

from collections.abc import Iterable, Sequence

from mxprobe.mx.forecast import WAYS, Case, FateKind, Forecast, MailerForecast
from mxprobe.mx.profile import Grade
from mxprobe.mx.senders import find_profile
from mxprobe.report.words import columns, say_span, wrap

_WAY = dict(WAYS)
_WIDTHS = (20, 28, 26, 19)


def render_forecast(forecast: Forecast) -> list[str]:
    """The lines of all what-ifs, and what the forecast rests on."""
    lines: list[str] = []
    if not _is_plain(forecast.now):
        title = f"AS IT IS NOW   forecast for new mail from {len(forecast.modelled)} modelled mailers"
        lines += ["", title, *_table((forecast.now,), "")]
    unchanged = []
    for down, cases in _by_host(forecast.cases):
        if all(_fates(case) == _fates(forecast.now) for case in cases):
            unchanged.append(down)
            continue
        names = " AND ".join(_short(host).upper() for host in down)
        fails = "FAILS" if len(down) == 1 else "FAIL"
        title = f"IF {names} {fails}   forecast for new mail from {len(forecast.modelled)} modelled mailers"
        lines += ["", title, *_table(cases, "if " + " and ".join(_short(host) for host in down))]
    lines.append("")
    for down in unchanged:
        fails = "fails" if len(down) == 1 else "fail"
        lines.append(f" If {' and '.join(_short(host) for host in down)} {fails}, nothing changes for new mail.")
    lines += wrap(" ", f"Grades: {_grades(forecast.now.mailers)}.")
    lines += wrap(" ", f"{', '.join(forecast.not_modelled)} publish no rules for this and are not modelled.")
    return lines


def _by_host(cases: Iterable[Case]) -> list[tuple[tuple[str, ...], tuple[Case, ...]]]:
    found: dict[tuple[str, ...], list[Case]] = {}
    for case in cases:
        found.setdefault(case.down, []).append(case)
    return [(down, tuple(group)) for down, group in found.items()]


def _is_plain(case: Case) -> bool:
    """All mailers reach one host at once: then there is nothing to tell."""
    ends = {prospect for mailer in case.mailers for prospect in mailer.prospects}
    return all(end.kind is FateKind.ACCEPTED and end.latest < 1 for end in ends) and len(ends) == 1


def _fates(case: Case) -> tuple[tuple[object, ...], ...]:
    return tuple((mailer.mailer, mailer.prospects) for mailer in case.mailers)


def _table(cases: Sequence[Case], label: str) -> list[str]:
    """A row for each way of failing, ways that end alike in one."""
    hosts = {
        prospect.host
        for case in cases
        for mailer in case.mailers
        for prospect in mailer.prospects
        if prospect.kind is FateKind.ACCEPTED and prospect.host
    }
    one = next(iter(hosts)) if len(hosts) == 1 else None
    rows: dict[tuple[str, str, str], list[str]] = {}
    for case in cases:
        cells = (_accepted(case, named=one is None), _waiting(case), _ended(case))
        rows.setdefault(cells, []).append(_WAY.get(case.cell or "", "now"))
    head = (label, f"goes to {_short(one)}" if one else "goes to", "waits", "bounces")
    lines = columns(head, _WIDTHS)
    for cells, ways in rows.items():
        way = "fails in any way" if len(ways) == len(WAYS) else ", ".join(ways)
        lines += columns((way, *(cell or "-" for cell in cells)), _WIDTHS)
    return [f" {line}" for line in lines]


def _accepted(case: Case, *, named: bool) -> str:
    """Who reaches a host, and when: "all 3, at once"."""
    groups: dict[tuple[str, str], list[MailerForecast]] = {}
    for mailer in case.mailers:
        for host, when in _arrivals(mailer):
            groups.setdefault((host if named else "", when), []).append(mailer)
    return "; ".join(
        f"{_who(mailers, case)}{f' to {host}' if host else ''}, {when}" for (host, when), mailers in groups.items()
    )


def _arrivals(mailer: MailerForecast) -> list[tuple[str, str]]:
    ends = [prospect for prospect in mailer.prospects if prospect.kind is FateKind.ACCEPTED]
    if not ends:
        return []
    hosts = " or ".join(dict.fromkeys(_short(end.host) for end in ends))
    soonest, latest = min(end.soonest for end in ends), max(end.latest for end in ends)
    if latest < 1:
        return [(hosts, "at once")]
    if say_span(soonest) == say_span(latest):
        return [(hosts, f"after {say_span(latest)}")]
    return [(hosts, f"after up to {say_span(latest)}")]


def _waiting(case: Case) -> str:
    """Who keeps the mail, and until when: "Haraka, gives up after 3 d"."""
    waits = _having(case, FateKind.WAITS)
    unknown = _having(case, FateKind.UNKNOWN)
    parts = []
    if waits:
        spans = sorted(mailer.gives_up for mailer in waits)
        until = say_span(spans[0])
        if say_span(spans[-1]) != until:
            until = f"{until} to {say_span(spans[-1])}"
        parts.append(f"{_who(waits, case)}; gives up after {until}")
    hosts = [prospect.host for mailer in unknown for prospect in mailer.prospects if prospect.kind is FateKind.UNKNOWN]
    parts += [f"{_who(unknown, case)} asks {_short(host)}: not known" for host in dict.fromkeys(hosts)]
    return "; ".join(parts)


def _ended(case: Case) -> str:
    """Who gives the mail back, and by which cell of the outcome table."""
    groups: dict[str, list[MailerForecast]] = {}
    for mailer in _having(case, FateKind.BOUNCES):
        cell = next(prospect.cell for prospect in mailer.prospects if prospect.kind is FateKind.BOUNCES)
        groups.setdefault(cell or "", []).append(mailer)
    return "; ".join(f"{_who(mailers, case)} ({cell})" for cell, mailers in groups.items())


def _having(case: Case, kind: FateKind) -> list[MailerForecast]:
    return [mailer for mailer in case.mailers if any(prospect.kind is kind for prospect in mailer.prospects)]


def _who(mailers: Sequence[MailerForecast], case: Case) -> str:
    """Names, or "all 3"; a mailer that may end otherwise, too, is marked."""
    certain = all(len({prospect.kind for prospect in mailer.prospects}) == 1 for mailer in mailers)
    names = " ".join(find_profile(mailer.mailer).title for mailer in mailers)
    who = f"all {len(mailers)}" if len(mailers) == len(case.mailers) > 1 else names
    return who if certain else f"{who} perhaps"


def _grades(mailers: Iterable[MailerForecast]) -> str:
    """On what the statements about each mailer rest, best first."""
    known = []
    for mailer in mailers:
        profile = find_profile(mailer.mailer)
        grades = {deviation.grade for deviation in profile.deviations}
        words = " and ".join(grade.value for grade in Grade if grade in grades) or "the reference"
        known.append(f"{profile.title} {profile.version} from {words}".replace("from measured", "measured"))
    return "; ".join(known)


def _short(host: str | None) -> str:
    return (host or "").split(".")[0]
