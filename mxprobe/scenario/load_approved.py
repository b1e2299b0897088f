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

`domain` and one more key are needed; of `migration`, `old`, `new`, `cut-over` and `old-ttl`. The other keys are read in
`load_desired` (addresses, TLS, policies) and `load_exemptions` (waivers).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from ruamel.yaml.nodes import Node

from mxprobe.errors import InputError, Place
from mxprobe.facts.approved import Approved
from mxprobe.facts.migration import ApprovedMx, Migration
from mxprobe.mx.providernames import provider_named, provider_names
from mxprobe.scenario.cast import Cast
from mxprobe.scenario.document import Reader, read_document
from mxprobe.scenario.load_desired import DESIRED_KEYS, Desired
from mxprobe.scenario.load_exemptions import read_exemptions

MOST_OCTETS = 65536
"""A file of more octets says something else."""

_MOST_HOSTS = 32
_KEYS = (
    *("domain", "mx", "mx-ttl", "backups", "operators", "providers", "nameservers"),
    *DESIRED_KEYS,
    *("migration", "waive"),
)
_MIGRATION_KEYS = ("old", "new", "cut-over", "old-ttl", "ttl-lowered", "keep-old-until")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?")
_RIGHT = "Right is a day, or a time with its zone: 2026-03-01, 2026-03-01T08:00Z, 2026-03-01T10:00+02:00."
_EMPTY = "the file is empty; it has to say domain, and at least one more, such as mx, providers, tls or dmarc"


def load_approved(data: bytes, path: str, rules: Mapping[str, str] | None = None) -> Approved:
    """What a file approves. Raises InputError, which names file, line, key and what would be right.

    `rules` are the codes of the rules by the words that may name them in a waiver; None: any code may.
    """
    if len(data) > MOST_OCTETS:
        raise InputError(f"the file has more than {MOST_OCTETS} octets", place=Place(path))
    try:
        document, root = read_document(data.decode("utf-8-sig"), path, empty=_EMPTY)
    except UnicodeDecodeError as error:
        raise InputError(f"the file is not UTF-8 (byte {error.start + 1})", place=Place(path)) from error
    except RecursionError as error:
        raise InputError("not YAML that anybody can read: too many brackets in brackets", place=Place(path)) from error
    return _Expected(Reader(document), rules).read(root, path)


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
        migration = self._migration(entries["migration"]) if "migration" in entries else None
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
            nameservers=self._names(entries["nameservers"], "`nameservers`") if "nameservers" in entries else None,
            migration=migration,
            exemptions=read_exemptions(self.reader, self.cast, entries["waive"], self.rules)
            if "waive" in entries
            else (),
            **desired.read(entries),
            lines=self.lines,
        )

    def _listed(self, node: Node) -> tuple[ApprovedMx, ...]:
        """The MX records of `mx`, each with its line."""
        records = self._records(node, "`mx`")
        for item in self.reader.items(node, "`mx`"):
            self.lines[f"mx {self.cast.mx_record(item)[1]}"] = self.reader.line(item)
        return records

    def _backups(self, node: Node, mx: tuple[ApprovedMx, ...] | None) -> tuple[str, ...]:
        """Hosts that stand behind others; those of `mx` are told by their preference."""
        items = self._items(node, "`backups`")
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
        known = {name.lower(): name for name in provider_names()}
        found = dict[str, None]()
        for item in self._items(node, "`providers`"):
            word = self.reader.text(item)
            if word.lower() not in known:
                self.reader.document.refuse_unknown(item, word, known.values(), "provider")
            name = known[word.lower()]
            if mx is not None and all(provider_named(record.host) != name for record in mx):
                self.reader.document.refuse(item, f"no host of `mx` is one of {name}")
            self.lines.setdefault(f"providers {name}", self.reader.line(item))
            found[name] = None
        if not found:
            self.reader.document.refuse(node, "`providers` names nobody", hint="Without providers the key is left out.")
        return tuple(found)

    def _items(self, node: Node, what: str) -> tuple[Node, ...]:
        items = self.reader.items(node, what)
        if len(items) > _MOST_HOSTS:
            self.reader.document.refuse(node, f"{what} has {len(items)} entries; {_MOST_HOSTS} is the most")
        return items

    def _records(self, node: Node, what: str) -> tuple[ApprovedMx, ...]:
        """MX records; a null MX stands alone."""
        found = dict[str, ApprovedMx]()
        for item in self._items(node, what):
            preference, host = self.cast.mx_record(item)
            if host in found:
                self.reader.document.refuse(item, f"{host} stands in {what} a second time")
            found[host] = ApprovedMx(preference=preference, host=host)
        if "." in found and len(found) > 1:
            self.reader.document.refuse(node, "a null MX has no other record beside it (RFC 7505 §3)")
        return tuple(sorted(found.values()))

    def _names(self, node: Node, what: str) -> tuple[str, ...]:
        found = dict[str, None]()
        for item in self._items(node, what):
            name = self.cast.complete(item)
            self.lines.setdefault(f"{what.strip('`')} {name}", self.reader.line(item))
            found[name] = None
        return tuple(found)

    # -- the migration ------------------------------------------------------------------------------------------------

    def _migration(self, node: Node) -> Migration:
        entries = self.reader.entries(node, _MIGRATION_KEYS, "a migration")
        old, new, cut_over, old_ttl = (
            self.reader.require(node, entries, key, "the migration") for key in _MIGRATION_KEYS[:4]
        )
        plan = Migration(
            old=self._records(old, "`old`"),
            new=self._records(new, "`new`"),
            cut_over=self._moment(cut_over),
            old_ttl=self._ttl(old_ttl),
            ttl_lowered=self._moment_of(entries, "ttl-lowered"),
            keep_old_until=self._moment_of(entries, "keep-old-until"),
        )
        if plan.old == plan.new:
            self.reader.document.refuse(new, "`new` is the same as `old`: nothing migrates")
        if plan.ttl_lowered is not None and plan.ttl_lowered > plan.cut_over:
            self.reader.document.refuse(entries["ttl-lowered"], "the TTL is lowered before the cut-over, not after it")
        if plan.keep_old_until is not None and plan.keep_old_until < plan.cut_over:
            self.reader.document.refuse(entries["keep-old-until"], "the old hosts are kept until after the cut-over")
        return plan

    def _ttl(self, node: Node) -> int:
        seconds = self.reader.duration(node)
        if not 0 <= seconds <= 0x7FFFFFFF:
            self.reader.document.refuse(node, "no TTL is that long (RFC 2181 §8)")
        return round(seconds)

    def _moment_of(self, entries: Mapping[str, Node], key: str) -> float | None:
        return self._moment(entries[key]) if key in entries else None

    def _moment(self, node: Node) -> float:
        """Seconds since 1970 UTC; a day alone begins at midnight UTC."""
        word = self.reader.text(node)
        if not _MOMENT.fullmatch(word):
            self.reader.document.refuse(node, f"`{word}` is no moment", hint=_RIGHT)
        try:
            moment = datetime.fromisoformat(word)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            self.reader.document.refuse(node, f"there is no such moment as `{word}`", hint=_RIGHT)
