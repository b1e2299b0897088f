"""What reports of SMTP TLS reporting tell, as text: the answer, the evidence for each MX host, who reports."""

from datetime import UTC, datetime

import msgspec

from mxprobe.facts.text import escape_text
from mxprobe.mx.tlsreport import RESULTS
from mxprobe.mx.tlssummary import DomainReport, Failed, HostReport
from mxprobe.report.json import SCHEMA
from mxprobe.report.words import count_of, wrap

_MOST_NAMED = 6


class TlsReportsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `report --format json` prints of reports of TLS sessions. `repeats` counts reports that were named twice."""

    schema: int = SCHEMA
    kind: str = "tls-reports"
    domains: tuple[DomainReport, ...]
    repeats: int = 0
    exit_status: int = 0
    reason: str = ""


def conclude_reports(domains: tuple[DomainReport, ...], fail_on: str) -> tuple[int, str]:
    """The exit status and why: at `error` failed sessions count whose mail waits, else all that failed."""
    held = sum(domain.held for domain in domains)
    failed = held + sum(domain.passed for domain in domains)
    surplus = sum(domain.surplus for domain in domains)
    if held:
        return 1, f"{count_of(held, 'session')} failed under a policy that holds mail back"
    if failed and fail_on != "error":
        return 1, f"{count_of(failed, 'session')} failed"
    if surplus and not failed:
        status = 0 if fail_on == "error" else 1
        return status, f"no session failed by the sums, and {count_of(surplus, 'session')} by the reasons beside them"
    return 0, f"{count_of(failed, 'session')} failed, and none held mail back" if failed else "no session failed"


def render_reports(document: TlsReportsDocument) -> str:
    """All domains, and the last line."""
    lines = [line for domain in document.domains for line in (*_domain(domain), "")]
    if document.repeats:
        are = "was" if document.repeats == 1 else "were"
        lines.append(f"{count_of(document.repeats, 'report')} {are} named twice, and counted once.")
    return "\n".join([*lines, f"Exit {document.exit_status}: {document.reason}."])


def _domain(domain: DomainReport) -> list[str]:
    total = domain.good + domain.failed
    name = escape_text(domain.domain)
    if not domain.failed and not domain.surplus:
        lines = wrap("", f"{name}: none of {count_of(total, 'reported session')} failed.")
    else:
        waits = f", {domain.held} of them under a policy that holds mail back" if domain.held else ""
        lines = wrap("", f"{name}: {domain.failed} of {count_of(total, 'reported session')} failed{waits}.")
    for host in domain.hosts:
        lines += ["", *_host(host, domain)]
    if domain.unexplained:
        lines += ["", *wrap(" ", f"{count_of(domain.unexplained, 'failed session')} without a reason or a host")]
    if domain.surplus:
        says = f"the reasons count {count_of(domain.surplus, 'session')} more than the sums of the same reports"
        lines += ["", *wrap(" ", says)]
    lines += ["", " reported by"]
    for one in domain.reporters:
        told = f"{count_of(one.reports, 'report')}, {one.failed} of {count_of(one.good + one.failed, 'session')} failed"
        lines += wrap("  ", f"{one.by}: {told}; {_days(one.begins, one.ends)}")
    return lines


def _host(host: HostReport, domain: DomainReport) -> list[str]:
    name = host.host or "no host named (the policy could not be used, or the report does not say)"
    stranger = "   NOT AMONG TODAY'S MX HOSTS" if host.is_known is False else ""
    lines = wrap(" ", f"{name}{stranger}")
    for one in host.failed:
        lines += _failed(one, domain)
    return lines


def _failed(one: Failed, domain: DomainReport) -> list[str]:
    """`Google Inc. reports 12 of its 340 sessions as failed here on 2026-11-20: certificate-host-mismatch`."""
    own = next(reporter for reporter in domain.reporters if reporter.by == one.by)
    of = f"of its {own.good + own.failed} sessions" if own.failed else "sessions"
    words = RESULTS.get(one.result)
    lines = wrap("  ", f"{one.by} reports {one.sessions} {of} as failed here, {_days(one.begins, one.ends)}:")
    lines += wrap("    ", f"{one.result}: {words}" if words else f"{one.result} (no type of RFC 8460)")
    if one.reasons:
        lines += wrap("    reason  ", _named(tuple(f'"{reason}"' for reason in one.reasons)))
    if one.receiving_ips:
        lines += wrap("    at      ", _named(one.receiving_ips))
    if one.sending_ips:
        lines += wrap("    from    ", _named(one.sending_ips))
    return lines


def _named(texts: tuple[str, ...]) -> str:
    more = len(texts) - _MOST_NAMED
    return ", ".join(texts[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _days(begins: float, ends: float) -> str:
    """One day, or the first and the last."""
    first, last = (_day(at) for at in (begins, max(ends - 1, begins)))
    return f"on {first}" if first == last else f"{first} to {last}"


def _day(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return f"second {at:g} since 1970"
