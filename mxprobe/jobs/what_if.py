"""Answers a what-if over a saved probe: these parts down, in these ways. Touches no network, prints nothing."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from mxprobe.errors import InputError, Place
from mxprobe.facts.session import Endpoint
from mxprobe.jobs.look import Look
from mxprobe.jobs.look_again import look_again
from mxprobe.mx.whatif import (
    UNKNOWN_ADDRESS,
    CaseKind,
    Chain,
    Down,
    chain_today,
    family_down,
    forecast_chain,
    hosts_down,
    parts_of,
)
from mxprobe.scenario.fault_words import read_way

_FAMILIES = {"v4": 4, "v6": 6}


def what_if(path: str | Path, down: Sequence[str] = (), faults: Sequence[str] = (), domain: str | None = None) -> Look:
    """The forecast of a saved probe for what a person names, in place of every case.

    Each of `down` is one case: parts of the chain that fail together, joined by commas. A part is a host (short or full
    name), one address or family of it (mx1/192.0.2.1, mx1/v6), a preference (10), or a family everywhere (v4, v6);
    without any, each host fails alone. `faults` are ways of failing in words ("reply 554 at banner"); without any, the
    usual ones. `domain`: whose line it is in results of a survey. Raises InputError for a file that is no saved probe,
    for one without a chain, and for words that name nothing.
    """
    seen = look_again(path, domain)
    if not isinstance(seen, Look):
        what = "saved runs have" if isinstance(seen, tuple) else "a proof has"
        raise InputError(f"{what} no chain to ask about; a saved probe has", place=Place(str(path)))
    chain = chain_today(seen.snapshot)
    if chain is None:
        raise InputError(f"{seen.snapshot.domain} had no MX host to go down", place=Place(str(path)))
    ways = tuple(read_way(text) for text in faults) or None
    parts = tuple(read_down(text, chain) for text in down) or tuple(_hosts(chain))
    forecast = forecast_chain(chain, parts, ways)
    return replace(seen, judgements=(), forecast=forecast, chosen=True)


def _hosts(chain: Chain) -> list[Down]:
    return [part for part in parts_of(chain) if part.kind is CaseKind.HOST]


def read_down(text: str, chain: Chain) -> Down:
    """The part of the chain that a word means, or several with commas. Raises InputError naming what there is."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise _refusal(text, chain, "names nothing")
    parts = [_read_part(word, chain) for word in words]
    if len(parts) == 1:
        return parts[0]
    endpoints = [endpoint for endpoint in chain.endpoints if any(endpoint in part.endpoints for part in parts)]
    hosts = tuple(dict.fromkeys(endpoint.host for endpoint in endpoints))
    return Down(kind=CaseKind.CHOSEN, hosts=hosts, endpoints=tuple(endpoints), asked=" and ".join(words))


def _read_part(word: str, chain: Chain) -> Down:
    """A host or a part of it, a preference, or a family."""
    lower = word.lower().rstrip(".")
    name, slash, address = lower.partition("/")
    hosts = _named(name, chain)
    if len(hosts) > 1:
        raise _refusal(word, chain, f"means {' and '.join(hosts)} alike")
    if hosts and not slash:
        return hosts_down(chain, CaseKind.HOST, hosts)
    if hosts:
        return _part_of_host(word, hosts[0], address, chain)
    if lower in _FAMILIES:
        part = family_down(chain, _FAMILIES[lower])
        if part.endpoints:
            return part
        raise _refusal(word, chain, "is no family of this chain")
    tier = next((tier for tier in chain.plan.tiers if str(tier.preference) == lower), None)
    if tier is None:
        raise _refusal(word, chain, "is no host, preference or family of the chain")
    part = hosts_down(chain, CaseKind.PREFERENCE, tuple(host.name for host in tier.hosts))
    return replace(part, preference=tier.preference)


def _named(name: str, chain: Chain) -> tuple[str, ...]:
    """The hosts that a full name means, or the beginning of a name up to a dot."""
    names = [host.name for host in chain.plan.hosts]
    if name in names:
        return (name,)
    return tuple(other for other in names if name and other.startswith(f"{name}."))


def _part_of_host(word: str, host: str, address: str, chain: Chain) -> Down:
    def is_meant(endpoint: Endpoint) -> bool:
        if address in _FAMILIES:
            return endpoint.is_ipv6 == (_FAMILIES[address] == 6)
        return endpoint.address == address

    have = [endpoint.address for endpoint in chain.endpoints if endpoint.host == host]
    if UNKNOWN_ADDRESS in have:
        raise InputError(
            f"--down {word}: the addresses of {host} are not in the zone", hint=f"Right is: --down {host}."
        )
    meant = {endpoint.address for endpoint in chain.endpoints if endpoint.host == host and is_meant(endpoint)}
    endpoints = tuple(endpoint for endpoint in chain.endpoints if endpoint.address in meant)
    if not endpoints:
        raise InputError(f"--down {word}: {host} has no such address", hint=f"It has {', '.join(have)}.")
    return Down(kind=CaseKind.CHOSEN, hosts=(host,), endpoints=endpoints, asked=word)


def _refusal(word: str, chain: Chain, reason: str) -> InputError:
    hosts = ", ".join(host.name for host in chain.plan.hosts)
    preferences = ", ".join(str(tier.preference) for tier in chain.plan.tiers)
    hint = f"Hosts: {hosts}. Preferences: {preferences}. Families: v4, v6."
    return InputError(f"--down {word}: {reason}", hint=hint)
