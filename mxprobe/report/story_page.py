"""The page of a story: what is staged, what happens when, and how each message ends, sender by sender."""

from collections.abc import Iterable

from mxprobe.facts.names import to_unicode
from mxprobe.mx.mtasts import Policy
from mxprobe.report.words import count_of, say_time, wrap
from mxprobe.scenario.durations import render_duration
from mxprobe.scenario.faults.fault import FaultUse
from mxprobe.scenario.model import (
    MAILBOX,
    Break,
    Expectation,
    Expectations,
    Happening,
    Mend,
    Probe,
    Prove,
    Publish,
    Rounds,
    Scenario,
    Send,
    Step,
    When,
)
from mxprobe.scenario.sizes import render_size

_LABEL = "  {:<10} "


def render_story(story: Scenario) -> str:
    """The page, at most a report wide."""
    lines = wrap("", story.story)
    lines += [""]
    lines += wrap(_LABEL.format("standard"), story.standard or "none is named")
    lines += _labelled("chain", (_host(story, preference, name) for preference, name in story.chain))
    if story.mta_sts is not None:
        lines += wrap(_LABEL.format("policy"), _policy(story, story.mta_sts))
    lines += wrap(_LABEL.format("recipients"), ", ".join(story.recipients))
    lines += wrap(_LABEL.format("senders"), " ".join(story.senders))
    if story.own is not None:
        lines += wrap(_LABEL.format("own"), " ".join(story.own.inject))
        if story.own.start:
            lines += wrap(_LABEL.format(""), f"while {' '.join(story.own.start)} runs")
    lines += _labelled("steps", (_step(story, step) for step in story.steps))
    lines += _labelled("expected", _expected(story, story.expect))
    for difference in story.differs:
        who = ", ".join(difference.senders)
        told = (f"({difference.cell}) {difference.because}:", *_expected(story, difference.expect))
        lines += _labelled(who, told)
    return "\n".join([*lines, "", f"  play it    mxprobe run {story.path}", f"  hold it    mxprobe lab {story.path}"])


def render_list(stories: Iterable[Scenario]) -> str:
    """The path of each story, and what it tells."""
    return "\n".join(line for story in stories for line in (story.path, *wrap("    ", story.story)))


