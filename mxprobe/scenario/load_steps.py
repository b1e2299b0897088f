"""Reads the steps of a story: what happens, and when."""

from collections.abc import Mapping
from typing import Any

from ruamel.yaml.nodes import Node

from mxprobe.scenario.cast import Cast
from mxprobe.scenario.faults.fault import About
from mxprobe.scenario.load_fault import WHERE_KEYS, read_use
from mxprobe.scenario.load_policy import read_policy
from mxprobe.scenario.model import DNS, POLICY_HOST, Break, Happening, Mend, Probe, Prove, Publish, Send, Step, When
from mxprobe.scenario.reference import is_within, split_reference

_TRIGGERS = ("at", "after", "when")
_SEND_KEYS = (*_TRIGGERS, "send", "to", "from", "count", "every", "size")
_BREAK_KEYS = (*_TRIGGERS, "break", "with", "for", *WHERE_KEYS)
_PUBLISH_KEYS = (*_TRIGGERS, "publish", "on")
_DEEDS = {
    "send": _SEND_KEYS,
    "break": _BREAK_KEYS,
    "mend": (*_TRIGGERS, "mend"),
    "publish": _PUBLISH_KEYS,
    "probe": (*_TRIGGERS, "probe", "to"),
    "prove": (*_TRIGGERS, "prove", "to", "unknown", "watch", "down"),
}
_RECORDS = ("mx", "ttl", "mta-sts")
_OF_A_MESSAGE = {
    "tried": Happening.TRIED,
    "accepted": Happening.ACCEPTED,
    "arrived": Happening.ARRIVED,
    "bounced": Happening.BOUNCED,
}
_DEFAULT_FROM = "shop@elsewhere.test"
SENDER = "sender"


def read_published(cast: Cast, node: Node) -> None:
    """Fill `cast.published` with the MX records that steps publish, so that their hosts can be named."""
    reader = cast.reader
    found: list[tuple[int, str]] = []
    for item in reader.items(node, "`steps`"):
        entries = reader.entries(item, None, "a step")
        if "publish" in entries:
            records = reader.entries(entries["publish"], _RECORDS, "`publish`")
            if "mx" in records:
                found += [cast.mx_record(record) for record in reader.items(records["mx"], "`mx`")]
    cast.published = tuple(found)


