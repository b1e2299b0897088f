"""Reads what a story expects of its messages, queues and findings, and what some senders do instead."""

import re
from collections.abc import Callable, Mapping

from ruamel.yaml.nodes import MappingNode, Node

from mxprobe.facts.run import TlsUse
from mxprobe.mx.cells import CELLS
from mxprobe.mx.senders import departs, parse_sender, told_apart
from mxprobe.scenario.document import Reader
from mxprobe.scenario.model import (
    OWN,
    Arrived,
    Bounced,
    Difference,
    Expectation,
    Expectations,
    ExpectedFinding,
    LookExpectation,
    Order,
    QueueExpectation,
    Rounds,
    Send,
    profile_of,
)

_FATES = ("arrived", "bounced", "queued", "lost")
_MESSAGE_KEYS = ("tried", "accepted", *_FATES, "rounds", "never", "tls", "shares")
_OF_ALL = ("hosts", "findings", "in-order")
"""What is expected of no single message."""

_TLS = {member.value: member for member in TlsUse}
_GRADES = {"while-up": "while-up", "in-outage": "in-outage", "no": "no", "open": "open"}
_FINDING = re.compile(r"(MX\d{3})(?: ([a-z0-9-]+))?")


Hosts = tuple[Callable[[Node], str], Mapping[str, tuple[str, ...]]]
"""How a host is read, and the hosts that roles stand for: each of them has a place of a round, in any order."""


