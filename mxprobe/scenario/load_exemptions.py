"""Reads `waive` of the file of `--expect`: which findings are let be, about which hosts, because of what, until when.

waive:
  - {rule: MX302, because: the second host comes in spring (OPS-412), until: 2027-03-31}
  - rule: cert-name-mismatch
    host: mx2.isp.example
    because: the provider renews in January
    until: 2027-01-31
"""

import re
from collections.abc import Mapping
from datetime import date

from ruamel.yaml.nodes import Node

from mxprobe.facts.approved import Exemption
from mxprobe.scenario.cast import Cast
from mxprobe.scenario.document import Reader

NEVER = ("MX535", "MX536")
"""What says that a waiver has ended, or is not needed, is not waived."""

_MOST = 100
_KEYS = ("rule", "host", "because", "until")
_NEEDED = ("rule", "because", "until")
_CODE = re.compile(r"MX[0-9]{3}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_exemptions(reader: Reader, cast: Cast, node: Node, rules: Mapping[str, str] | None) -> tuple[Exemption, ...]:
    """Every waiver. `rules` are codes by the words that name them; None: any code is one."""
    items = reader.items(node, "`waive`")
    if len(items) > _MOST:
        reader.document.refuse(node, f"`waive` has {len(items)} entries; {_MOST} is the most")
    found: dict[tuple[str, tuple[str, ...]], Exemption] = {}
    for item in items:
        one = _read(reader, cast, item, rules)
        first = found.setdefault((one.rule, one.hosts), one)
        if first is not one:
            reader.document.refuse(item, f"{one.rule} is waived already, on line {first.line}")
    return tuple(found.values())


def _read(reader: Reader, cast: Cast, node: Node, rules: Mapping[str, str] | None) -> Exemption:
    entries = reader.entries(node, _KEYS, "a waiver")
    for key in _NEEDED:
        reader.require(node, entries, key, "the waiver")
    because = " ".join(reader.text(entries["because"]).split())
    if not because:
        reader.document.refuse(entries["because"], "a waiver says why")
    hosts = reader.one_or_more(entries["host"]) if "host" in entries else ()
    if "host" in entries and not hosts:
        reader.document.refuse(
            entries["host"], "`host` names nobody", hint="Without `host` the rule is waived for all."
        )
    return Exemption(
        rule=_rule(reader, entries["rule"], rules),
        hosts=tuple(sorted({cast.complete(host) for host in hosts})),
        because=because,
        until=_day(reader, entries["until"]),
        line=reader.line(node),
    )


def _rule(reader: Reader, node: Node, rules: Mapping[str, str] | None) -> str:
    word = reader.text(node)
    code = word.upper() if rules is None else rules.get(word.upper(), rules.get(word.lower(), ""))
    if not _CODE.fullmatch(code):
        reader.document.refuse_unknown(node, word, rules or (), "rule")
    if code in NEVER:
        reader.document.refuse(node, f"{code} tells how waivers stand, and cannot be waived")
    return code


def _day(reader: Reader, node: Node) -> str:
    word = reader.text(node)
    try:
        if _DAY.fullmatch(word):
            return date.fromisoformat(word).isoformat()
    except ValueError:
        pass
    reader.document.refuse(node, f"`{word}` is no day: year, month and day, as in 2027-03-31")