class StepReader:
    """Reads `steps`, in the order of the file."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.reader = cast, cast.reader
        self.refuse = cast.reader.document.refuse

    def steps(self, node: Node) -> tuple[Step, ...]:
        """Every step; a mend has something to mend."""
        nodes = self.reader.items(node, "`steps`")
        read: list[Step] = []
        for item in nodes:
            read.append(self._step(item, read[-1] if read else None))
        for item, step in zip(nodes, read, strict=True):
            if isinstance(step, Mend):
                self._check_mend(item, step, read)
        return tuple(read)

    def messages(self, node: Node, steps: tuple[Step, ...]) -> tuple[Send, ...]:
        """The steps that send; there is one, and each has a name of its own."""
        sends = tuple(step for step in steps if isinstance(step, Send))
        if not sends and not any(isinstance(step, Prove) for step in steps):
            self.refuse(node, "no step sends a message, so nothing can be expected")
        names = [step.name for step in steps if isinstance(step, Send | Probe | Prove)]
        if len(set(names)) < len(names):
            self.refuse(node, "two steps have the same name: messages and looks are told apart by theirs")
        for item, step in zip(self.reader.items(node, "`steps`"), steps, strict=True):
            if step.when is not None and step.when.message:
                self._check_message(item, step.when, sends)
        return sends

    def _step(self, node: Node, above: Step | None) -> Step:
        """One step; `above` is the step above it in the file."""
        reader = self.reader
        entries = reader.entries(node, None, "a step")
        deeds = [deed for deed in _DEEDS if deed in entries]
        if not deeds:
            strange = next((key for key in entries if key not in _TRIGGERS), None)
            if strange is not None:
                reader.document.refuse_unknown(reader.key(node, strange), strange, _DEEDS, "deed of a step")
        if len(deeds) != 1:
            self.refuse(node, f"a step does one of {', '.join(_DEEDS)}; this one does {', '.join(deeds) or 'none'}")
        entries = reader.entries(node, _DEEDS[deeds[0]], "a step")
        common = {**self._trigger(node, entries, above), "line": reader.line(node)}
        match deeds[0]:
            case "mend":
                return Mend(hosts=self.cast.hosts_named(entries["mend"]), **common)
            case "break":
                return self._break(node, entries, common)
            case "publish":
                return self._publish(entries, common)
            case "probe":
                people = self.cast.people(entries["to"]) if "to" in entries else ()
                return Probe(name=reader.text(entries["probe"]), recipients=people, **common)
            case "prove":
                return self._prove(node, entries, common)
            case _:
                return self._send(node, entries, common)

    def _trigger(self, node: Node, entries: Mapping[str, Node], above: Step | None) -> dict[str, Any]:
        """When the step comes: `at`, `after` the one above, or `when` something happens, and then perhaps `after`."""
        reader = self.reader
        if "at" in entries:
            second = next((word for word in ("after", "when") if word in entries), None)
            if second is not None:
                self.refuse(reader.key(node, second), f"a step has one trigger: `at` or `{second}`")
            return {"at": reader.duration(entries["at"])}
        if "after" not in entries and "when" not in entries:
            reader.require(node, entries, "at", "the step")
        wait = reader.duration(entries["after"]) if "after" in entries else 0.0
        when = self._when(entries["when"]) if "when" in entries else None
        if above is None:
            if when is not None:
                self.refuse(entries["when"], "the first step has an `at`: nothing has happened before it")
            return {"at": wait}
        if when is None and not above.follows:
            return {"at": above.at + wait}
        return {"at": wait, "follows": True, "when": when}

    def _when(self, node: Node) -> When:
        reader, cast = self.reader, self.cast
        entries = reader.entries(node, ("queue", "holds", "message", "times", *_OF_A_MESSAGE), "`when`")
        if "queue" in entries:
            reader.entries(node, ("queue", "holds"), "`when` of a queue")
            who = SENDER if reader.text(entries["queue"]) == SENDER else cast.host(entries["queue"])
            holds = reader.number(reader.require(node, entries, "holds", "`when` of a queue"))
            return When(what=Happening.HOLDS, who=who, times=holds)
        words = [word for word in _OF_A_MESSAGE if word in entries]
        if "message" not in entries or len(words) != 1 or "holds" in entries:
            known = ", ".join(_OF_A_MESSAGE)
            hint = "{queue: mx2, holds: 3} or {message: order, tried: mx1, times: 2}"
            self.refuse(node, f"a step waits for a queue, or for a message that is one of {known}: {hint}")
        value = entries[words[0]]
        return When(
            what=_OF_A_MESSAGE[words[0]],
            who=SENDER if reader.text(value) == SENDER else cast.place(value),
            message=reader.text(entries["message"]),
            times=reader.number(entries["times"], 1) if "times" in entries else 1,
        )

    def _check_message(self, node: Node, when: When, sends: tuple[Send, ...]) -> None:
        names = [send.name for send in sends]
        if when.message not in names:
            trigger = self.reader.entries(node, None, "a step")["when"]
            word = self.reader.entries(trigger, None, "`when`")["message"]
            self.reader.document.refuse_unknown(word, when.message, names, "message")

    def _check_mend(self, node: Node, mend: Mend, steps: list[Step]) -> None:
        breaks = [step for step in steps if isinstance(step, Break)]
        for host in mend.hosts:
            begun = (one for one in breaks if mend.follows or one.follows or one.at <= mend.at)
            if not any(is_within(broken, host) for one in begun for broken in one.hosts):
                self.refuse(node, f"nothing breaks {host} before this step mends it")

    def _prove(self, node: Node, entries: Mapping[str, Node], common: dict[str, Any]) -> Prove:
        reader, cast = self.reader, self.cast
        return Prove(
            name=reader.text(entries["prove"]),
            recipient=cast.person(reader.require(node, entries, "to", "the step")),
            unknown=cast.person(entries["unknown"]) if "unknown" in entries else "",
            watch=reader.duration(entries["watch"]) if "watch" in entries else 1800.0,
            down=cast.hosts_named(entries["down"]) if "down" in entries else (),
            **common,
        )

    def _break(self, node: Node, entries: Mapping[str, Node], common: dict[str, Any]) -> Break:
        reader = self.reader
        use = read_use(reader, reader.require(node, entries, "with", "the step"), entries, self.cast.host)
        hosts = self.cast.hosts_named(entries["break"])
        if not all(use.fits(self._about(host)) for host in hosts):
            right = {About.NAMES: DNS, About.POLICY: POLICY_HOST}.get(use.fault.ABOUT, "a host")
            self.refuse(entries["break"], f"`{use.name}` strikes {right}, and something else is named here")
        if (use.fault.STOPS or use.fault.EMPTIES) and any(split_reference(host)[1] for host in hosts):
            self.refuse(entries["break"], f"`{use.name}` is about a whole host, and a part of one is named here")
        if use.fault.EMPTIES and "for" in entries:
            self.refuse(reader.key(node, "for"), f"`{use.name}` happens once, when its step comes: no `for`")
        lasts = reader.duration(entries["for"]) if "for" in entries else None
        if lasts == 0:
            self.refuse(entries["for"], "what is mended at once was never broken: `for` is longer than nothing")
        return Break(hosts=hosts, use=use, lasts=lasts, **common)

    def _about(self, host: str) -> About:
        """What kind of thing a step breaks."""
        if host in (DNS, *self.cast.nameservers):
            return About.NAMES
        return About.POLICY if host == POLICY_HOST else About.HOSTS

    def _publish(self, entries: Mapping[str, Node], common: dict[str, Any]) -> Publish:
        reader = self.reader
        records = reader.entries(entries["publish"], _RECORDS, "`publish`")
        if not {"mx", "mta-sts"} & set(records):
            self.refuse(entries["publish"], "there is nothing to publish: {mx: [10 mx1]} or {mta-sts: {...}}")
        mx = (
            tuple(self.cast.mx_record(item) for item in reader.items(records["mx"], "`mx`"))
            if "mx" in records
            else None
        )
        return Publish(
            mx=mx,
            mta_sts=read_policy(self.cast, records["mta-sts"]) if "mta-sts" in records else None,
            ttl=reader.duration(records["ttl"]) if "ttl" in records else None,
            servers=self.cast.servers_named(entries["on"]) if "on" in entries else (),
            **common,
        )

    def _send(self, node: Node, entries: Mapping[str, Node], common: dict[str, Any]) -> Send:
        reader, cast = self.reader, self.cast
        return Send(
            name=reader.text(entries["send"]),
            to=cast.people(reader.require(node, entries, "to", "the step")),
            mail_from=cast.person(entries["from"]) if "from" in entries else _DEFAULT_FROM,
            count=reader.number(entries["count"], 1) if "count" in entries else 1,
            every=reader.duration(entries["every"]) if "every" in entries else 0.0,
            size=reader.size(entries["size"]) if "size" in entries else 0,
            **common,
        )