def _labelled(label: str, texts: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for text in texts:
        lines += wrap(_LABEL.format("" if lines else label), text)
    return lines


def _host(story: Scenario, preference: int, name: str) -> str:
    spec = story.spec(name)
    onward = f" to {story.short(spec.hands_on)}" if spec.hands_on else ""
    place = f"queues and hands on{onward}, like {spec.profile}"
    if story.keeps_mail(name):
        place = "has the mailboxes" if story.store(name) == MAILBOX else f"keeps mail in {spec.store}"
    takes = "; takes mail for anyone" if spec.any_recipient else ""
    if spec.recipients is not None:
        takes = f"; knows {', '.join(spec.recipients)}"
    if spec.verifies:
        takes += f"; asks {story.short(spec.verifies)} whether a recipient exists"
    if spec.tlsa:
        takes += f"; TLSA {spec.tlsa}"
    if spec.lifetime is not None:
        takes += f"; gives up after {render_duration(spec.lifetime)}"
    if spec.site:
        takes += f"; at {spec.site}"
    faults = "".join(f"; always {_fault(use)}" for use in spec.always)
    return f"{preference:>5} {to_unicode(story.short(name))}  {place}{takes}{faults}"


def _fault(use: FaultUse) -> str:
    setting = getattr(use.fault, use.fault.SHORT) if use.fault.SHORT else None
    if isinstance(setting, float):
        setting = render_duration(setting)
    elif isinstance(setting, str):
        setting = setting.replace("\n", " / ")
    where = use.phase or use.query
    return f"{use.name}{f' {setting}' if setting else ''}{f' at {where}' if where else ''}"


def _step(story: Scenario, step: Step) -> str:
    match step:
        case Send():
            copies = f" ({step.count} of them, {render_duration(step.every)} apart)" if step.count > 1 else ""
            size = f", {render_size(step.size)}" if step.size else ""
            did = f"the sender gets {step.name} for {', '.join(step.to)}{size}{copies}"
        case Break():
            until = "" if step.lasts is None else f", for {say_time(step.lasts)}"
            did = f"{_names(story, step.hosts)}: {_fault(step.use)}{until}"
        case Mend():
            did = f"{_names(story, step.hosts)}: mended"
        case Publish():
            on = f" on {', '.join(step.servers)}" if step.servers else ""
            did = f"published{on}: {_published(story, step)}"
        case Probe():
            did = f"a look at the domain, called {step.name}"
        case Prove():
            did = f"a proof that mail for {step.recipient} arrives, called {step.name}"
    return f"{_trigger(story, step):>6}  {did}"


def _published(story: Scenario, step: Publish) -> str:
    """The records of a step, and its policy."""
    parts = []
    if step.mx is not None:
        parts.append("MX " + (", ".join(f"{number} {story.short(name)}" for number, name in step.mx) or "none"))
    if step.mta_sts is not None:
        parts.append(_policy(story, step.mta_sts))
    return "; ".join(parts)


def _policy(story: Scenario, policy: Policy) -> str:
    allowed = ", ".join(map(story.short, policy.mx)) or "no host"
    return f"MTA-STS {policy.mode} for {allowed}, kept for {render_duration(policy.max_age)}"


def _trigger(story: Scenario, step: Step) -> str:
    """When a step comes: its time, or what it waits for."""
    if not step.follows:
        return say_time(step.at)
    wait = f"{say_time(step.at)} later" if step.at else ""
    if step.when is None:
        return wait or "then"
    return ", ".join(part for part in (say_when(story, step.when), wait) if part)


def say_when(story: Scenario, when: When) -> str:
    """What a step waits for: `when mx2 holds 3 messages`."""
    who = story.short(when.who)
    if when.what is Happening.HOLDS:
        return f"when {who} holds {count_of(when.times, 'message')}"
    times = f" {when.times} times" if when.times > 1 else ""
    words = {Happening.TRIED: "is tried at", Happening.ARRIVED: "has arrived in"}
    return f"when {when.message} {words.get(when.what, f'is {when.what} by')} {who}{times}"


def _expected(story: Scenario, expect: Expectations) -> list[str]:
    lines = [_fate(story, item) for item in expect.messages]
    for look in expect.looks:
        codes = ", ".join(f"{finding.code} {finding.name}".rstrip() for finding in look.findings)
        lines.append(f"{look.look}: finds {codes or 'nothing'}")
    for queue in expect.queues:
        before = "" if queue.before is None else f" by {say_time(queue.before)}"
        lines.append(f"the queue of {story.short(queue.host)} is empty{before}")
    if expect.order is not None:
        lines.append(f"they arrive in this order: {', '.join(expect.order.messages)}")
    lines += [f"finding {finding.code} {finding.name}".rstrip() for finding in expect.findings]
    return lines


def _fate(story: Scenario, item: Expectation) -> str:
    who = item.message + (f" to {item.recipient}" if item.recipient else "")
    parts = []
    if item.tried is not None:
        parts.append("tries " + ", ".join("|".join(map(story.short, place)) for place in item.tried))
    if item.accepted:
        parts.append(f"accepted by {'|'.join(map(story.short, item.accepted))}")
    if item.arrived is not None:
        copies = f", {item.arrived.copies} copies" if item.arrived.copies > 1 else ""
        place = "the mailbox" if item.arrived.place == "mailbox" else story.short(item.arrived.place)
        parts.append(f"arrives in {place}{copies}{_times(item.arrived.after, item.arrived.before)}")
    if item.bounced is not None:
        status = f" with {item.bounced.status}" if item.bounced.status else ""
        by = story.short(item.bounced.by)
        parts.append(f"bounced by {by}{status}{_times(item.bounced.after, item.bounced.before)}")
    if item.queued is not None:
        parts.append(f"still queued at {story.short(item.queued)}")
    if item.lost:
        parts.append("is lost")
    if item.shares:
        parts.append("first asked in equal shares")
    if item.never:
        parts.append(f"never offered to {_names(story, item.never)}")
    if item.tls is not None:
        parts.append(f"travels with TLS {item.tls}")
    if item.rounds is not None:
        parts.append(_rounds(item.rounds))
    return f"{who}: {'; '.join(parts)}"


def _rounds(rounds: Rounds) -> str:
    if rounds.least == rounds.most:
        return count_of(rounds.least, "round")
    return f"{rounds.least} rounds or more" if rounds.most is None else f"{rounds.least} to {rounds.most} rounds"


def _times(after: float | None, before: float | None) -> str:
    if after is not None and before is not None:
        return f" between {say_time(after)} and {say_time(before)}"
    return f" after {say_time(after)}" if after is not None else f" by {say_time(before)}" if before is not None else ""


def _names(story: Scenario, hosts: tuple[str, ...]) -> str:
    return ", ".join(story.short(host) for host in hosts)
