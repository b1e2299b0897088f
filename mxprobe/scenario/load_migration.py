"""Reads the plan of a migration: a file of its own (`--migration FILE`), or a part of that of `--expect`.

    domain: example.test
    old: [10 mx1, 20 mx2]
    new: [10 mx.new.example, 20 mx2]
    cut-over: 2026-03-01T08:00Z
    old-ttl: 1d
    ttl: 5m
    ttl-lowered: 2026-02-27T08:00Z
    sts-published: 2026-02-27T08:00Z
    keep-old-until: 2026-03-15
    addresses: {mx2: [192.0.2.7]}

`old`, `new`, `cut-over` and `old-ttl` are needed, and `domain` in a file of its own.
"""

import ipaddress
from collections.abc import Mapping

from ruamel.yaml.nodes import Node

from mxprobe.facts.migration import LOW_TTL, ApprovedMx, Migration, NewAddresses
from mxprobe.scenario.cast import Cast
from mxprobe.scenario.document import Reader
from mxprobe.scenario.small_file import open_file, read_moment

MOST_HOSTS = 32
_LONGEST_TTL = 0x7FFFFFFF
_NEEDED = ("old", "new", "cut-over", "old-ttl")
KEYS = (*_NEEDED, "ttl", "ttl-lowered", "sts-published", "keep-old-until", "addresses")
_EMPTY = f"the file is empty; it has to say domain, {', '.join(_NEEDED[:-1])} and {_NEEDED[-1]}"


def load_migration(data: bytes, path: str) -> Migration:
    """The plan of a file. Raises InputError, which names file, line, key and what would be right."""
    reader, root = open_file(data, path, _EMPTY)
    entries = reader.entries(root, ("domain", *KEYS), "the plan")
    cast = Cast(reader=reader)
    cast.domain = cast.name(reader.require(root, entries, "domain", "the plan"))
    return _read(cast, root, entries, (path, cast.domain))


def read_migration(cast: Cast, node: Node) -> Migration:
    """The plan that is a part of another file, whose domain `cast` has."""
    return _read(cast, node, cast.reader.entries(node, KEYS, "a migration"), ("", ""))


def _read(cast: Cast, node: Node, entries: Mapping[str, Node], whose: tuple[str, str]) -> Migration:
    """The plan; `whose` are the file that is nothing else, and the domain that it names."""
    reader = cast.reader
    what = "the plan" if whose[0] else "the migration"
    old, new, cut_over, old_ttl = (reader.require(node, entries, key, what) for key in _NEEDED)
    longest = _read_ttl(reader, old_ttl)
    plan = Migration(
        old=read_records(cast, old, "`old`"),
        new=read_records(cast, new, "`new`"),
        cut_over=read_moment(reader, cut_over),
        old_ttl=longest,
        ttl_lowered=_moment_of(reader, entries, "ttl-lowered"),
        keep_old_until=_moment_of(reader, entries, "keep-old-until"),
        ttl=_read_ttl(reader, entries["ttl"]) if "ttl" in entries else min(LOW_TTL, longest),
        sts_published=_moment_of(reader, entries, "sts-published"),
        addresses=_read_addresses(cast, entries["addresses"]) if "addresses" in entries else (),
        path=whose[0],
        domain=whose[1],
    )
    _check(cast, plan, entries)
    return plan


def _check(cast: Cast, plan: Migration, entries: Mapping[str, Node]) -> None:
    """Refuse what cannot be carried out in the order of time."""
    refuse = cast.reader.document.refuse
    if plan.old == plan.new and not plan.addresses:
        refuse(entries["new"], "`new` is the same as `old`, and no host gets other `addresses`: nothing migrates")
    if plan.ttl > plan.old_ttl:
        refuse(entries["ttl"], "`ttl` is that of the cut-over, and not longer than `old-ttl`")
    if plan.ttl_lowered is not None and plan.ttl_lowered > plan.cut_over:
        refuse(entries["ttl-lowered"], "the TTL is lowered before the cut-over, not after it")
    if plan.keep_old_until is not None and plan.keep_old_until < plan.cut_over:
        refuse(entries["keep-old-until"], "the old hosts are kept until after the cut-over")
    staying = {record.host for record in plan.old} & {record.host for record in plan.new}
    keys = {cast.complete(key): key for key in _keys(entries.get("addresses"))}
    for moved in plan.addresses:
        if moved.host not in staying:
            known = ", ".join(sorted(staying)) or "none"
            says = f"{moved.host} is not in `old` and in `new`: only a host that keeps its name gets other addresses"
            refuse(keys[moved.host], says, hint=f"Hosts of both: {known}.")


def _keys(node: Node | None) -> tuple[Node, ...]:
    return () if node is None else tuple(key for key, _ in node.value)


def _read_addresses(cast: Cast, node: Node) -> tuple[NewAddresses, ...]:
    """`{mx2: [192.0.2.7, "2001:db8::7"]}`."""
    reader, found = cast.reader, dict[str, NewAddresses]()
    reader.entries(node, None, "`addresses`")
    if len(node.value) > MOST_HOSTS:
        reader.document.refuse(node, f"`addresses` has {len(node.value)} hosts; {MOST_HOSTS} is the most")
    for key, value in node.value:
        host = cast.complete(key)
        if host in found:
            reader.document.refuse(key, f"{host} stands in `addresses` a second time")
        addresses = tuple(dict.fromkeys(read_address(reader, item) for item in reader.one_or_more(value)))
        if not 0 < len(addresses) <= MOST_HOSTS:
            reader.document.refuse(value, f"a host gets one to {MOST_HOSTS} addresses: [192.0.2.7]")
        found[host] = NewAddresses(host=host, addresses=addresses)
    return tuple(sorted(found.values()))


def read_address(reader: Reader, node: Node) -> str:
    """An address as the DNS can hold it, in its canonical text."""
    word = reader.text(node)
    try:
        if "%" not in word:
            return str(ipaddress.ip_address(word))
    except ValueError:
        pass
    reader.document.refuse(node, f"`{word}` is no IP address", hint='Right is 192.0.2.7, or "2001:db8::7".')


def read_items(reader: Reader, node: Node, what: str) -> tuple[Node, ...]:
    """The members of a list that is not too long."""
    items = reader.items(node, what)
    if len(items) > MOST_HOSTS:
        reader.document.refuse(node, f"{what} has {len(items)} entries; {MOST_HOSTS} is the most")
    return items


def read_records(cast: Cast, node: Node, what: str) -> tuple[ApprovedMx, ...]:
    """MX records; a null MX stands alone."""
    found = dict[str, ApprovedMx]()
    for item in read_items(cast.reader, node, what):
        preference, host = cast.mx_record(item)
        if host in found:
            cast.reader.document.refuse(item, f"{host} stands in {what} a second time")
        found[host] = ApprovedMx(preference=preference, host=host)
    if "." in found and len(found) > 1:
        cast.reader.document.refuse(node, "a null MX has no other record beside it (RFC 7505 §3)")
    return tuple(sorted(found.values()))


def _read_ttl(reader: Reader, node: Node) -> int:
    seconds = reader.duration(node)
    if not 0 <= seconds <= _LONGEST_TTL:
        reader.document.refuse(node, "no TTL is that long (RFC 2181 §8)")
    return round(seconds)


def _moment_of(reader: Reader, entries: Mapping[str, Node], key: str) -> float | None:
    return read_moment(reader, entries[key]) if key in entries else None
