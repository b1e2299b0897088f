"""A look as the file of `--expect` that it fits: a beginning for an operator, who then edits it and keeps it in Git.

Nothing is guessed: for each key the strictest word is written that the rules about expectations pass for this look;
what they cannot judge is written as a comment, with the reason.
"""

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from mxprobe.facts.approved import (
    Approved,
    TlsFloor,
    WantedAddresses,
    WantedDane,
    WantedDmarc,
    WantedMode,
    WantedReports,
    WantedSigning,
    WantedSpf,
    WantedTls,
)
from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.finding import Judgement, Severity, Status
from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.text import escape_text
from mxprobe.mx.drift import addresses_in, mx_unknown, published_mx, texts_in, zone_of
from mxprobe.mx.once import known_answers
from mxprobe.mx.providers import provider_of
from mxprobe.report.verdict import findings_of
from mxprobe.rules.domain.expected import (
    addresses_not_as_expected,
    authentication_not_as_expected,
    nameservers_not_as_expected,
    policy_not_as_expected,
    tls_below_expected,
)
from mxprobe.rules.moments import day_of

_MOST = 32
_USUAL_FLOOR = TlsFloor.V12
"""Where a host agrees on more, a floor of more would be a decision of its operator (RFC 9325 §3.1.1)."""

_WORDS: Mapping[str, tuple[ModuleType, Iterable[Any]]] = {
    "dane": (policy_not_as_expected, WantedDane),
    "mta-sts": (policy_not_as_expected, WantedMode),
    "tlsrpt": (policy_not_as_expected, WantedReports),
    "dnssec": (policy_not_as_expected, WantedSigning),
    "spf": (authentication_not_as_expected, WantedSpf),
    "dmarc": (authentication_not_as_expected, WantedDmarc),
}


def render_expectation(snapshot: Snapshot, judgements: tuple[Judgement, ...]) -> str:
    """The file, with a final newline; empty where nothing was seen that could be expected.

    Findings of `judgements` stand in it as waivers that are commented out.
    """
    domain = snapshot.domain
    expected = [
        *_mx(snapshot),
        *_nameservers(snapshot),
        *_addresses(snapshot),
        *_tls(snapshot),
        *(_word(snapshot, key) for key in _WORDS),
    ]
    if all(line.startswith("#") for line in expected):
        return ""
    lines = [
        f"# What {domain} should look like, begun with what was so on {day_of(snapshot.started_at)}.",
        f"# Everything else is a finding of: mxprobe probe {domain} --expect FILE",
        "# Names without a dot belong to the domain. What stands behind # is not expected yet.",
        f"domain: {domain}",
        *expected,
        *_waivers(domain, judgements),
    ]
    return "\n".join(escape_text(line) for line in lines) + "\n"


def _judge(module: ModuleType, snapshot: Snapshot, **fields: Any) -> Judgement:
    """What one rule says if this alone is expected."""
    approved = Approved(path="the file", domain=snapshot.domain, **fields)
    found: Judgement = module.find_beside(snapshot, Beside(approved=approved))
    return found


def _fits(module: ModuleType, snapshot: Snapshot, **fields: Any) -> bool:
    judgement = _judge(module, snapshot, **fields)
    return judgement.status is Status.PASSES and judgement.reason is None


def _short(name: str, domain: str) -> str:
    """A name as the file has it: without the domain where one label is left."""
    label = name.removesuffix(f".{domain}")
    return label if "." not in label else name


def _is_sayable(name: str) -> bool:
    """Whether a file can name it."""
    try:
        return "." in name and to_ascii(name) == name
    except NameRefused:
        return False


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


# -- names -------------------------------------------------------------------------------------------------------------


def _mx(snapshot: Snapshot) -> list[str]:
    """The MX records, where every server gives the same, and who is behind them."""
    given = published_mx(snapshot)
    records = given[0].records if given else ()
    reason = mx_unknown(snapshot) or _why_not_sayable(records)
    if not reason and any(one.records != records for one in given):
        reason = "its servers do not agree"
    if reason:
        return [f"# mx: {reason}"]
    if not any(record.host != "." for record in records):
        return [f"mx: {_listed(f'{record.preference} .' for record in records)}"]
    lines = ["mx:", *(f"  - {one.preference} {_short(one.host, snapshot.domain)}" for one in records)]
    behind = [record.host for record in records if record.preference > records[0].preference]
    if behind:
        lines.append(f"# backups: {_listed(_short(host, snapshot.domain) for host in behind)}")
    providers = {name for record in records if (name := provider_of(record.host)) is not None}
    return lines + ([f"providers: {_listed(sorted(providers))}"] if providers else [])


