"""Alarms as text, a paragraph each: what, since when, the evidence, what to do, how to accept or to mute it; as JSON.

An alarm is read at night on a small screen: the first line is the answer, and nothing is said that can wait.
"""

from collections.abc import Sequence

import msgspec

from mxprobe.facts.alarm import Alarm, AlarmKind
from mxprobe.facts.finding import Finding
from mxprobe.facts.text import escape_text
from mxprobe.mx.alarm import DOWN, host_of
from mxprobe.report.json import SCHEMA
from mxprobe.report.words import count_of, say_span, wrap
from mxprobe.rules.moments import say_moment

_MOST_SEEN = 8
_HEADS = {
    AlarmKind.TROUBLE: "ALARM",
    AlarmKind.CHANGE: "CHANGED",
    AlarmKind.STILL: "STILL",
    AlarmKind.OVER: "OVER",
    AlarmKind.CANNOT_LOOK: "NO LOOK",
    AlarmKind.LOOKS_AGAIN: "LOOKS AGAIN",
}


class AlarmsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `probe --alarm --format json` prints where there is something to say: the alarms of one look."""

    schema: int = SCHEMA
    kind: str = "alarms"
    domain: str
    alarms: tuple[Alarm, ...] = ()
    exit_status: int = 0


def alarm_status(alarms: Sequence[Alarm]) -> int:
    """1 for trouble, 3 where nobody could look, 0 for what is over and for nothing."""
    if any(alarm.kind.is_trouble for alarm in alarms):
        return 1
    return 3 if any(alarm.kind is AlarmKind.CANNOT_LOOK for alarm in alarms) else 0


def render_alarms(alarms: Sequence[Alarm], folder: str) -> str:
    """A paragraph for each alarm, with a blank line between; `folder` is that of the history."""
    return "\n\n".join("\n".join(_paragraph(alarm, folder)) for alarm in alarms)


def _paragraph(alarm: Alarm, folder: str) -> list[str]:
    head = f"{_HEADS[alarm.kind]}  {escape_text(alarm.domain)}: "
    if alarm.kind in (AlarmKind.CANNOT_LOOK, AlarmKind.LOOKS_AGAIN):
        return _about_us(alarm, head)
    if alarm.kind is AlarmKind.OVER:
        return _over(alarm, head)
    lines = wrap(head, "; ".join(dict.fromkeys(one.says for one in alarm.findings)))
    since = f"{say_moment(alarm.since)}, {count_of(alarm.looks, 'look')}"
    if alarm.kind is AlarmKind.STILL:
        since = f"{say_moment(alarm.since)}, {say_span(max(alarm.at - alarm.since, 0))} by now"
    lines += _labelled("since", (since,))
    seen = list(dict.fromkeys(line for one in alarm.findings for line in one.seen))
    more = len(seen) - _MOST_SEEN
    lines += _labelled("seen", (*seen[:_MOST_SEEN], *((f"and {more} more",) if more > 0 else ())))
    lines += _labelled("means", dict.fromkeys(one.means for one in alarm.findings))
    lines += _labelled("do", dict.fromkeys(one.do for one in alarm.findings))
    lines += _labelled("also", (", ".join(_also(alarm)),))
    lines += _labelled("quiet", (_how_to_quiet(alarm, folder),))
    codes = dict.fromkeys(one.code for one in alarm.findings)
    return [*lines, *_labelled("page", (", ".join(f"mxprobe explain {code}" for code in codes),))]


def _also(alarm: Alarm) -> tuple[str, ...]:
    """What follows from it: by the rules, and what came with a change."""
    named = (name for one in alarm.findings for name in one.also)
    return tuple(dict.fromkeys((*named, *(_say_key(key) for key in alarm.follows))))


def _say_key(key: str) -> str:
    code, _, subject = key.partition(":")
    return f"{subject} is {code}" if host_of(key) else f"{code} {subject}"


def _how_to_quiet(alarm: Alarm, folder: str) -> str:
    """How a person says that this is as it should be."""
    if alarm.kind is AlarmKind.CHANGE:
        return f"if it was you: mxprobe probe {alarm.domain} --history {folder} --alarm --accept"
    return f"a waiver of {_codes(alarm.findings)} with an end in the file of --expect, or a window in --alarm-config"


def _codes(findings: tuple[Finding, ...]) -> str:
    return ", ".join(dict.fromkeys(one.code for one in findings))


def _over(alarm: Alarm, head: str) -> list[str]:
    hosts = [host for key in alarm.keys if (host := host_of(key))]
    if hosts:
        verb = "takes" if len(hosts) == 1 else "take"
        everywhere = "" if alarm.keys[0].startswith(DOWN) else " at every address"
        says = f"{', '.join(hosts)} {verb} mail again{everywhere}"
    elif alarm.keys == ("change",):
        says = "its records are again what they were, or are approved now"
    else:
        says = f"no longer: {'; '.join(dict.fromkeys(one.says for one in alarm.findings))}"
    until = alarm.at if alarm.until is None else alarm.until
    span = f"{say_moment(alarm.since)} to {say_moment(until)}, {say_span(max(until - alarm.since, 0))}"
    lines = wrap(head, says)
    lines += _labelled("was", (f"{_codes(alarm.findings)}: {span}, seen in {count_of(alarm.looks, 'look')}",))
    if alarm.keys == ("change",):
        lines += _labelled("means", ("Copies of the other records are used until their TTL has passed.",))
    return lines


def _about_us(alarm: Alarm, head: str) -> list[str]:
    span = f"since {say_moment(alarm.since)}, {count_of(alarm.looks, 'look')}"
    if alarm.kind is AlarmKind.LOOKS_AGAIN:
        return wrap(head, f"can be looked at again; it could not {span}")
    lines = wrap(head, f"could not look: {alarm.reason}")
    lines += _labelled("since", (span.removeprefix("since "),))
    return [*lines, *_labelled("means", ("This says nothing of the domain, and its trouble would not be seen.",))]


def _labelled(label: str, texts: Sequence[str] | dict[str, None]) -> list[str]:
    lines: list[str] = []
    for text in texts:
        if text:
            lines += wrap(f"  {'' if lines else label:<6} ", text)
    return lines
