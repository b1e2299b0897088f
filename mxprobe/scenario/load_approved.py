"""Reads the file in which an operator says what is approved and expected for a domain (`--expect FILE`).

    domain: example.test
    mx: [10 mx1, 20 mx2.isp.example]
    mx-ttl: 1h..1d
    backups: [mx2.isp.example]
    operators: [isp.example]
    providers: [Google]
    nameservers: [ns1, ns2.dns.example]
    migration:
      old: [10 mx1]
      new: [10 mx.new.example]
      cut-over: 2026-03-01T08:00Z
      old-ttl: 1d
      ttl-lowered: 2026-02-27T08:00Z
      keep-old-until: 2026-03-15

`domain` and one more key are needed. Other keys are read in `load_desired` (addresses, TLS, policies),
`load_migration` and `load_exemptions` (waivers).
"""

from collections.abc import Mapping

from ruamel.yaml.nodes import Node

from mxprobe.facts.approved import Approved
from mxprobe.facts.migration import ApprovedMx
from mxprobe.mx.providers import operators_named, provider_of
from mxprobe.scenario.cast import Cast
from mxprobe.scenario.document import Reader
from mxprobe.scenario.load_desired import DESIRED_KEYS, Desired
from mxprobe.scenario.load_exemptions import read_exemptions
from mxprobe.scenario.load_migration import read_items, read_migration, read_records
from mxprobe.scenario.small_file import open_file

_KEYS = (
    *("domain", "mx", "mx-ttl", "backups", "operators", "providers", "nameservers"),
    *DESIRED_KEYS,
    *("migration", "waive"),
)
_EMPTY = "the file is empty; it has to say domain, and at least one more, such as mx, providers, tls or dmarc"


def load_approved(data: bytes, path: str, rules: Mapping[str, str] | None = None) -> Approved:
    """What a file approves. Raises InputError, which names file, line, key and what would be right.

    `rules` are the codes of the rules by the words that may name them in a waiver; None: any code may.
    """
    reader, root = open_file(data, path, _EMPTY)
    return _Expected(reader, rules).read(root, path)


class _Expected:
    """One file as it is read; names without a dot belong to its domain.

    `lines` is where each key that was read stands, and each value of it.
    """

    def __init__(self, reader: Reader, rules: Mapping[str, str] | None) -> None:
        self.reader = reader
        self.cast = Cast(reader=reader)
        self.rules = rules
        self.lines: dict[str, int] = {}

    def read(self, root: Node, path: str) -> Approved:
        """The whole file."""
        entries = self.reader.entries(root, _KEYS, "what is approved")
        self.cast.domain = self.cast.name(self.reader.require(root, entries, "domain", "what is approved"))
        if len(entries) == 1:
            self.reader.document.refuse(root, f"the file approves nothing: {', '.join(_KEYS[1:])} are missing")
        self.lines = {key: self.reader.line(self.reader.key(root, key)) for key in entries}
        mx = self._listed(entries["mx"]) if "mx" in entries else None
        migration = read_migration(self.cast, entries["migration"]) if "migration" in entries else None
        moving = (*migration.old, *migration.new) if migration is not None else ()
        known = None if mx is None else {record.host for record in (*mx, *moving)} - {"."}
        desired = Desired(self.reader, self.cast, known, self.lines)
        return Approved(
            path=path,
            domain=self.cast.domain,
            mx=mx,
            mx_ttl=desired.span(entries["mx-ttl"]) if "mx-ttl" in entries else None,
            backups=self._backups(entries["backups"], mx) if "backups" in entries else (),
            operators=self._names(entries["operators"], "`operators`") if "operators" in entries else None,
            providers=self._providers(entries["providers"], mx) if "providers" in entries else None,
            nameservers=self._nameservers(entries["nameservers"]) if "nameservers" in entries else None,
            migration=migration,
            exemptions=read_exemptions(self.reader, self.cast, entries["waive"], self.rules)
            if "waive" in entries
            else (),
            **desired.read(entries),
            lines=self.lines,
        )

    def _listed(self, node: Node) -> tuple[ApprovedMx, ...]:
        """The MX records of `mx`, each with its line."""
        records = read_records(self.cast, node, "`mx`")
        for item in self.reader.items(node, "`mx`"):
            self.lines[f"mx {self.cast.mx_record(item)[1]}"] = self.reader.line(item)
        return records

    def _backups(self, node: Node, mx: tuple[ApprovedMx, ...] | None) -> tuple[str, ...]:
        """Hosts that stand behind others; those of `mx` are told by their preference."""
        items = read_items(self.reader, node, "`backups`")
        if not items:
            self.reader.document.refuse(node, "`backups` names nobody", hint="Without backups the key is left out.")
        found = dict[str, None]()
        for item in items:
            host = self.cast.complete(item)
            preferences = {record.host: record.preference for record in mx or ()}
            if mx is not None and host not in preferences:
                self.reader.document.refuse(item, f"`mx` does not list the backup {host}")
            if mx is not None and preferences[host] == min(preferences.values()):
                self.reader.document.refuse(
                    item, f"{host} has the best preference in `mx` (lower is tried first), and so is no backup"
                )
            self.lines.setdefault(f"backups {host}", self.reader.line(item))
            found[host] = None
        return tuple(found)

    def _providers(self, node: Node, mx: tuple[ApprovedMx, ...] | None) -> tuple[str, ...]:
        """Names of the table, in whatever case they are written; `mx` has a host of each."""
        known = {name.lower(): name for name in operators_named()}
        found = dict[str, None]()
        for item in read_items(self.reader, node, "`providers`"):
            word = self.reader.text(item)
            if word.lower() not in known:
                self.reader.document.refuse_unknown(item, word, known.values(), "provider")
            name = known[word.lower()]
            if mx is not None and all(provider_of(record.host) != name for record in mx):
                self.reader.document.refuse(item, f"no host of `mx` is one of {name}")
            self.lines.setdefault(f"providers {name}", self.reader.line(item))
            found[name] = None
        if not found:
            self.reader.document.refuse(node, "`providers` names nobody", hint="Without providers the key is left out.")
        return tuple(found)

    def _nameservers(self, node: Node) -> tuple[str, ...]:
        names = self._names(node, "`nameservers`")
        if not names:
            hint = "Without name servers the key is left out."
            self.reader.document.refuse(node, "`nameservers` names nobody, and no zone is without", hint=hint)
        return names

    def _names(self, node: Node, what: str) -> tuple[str, ...]:
        found = dict[str, None]()
        for item in read_items(self.reader, node, what):
            name = self.cast.complete(item)
            self.lines.setdefault(f"{what.strip('`')} {name}", self.reader.line(item))
            found[name] = None
        return tuple(found)
