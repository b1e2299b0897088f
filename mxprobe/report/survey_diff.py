"""Two surveys beside each other as text: the answer, then a line for each domain that changed."""

import msgspec
from msgspec.structs import replace

from mxprobe.facts.change import Change, Weight
from mxprobe.facts.compared import DomainCompared, SurveysCompared
from mxprobe.facts.finding import Severity
from mxprobe.facts.names import to_unicode
from mxprobe.report.words import WIDTH, cut, wrap

_MOST, _SHORT = 4, 48
_SEVERITIES = {
    Weight.ALARMING: Severity.ERROR,
    Weight.CHANGE: Severity.INFO,
    Weight.RENEWAL: Severity.OK,
}
"""What a change is worth for an exit status, where no rule is asked."""


def conclude(compared: SurveysCompared, fail_on: Severity) -> SurveysCompared:
    """With the exit status: 1 for a domain that changed for the worse, at or above `fail_on`."""
    worse = sum(1 for one in compared.domains if _is_worse(one, fail_on))
    reason = f"{worse:,} changed for the worse" if worse else f"nothing new at or above {fail_on}"
    return replace(compared, exit_status=1 if worse else 0, reason=reason)


def _is_worse(one: DomainCompared, fail_on: Severity) -> bool:
    severities = [found.severity for found in one.new]
    if one.weight is not None and _SEVERITIES[one.weight] is not Severity.OK:
        severities.append(_SEVERITIES[one.weight])
    return any(severity.rank <= fail_on.rank for severity in severities)


def render_survey_diff(compared: SurveysCompared) -> str:
    """The whole report, a line a domain, at most 100 columns wide."""
    lines = [*wrap("", answer(compared)), ""]
    if compared.domains:
        lines += ["CHANGED", *(_line(one) for one in compared.domains), ""]
    for title, names in (("NOT ANY MORE", compared.gone), ("NEW", compared.come)):
        if names:
            lines += [f"{title}   {len(names):,}", *(f" {cut(to_unicode(name), WIDTH - 1)}" for name in names), ""]
    ending = f"{compared.both:,} domains compared: mxprobe diff OLD NEW --domain NAME tells all of one."
    return "\n".join([*lines, *wrap("", f"{ending}  Exit {compared.exit_status}: {compared.reason}.")]) + "\n"


def render_survey_diff_json(compared: SurveysCompared) -> str:
    """One object, indented for people."""
    return msgspec.json.format(msgspec.json.encode(compared), indent=2).decode() + "\n"


def answer(compared: SurveysCompared) -> str:
    """How many of how many changed, and how many of these look like mail in other hands."""
    changed = [one for one in compared.domains if one.changes or one.new or one.mended]
    alarming = sum(one.weight is Weight.ALARMING for one in changed)
    worse = sum(1 for one in changed if any(found.severity is Severity.ERROR for found in one.new))
    unknown = sum(1 for one in compared.domains if one.unknown)
    parts = [f"{len(changed):,} of {compared.both:,} domains changed"]
    if changed:
        parts.append(f"{alarming:,} alarming, {worse:,} with a new error")
    if unknown:
        parts.append(f"the MX records of {unknown:,} could not be compared")
    if compared.unequal:
        verb = "was" if compared.unequal == 1 else "were"
        parts.append(f"{compared.unequal:,} {verb} not looked at equally far: new may be what nobody looked at before")
    return f"{'; '.join(parts)}."


def _line(one: DomainCompared) -> str:
    """Weight, domain, the heaviest changes, findings that came and went."""
    changes = sorted(one.changes, key=lambda change: change.weight.rank)
    told = [f"new {_few([found.code for found in one.new])}"] if one.new else []
    told += [f"mended {_few([found.code for found in one.mended])}"] if one.mended else []
    told += [f"not compared: {one.unknown}"] if one.unknown else []
    told += [_few([_change(change, one.domain) for change in changes])] if changes else []
    weight = one.weight.value if one.weight is not None else "unknown" if one.unknown else "findings"
    return cut(f" {weight:<9} {to_unicode(one.domain)}: {'; '.join(told)}", WIDTH)


def _change(change: Change, domain: str) -> str:
    """What changed, of whom, and where both are short from what to what."""
    subject = "" if change.subject == domain else f"{change.subject} "
    old, new = (", ".join(texts) or "none" for texts in (change.old, change.new))
    return f"{subject}{change.what}" + (f" {old} -> {new}" if len(old) + len(new) <= _SHORT else "")


def _few(words: list[str]) -> str:
    found = list(dict.fromkeys(words))
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(found[:_MOST]) + more
