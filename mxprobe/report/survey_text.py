"""The summary of a survey as text: the answer, shares with what is not known, forecasts, operators, findings."""

import msgspec

from mxprobe.facts.summary import Counted, MailerCount, Share, Summary
from mxprobe.mx.senders import MODELLED
from mxprobe.mx.summed import MOST_TOLD
from mxprobe.mx.tallied import WAYS as TALLIED
from mxprobe.mx.whatif import WAYS
from mxprobe.report.vantage_text import NAMES_ASKED, say_counted, say_silent_place
from mxprobe.report.words import cut, wrap
from mxprobe.rules.all import ALL_RULES

_TOP = 10
_TOP_FOUND = 20
_LABEL = 46
_TITLES = {profile.name: profile.title for profile in MODELLED}
_NAMES = {module.RULE.code: module.RULE.name for module in ALL_RULES}
_BASIS = {
    "explicit": "with MX records",
    "implicit": "without MX records, by their own address",
    "null": "that take no mail (null MX)",
    "none": "without a usable host",
    "unknown": "of which the MX lookup gave no answer",
}


def render_summary(summary: Summary) -> str:
    """The whole report, at most 100 columns wide."""
    lines = [*wrap("", answer(summary)), ""]
    if summary.domains > summary.untallied:
        basis = ", ".join(f"{one.domains:,} {_BASIS.get(one.name, one.name)}" for one in summary.basis)
        lines += wrap("DOMAINS    ", basis)
        lines += ["", *_shares(summary), *_forecast(summary), *_found(summary), *_operators(summary)]
        lines += [*_vantages(summary), *_untold(summary)]
    return "\n".join([*lines, "", *wrap("", ending(summary))]) + "\n"


