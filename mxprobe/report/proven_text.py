"""When hosts were last proven, as text: a line at the end of a proof, and a table over many."""

from datetime import UTC, datetime

from msgspec import Struct

from mxprobe.mx.proven import DomainProven, HostProven
from mxprobe.report.words import WIDTH, count_of, cut, say_span, wrap


class Allowed(Struct, frozen=True, kw_only=True):
    """How old a proof may be, in seconds and as the person has written it; whether one of an outage alone counts."""

    within: float
    word: str
    in_outage: bool = False


def say_last_outage(domain: DomainProven) -> str:
    """When mail over the backups was last proven to arrive in an outage; nothing for a domain without backups."""
    backups = domain.backups
    if not backups:
        return ""
    if all(host.in_outage is None for host in backups):
        told = "never"
    elif len(backups) == 1:
        told = _day(backups[0].in_outage)
    else:
        told = ", ".join(f"{host.host} {_day(host.in_outage)}" for host in backups)
    return f"Last proven in an outage: {told}."


def render_proven(domains: tuple[DomainProven, ...], skipped: int, allowed: Allowed | None, now: float) -> list[str]:
    """A table for each domain, and behind it which hosts were not proven as lately as they should be."""
    lines: list[str] = []
    for domain in domains:
        lines += wrap("", f"{domain.domain}: {count_of(domain.proofs, 'proof')}, the newest of {_day(domain.newest)}")
        width = max(len(host.host) for host in domain.hosts) if domain.hosts else 0
        primaries = ", ".join(host.host for host in domain.hosts if host.is_primary)
        lines.append(
            cut(f" {'last proven':<{width}}  {'failed':<11} {'primary up':<11} in an outage of {primaries}", WIDTH)
        )
        for host in domain.hosts:
            outage = "(is the primary)" if host.is_primary else _day(host.in_outage)
            days = f"{_day(host.failed):<11} {_day(host.while_up):<11} {outage}"
            lines.append(cut(f" {host.host:<{width}}  {days}", WIDTH))
        if allowed is not None:
            old = domain.grown_old(now - allowed.within, in_outage=allowed.in_outage)
            lines += [line for host in old for line in wrap("", _say_old(host, allowed, now))]
        lines.append("")
    if skipped:
        lines.append(f"{count_of(skipped, 'file')} passed over: no {'proof' if skipped == 1 else 'proofs'}.")
    return lines


def _say_old(host: HostProven, allowed: Allowed, now: float) -> str:
    at = host.proven_at(in_outage=allowed.in_outage)
    how = " in an outage" if allowed.in_outage and not host.is_primary else ""
    if at is None:
        return f"PROVE AGAIN  {host.host} was never proven{how}."
    age = say_span(max(now - at, 0.0))
    return f"PROVE AGAIN  {host.host} was last proven{how} on {_day(at)}, {age} ago; {allowed.word} is the most."


def _day(at: float | None) -> str:
    return "never" if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()
