"""An MX record names something that cannot be the name of a host.

What it sees. A label with other characters than letters, digits and hyphens, or one that begins or ends with a hyphen;
a name of more than 253 octets. An underscore alone is a warning where the host has an address: some senders take it.
Why it matters. Senders and resolvers that check names refuse it; certificates cannot bear it.
Example. A space was typed:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    example.test MX 20 mail\\032server.example.test
    mail\\032server.example.test NXDOMAIN
What to do. Rename the host, and let the MX record name it as it is.
Standards. RFC 5321 §2.3.5; RFC 1123 §2.1.
"""

import re
from functools import lru_cache

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.names import is_address
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.chain.reading import NO_ANSWER, line_of, named_hosts, records_of
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX111",
    name="mx-target-invalid-hostname",
    severity=Severity.ERROR,
    covers=("MX201", "MX202", "MX203"),
    references=("RFC 5321 §2.3.5", "RFC 1123 §2.1"),
)

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_SPLIT = re.compile(r"(?:\\.|[^.\\])+")
_MOST_SHOWN = 40
_NAMES = 1024
"""Names that are remembered: many domains have hosts in common."""


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such name; a name with underscores alone that has no address is told by that."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    reached = {host.name for host in chain_of(snapshot).hosts}
    found = []
    for name, record in named_hosts(records).items():
        why = _what_is_wrong(name)
        if not why or is_address(name):
            continue
        underscores = not _what_is_wrong(name.replace("_", "x"))
        if underscores and name not in reached:
            continue
        words = Words(
            says=f"the MX host {_short(name)} has no name that a host may have: {why}",
            seen=(line_of(record),),
            means="Some senders refuse it." if underscores else "Many senders cannot look it up, or refuse it.",
            do="Rename the host, and let the MX record name it.",
        )
        found.append(finding(RULE, name, words, Severity.WARNING if underscores else None))
    return conclude(RULE, found)


@lru_cache(maxsize=_NAMES)
def _what_is_wrong(name: str) -> str:
    """What no host's name may have; empty: nothing."""
    labels = _SPLIT.findall(name)
    bad = next((label for label in labels if _LABEL.fullmatch(label) is None), None)
    if bad is not None:
        return f"the label {_short(bad)}"
    return f"it has {len(name)} octets, 253 is the most" if len(name) > 253 else ""


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
