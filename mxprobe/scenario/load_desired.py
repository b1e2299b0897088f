"""Reads what an operator expects of hosts and policies, keys of the file of `--expect` (see `load_approved`).

addresses: {mx1: [192.0.2.1, 2001:db8::1]}
tls: {minimum: 1.2, verified: true, hosts: {mx2.isp.example: {minimum: 1.0, verified: false}}}
dane: required
mta-sts: enforce
tlsrpt: present
dnssec: signed
spf: fail
dmarc: reject
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from mxprobe.facts.approved import (
    Span,
    TlsFloor,
    WantedAddresses,
    WantedDane,
    WantedDmarc,
    WantedMode,
    WantedReports,
    WantedSigning,
    WantedSpf,
    WantedTls,
)
from mxprobe.scenario.cast import Cast
from mxprobe.scenario.document import Reader
from mxprobe.scenario.load_migration import read_address

Word = TypeVar("Word", bound=StrEnum)

_MOST = 32
_LONGEST_TTL = 0x7FFFFFFF
_TLS_KEYS = ("minimum", "verified")
_WORDS: Mapping[str, type[StrEnum]] = {
    "dane": WantedDane,
    "mta-sts": WantedMode,
    "tlsrpt": WantedReports,
    "dnssec": WantedSigning,
    "spf": WantedSpf,
    "dmarc": WantedDmarc,
}
DESIRED_KEYS = ("addresses", "tls", *_WORDS)
"""The keys that are read here."""


class Desired:
    """Those parts of one file. `known` are the hosts that may be named (None: any), `lines` is added to."""

    def __init__(self, reader: Reader, cast: Cast, known: set[str] | None, lines: dict[str, int]) -> None:
        self.reader, self.cast, self.known, self.lines = reader, cast, known, lines
        self.refuse = reader.document.refuse

    def read(self, entries: Mapping[str, Node]) -> dict[str, Any]:
        """The fields of what is approved that these keys fill."""
        found: dict[str, Any] = {}
        if "addresses" in entries:
            found["addresses"] = self._addresses(entries["addresses"])
        if "tls" in entries:
            found["tls"] = self._tls(entries["tls"])
        for key, words in _WORDS.items():
            if key in entries:
                found[key.replace("-", "_")] = self._word(entries[key], words, key)
        if found.get("dane") is WantedDane.REQUIRED and found.get("dnssec") is WantedSigning.UNSIGNED:
            self.refuse(entries["dane"], "DANE needs signed MX records, and `dnssec` says unsigned (RFC 7672 §2.2.1)")
        return found

    def span(self, node: Node) -> Span:
        """A TTL, or a range of TTLs: 1h, 1h..1d."""
        word = self.reader.text(node)
        parts = word.split("..")
        if not 1 <= len(parts) <= 2 or not all(parts):
            self.refuse(
                node, f"`{word}` is no range of TTLs", hint="Right is a TTL, or two with .. between: 1h, 1h..1d."
            )
        if len(parts) == 1:
            seconds = self._seconds(node, word)
            return Span(least=seconds, most=seconds)
        least, most = (self._seconds(node, part.strip()) for part in parts)
        if least > most:
            self.refuse(node, f"`{word}` ends before it begins")
        return Span(least=least, most=most)

    def _seconds(self, node: Node, word: str) -> int:
        seconds = self.reader.duration(_with_value(node, word))
        if not 0 <= seconds <= _LONGEST_TTL:
            self.refuse(node, "no TTL is that long (RFC 2181 §8)")
        return round(seconds)

    def _word(self, node: Node, words: type[Word], key: str) -> Word:
        return self.reader.choice(node, {word.value: word for word in words}, f"value of `{key}`")

    def _host(self, key: Node) -> str:
        """A host that may be named, by a key of a mapping."""
        host = self.cast.complete(key)
        if self.known is not None and host not in self.known:
            self.refuse(key, f"`mx` does not list {host}")
        return host

    def _hosts(self, node: Node, what: str) -> list[tuple[str, Node]]:
        """What is said of hosts, by their names; no host is named twice."""
        entries = self.reader.entries(node, None, what)
        if not entries or len(entries) > _MOST:
            self.refuse(node, f"{what} names from 1 to {_MOST} hosts, not {len(entries)}")
        found: list[tuple[str, Node]] = []
        for key, value in node.value if isinstance(node, MappingNode) else ():
            host = self._host(key)
            if host in dict(found):
                self.refuse(key, f"{host} stands here a second time")
            self.lines[f"{what.strip('`')} {host}"] = self.reader.line(key)
            found.append((host, value))
        return found

    # -- addresses ----------------------------------------------------------------------------------------------------

    def _addresses(self, node: Node) -> tuple[WantedAddresses, ...]:
        return tuple(
            WantedAddresses(host=host, addresses=self._list(value, host))
            for host, value in self._hosts(node, "`addresses`")
        )

    def _list(self, node: Node, host: str) -> tuple[str, ...]:
        items = self.reader.one_or_more(node)
        if not items or len(items) > _MOST:
            self.refuse(node, f"a host has from 1 to {_MOST} addresses, not {len(items)}")
        found = dict[str, None]()
        for item in items:
            address = read_address(self.reader, item)
            if address in found:
                self.refuse(item, f"{address} stands here a second time")
            self.lines[f"addresses {host} {address}"] = self.reader.line(item)
            found[address] = None
        return tuple(found)

    # -- TLS ----------------------------------------------------------------------------------------------------------

    def _tls(self, node: Node) -> tuple[WantedTls, ...]:
        entries = self.reader.entries(node, (*_TLS_KEYS, "hosts"), "`tls`")
        if not entries:
            self.refuse(node, "`tls` expects nothing: minimum, verified or hosts is missing")
        of_all = self._wanted(node, entries, "")
        found = [of_all] if of_all.minimum is not None or of_all.verified is not None else []
        for host, value in self._hosts(entries["hosts"], "`tls.hosts`") if "hosts" in entries else ():
            said = self.reader.entries(value, _TLS_KEYS, f"what is expected of TLS at {host}")
            if not said:
                self.refuse(value, f"nothing is expected of TLS at {host}: minimum or verified is missing")
            found.append(self._wanted(value, said, host))
        return tuple(found)

    def _wanted(self, node: Node, entries: Mapping[str, Node], host: str) -> WantedTls:
        prefix = f"tls {host} " if host else "tls "
        for key in _TLS_KEYS:
            if key in entries:
                self.lines[f"{prefix}{key}"] = self.reader.line(self.reader.key(node, key))
        minimum = self._word(entries["minimum"], TlsFloor, "minimum") if "minimum" in entries else None
        verified = self.reader.truth(entries["verified"]) if "verified" in entries else None
        if minimum is TlsFloor.NONE and verified:
            self.refuse(entries["verified"], "a host without TLS shows no certificate to verify: `minimum` says none")
        return WantedTls(host=host, minimum=minimum, verified=verified)


def _with_value(node: Node, word: str) -> Node:
    """The node as if it said a part of its text, so that what is wrong in it is shown at its place."""
    return ScalarNode(node.tag, word, node.start_mark, node.end_mark)
