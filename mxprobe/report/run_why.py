"""Why a play left its story, where the sender's profile explains it, and how the story would allow that.

A difference is offered for what the mailer is known to do otherwise than the reference; a play that went wrong for
another reason gets none.
"""

import math

from mxprobe.facts.finding import Severity
from mxprobe.facts.run import EventKind, Fate, Run
from mxprobe.mx.cells import CELLS
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.profile import Profile, describe
from mxprobe.mx.retry import longest_wait
from mxprobe.mx.senders import (
    NOBODY_LEFT,
    PROFILES,
    REMEMBERED,
    TOO_OLD,
    WAITED_FOR,
    NoSuchSender,
    departs,
    parse_sender,
    waits_for,
)
from mxprobe.report.words import say_span, wrap
from mxprobe.scenario.durations import render_duration
from mxprobe.scenario.model import modelled_name

_SENDER = "sender"
_DECIDING = (EventKind.REFUSED, EventKind.BOUNCED, EventKind.WAITS)


def render_why(run: Run) -> list[str]:
    """The lines of `why`, where the sender departed from the reference, and what to write where that shall be allowed.

    That is an entry of `differs`; for a story of the library, which is nobody's to change, a waiver in the plan.
    """
    try:
        profile, policy = parse_sender(modelled_name(run.sender))
    except NoSuchSender:
        return []
    found = _difference(run, profile, policy)
    if found is None:
        return _waiver(run)
    cell, because = found
    reference = describe(PROFILES[0], cell)
    why = f"{run.sender} {because} (cell {cell}). The reference: {reference}."
    told = ["", *wrap("      why     ", why)]
    if not run.path.endswith(".yaml"):
        return told + _waiver(run)
    return [
        *told,
        "      if this is what you want to allow, add under `differs:`",
        f"              - senders: [{modelled_name(run.sender)}]",
        f"                cell: {cell}",
        f"                because: {because}",
        "                expect:",
        *[f"                  {line}" for line in _expectations(run)],
    ]


def _waiver(run: Run) -> list[str]:
    """How the plan of a play would allow what went wrong; nothing without a plan."""
    if not run.plan:
        return []
    return [
        "",
        f"      if this is what you want to allow for a while, add under `waive:` in {run.plan}",
        f"              - story: {run.path}",
        f"                senders: [{run.sender}]",
        "                because: why it may, and who has decided so",
        "                until: the last day on which it may, as in 2027-03-31",
    ]


def _difference(run: Run, profile: Profile, policy: TlsPolicy) -> tuple[str, str] | None:
    """The first departure from the reference on the sender's road: its cell, and what the mailer does there."""
    asked = {event.host for event in run.events if event.who == _SENDER}
    for event in run.events:
        if event.who != _SENDER or not event.cell or event.kind not in _DECIDING:
            continue
        found = profile.deviation(event.cell)
        if found is not None and not (found.action is Action.BOUNCE and event.kind is EventKind.WAITS):
            return found.cell, found.because
        if event.cell in WAITED_FOR and waits_for(profile, event.cell) != waits_for(PROFILES[0], event.cell):
            return event.cell, f"waits for {say_span(waits_for(profile, event.cell))}"
        if event.cell.startswith("T") and CELLS[event.cell].action is None:
            return event.cell, f"sends under the TLS policy {policy}"
        if event.cell == REMEMBERED and profile.memory is not None:
            return event.cell, f"remembers for {say_span(profile.memory.seconds)} that it did not reach a host"
        most = profile.limits.addresses or profile.limits.hosts
        if event.cell == NOBODY_LEFT and most is not None and any(host not in asked for _, host in run.chain):
            what = "addresses" if profile.limits.addresses else "hosts"
            return event.cell, f"tries {most} {what} a round at most"
        if event.cell == TOO_OLD and departs(profile, policy, TOO_OLD):
            return event.cell, f"gives up after {say_span(longest_wait(profile.schedule))}"
    return None


def _expectations(run: Run) -> list[str]:
    """What the play did, as expectations: a line for each step that sends, or for each of its recipients, and the
    findings. Of the copies that a step sent one after the other, the last stands for all.
    """
    sent = {event.message: event.line for event in run.events if event.kind is EventKind.SENT}
    numbered = {message for message, line in sent.items() if list(sent.values()).count(line) > 1}
    steps: dict[str, dict[str, Fate]] = {}
    for fate in run.fates:
        step = fate.message.rpartition("-")[0] if fate.message in numbered else fate.message
        steps.setdefault(step, {})[fate.recipient] = fate
    lines = []
    for message, fates in steps.items():
        for fate in fates.values():
            person = f"/{fate.recipient.partition('@')[0]}" if len(fates) > 1 else ""
            lines.append(f"{message}{person}: {_fate(run, fate)}")
    findings = [
        f"{found.code} {found.name}" for found in run.findings if found.severity in (Severity.ERROR, Severity.WARNING)
    ]
    if findings:
        lines.append(f"findings: [{', '.join(dict.fromkeys(findings))}]")
    return lines


def _fate(run: Run, fate: Fate) -> str:
    tried = max(fate.tried, key=len, default=())
    parts = [f"tried: [{', '.join(tried)}]"] if tried else []
    if fate.accepted:
        parts.append(f"accepted: {fate.accepted[-1][0]}")
    if fate.bounces:
        by, at, _ = fate.bounces[0]
        parts.append(f"bounced: {{by: {by}, before: {_by(at)}}}")
    elif fate.arrivals:
        host, at = fate.arrivals[-1]
        best = min((preference for preference, _ in run.chain), default=0)
        place = "mailbox" if (best, host) in run.chain else host
        copies = f"copies: {len(fate.arrivals)}, " if len(fate.arrivals) > 1 else ""
        parts.append(f"arrived: {{in: {place}, {copies}before: {_by(at)}}}")
    elif fate.held:
        parts.append(f"queued: {fate.held[0]}")
    return f"{{{', '.join(parts)}}}"


def _by(at: float) -> str:
    """The next full minute but one: a bound that does not break at the first change of a timeout."""
    return render_duration(60.0 * (math.ceil(at / 60) + 1))
