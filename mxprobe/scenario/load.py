"""Reads a scenario file into a story, and refuses one that cannot be right with its line.

The syntax is that of the README and of the stories in scenarios/. This reads the stage and puts the parts together:
hosts are read in `load_hosts`, steps in `load_steps`, expectations in `load_expect`.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml.nodes import Node

from mxprobe.errors import InputError, Place
from mxprobe.mx.senders import NoSuchSender, parse_sender
from mxprobe.scenario.cast import ANYONE, Cast
from mxprobe.scenario.check import object_to
from mxprobe.scenario.document import Reader, read_document
from mxprobe.scenario.load_expect import ExpectReader
from mxprobe.scenario.load_hosts import read_hosts
from mxprobe.scenario.load_own import NAME_IT, NO_COMMAND, read_own
from mxprobe.scenario.load_policy import read_policy
from mxprobe.scenario.load_steps import StepReader, read_published
from mxprobe.scenario.model import OWN, Expectations, HostSpec, Own, Probe, Prove, Scenario
from mxprobe.scenario.zone import Over, Stage, read_zone

_STAGE_KEYS = ("domain", "mx", "zone")
_STORY_KEYS = (
    "story",
    "standard",
    "needs",
    *_STAGE_KEYS,
    "ttl",
    "nameservers",
    "signed",
    "mta-sts",
    "recipients",
    "hosts",
    "own",
    "senders",
    "steps",
    "expect",
    "differs",
)
_SIGNED = {"true": True, "false": False, "nsec3": True}
_TTL = 3600.0

_DOMAIN = "example.test"
_MX = ((10, f"mx1.{_DOMAIN}"), (20, f"mx2.{_DOMAIN}"))
_NAMESERVERS = ("ns1", "ns2")
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
    """Reads one story; the cast is filled on the way, and later names are checked against it."""

    def __init__(self, reader: Reader, around: Around) -> None:
        self.reader = reader
        self.around = around
        self.refuse = reader.document.refuse
        self.cast = Cast(reader=reader)
        self.zone = ""
        self.known = Over(domain="", text="", path="")
        self.stage = Stage(mx=(), homes=(), absent=())

    def story(self, root: Node) -> Scenario:
        reader, cast = self.reader, self.cast
        entries = reader.entries(root, _STORY_KEYS, "a story")
        for key in ("story", "steps", "expect"):
            reader.require(root, entries, key, "the story")
        self._read_stage(root, entries)
        if "nameservers" in entries:
            cast.nameservers = self._nameservers(entries["nameservers"])
        read_published(cast, entries["steps"])
        anyone = self.known.recipients or (f"{ANYONE}@{cast.domain}",)
        cast.recipients = cast.people(entries["recipients"]) if "recipients" in entries else anyone
        own = read_own(reader, entries["own"]) if "own" in entries else None
        senders = read_senders(reader, entries["senders"], own) if "senders" in entries else ("rfc5321",)
        if "hosts" in entries:
            read_hosts(cast, entries["hosts"])
        cast.hosts = self._with_known_hosts(cast.hosts)
        missing = self._missing(entries["needs"]) if "needs" in entries else ""
        if missing:
            return self._unplayable(entries, senders, missing)
        step_reader = StepReader(cast)
        steps = step_reader.steps(entries["steps"])
        messages = step_reader.messages(entries["steps"], steps)
        expect_reader = ExpectReader(reader, (cast.host, cast.roles()), cast.person, messages)
        expect_reader.stores = cast.stores
        expect_reader.looks = tuple(step.name for step in steps if isinstance(step, Probe | Prove))
        expect = expect_reader.expectations(entries["expect"])
        differs = expect_reader.differences(entries["differs"], senders) if "differs" in entries else ()
        expect_reader.check_complete(entries["expect"], expect)
        story = Scenario(
            path=reader.document.path,
            story=" ".join(reader.text(entries["story"]).split()),
            standard=" ".join(reader.text(entries["standard"]).split()) if "standard" in entries else "",
            domain=cast.domain,
            mx=cast.mx,
            ttl=reader.duration(entries["ttl"]) if "ttl" in entries else _TTL,
            nameservers=cast.nameservers,
            mta_sts=read_policy(cast, entries["mta-sts"]) if "mta-sts" in entries else None,
            zone=self.zone,
            homes=self.stage.homes,
            absent=self.stage.absent,
            zone_path=self.known.path,
            signed="signed" in entries and reader.choice(entries["signed"], _SIGNED, "way of signing"),
            hashed="signed" in entries and reader.text(entries["signed"]) == "nsec3",
            recipients=cast.recipients,
            hosts=cast.hosts,
            own=own,
            senders=senders,
            steps=steps,
            expect=expect,
            differs=differs,
        )
        # What a story of roles says can be nothing over one zone and all over the next: that is no objection to it.
        for objection in () if self.known.path else object_to(story):
            reader.document.refuse_word(objection.line, objection.word, objection.says, objection.hint)
        return story

    def _read_stage(self, root: Node, entries: Mapping[str, Node]) -> None:
        """The domain and its MX: as the story has them, of a zone, or, for a story that names neither, the usual."""
        reader, cast, over = self.reader, self.cast, self.around.over
        staged = [key for key in _STAGE_KEYS if key in entries]
        if over is not None and not staged:
            cast.domain, self.zone, self.known = over.domain, over.text, over
            self._set_stage(read_zone(over.text, over.domain, over.path))
            return
        if not staged:
            cast.domain, cast.mx, cast.nameservers = _DOMAIN, _MX, _NAMESERVERS
            return
        cast.domain = cast.name(reader.require(root, entries, "domain", "the story"))
        if "zone" not in entries:
            mx = reader.require(root, entries, "mx", "the story")
            cast.mx = tuple(cast.mx_record(item) for item in reader.items(mx, "`mx`"))
            return
        if "mx" in entries:
            self.refuse(reader.key(root, "zone"), "`mx` and `zone` both say where mail goes; one of them is enough")
        text, path = self._zone_text(entries["zone"])
        self.zone = text
        self._set_stage(read_zone(text, cast.domain, path))

    def _set_stage(self, stage: Stage) -> None:
        self.stage = stage
        self.cast.mx, self.cast.absent = stage.mx, stage.absent
        self.cast.homes = dict((*stage.nameservers, *stage.homes))
        self.cast.nameservers = tuple(name for name, _ in stage.nameservers) or self.cast.nameservers

    def _with_known_hosts(self, hosts: tuple[HostSpec, ...]) -> tuple[HostSpec, ...]:
        """What the story says of hosts, and what the owner of its zone says in place of that."""
        said = {spec.name for spec in self.known.hosts}
        return (*(spec for spec in hosts if spec.name not in said), *self.known.hosts)

    def _missing(self, node: Node) -> str:
        """The first role under `needs` that nobody has; empty where all are there."""
        roles = self.cast.roles()
        words = [self.reader.text(item) for item in self.reader.one_or_more(node)]
        for item, word in zip(self.reader.one_or_more(node), words, strict=True):
            self.reader.choice(item, roles, "role")
            if not roles[word]:
                return word
        return ""

    def _unplayable(self, entries: Mapping[str, Node], senders: tuple[str, ...], missing: str) -> Scenario:
        """The story without its steps, which name somebody who is not there."""
        return Scenario(
            path=self.reader.document.path,
            story=" ".join(self.reader.text(entries["story"]).split()),
            standard="",
            domain=self.cast.domain,
            mx=self.cast.mx,
            recipients=self.cast.recipients,
            senders=senders,
            steps=(),
            expect=Expectations(),
            zone_path=self.known.path,
            missing=missing,
        )

    def _nameservers(self, node: Node) -> tuple[str, ...]:
        """The names of the domain's name servers, one word each."""
        names = tuple(self.reader.text(item) for item in self.reader.items(node, "`nameservers`"))
        taken = {"dns", "sender", *self.cast.known_hosts()}
        for item, name in zip(self.reader.items(node, "`nameservers`"), names, strict=True):
            if name in taken or names.count(name) > 1 or not name.isalnum():
                self.refuse(item, "a name server has a word of its own, which names nothing else: ns1")
        if not names:
            self.refuse(node, "a domain has at least one name server")
        return names

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


