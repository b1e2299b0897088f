"""Reads a scenario file into a story, and refuses one that cannot be right with its line.

The syntax is that of the README and of the stories in scenarios/. Expectations are read in `load_expect`.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct
from ruamel.yaml.nodes import Node

from mxprobe.errors import InputError, Place
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.mx.senders import NoSuchSender, find_profile, parse_sender
from mxprobe.scenario.document import Reader, read_document
from mxprobe.scenario.load_expect import ExpectReader
from mxprobe.scenario.load_fault import WHERE_KEYS, read_use
from mxprobe.scenario.model import DNS, Break, HostSpec, Mend, Scenario, Send, Step
from mxprobe.scenario.zone import Over, Stage, read_zone

_STAGE_KEYS = ("domain", "mx", "zone")
_STAGED_KEYS = (*_STAGE_KEYS, "signed")
_STORY_KEYS = ("story", "standard", *_STAGED_KEYS, "recipients", "hosts", "senders", "steps", "expect", "differs")
_TRIGGERS = ("at", "after")
_SEND_KEYS = (*_TRIGGERS, "send", "to", "from", "count", "every")
_BREAK_KEYS = (*_TRIGGERS, "break", "with", "for", *WHERE_KEYS)
_DEEDS = {"send": _SEND_KEYS, "break": _BREAK_KEYS, "mend": (*_TRIGGERS, "mend")}
_ANYONE = "anyone"
_DEFAULT_FROM = "shop@elsewhere.test"


_DOMAIN = "example.test"
_MX = ((10, f"mx1.{_DOMAIN}"), (20, f"mx2.{_DOMAIN}"))
"""The stage of a story that names none: it speaks of roles, and fits any zone."""


class Around(Struct, frozen=True, kw_only=True):
    """What a story is loaded with: how zone files are read, by their names in it, and a zone to play it over."""

    read: Callable[[str], str] | None = None
    over: Over | None = None


def load(text: str, path: str, around: Around | None = None) -> Scenario:
    """The story in `text`. Raises InputError with file, line, column, the line itself and what would be right."""
    document, root = read_document(text, path)
    return _StoryReader(Reader(document), around or Around()).story(root)


class _StoryReader:
    """Reads one story; what was read first (domain, MX, hosts) is what later names are checked against."""

    def __init__(self, reader: Reader, around: Around) -> None:
        self.reader = reader
        self.around = around
        self.refuse = reader.document.refuse
        self.domain = ""
        self.mx: tuple[tuple[int, str], ...] = ()
        self.recipients: tuple[str, ...] = ()
        self.hosts: tuple[HostSpec, ...] = ()
        self.zone = ""
        self.stage = Stage(mx=(), homes=(), absent=())

    def story(self, root: Node) -> Scenario:
        reader = self.reader
        entries = reader.entries(root, _STORY_KEYS, "a story")
        for key in ("story", "steps", "expect"):
            reader.require(root, entries, key, "the story")
        self._read_stage(root, entries)
        recipients = self._people(entries["recipients"]) if "recipients" in entries else (f"{_ANYONE}@{self.domain}",)
        self.recipients = recipients
        senders = (
            tuple(self._sender(item) for item in reader.items(entries["senders"], "`senders`"))
            if "senders" in entries
            else ("rfc5321",)
        )
        hosts = self.hosts = self._hosts(entries["hosts"]) if "hosts" in entries else ()
        steps = self._steps(entries["steps"])
        expect_reader = ExpectReader(
            reader, (self._host, self._roles()), self._person, self._messages(entries["steps"], steps)
        )
        expect = expect_reader.expectations(entries["expect"])
        differs = expect_reader.differences(entries["differs"], senders) if "differs" in entries else ()
        expect_reader.check_complete(entries["expect"], expect)
        return Scenario(
            path=reader.document.path,
            story=" ".join(reader.text(entries["story"]).split()),
            standard=" ".join(reader.text(entries["standard"]).split()) if "standard" in entries else "",
            domain=self.domain,
            mx=self.mx,
            zone=self.zone,
            homes=self.stage.homes,
            absent=self.stage.absent,
            signed="signed" in entries and reader.truth(entries["signed"]),
            recipients=recipients,
            hosts=hosts,
            senders=senders,
            steps=tuple(sorted(steps, key=lambda step: step.at)),
            expect=expect,
            differs=differs,
        )

    def _read_stage(self, root: Node, entries: Mapping[str, Node]) -> None:
        """The domain and its MX: as the story has them, of a zone, or, for a story that names neither, the usual."""
        reader, over = self.reader, self.around.over
        staged = [key for key in _STAGE_KEYS if key in entries]
        if over is not None and not staged:
            self.domain, self.zone = over.domain, over.text
            self.stage = read_zone(over.text, over.domain, over.path)
            self.mx = self.stage.mx
            return
        if not staged:
            self.domain, self.mx = _DOMAIN, _MX
            return
        self.domain = self._name(reader.require(root, entries, "domain", "the story"))
        if "zone" not in entries:
            self.mx = tuple(
                self._mx(item) for item in reader.items(reader.require(root, entries, "mx", "the story"), "`mx`")
            )
            return
        if "mx" in entries:
            self.refuse(reader.key(root, "zone"), "`mx` and `zone` both say where mail goes; one of them is enough")
        text, path = self._zone_text(entries["zone"])
        self.zone, self.stage = text, read_zone(text, self.domain, path)
        self.mx = self.stage.mx

    def _zone_text(self, node: Node) -> tuple[str, str]:
        """A master file, by its text or by its name."""
        text = str(getattr(node, "value", ""))
        if "\n" in text:
            return text, self.reader.document.path
        name = self.reader.text(node)
        if self.around.read is None:
            self.refuse(node, "a zone file cannot be read from here; write its text in its place")
        try:
            return self.around.read(name), name
        except OSError as error:
            self.refuse(node, f"the zone file cannot be read: {error.strerror}")

    def _name(self, node: Node) -> str:
        try:
            return to_ascii(self.reader.text(node))
        except NameRefused as error:
            self.refuse(node, f"not a domain name: {error}")

    def _complete(self, node: Node) -> str:
        """A host's name: without a dot it belongs to the domain."""
        name = self._name(node)
        return name if "." in name else f"{name}.{self.domain}"

    def _mx(self, node: Node) -> tuple[int, str]:
        words = self.reader.text(node).split()
        if len(words) != 2 or not words[0].isdigit() or int(words[0]) > 65535:
            self.refuse(node, "an MX is a preference from 0 to 65535 and a host: 10 mx1")
        if words[1] == ".":
            return int(words[0]), "."
        try:
            name = to_ascii(words[1])
        except NameRefused as error:
            self.refuse(node, f"not a host name: {error}")
        return int(words[0]), name if "." in name else f"{name}.{self.domain}"

    def _known_hosts(self) -> dict[str, str]:
        """Every name by which a host can be called, with the complete name."""
        names = [name for _, name in self.mx if name != "." and name not in self.stage.absent] or [self.domain]
        short = {name.removesuffix(f".{self.domain}"): name for name in names if name != self.domain}
        return {name: name for name in names} | short

    def _host(self, node: Node) -> str:
        return self.reader.choice(node, self._known_hosts, "host")

    def _hosts_named(self, node: Node) -> tuple[str, ...]:
        """What a step names, one or a list: a host, `primary`, `backup`, or `dns`."""
        return tuple(host for item in self.reader.one_or_more(node) for host in self._hosts_called(item))

    def _hosts_called(self, node: Node) -> tuple[str, ...]:
        word = self.reader.text(node)
        roles = {**self._roles(), DNS: (DNS,)}
        if roles.get(word):
            return roles[word]
        known = {name: (whole,) for name, whole in self._known_hosts().items()}
        return self.reader.choice(node, known | {role: names for role, names in roles.items() if names}, "host")

    def _roles(self) -> dict[str, tuple[str, ...]]:
        """All hosts, those of the best preference, the others, and those of each site."""
        there = sorted((number, name) for number, name in self.mx if name != "." and name not in self.stage.absent)
        best = there[0][0] if there else 0
        sites = {
            f"site:{spec.site}": tuple(one.name for one in self.hosts if one.site == spec.site)
            for spec in self.hosts
            if spec.site
        }
        return sites | {
            "everyone": tuple(name for _, name in there),
            "primary": tuple(name for number, name in there if number == best),
            "backup": tuple(name for number, name in there if number != best),
        }

    def _person(self, node: Node) -> str:
        if self.reader.text(node) == _ANYONE and self.recipients:
            return self.recipients[0]
        local, at, domain = self.reader.text(node).rpartition("@")
        if not at:
            local, domain = domain, self.domain
        if not local.isascii() or not local.isprintable() or not local or set(local) & set(' <>@"\\'):
            self.refuse(node, "a person is a local part, or an address: alice, alice@example.test")
        try:
            return f"{local}@{to_ascii(domain)}"
        except NameRefused as error:
            self.refuse(node, f"not a mail address: {error}")

    def _people(self, node: Node) -> tuple[str, ...]:
        return tuple(self._person(item) for item in self.reader.one_or_more(node))

    def _sender(self, node: Node) -> str:
        label = self.reader.text(node)
        try:
            _, policy = parse_sender(label)
        except NoSuchSender as error:
            near = f"{error.near[0]}?" if error.near else None
            self.refuse(
                node,
                f"no mailer or TLS policy is called `{error.name}`",
                label=near,
                hint="All mailers: mxprobe explain profiles.",
            )
        if policy.value not in ("none", "may", "encrypt"):
            self.refuse(
                node, f"the lab's sender cannot play the TLS policy `{policy}` yet; none, may and encrypt it can"
            )
        return label

    def _hosts(self, node: Node) -> tuple[HostSpec, ...]:
        known = self._known_hosts()
        entries = self.reader.entries(node, known, "`hosts`")
        return tuple(self._host_spec(known[name], value) for name, value in entries.items())

    def _host_spec(self, name: str, node: Node) -> HostSpec:
        reader = self.reader
        entries = reader.entries(node, ("recipients", "profile", "lifetime", "site", "always", "hands-on"), "a host")
        recipients: tuple[str, ...] | None = None
        any_recipient = "recipients" in entries and _is_word(entries["recipients"], "any")
        if "recipients" in entries and not any_recipient:
            recipients = self._people(entries["recipients"])
        profile = "rfc5321"
        if "profile" in entries:
            try:
                profile = find_profile(reader.text(entries["profile"])).name
            except NoSuchSender as error:
                self.refuse(
                    entries["profile"],
                    f"no mailer is called `{error.name}`",
                    label=f"{error.near[0]}?" if error.near else None,
                )
        if "hands-on" in entries:
            self._check_hands_on(name, entries["hands-on"])
        always = (read_use(reader, entries["always"], {}, self._host),) if "always" in entries else ()
        return HostSpec(
            name=name,
            recipients=recipients,
            any_recipient=any_recipient,
            profile=profile,
            lifetime=reader.duration(entries["lifetime"]) if "lifetime" in entries else None,
            site=reader.text(entries["site"]) if "site" in entries else "",
            always=always,
            line=reader.line(node),
        )

    def _check_hands_on(self, name: str, node: Node) -> None:
        """A host may name whom it hands on to, which has to be a better one: anything else goes round in a circle."""
        better = self._host(node)
        preferences = {host: preference for preference, host in self.mx}
        if preferences[better] >= preferences[name]:
            self.refuse(node, f"{name} cannot hand on to {better}, which is no better: mail would go round in a circle")

    def _steps(self, node: Node) -> tuple[Step, ...]:
        """Every step, in the order of the file; a mend has something to mend."""
        nodes = self.reader.items(node, "`steps`")
        read: list[Step] = []
        for item in nodes:
            read.append(self._step(item, read[-1].at if read else 0.0))
        steps = tuple(read)
        for item, step in zip(nodes, steps, strict=True):
            if isinstance(step, Mend):
                for host in step.hosts:
                    if not any(isinstance(one, Break) and host in one.hosts and one.at <= step.at for one in steps):
                        self.refuse(item, f"nothing breaks {host} before this step mends it")
        return steps

    def _step(self, node: Node, above: float) -> Step:
        """One step; `above` is the time of the step above it in the file."""
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
        if "at" in entries and "after" in entries:
            self.refuse(reader.key(node, "after"), "a step has one trigger: `at` or `after`")
        if "after" in entries:
            at = above + reader.duration(entries["after"])
        else:
            at = reader.duration(reader.require(node, entries, "at", "the step"))
        line = reader.line(node)
        if deeds[0] == "mend":
            return Mend(at=at, hosts=self._hosts_named(entries["mend"]), line=line)
        if deeds[0] == "break":
            use = read_use(reader, reader.require(node, entries, "with", "the step"), entries, self._host)
            ends = at + reader.duration(entries["for"]) if "for" in entries else None
            hosts = self._hosts_named(entries["break"])
            if (hosts == (DNS,)) != use.fault.ABOUT_NAMES:
                right = "dns" if use.fault.ABOUT_NAMES else "a host"
                self.refuse(entries["break"], f"`{use.name}` strikes {right}, and something else is named here")
            return Break(at=at, hosts=hosts, use=use, ends=ends, line=line)
        return Send(
            at=at,
            name=reader.text(entries["send"]),
            to=self._people(reader.require(node, entries, "to", "the step")),
            mail_from=self._person(entries["from"]) if "from" in entries else _DEFAULT_FROM,
            count=reader.number(entries["count"], 1) if "count" in entries else 1,
            every=reader.duration(entries["every"]) if "every" in entries else 0.0,
            line=line,
        )

    def _messages(self, node: Node, steps: tuple[Step, ...]) -> tuple[Send, ...]:
        sends = tuple(step for step in steps if isinstance(step, Send))
        if not sends:
            self.refuse(node, "no step sends a message, so nothing can be expected")
        if len({send.name for send in sends}) < len(sends):
            self.refuse(node, "two steps send messages of the same name")
        return sends


def _is_word(node: Node, word: str) -> bool:
    return getattr(node, "value", None) == word


def load_bytes(data: bytes, path: str, around: Around | None = None) -> Scenario:
    """`load` for the bytes of a file. Raises InputError where they are no UTF-8 as well."""
    try:
        return load(data.decode("utf-8-sig"), path, around)
    except UnicodeDecodeError as error:
        raise InputError(f"the file is not UTF-8 (byte {error.start + 1})", place=Place(path)) from error
