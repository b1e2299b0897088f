"""Writes a story as a scenario file that means the same: `load(dump(story))` is the story, but for line numbers."""

import json
from typing import Any

import msgspec

from mxprobe.mx.mtasts import Policy
from mxprobe.scenario.durations import render_duration
from mxprobe.scenario.faults.fault import Fault, FaultUse, Octets, Often, Only, Per
from mxprobe.scenario.model import (
    Arrived,
    Bounced,
    Break,
    Difference,
    Expectation,
    Expectations,
    ExpectedFinding,
    Happening,
    HostSpec,
    Mend,
    Own,
    Probe,
    Prove,
    Publish,
    Scenario,
    Send,
    Step,
    When,
)
from mxprobe.scenario.sizes import render_size

_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def dump(story: Scenario) -> str:
    """The story as YAML, a line each step."""
    lines = [f"story: {_text(story.story)}"]
    if story.standard:
        lines.append(f"standard: {_text(story.standard)}")
    lines += [
        f"domain: {story.domain}",
        f"zone: {_text(story.zone)}"
        if story.zone
        else f"mx: {_list([f'{preference} {name}' for preference, name in story.mx])}",
        f"ttl: {render_duration(story.ttl)}",
        f"recipients: {_list(story.recipients)}",
    ]
    if story.signed:
        lines.append("signed: nsec3" if story.hashed else "signed: true")
    if not story.zone:
        lines.append(f"nameservers: {_list(story.nameservers)}")
    if story.mta_sts is not None:
        lines.append(f"mta-sts: {_policy(story.mta_sts)}")
    if story.hosts:
        lines.append("hosts:")
        lines += [f"  {spec.name}: {_host(spec)}" for spec in story.hosts]
    if story.own is not None:
        lines.append(f"own: {_own(story.own)}")
    lines.append(f"senders: {_list(story.senders)}")
    lines += ["steps:", *[f"  - {_step(step)}" for step in story.steps]]
    lines += ["expect:", *_expectations(story.expect, "  ")]
    if story.differs:
        lines.append("differs:")
        for difference in story.differs:
            lines += _difference(difference)
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A double-quoted scalar; JSON's strings are YAML's."""
    return json.dumps(value, ensure_ascii=False)


def _list(values: Any) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def _map(entries: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"


def _own(own: Own) -> str:
    entries = {"inject": _list(own.inject)}
    if own.start:
        entries["start"] = _list(own.start)
    if own.listens:
        entries["listens"] = str(own.listens)
    return _map(entries)


def _host(spec: HostSpec) -> str:
    entries = {"profile": spec.profile}
    if spec.any_recipient:
        entries["recipients"] = "any"
    elif spec.recipients is not None:
        entries["recipients"] = _list(spec.recipients)
    if spec.lifetime is not None:
        entries["lifetime"] = render_duration(spec.lifetime)
    if spec.site:
        entries["site"] = _text(spec.site)
    if spec.always:
        uses = (_map({use.name: _settings(use.fault), **_where(use)}) for use in spec.always)
        entries["always"] = f"[{', '.join(uses)}]"
    words = {
        "hands-on": spec.hands_on,
        "verifies": spec.verifies,
        "tlsa": spec.tlsa,
        "store": "" if spec.rogue else spec.store,
        "real": spec.real,
    }
    entries |= {key: _text(word) for key, word in words.items() if word}
    if spec.own:
        entries["own"] = _map({"start": _list(spec.own)})
    entries |= {key: "true" for key, said in (("outside", spec.outside), ("rogue", spec.rogue)) if said}
    return _map(entries)


def _settings(fault: Fault) -> str:
    return _map({field.name: _value(getattr(fault, field.name), field.type) for field in msgspec.structs.fields(fault)})


def _value(value: Any, kind: Any) -> str:
    if kind is Octets:
        return render_size(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return render_duration(value)
    return _list(value) if isinstance(value, tuple) else _text(str(value))


def _where(use: FaultUse) -> dict[str, str]:
    entries = {}
    if use.phase is not None:
        entries["phase"] = use.phase.value
    if use.query is not None:
        entries["query"] = use.query.value
    if use.only.often is not Often.ALWAYS:
        entries["only"] = _only(use.only)
    return entries


def _only(only: Only) -> str:
    """How often: `every 3rd per session`."""
    if only.often is Often.ODDS:
        return f"1 in {only.count}"
    ending = "th" if 10 < only.count % 100 < 14 else _ORDINALS.get(only.count % 10, "th")
    per = "" if only.per is Per.HOST else f" per {only.per}"
    return f"{only.often} {only.count}" + (ending if only.often is Often.EVERY else "") + per


def _step(step: Step) -> str:
    entries = {"after" if step.follows else "at": render_duration(step.at)}
    if step.when is not None:
        entries["when"] = _when(step.when)
    match step:
        case Send():
            entries |= {"send": _text(step.name), "to": _list(step.to), "from": _text(step.mail_from)}
            entries |= {"count": str(step.count), "every": render_duration(step.every)}
            if step.size:
                entries["size"] = render_size(step.size)
        case Break():
            entries |= {"break": _list(step.hosts), "with": _map({step.use.name: _settings(step.use.fault)})}
            entries |= _where(step.use)
            if step.lasts is not None:
                entries["for"] = render_duration(step.lasts)
        case Mend():
            entries["mend"] = _list(step.hosts)
        case Publish():
            entries["publish"] = _map(_records(step))
            if step.servers:
                entries["on"] = _list(step.servers)
        case Probe():
            entries |= {"probe": _text(step.name), "to": _list(step.recipients)}
        case Prove():
            entries |= {"prove": _text(step.name), "to": step.recipient, "watch": render_duration(step.watch)}
            entries |= {"unknown": step.unknown} if step.unknown else {}
            entries |= {"down": _list(step.down)} if step.down else {}
    return _map(entries)


def _records(step: Publish) -> dict[str, str]:
    """What a step publishes."""
    records = {}
    if step.mx is not None:
        records["mx"] = _list([f"{number} {name}" for number, name in step.mx])
    if step.ttl is not None:
        records["ttl"] = render_duration(step.ttl)
    if step.mta_sts is not None:
        records["mta-sts"] = _policy(step.mta_sts)
    return records


def _policy(policy: Policy) -> str:
    age = render_duration(policy.max_age)
    return _map({"mode": policy.mode.value, "mx": _list(policy.mx), "max_age": age})


def _when(when: When) -> str:
    if when.what is Happening.HOLDS:
        return _map({"queue": when.who, "holds": str(when.times)})
    return _map({"message": _text(when.message), when.what.value: when.who, "times": str(when.times)})


def _expectations(expect: Expectations, indent: str) -> list[str]:
    lines = []
    for item in expect.messages:
        key = item.message if item.recipient is None else f"{item.message}/{item.recipient}"
        lines.append(f"{indent}{_text(key)}: {_expectation(item)}")
    for look in expect.looks:
        proven = {"proven": _map(dict(look.proven))} if look.proven else {}
        lines.append(f"{indent}{_text(look.look)}: {_map({'findings': _codes(look.findings), **proven})}")
    if expect.queues:
        lines.append(f"{indent}hosts:")
        for queue in expect.queues:
            before = {} if queue.before is None else {"before": render_duration(queue.before)}
            lines.append(f"{indent}  {queue.host}: {_map({'queue': 'empty', **before})}")
    if expect.order is not None:
        lines.append(f"{indent}in-order: {_list(expect.order.messages)}")
    if expect.findings:
        lines.append(f"{indent}findings: {_codes(expect.findings)}")
    return lines


def _codes(findings: tuple[ExpectedFinding, ...]) -> str:
    return _list([f"{finding.code} {finding.name}".strip() for finding in findings])


def _expectation(item: Expectation) -> str:
    entries: dict[str, str] = {}
    if item.tried is not None:
        entries["tried"] = _list(["|".join(place) for place in item.tried])
    if item.accepted:
        entries["accepted"] = _text("|".join(item.accepted))
    if item.shares:
        entries["shares"] = "equal"
    if item.never:
        entries["never"] = _list(item.never)
    if item.tls is not None:
        entries["tls"] = item.tls.value
    if item.rounds is not None:
        most = {} if item.rounds.most is None else {"to": str(item.rounds.most)}
        entries["rounds"] = _map({"from": str(item.rounds.least), **most})
    if item.arrived is not None:
        entries["arrived"] = _map(
            {"in": item.arrived.place, "copies": str(item.arrived.copies), **_times(item.arrived)}
        )
    if item.bounced is not None:
        status = {} if item.bounced.status is None else {"status": item.bounced.status}
        entries["bounced"] = _map({"by": item.bounced.by, **status, **_times(item.bounced)})
    if item.queued is not None:
        entries["queued"] = item.queued
    if item.lost:
        entries["lost"] = "true"
    return _map(entries)


def _times(fate: Arrived | Bounced) -> dict[str, str]:
    times = {"after": fate.after, "before": fate.before}
    return {key: render_duration(seconds) for key, seconds in times.items() if seconds is not None}


def _difference(difference: Difference) -> list[str]:
    return [
        f"  - senders: {_list(difference.senders)}",
        f"    cell: {difference.cell}",
        f"    because: {_text(difference.because)}",
        "    expect:",
        *_expectations(difference.expect, "      "),
    ]