def read_owner(reader: Reader, root: Node, entries: Mapping[str, Node], over: Over) -> Over:
    """`over` with the recipients and hosts that its owner names under these keys."""
    story = _StoryReader(reader, Around(over=over))
    story._read_stage(root, {})
    cast = story.cast
    recipients = cast.people(entries["recipients"]) if "recipients" in entries else ()
    cast.recipients = recipients
    if "hosts" in entries:
        read_hosts(cast, entries["hosts"])
    return replace(over, recipients=recipients, hosts=cast.hosts)


def read_senders(reader: Reader, node: Node, own: Own | None = None) -> tuple[str, ...]:
    """The labels of a list of mailers, each of which the lab can play; `own` is one where the story has it."""
    return tuple(_sender(reader, item, own) for item in reader.items(node, "`senders`"))


def _sender(reader: Reader, node: Node, own: Own | None) -> str:
    label = reader.text(node)
    if label == OWN and own is not None:
        return label
    if label == OWN:
        reader.document.refuse(node, NO_COMMAND, hint=NAME_IT)
    try:
        parse_sender(label)
    except NoSuchSender as error:
        near = f"{error.near[0]}?" if error.near else None
        reader.document.refuse(
            node,
            f"no mailer or TLS policy is called `{error.name}`",
            label=near,
            hint="All mailers: mxprobe explain profiles.",
        )
    return label


def load_bytes(data: bytes, path: str, around: Around | None = None) -> Scenario:
    """`load` for the bytes of a file. Raises InputError where they are no UTF-8 as well."""
    try:
        return load(data.decode("utf-8-sig"), path, around)
    except UnicodeDecodeError as error:
        raise InputError(f"the file is not UTF-8 (byte {error.start + 1})", place=Place(path)) from error
