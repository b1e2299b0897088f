"""Looks for Prometheus, in its text format: a file for the textfile collector of the node exporter.

Names are in the manner of the blackbox exporter. What was not measured, or could not be told, has no sample: absent is
not 0.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.text import escape_text
from mxprobe.mx.forecast import FateKind
from mxprobe.mx.once import known_chain
from mxprobe.mx.whatif import Case, CaseKind
from mxprobe.report.figures import AddressFigures, addresses_of, hosts_of, queries_of, tally
from mxprobe.report.json import LookDocument
from mxprobe.report.verdict import COULD_NOT_LOOK, findings_of

_LONGEST = 250

_HELP = {
    "mxprobe_probe_looked": "Whether enough could be looked at to judge the domain.",
    "mxprobe_probe_success": "Whether nothing at or above --fail-on was found; absent where it could not be looked at.",
    "mxprobe_probe_exit_status": "The exit status of mxprobe for this domain.",
    "mxprobe_probe_timestamp_seconds": "When the look began, in seconds since 1970.",
    "mxprobe_probe_duration_seconds": "How long the look took.",
    "mxprobe_dns_queries": "DNS queries of the look.",
    "mxprobe_sessions": "SMTP sessions of the look with hosts of the chain.",
    "mxprobe_mx_ttl_seconds": "The TTL of the MX records as they were answered.",
    "mxprobe_mx_hosts": "MX hosts of the chain.",
    "mxprobe_mx_hosts_up": "MX hosts of which at least one address answers.",
    "mxprobe_mx_hosts_unknown": "MX hosts of which that could not be told.",
    "mxprobe_endpoint_up": "Whether an address answers as a mail host; absent where that could not be told.",
    "mxprobe_endpoint_connect_seconds": "How long the connection to an address took.",
    "mxprobe_endpoint_banner_seconds": "How long its greeting took.",
    "mxprobe_endpoint_tls_handshake_seconds": "How long the TLS handshake took.",
    "mxprobe_endpoint_tls_info": "The version of TLS in which the handshake ended.",
    "mxprobe_certificate_expiry_timestamp_seconds": "NotAfter of the certificate that an address showed.",
    "mxprobe_certificate_valid": "Whether a client that verifies accepts it: chain, dates and name.",
    "mxprobe_findings": "Findings by severity; waived ones are not counted.",
    "mxprobe_findings_waived": "Findings that somebody allows until a day.",
    "mxprobe_finding": "A finding that is not waived.",
    "mxprobe_rules": "Rules by their answer.",
    "mxprobe_forecast_mailers": "Modelled mailers whose new mail may meet this fate, with a host down or now.",
}
"""Every metric with its help, in the order of the document; all are gauges."""


class _Sample(Struct, frozen=True, kw_only=True):
    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


def render_looks_prometheus(looks: Sequence[LookDocument]) -> str:
    """Every metric once, with the samples of all looks."""
    samples: dict[str, dict[tuple[tuple[str, str], ...], float]] = {name: {} for name in _HELP}
    for document in looks:
        for sample in _samples(document):
            samples[sample.name][sample.labels] = sample.value
    lines = []
    for name, found in samples.items():
        if found:
            lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
            lines += [f"{name}{{{_labels(labels)}}} {_number(value)}" for labels, value in found.items()]
    return "".join(f"{line}\n" for line in lines)


def _samples(document: LookDocument) -> Iterator[_Sample]:
    domain = {"domain": document.snapshot.domain}
    for name, value in _of_look(document).items():
        if value is not None:
            yield _sample(name, domain, value)
    for severity, count in tally(document).items():
        yield _sample("mxprobe_findings", {**domain, "severity": severity.value}, count)
    for status in Status:
        count = sum(1 for judgement in document.judgements if judgement.status is status)
        yield _sample("mxprobe_rules", {**domain, "answer": status.value}, count)
    for figures in addresses_of(document.snapshot):
        yield from _of_address(figures, domain)
    for found in findings_of(document.judgements):
        if found.waived is None and found.severity is not Severity.OK:
            about = {"code": found.code, "severity": found.severity.value, "subject": found.subject}
            yield _sample("mxprobe_finding", {**domain, **about}, 1)
    if document.forecast is not None and not document.chosen:
        for case in (document.forecast.now, *document.forecast.cases):
            if case.kind in (CaseKind.NOW, CaseKind.HOST):
                yield from _of_case(case, domain)


def _of_look(document: LookDocument) -> dict[str, float | None]:
    """The metrics that a look has one of."""
    snapshot, hosts = document.snapshot, hosts_of(document.snapshot)
    plan = known_chain(snapshot)
    looked = document.exit_status != COULD_NOT_LOOK
    waived = [found for found in findings_of(document.judgements) if found.waived is not None]
    return {
        "mxprobe_probe_looked": looked,
        "mxprobe_probe_success": document.exit_status == 0 if looked else None,
        "mxprobe_probe_exit_status": document.exit_status,
        "mxprobe_probe_timestamp_seconds": snapshot.started_at,
        "mxprobe_probe_duration_seconds": snapshot.elapsed,
        "mxprobe_dns_queries": queries_of(snapshot),
        "mxprobe_sessions": len(snapshot.sessions),
        "mxprobe_mx_ttl_seconds": plan.ttl,
        "mxprobe_mx_hosts": None if plan.temporary else len(plan.hosts),
        "mxprobe_mx_hosts_up": hosts.up if hosts is not None else None,
        "mxprobe_mx_hosts_unknown": hosts.unknown if hosts is not None else None,
        "mxprobe_findings_waived": len(waived),
    }


def _of_address(figures: AddressFigures, domain: Mapping[str, str]) -> Iterator[_Sample]:
    endpoint = figures.endpoint
    labels = {**domain, "host": endpoint.host, "address": endpoint.address, "preference": str(figures.preference)}
    measured = {
        "mxprobe_endpoint_up": figures.is_up,
        "mxprobe_endpoint_connect_seconds": figures.connect,
        "mxprobe_endpoint_banner_seconds": figures.banner,
        "mxprobe_endpoint_tls_handshake_seconds": figures.tls,
        "mxprobe_certificate_expiry_timestamp_seconds": figures.not_after,
        "mxprobe_certificate_valid": figures.is_valid,
    }
    for name, value in measured.items():
        if value is not None:
            yield _sample(name, labels, value)
    if figures.version is not None:
        yield _sample("mxprobe_endpoint_tls_info", {**labels, "version": figures.version}, 1)


def _of_case(case: Case, domain: Mapping[str, str]) -> Iterator[_Sample]:
    """How many mailers may meet each fate, with a host down or as it is now."""
    labels = {**domain, "down": ",".join(case.down), "way": case.way or ""}
    for fate in FateKind:
        count = sum(1 for mailer in case.mailers if fate in mailer.kinds)
        yield _sample("mxprobe_forecast_mailers", {**labels, "fate": fate.value}, count)


def _sample(name: str, labels: Mapping[str, str], value: float) -> _Sample:
    return _Sample(name=name, labels=tuple(labels.items()), value=value)


def _labels(labels: Sequence[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_value(value)}"' for name, value in labels)


def _value(text: str) -> str:
    """A label's value: one line, with nothing that ends it."""
    text = escape_text(text.replace("\n", " "))
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 6))
