"""Reads what a story says of its hosts where they differ from the usual."""

from ruamel.yaml.nodes import MappingNode, Node

from mxprobe.mx.senders import NoSuchSender, find_profile
from mxprobe.scenario.cast import Cast
from mxprobe.scenario.faults.fault import FaultUse
from mxprobe.scenario.load_fault import read_use
from mxprobe.scenario.load_own import read_own_host
from mxprobe.scenario.model import DNS, MAILBOX, REAL_MAILERS, HostSpec

_KEYS = (
    "recipients",
    "profile",
    "lifetime",
    "site",
    "always",
    "hands-on",
    "store",
    "verifies",
    "tlsa",
    "outside",
    "rogue",
    "real",
    "own",
)
_RESERVED = (MAILBOX, "sender", DNS)


def read_hosts(cast: Cast, node: Node) -> None:
    """Fill `cast.hosts`. Hosts outside the MX records are known from here on."""
    reader = cast.reader
    entries = reader.entries(node, None, "`hosts`")
    cast.hosts = tuple(
        HostSpec(name=cast.complete(reader.key(node, word)), outside=True)
        for word, value in entries.items()
        if _is_outside(cast, value)
    )
    known = cast.known_hosts() | {
        word: name for name in cast.nameservers for word in (name, name.removesuffix(f".{cast.domain}"))
    }
    roles = {role: names for role, names in cast.roles().items() if role not in known}
    specs = []
    for word, value in entries.items():
        if word in roles:
            specs += [_HostReader(cast).spec(name, value) for name in roles[word]]
            continue
        name = reader.choice(reader.key(node, word), known, "host")
        spec = _HostReader(cast).spec(name, value)
        if spec.outside and not spec.rogue and any(name == other for _, other in (*cast.mx, *cast.published)):
            reader.document.refuse(reader.key(node, word), f"{name} is no host outside: an MX record names it")
        specs.append(spec)
    cast.hosts = tuple(specs)


def _is_outside(cast: Cast, node: Node) -> bool:
    entries = cast.reader.entries(node, None, "a host") if isinstance(node, MappingNode) else {}
    return any(word in entries and cast.reader.truth(entries[word]) for word in ("outside", "rogue"))


class _HostReader:
    """Reads one entry of `hosts`."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.reader = cast, cast.reader
        self.refuse = cast.reader.document.refuse

    def spec(self, name: str, node: Node) -> HostSpec:
        """The entry of the host called `name`."""
        reader, cast = self.reader, self.cast
        if name in cast.nameservers and name not in cast.known_hosts():
            entries = reader.entries(node, ("site",), "a name server")
        else:
            entries = reader.entries(node, _KEYS, "a host")
        any_recipient = "recipients" in entries and getattr(entries["recipients"], "value", None) == "any"
        people = "recipients" in entries and not any_recipient
        rogue = "rogue" in entries and reader.truth(entries["rogue"])
        spec = HostSpec(
            name=name,
            recipients=cast.people(entries["recipients"]) if people else None,
            any_recipient=any_recipient or (rogue and not people),
            profile=self._profile(entries["profile"]) if "profile" in entries else "rfc5321",
            lifetime=reader.duration(entries["lifetime"]) if "lifetime" in entries else None,
            site=reader.text(entries["site"]) if "site" in entries else "",
            always=self._always(entries["always"]) if "always" in entries else (),
            hands_on=cast.host(entries["hands-on"]) if "hands-on" in entries else "",
            store=self._store(entries["store"]) if "store" in entries else name if rogue else "",
            verifies=cast.host(entries["verifies"]) if "verifies" in entries else "",
            tlsa=self._tlsa(entries["tlsa"]) if "tlsa" in entries else "",
            outside=rogue or ("outside" in entries and reader.truth(entries["outside"])),
            rogue=rogue,
            real=self._real(entries["real"]) if "real" in entries else "",
            own=read_own_host(reader, entries["own"]) if "own" in entries else (),
            line=reader.line(node),
        )
        if spec.own and spec.real:
            self.refuse(entries["own"], f"one mailer stands in the place of {name}: one of `own` and `real` is right")
        if spec.hands_on and spec.store:
            self.refuse(entries["store"], f"{name} hands mail on and keeps it: one of `hands-on` and `store` is right")
        if spec.verifies == name:
            self.refuse(entries["verifies"], f"{name} cannot ask itself whether a recipient exists")
        return spec

    def _profile(self, node: Node) -> str:
        try:
            return find_profile(self.reader.text(node)).name
        except NoSuchSender as error:
            near = f"{error.near[0]}?" if error.near else None
            self.refuse(node, f"no mailer is called `{error.name}`", label=near)

    def _real(self, node: Node) -> str:
        """The name of a mailer that there is a real one of."""
        return self.reader.choice(node, {name: name for name in REAL_MAILERS}, "real mailer")

    def _always(self, node: Node) -> tuple[FaultUse, ...]:
        return tuple(read_use(self.reader, item, {}, self.cast.host) for item in self.reader.one_or_more(node))

    def _tlsa(self, node: Node) -> str:
        """The numbers of a record: usage, selector, matching type."""
        words = self.reader.text(node).split()
        known = [{"0", "1", "2", "3"}, {"0", "1"}, {"0", "1", "2"}]
        if len(words) != len(known) or any(word not in right for word, right in zip(words, known, strict=True)):
            self.refuse(node, "a TLSA record is named by usage, selector and matching type: 3 1 1 (RFC 6698 §2.1)")
        return " ".join(words)

    def _store(self, node: Node) -> str:
        word = self.reader.text(node)
        if word in _RESERVED or word in self.cast.known_hosts():
            self.refuse(node, f"`{word}` cannot be the name of a mailbox: it means something else")
        return word