class ExpectReader:
    """Reads `expect` and `differs` of one story; `sends` are the messages that there are."""

    def __init__(self, reader: Reader, hosts: Hosts, person_of: Callable[[Node], str], sends: tuple[Send, ...]) -> None:
        self.reader = reader
        self.refuse = reader.document.refuse
        self.host_of, self.roles = hosts
        self.person_of = person_of
        self.sends = {send.name: send for send in sends}
        self.stores: tuple[str, ...] = ("mailbox",)
        self.looks: tuple[str, ...] = ()

    def expectations(self, node: Node) -> Expectations:
        """What stands under one `expect`."""
        reader = self.reader
        if not isinstance(node, MappingNode):
            self.refuse(node, "`expect` has to be a mapping: message, hosts, findings")
        messages, looks, queues, findings, order = [], [], [], [], None
        for key, value in reader.entries(node, None, "`expect`").items():
            if key == "hosts":
                queues += self._queues(value)
            elif key == "findings":
                findings += [self._finding(item) for item in reader.items(value, "`findings`")]
            elif key == "in-order":
                order = self._order(value)
            elif key in self.looks:
                looks.append(self._look(key, value))
            else:
                messages.append(self._message(reader.key(node, key), value))
        return Expectations(
            messages=tuple(messages),
            looks=tuple(looks),
            queues=tuple(queues),
            findings=tuple(findings),
            order=order,
        )

    def _look(self, name: str, node: Node) -> LookExpectation:
        """What a look finds; an empty list is nothing."""
        reader = self.reader
        entries = reader.entries(node, ("findings", "proven"), "the expectation of a look")
        items = reader.items(reader.require(node, entries, "findings", "the look"), "`findings`")
        proven = entries.get("proven")
        grades = {} if proven is None else reader.entries(proven, None, "`proven`")
        return LookExpectation(
            look=name,
            findings=tuple(self._finding(item) for item in items),
            proven=tuple(
                (self.host_of(reader.key(proven, word)), reader.choice(value, _GRADES, "grade"))
                for word, value in grades.items()
                if proven is not None
            ),
            line=reader.line(node),
        )

    def check_complete(self, node: Node, expect: Expectations) -> None:
        """Every message needs its fate said, and every look what it finds."""
        for look in self.looks:
            if look not in {item.look for item in expect.looks}:
                self.refuse(node, f"nothing is said of what `{look}` finds: {look}: {{findings: []}} is nothing")
        for send in self.sends.values():
            named = {item.recipient for item in expect.messages if item.message == send.name}
            if None not in named and not set(send.to) <= named:
                self.refuse(node, f"nothing is said of how `{send.name}` ends: arrived, bounced, queued or lost")

    def differences(self, node: Node, senders: tuple[str, ...]) -> tuple[Difference, ...]:
        """What some of the story's senders do instead."""
        found: list[Difference] = []
        for item in self.reader.items(node, "`differs`"):
            difference = self._difference(item, senders)
            for twice in {label for one in found for label in one.senders} & set(difference.senders):
                self.refuse(item, f"`{twice}` has a difference already; all that a sender does otherwise stands in one")
            found.append(difference)
        return tuple(found)

    def _message(self, key_node: Node, node: Node) -> Expectation:
        reader = self.reader
        key = reader.text(key_node)
        name, _, person = key.partition("/")
        if name not in self.sends:
            reader.document.refuse_unknown(key_node, name, [*self.sends, *self.looks, *_OF_ALL], "message")
        recipient = None
        if person:
            known = {address.partition("@")[0]: address for address in self.sends[name].to}
            if person not in known and person not in known.values():
                self.refuse(key_node, f"`{name}` is not sent to `{person}`")
            recipient = known.get(person, person)
        entries = reader.entries(node, _MESSAGE_KEYS, f"the expectation of `{key}`")
        fates = [fate for fate in _FATES if fate in entries]
        if len(fates) != 1:
            self.refuse(node, f"`{key}` has to end in exactly one way: arrived, bounced, queued or lost")
        return Expectation(
            message=name,
            recipient=recipient,
            arrived=self._arrived(entries["arrived"]) if "arrived" in entries else None,
            bounced=self._bounced(entries["bounced"]) if "bounced" in entries else None,
            queued=self._holder(entries["queued"]) if "queued" in entries else None,
            lost=self._lost(entries["lost"]) if "lost" in entries else False,
            tried=self._tried(entries["tried"]) if "tried" in entries else None,
            accepted=self._accepted(entries["accepted"]) if "accepted" in entries else (),
            rounds=self._rounds(entries["rounds"]) if "rounds" in entries else None,
            never=self._never(entries["never"]) if "never" in entries else (),
            tls=reader.choice(entries["tls"], _TLS, "use of TLS") if "tls" in entries else None,
            shares=bool(reader.choice(entries["shares"], {"equal": True}, "share")) if "shares" in entries else False,
            line=reader.line(node),
        )

    def _times(self, entries: Mapping[str, Node]) -> tuple[float | None, float | None]:
        after, before = (self.reader.duration(entries[key]) if key in entries else None for key in ("after", "before"))
        if after is not None and before is not None and before <= after:
            self.refuse(entries["before"], "`before` has to be later than `after`")
        return after, before

    def _arrived(self, node: Node) -> Arrived:
        if not isinstance(node, MappingNode):
            return Arrived(place=self._place(node))
        entries = self.reader.entries(node, ("in", "copies", "after", "before"), "`arrived`")
        after, before = self._times(entries)
        copies = self.reader.number(entries["copies"], 1) if "copies" in entries else 1
        place = self._place(self.reader.require(node, entries, "in", "`arrived`"))
        return Arrived(place=place, copies=copies, after=after, before=before)

    def _place(self, node: Node) -> str:
        word = self.reader.text(node)
        return word if word in self.stores else self.host_of(node)

    def _lost(self, node: Node) -> bool:
        if not self.reader.truth(node):
            self.refuse(node, "a message that is not lost arrives, bounces or is queued: say which")
        return True

    def _holder(self, node: Node) -> str:
        return "sender" if self.reader.text(node) == "sender" else self.host_of(node)

    def _bounced(self, node: Node) -> Bounced:
        if not isinstance(node, MappingNode):
            return Bounced(by=self._holder(node))
        entries = self.reader.entries(node, ("by", "status", "after", "before"), "`bounced`")
        after, before = self._times(entries)
        status = self.reader.text(entries["status"]) if "status" in entries else None
        by = self._holder(self.reader.require(node, entries, "by", "`bounced`"))
        return Bounced(by=by, status=status, after=after, before=before)

    def _tried(self, node: Node) -> tuple[tuple[str, ...], ...]:
        places: list[tuple[str, ...]] = []
        for item in self.reader.items(node, "`tried`"):
            role = self.roles.get(self.reader.text(item))
            places += [self._alternatives(item)] if role is None else [role] * len(role)
        return tuple(places)

    def _accepted(self, node: Node) -> tuple[str, ...]:
        """A host, several of which one takes the mail, or those of a role; a role that nobody has says nothing."""
        role = self.roles.get(self.reader.text(node))
        return self._alternatives(node) if role is None else role

    def _never(self, node: Node) -> tuple[str, ...]:
        """One host or several; a role stands for its hosts."""
        words = self.reader.one_or_more(node)
        if not words:
            self.refuse(node, "`never` names a host or more; without one it says nothing")
        return tuple(host for word in words for host in self.roles.get(self.reader.text(word)) or (self.host_of(word),))

    def _rounds(self, node: Node) -> Rounds:
        """A number, or its bounds: `{from: 2, to: 5}`, either of which may be left out."""
        reader = self.reader
        if not isinstance(node, MappingNode):
            exactly = reader.number(node, 1)
            return Rounds(least=exactly, most=exactly)
        entries = reader.entries(node, ("from", "to"), "`rounds`")
        if not entries:
            self.refuse(node, "`rounds` is a number, or has bounds: {from: 2, to: 5}")
        least, most = (reader.number(entries[key], 1) if key in entries else None for key in ("from", "to"))
        if most is not None and most < (least or 1):
            self.refuse(entries["to"], "`to` has to be `from` or more")
        return Rounds(least=least or 1, most=most)

    def _order(self, node: Node) -> Order:
        """Two messages or more, each once."""
        reader = self.reader
        names = {name: name for name in self.sends}
        messages = tuple(reader.choice(item, names, "message") for item in reader.items(node, "`in-order`"))
        if len(messages) < 2 or len(set(messages)) < len(messages):
            self.refuse(node, "`in-order` names two messages or more, each once: [first, second]")
        return Order(messages=messages, line=reader.line(node))

    def _alternatives(self, node: Node) -> tuple[str, ...]:
        words = self.reader.text(node).split("|")
        if len(words) == 1:
            return (self.host_of(node),)
        names = []
        for word in words:
            part = type(node)(node.tag, word, node.start_mark, node.end_mark)
            names.append(self.host_of(part))
        return tuple(names)

    def _queues(self, node: Node) -> list[QueueExpectation]:
        """What is expected of the queues of hosts, one or more, each once."""
        reader = self.reader
        found: list[QueueExpectation] = []
        for word, value in reader.entries(node, None, "`hosts`").items():
            key = reader.key(node, word)
            entries = reader.entries(value, ("queue", "before"), "a host's expectation")
            queue = reader.require(value, entries, "queue", "the host's expectation")
            if reader.text(queue) != "empty":
                self.refuse(queue, "of a queue only `empty` can be expected")
            before = reader.duration(entries["before"]) if "before" in entries else None
            host = self.host_of(key)
            if any(one.host == host for one in found):
                self.refuse(key, f"`{word}` is a host that stands here already")
            found.append(QueueExpectation(host=host, before=before, line=reader.line(value)))
        if not found:
            self.refuse(node, "`hosts` says of a host or more that its queue is empty: {mx2: {queue: empty}}")
        return found

    def _finding(self, node: Node) -> ExpectedFinding:
        match = _FINDING.fullmatch(self.reader.text(node))
        if match is None:
            self.refuse(
                node, "a finding is named by its code, and its name if you like: MX957 backup-used-unnecessarily"
            )
        return ExpectedFinding(code=match[1], name=match[2] or "", line=self.reader.line(node))

    def _difference(self, node: Node, senders: tuple[str, ...]) -> Difference:
        reader = self.reader
        entries = reader.entries(node, ("senders", "cell", "because", "expect"), "a difference")
        for key in ("senders", "cell", "because", "expect"):
            reader.require(node, entries, key, "the difference")
        names = {name: name for name in senders}
        labels = tuple(
            reader.choice(item, names, "sender of this story") for item in reader.items(entries["senders"], "`senders`")
        )
        cell = reader.text(entries["cell"])
        if cell not in CELLS:
            reader.document.refuse_unknown(entries["cell"], cell, CELLS, "cell of the outcome table")
        others = tuple(parse_sender(profile_of(label))[1] for label in senders)
        for label in labels:
            profile, policy = parse_sender(profile_of(label))
            if label != OWN and not departs(profile, policy, cell) and not told_apart(cell, policy, others):
                self.refuse(
                    entries["cell"],
                    f"{profile.title} follows the reference in cell {cell}: this is no difference",
                    hint=f"What it does differently: mxprobe explain {profile.name}.",
                )
        return Difference(
            senders=labels,
            cell=cell,
            because=reader.text(entries["because"]),
            expect=self.expectations(entries["expect"]),
            line=reader.line(node),
        )