def _why_not_sayable(records: tuple[ApprovedMx, ...]) -> str:
    hosts = [record.host for record in records]
    bad = next((host for host in hosts if host != "." and not _is_sayable(host)), None)
    if bad is not None:
        return f"no host is called {bad[:60]}"
    if len(set(hosts)) < len(hosts) or ("." in hosts and len(hosts) > 1):
        return "a host stands there twice, or beside a null MX"
    return f"more than {_MOST} records" if len(hosts) > _MOST else ""


def _nameservers(snapshot: Snapshot) -> list[str]:
    apex = zone_of(snapshot) or snapshot.domain
    names = texts_in(known_answers(snapshot), Question(name=apex, rrtype=RecordType.NS))
    if isinstance(names, str):
        return [f"# nameservers: {names}"]
    if not names or len(names) > _MOST or not all(map(_is_sayable, names)):
        return ["# nameservers: there is none, or they cannot be told here"]
    if not _fits(nameservers_not_as_expected, snapshot, nameservers=tuple(sorted(names))):
        return []
    return [f"nameservers: {_listed(_short(name, snapshot.domain) for name in sorted(names))}"]


def _addresses(snapshot: Snapshot) -> list[str]:
    """Those of hosts that are no provider's, which moves its addresses at will."""
    answers, lines = known_answers(snapshot), list[str]()
    given = published_mx(snapshot)
    hosts = dict.fromkeys(record.host for record in (given[0].records if given else ()))
    for host in list(hosts)[:_MOST]:
        found = tuple(sorted(addresses_in(answers, host)))
        wanted = WantedAddresses(host=host, addresses=found)
        if not _is_sayable(host) or not 0 < len(found) <= _MOST or provider_of(host) is not None:
            continue
        if _fits(addresses_not_as_expected, snapshot, addresses=(wanted,)):
            told = ", ".join(f'"{address}"' if ":" in address else address for address in found)
            lines.append(f"  {_short(host, snapshot.domain)}: [{told}]")
    return ["addresses:", *lines] if lines else []


# -- TLS and policies --------------------------------------------------------------------------------------------------


def _tls(snapshot: Snapshot) -> list[str]:
    """The floor that all hosts reach; a host that does not is named with what it does."""
    given = published_mx(snapshot)
    named = dict.fromkeys(record.host for record in (given[0].records if given else ()))
    hosts = [host for host in named if any(visit.endpoint.host == host for visit in snapshot.visits)]
    whole = _judge(tls_below_expected, snapshot, tls=(WantedTls(minimum=_USUAL_FLOOR, verified=True),))
    if whole.status is Status.INCONCLUSIVE or whole.reason or not hosts or not all(map(_is_sayable, hosts)):
        return [f"# tls: {whole.reason or 'no host was looked at'}"]
    below = [one.subject for one in whole.findings]
    lines = ["tls:", f"  minimum: {_USUAL_FLOOR.value}", "  verified: true"]
    if not below:
        return lines
    if len(below) > _MOST:
        return [f"# tls: {len(below)} hosts have less than TLS {_USUAL_FLOOR.value} and a verified certificate"]
    exceptions = []
    for host in hosts:
        if host not in below:
            continue
        has_tls = _fits(tls_below_expected, snapshot, tls=(WantedTls(host=host, minimum=_USUAL_FLOOR),))
        minimum = _USUAL_FLOOR if has_tls else TlsFloor.NONE
        exceptions.append(f"    {_short(host, snapshot.domain)}: {{minimum: {minimum.value}, verified: false}}")
    return [*lines, "  hosts:", *exceptions]


def _word(snapshot: Snapshot, key: str) -> str:
    """The first of a key's words that fits; they stand in their order from strict to lax."""
    module, words = _WORDS[key]
    field = key.replace("-", "_")
    for word in words:
        if _fits(module, snapshot, **{field: word}):
            return f"{key}: {word.value}"
    reasons = [_judge(module, snapshot, **{field: word}).reason for word in words]
    return f"# {key}: {next((reason for reason in reasons if reason), 'it is none of these that can be expected')}"


# -- waivers -----------------------------------------------------------------------------------------------------------


def _waivers(domain: str, judgements: tuple[Judgement, ...]) -> list[str]:
    bad = [one for one in findings_of(judgements) if one.severity in (Severity.ERROR, Severity.WARNING)]
    if not bad:
        return []
    lines = ["# To let be what is found today, name a reason and the last day:", "# waive:"]
    for one in bad:
        host = f", host: {_short(one.subject, domain)}" if _is_sayable(one.subject) and one.subject != domain else ""
        lines.append(f"#   - {{rule: {one.code}{host}, because: say why, until: 2000-01-01}}")
    return list(dict.fromkeys(lines))
