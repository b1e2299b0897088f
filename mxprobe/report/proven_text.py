"""When the hosts of domains were proven last, as a table."""

from datetime import UTC, datetime
from itertools import groupby

from mxprobe.mx.proven import LastProven
from mxprobe.report.words import WIDTH, cut

_HEAD = f" {'pref':>5}  {'host':<42} {'while the primary is up':<24} {'in an outage':<13} not proven"


def render_proven(standing: tuple[LastProven, ...], stale: tuple[LastProven, ...]) -> str:
    """A table a domain; `stale` are the hosts that it is too long ago for."""
    lines = []
    for domain, hosts in groupby(standing, key=lambda one: one.domain):
        lines += [f"{domain}: when mail over each MX host was proven to arrive", _HEAD]
        lines += [cut(_line(one, one in stale), WIDTH) for one in hosts]
        lines.append("")
    return "\n".join(lines)


def say_outage(standing: tuple[LastProven, ...]) -> str:
    """When the backups were proven in an outage."""
    backups = [one for one in standing if not one.is_primary]
    if not backups:
        return ""
    dates = {one.host: "never" if one.in_outage is None else _day(one.in_outage) for one in backups}
    if len(set(dates.values())) == 1:
        return f"Last proven in an outage: {next(iter(dates.values()))}."
    return f"Last proven in an outage: {', '.join(f'{host} {date}' for host, date in dates.items())}."


def _line(one: LastProven, is_stale: bool) -> str:
    outage = "-" if one.is_primary else _day(one.in_outage)
    mark = "!" if is_stale else " "
    failed = "-" if one.failed is None else _day(one.failed)
    return f"{mark}{one.preference:>5}  {one.host:<42} {_day(one.while_up):<24} {outage:<13} {failed}"


def _day(moment: float | None) -> str:
    return "never" if moment is None else datetime.fromtimestamp(moment, UTC).date().isoformat()