def render_summary_json(summary: Summary) -> str:
    """The summary as JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2).decode() + "\n"


def answer(summary: Summary) -> str:
    """The first sentence: how many are known to have a backup, and how many show TLS everywhere."""
    told, domains = summary.domains - summary.untallied, _count(summary.domains, "domain")
    if not summary.domains:
        return "There is no domain in these results."
    if not told:
        return f"{domains}, and nothing is counted of any."
    parts = [f"{_of(summary.has_backup)} have a backup"] if summary.has_backup.known else []
    if summary.starttls.known:
        parts.append(f"{_of(summary.starttls)} offer STARTTLS at every address that was heard")
    if not parts:
        return f"{domains}; of none is it known whether it has a backup."
    return f"{domains}: {'; '.join(parts)}."


def _of(share: Share) -> str:
    """7,421 of 9,310 (80 %)."""
    return f"{share.having:,} of {share.known:,} ({percent(share.having, share.known)})"


def percent(count: int, whole: int) -> str:
    """A share in words: never 0 % of some, never 100 % of not all; "-" of nothing."""
    if not whole:
        return "-"
    value = 100 * count / whole
    if 0 < value < 1:
        return "<1 %"
    if 99 < value < 100:
        return ">99 %"
    return f"{value:.0f} %"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


# -- shares ------------------------------------------------------------------------------------------------------------


def _shares(summary: Summary) -> list[str]:
    rows = [
        ("a backup: hosts of two preferences or more", summary.has_backup),
        ("STARTTLS at every address that was heard", summary.starttls),
        ("a valid certificate at each that showed one", summary.certificates),
        ("DANE: secure TLSA records of every host", summary.dane),
        ("MTA-STS: a record (policies are not fetched)", summary.mta_sts),
    ]
    if summary.accepts.known or (summary.accepts.unknown and any(one.name == "rcpt" for one in summary.reach)):
        rows.append(("every address that was asked takes the mail", summary.accepts))
    head = f"{'SHARES':<{_LABEL}} {'':>6}  {'domains':>22}  {'in part':>9}  {'unknown':>9}"
    lines = [head.rstrip(), *(_row(label, share) for label, share in rows)]
    several = [
        ("one operator has all hosts", summary.one_operator),
        ("all addresses are one", summary.one_address),
        ("all addresses lie in one /24 (IPv6: /48)", summary.one_network),
    ]
    lines += ["", f"SHARED FATE   of the {_count(summary.several, 'domain')} with several hosts"]
    return [*lines, *(_row(label, share) for label, share in several)]


def _row(label: str, share: Share) -> str:
    count = f"{share.having:,} of {share.known:,}"
    partly = f"{share.partly:,}" if share.partly else "-"
    return (
        f" {label:<{_LABEL - 1}} {percent(share.having, share.known):>6}  {count:>22}  {partly:>9}  {share.unknown:>9,}"
    )


# -- forecasts ---------------------------------------------------------------------------------------------------------


def _forecast(summary: Summary) -> list[str]:
    """For each mailer the domains to which it does not deliver while all of the best preference fails."""
    if not summary.foretold:
        return []
    words = {TALLIED[way.cell]: way.words for way in WAYS if way.cell in TALLIED}
    counts = {way.way: {one.mailer: one for one in way.mailers} for way in summary.forecast}
    ways = [name for name in words if name in counts]
    lines = ["", *wrap("FORECAST   ", _sentence(summary))]
    lines.append("            " + "".join(f"  {words[name]:^18}" for name in ways).rstrip())
    lines.append(" mailer     " + f"  {'bounces':>9}{'waits':>9}" * len(ways))
    for name, title in _TITLES.items():
        cells = [counts[way].get(name, MailerCount(mailer=name)) for way in ways]
        lines.append(f" {title:<11}" + "".join(f"  {one.bounces:>9,}{one.waits:>9,}" for one in cells))
    unknown = max((one.unknown for way in summary.forecast for one in way.mailers), default=0)
    rest = "The rest goes to another preference"
    if unknown:
        rest += f", or nobody knows: for up to {_count(unknown, 'domain')}, whose other hosts were not heard"
    return [*lines, *wrap(" ", f"{rest}.")]


def _sentence(summary: Summary) -> str:
    whole = f"new mail for {_count(summary.foretold, 'domain')}, if every host of the best preference fails"
    bouncing = next((way for way in summary.forecast if way.way == TALLIED["B3"]), None)
    worst = max(bouncing.mailers, key=lambda one: one.bounces, default=None) if bouncing is not None else None
    if worst is None or not worst.bounces:
        return f"{whole}; no modelled mailer bounces it when it greets with 554."
    title, share = _TITLES.get(worst.mailer, worst.mailer), percent(worst.bounces, summary.foretold)
    return f"{whole}: senders like {title} bounce it for {worst.bounces:,} ({share}) when it greets with 554."


# -- names -------------------------------------------------------------------------------------------------------------


def _found(summary: Summary) -> list[str]:
    if not summary.judged:
        return []
    clean = summary.judged - summary.erring - summary.warned - summary.unseen
    told = f"{summary.erring:,} of {summary.judged:,} domains have an error, {summary.warned:,} a warning alone"
    told += f", {clean:,} neither"
    if summary.unseen:
        told += f"; of {summary.unseen:,} nothing could be seen"
    lines = ["", *wrap("FINDINGS   ", told)]
    shown = summary.found[:_TOP_FOUND]
    lines += [_line(one, summary.judged, f"{one.name} {_NAMES.get(one.name, '')}") for one in shown]
    return [*lines, *_more(summary.found, _TOP_FOUND)]


def _operators(summary: Summary) -> list[str]:
    if not summary.operators:
        return []
    lines = ["", f"OPERATORS   whose the first host is, of {_count(summary.with_hosts, 'domain')}"]
    lines += [_line(one, summary.with_hosts, one.name) for one in summary.operators[:_TOP]]
    lines += _more(summary.operators, _TOP)
    if summary.throttled:
        lines += ["", "THROTTLED   operators that limited this survey, and domains of which less is known for it"]
        lines += [_line(one, summary.with_hosts, one.name) for one in summary.throttled[:_TOP]]
        lines += _more(summary.throttled, _TOP)
    return lines


def _vantages(summary: Summary) -> list[str]:
    """What was not alike from all vantage points, and which of them are blocked themselves."""
    if not summary.differs and not summary.silent:
        return []
    lines = ["", "VANTAGE POINTS   what was not alike from all of them, and for how many domains"]
    lines += [_line(one, summary.with_hosts, say_counted(one.name)) for one in summary.differs]
    for place in summary.silent[:_TOP]:
        lines += wrap(" ", say_silent_place(cut(place.name, 63)))
    return [*lines, *_more(summary.silent, _TOP), *wrap(" ", NAMES_ASKED)]


def _untold(summary: Summary) -> list[str]:
    """What could not be looked at, and why."""
    told = summary.domains - summary.untallied
    rows = [_line(one, told, one.name) for one in summary.untold[:_TOP]]
    if summary.excluded:
        rows.append(_line(Counted(name="", domains=summary.excluded), told, "left alone, as was asked for"))
    if not rows:
        return []
    return ["", "NOT TOLD    of some or all of a domain, and why", *rows, *_more(summary.untold, _TOP)]


def _line(one: Counted, whole: int, what: str) -> str:
    return f" {one.domains:>11,}  {percent(one.domains, whole):>6}  {cut(what, 78)}".rstrip()


def _more(counted: tuple[Counted, ...], shown: int) -> list[str]:
    """How many more there are; of very many a summary names the most frequent alone."""
    left = len(counted) - shown
    if left <= 0:
        return []
    more = f"and {left} more" if len(counted) < MOST_TOLD else f"and more, of which the next {left}"
    return [f" {'':>11}  {'':>6}  {more}: --format json"]


def ending(summary: Summary) -> str:
    """The last line: what was read, what could not be counted, and the exit status."""
    depths = ", ".join(f"{one.domains:,} at depth {one.name}" for one in summary.reach)
    parts = [f"{_count(summary.domains, 'line')} read{f': {depths}' if depths else ''}"]
    parts.append(f"{summary.judged:,} judged, {summary.foretold:,} forecast")
    if summary.untallied:
        parts.append(f"{summary.untallied:,} with nothing to count")
    if summary.cut_short:
        parts.append("the last line is cut short and was passed over: --resume goes on")
    if summary.too_few:
        parts.append(f"very many names: counts of names may be up to {summary.too_few:,} too low")
    return f"{'; '.join(parts)}.  Exit 0: a summary judges nothing."
