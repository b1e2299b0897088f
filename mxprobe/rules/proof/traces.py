"""Whose name stands where in the trace of a copy: of a host of the chain, or of one behind the primary.

A host may stamp messages with another name than its MX record has. Standards: RFC 5321 §4.4 (Received), RFC 8601 §2.5
(the names of those who note results), RFC 7208 §2.4 (whose record counts).
"""

import re
from collections.abc import Iterable

from mxprobe.facts.proof import Copy, Hop, Proof
from mxprobe.mx.authres import Noted, results_for
from mxprobe.mx.proving import names_of
from mxprobe.rules.proof.reading import known_routes, over_primaries

_APART = re.compile(r"[\s\[\]()<>,;=\"'/]+")


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether one of these names or addresses stands in a text as a whole word."""
    words = {word.removeprefix("ipv6:").strip(".:") for word in _APART.split(text.lower())}
    words |= {word.rpartition(":")[0] for word in words if word.count(":") == 1}
    return not words.isdisjoint(names)


def came_from(hop: Hop, names: Iterable[str]) -> bool:
    """Whether a host of these names gave the message to who wrote the line."""
    wanted = frozenset(names)
    return mentions(hop.source, wanted) or mentions(hop.client, wanted)


def names_in_traces(proof: Proof, host: str) -> frozenset[str]:
    """The names by which a trace calls a host: its own, its addresses, and what it called itself to us."""
    copies = (copy for route in known_routes(proof) if route.via == host for copy in route.copies)
    return names_of(proof, host) | {name for copy in copies if (name := _own_name(copy, proof))}


def chain_names(proof: Proof) -> frozenset[str]:
    """The names of all hosts of the chain."""
    return frozenset(name for _, host in proof.chain for name in names_in_traces(proof, host))


def home_names(proof: Proof) -> frozenset[str]:
    """The names of the primaries, and of the hosts behind them by which straight copies came."""
    straight = (copy for route in over_primaries(proof) for copy in route.copies)
    behind = {hop.by.lower() for copy in straight for hop in copy.hops if hop.by}
    primaries = {name for host in proof.primaries for name in names_in_traces(proof, host)}
    return frozenset((behind | primaries) - _worse_names(proof))


def backup_names(proof: Proof) -> frozenset[str]:
    """The names of the hosts of worse preferences alone."""
    worse = {host for _, host in proof.chain if not proof.is_primary(host)}
    return frozenset(name for host in worse for name in names_in_traces(proof, host)) - home_names(proof)


def sender_domain(proof: Proof) -> str:
    """The domain whose SPF record counts: the envelope sender's, or that of EHLO where the sender is null."""
    return (proof.mail_from.rpartition("@")[2] or proof.helo).lower()


def spf_in(copy: Copy, proof: Proof) -> dict[str, Noted]:
    """What each host noted last of SPF for the messages' sender, by its name; the name is empty where it gave none."""
    results = results_for(copy.notes, "spf", sender_domain(proof))
    return {one.by: one for one in reversed(results)}


def _worse_names(proof: Proof) -> frozenset[str]:
    return frozenset(name for _, host in proof.chain if not proof.is_primary(host) for name in names_of(proof, host))


def _own_name(copy: Copy, proof: Proof) -> str:
    """What the host that we handed a message to called itself; empty where the oldest line is not about us."""
    if not copy.hops or not proof.helo:
        return ""
    first, helo = copy.hops[0], proof.helo.lower()
    is_ours = first.source.lower() == helo or re.search(rf"\bhelo={re.escape(helo)}(?![\w.-])", first.raw.lower())
    return first.by.lower() if is_ours else ""
