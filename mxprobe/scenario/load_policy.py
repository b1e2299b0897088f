"""Reads the MTA-STS policy that a story's domain publishes, at its start or in a step. Standards: RFC 8461 §3.2."""

from ruamel.yaml.nodes import Node

from mxprobe.mx.mtasts import LONGEST_AGE, Mode, Policy
from mxprobe.scenario.cast import Cast

_KEYS = ("mode", "mx", "max_age")
_WEEK = 604800


def read_policy(cast: Cast, node: Node) -> Policy:
    """`{mode: enforce, mx: [mx1, "*.backup.test"], max_age: 7d}`; the age is a week unless said."""
    reader = cast.reader
    entries = reader.entries(node, _KEYS, "`mta-sts`")
    modes = {mode.value: mode for mode in Mode}
    mode = reader.choice(reader.require(node, entries, "mode", "the policy"), modes, "mode")
    mx = tuple(_pattern(cast, item) for item in reader.items(entries["mx"], "`mx`")) if "mx" in entries else ()
    if not mx and mode is not Mode.NONE:
        reader.document.refuse(node, "a policy names the hosts that it allows: mx: [mx1, mx2]")
    age = round(reader.duration(entries["max_age"])) if "max_age" in entries else _WEEK
    if age > LONGEST_AGE:
        reader.document.refuse(entries["max_age"], "a policy can be kept for a year at most (RFC 8461 §3.2)")
    return Policy(mode=mode, mx=mx, max_age=age)


def _pattern(cast: Cast, node: Node) -> str:
    """A host name, or one behind `*.`; it may name a host that does not exist, as policies do."""
    word = cast.reader.text(node)
    if not word.startswith("*."):
        return cast.complete(node)
    rest = type(node)(node.tag, word.removeprefix("*."), node.start_mark, node.end_mark)
    return f"*.{cast.name(rest)}"
