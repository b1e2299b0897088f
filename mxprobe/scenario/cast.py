"""The names of one story: how a file calls its hosts, groups of them, name servers and people.

A name without a dot belongs to the story's domain; what a step or an expectation names has to be there.
"""

import re
from collections.abc import Mapping

from msgspec import Struct
from ruamel.yaml.nodes import Node

from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.scenario.document import Reader
from mxprobe.scenario.model import DNS, POLICY_HOST, HostSpec, mailboxes
from mxprobe.scenario.reference import FAMILIES, covers, read_part

_PREFERENCE = re.compile(r"[0-9]{1,9}")

ANYONE = "anyone"
NAMELESS = ("ns",)
"""The name servers of a domain of which nothing is said: one, and no word for it but `dns`."""


class Cast(Struct, kw_only=True):
    """Who takes part. Filled while a story is read: what was read first is what later names are checked against.

    `absent` are MX hosts without an address; `published` those that later MX records name; `homes` the addresses that
    a zone has for hosts and name servers.
    """

    reader: Reader
    domain: str = ""
    mx: tuple[tuple[int, str], ...] = ()
    absent: tuple[str, ...] = ()
    published: tuple[tuple[int, str], ...] = ()
    homes: Mapping[str, tuple[str, ...]] = {}
    nameservers: tuple[str, ...] = NAMELESS
    recipients: tuple[str, ...] = ()
    hosts: tuple[HostSpec, ...] = ()

    # -- hosts --------------------------------------------------------------------------------------------------------

    def name(self, node: Node) -> str:
        """A domain name, as A-labels."""
        try:
            return to_ascii(self.reader.text(node))
        except NameRefused as error:
            self.reader.document.refuse(node, f"not a domain name: {error}")

    def complete(self, node: Node) -> str:
        """A host's name: without a dot it belongs to the domain."""
        name = self.name(node)
        return name if "." in name else f"{name}.{self.domain}"

    def mx_record(self, node: Node) -> tuple[int, str]:
        """Preference and host of `10 mx1`."""
        words = self.reader.text(node).split()
        if len(words) != 2 or not _PREFERENCE.fullmatch(words[0]) or int(words[0]) > 65535:
            self.reader.document.refuse(node, "an MX is a preference from 0 to 65535 and a host: 10 mx1")
        if words[1] == ".":
            return int(words[0]), "."
        try:
            name = to_ascii(words[1])
        except NameRefused as error:
            self.reader.document.refuse(node, f"not a host name: {error}")
        return int(words[0]), name if "." in name else f"{name}.{self.domain}"

    def known_hosts(self) -> dict[str, str]:
        """Every name by which a host can be called, with the complete name."""
        named = [name for _, name in (*self.mx, *self.published) if name != "." and name not in self.absent]
        names = dict.fromkeys((*(named or [self.domain]), *(spec.name for spec in self.hosts)))
        short = {name.removesuffix(f".{self.domain}"): name for name in names if name != self.domain}
        return {name: name for name in names} | short

    def host(self, node: Node) -> str:
        """One host by its name."""
        return self.reader.choice(node, self.known_hosts, "host")

    def hosts_named(self, node: Node) -> tuple[str, ...]:
        """What a step names, one or a list: hosts, parts of hosts, roles, `dns`, a name server, `mta-sts`.

        What stands at the same addresses is named with them.
        """
        named = [host for item in self.reader.one_or_more(node) for host in self._hosts_called(item)]
        taken = {address for host in named for address in self.homes.get(host, ())}
        there = [host for host, addresses in self.homes.items() if taken.intersection(addresses)]
        return tuple(dict.fromkeys((*named, *there)))

    def _hosts_called(self, node: Node) -> tuple[str, ...]:
        word, slash, part = self.reader.text(node).partition("/")
        servers = {name: (name,) for name in (DNS, POLICY_HOST, *self.nameservers)}
        hosts = {name: (whole,) for name, whole in self.known_hosts().items()}
        known = {name: found for name, found in {**hosts, **self.roles(), **servers}.items() if found}
        if word not in known:
            self.reader.document.refuse_unknown(node, word, known, "host")
        if not slash:
            return known[word]
        if word in servers:
            self.reader.document.refuse(node, f"`{word}` is broken and mended whole: it has no parts that can be named")
        return tuple(f"{host}/{self._part(node, host, part)}" for host in known[word])

    def _part(self, node: Node, host: str, word: str) -> str:
        """A family or an address, which the host has."""
        refuse = self.reader.document.refuse
        part = read_part(word)
        if part is None:
            refuse(node, f"`{word}` is no part of a host: v4, v6, or an address")
        own = self.homes.get(host)
        if own is None and part != "v4":
            hint = "A story's own `zone` can give it others."
            refuse(node, f"{host} has no address but one of IPv4, which the lab chooses", hint=hint)
        if own is not None and not any(covers(part, address) for address in own):
            what = f"no IP{part} address" if part in FAMILIES else f"no address {part}"
            refuse(node, f"{host} has {what}", hint=f"It has {', '.join(own)}.")
        return part

    def servers_named(self, node: Node) -> tuple[str, ...]:
        """Name servers, one or a list; `dns` is all of them."""
        known = {name: (name,) for name in self.nameservers} | {DNS: self.nameservers}
        items = self.reader.one_or_more(node)
        return tuple(name for item in items for name in self.reader.choice(item, known, "name server"))

    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """All hosts; those that keep mail and the others; the first and the others; those of each site.

        `site:first` is where the first host is, with what else is there; `first-nameserver` one of several.
        """
        pairs = sorted((number, name) for number, name in self.mx if name != "." and name not in self.absent)
        there = tuple(dict.fromkeys(name for _, name in pairs)) or ((self.domain,) if not self.mx else ())
        primary = mailboxes(tuple(pairs), self.domain) if pairs else there
        sites = {
            f"site:{spec.site}": tuple(one.name for one in self.hosts if one.site == spec.site)
            for spec in self.hosts
            if spec.site
        }
        site = next((spec.site for spec in self.hosts if spec.name in there[:1]), "")
        return sites | {
            "everyone": there,
            "primary": primary,
            "backup": tuple(name for name in there if name not in primary),
            "first": there[:1],
            "others": there[1:],
            "site:first": sites.get(f"site:{site}", there[:1]),
            "first-nameserver": () if self.nameservers == NAMELESS else self.nameservers[:1],
        }

    def place(self, node: Node) -> str:
        """Where mail arrives: `mailbox`, another store, or a host."""
        word = self.reader.text(node)
        return word if word in self.stores else self.host(node)

    @property
    def stores(self) -> tuple[str, ...]:
        """The names of all mailboxes."""
        return ("mailbox", *(spec.store for spec in self.hosts if spec.store))

    # -- people -------------------------------------------------------------------------------------------------------

    def person(self, node: Node) -> str:
        """A mail address; a bare local part belongs to the domain, and `anyone` is the first recipient."""
        if self.reader.text(node) == ANYONE and self.recipients:
            return self.recipients[0]
        refuse = self.reader.document.refuse
        local, at, domain = self.reader.text(node).rpartition("@")
        if not at:
            local, domain = domain, self.domain
        if not local.isascii() or not local.isprintable() or not local or set(local) & set(' <>@"\\'):
            refuse(node, "a person is a local part, or an address: alice, alice@example.test")
        try:
            return f"{local}@{to_ascii(domain)}"
        except NameRefused as error:
            refuse(node, f"not a mail address: {error}")

    def people(self, node: Node) -> tuple[str, ...]:
        """One person or a list."""
        return tuple(self.person(item) for item in self.reader.one_or_more(node))
