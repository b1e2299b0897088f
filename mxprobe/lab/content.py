"""What a story's name servers have: the domain's records as they are now, and the zones they make, signed or not.

Standards: RFC 7672 §2.2.3 (where TLSA records are), RFC 8461 §3.1 (the record of a policy).
"""

import re
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.lab.signing import Hashing, SignedZones, sign_zones
from mxprobe.mx.mtasts import Policy, record_question
from mxprobe.scenario.model import Publish, Scenario
from mxprobe.scenario.zone import restage


class Content(Struct, frozen=True, kw_only=True):
    """The records of one name server that steps can change; `ttl` in seconds, `policy_id` that of its record, `serial`
    that of the zone, which each step raises."""

    mx: tuple[tuple[int, str], ...]
    ttl: float
    policy: Policy | None = None
    policy_id: str = "1"
    serial: int = 1


class Machines(Struct, frozen=True, kw_only=True):
    """Where the story's machines are, by name, and the TLSA records of those that have any, as text; and its name
    servers (empty: where the story has them)."""

    addresses: Mapping[str, tuple[str, ...]]
    tlsa: Mapping[str, str] = {}
    nameservers: tuple[str, ...] = ()


def first_content(scenario: Scenario) -> Content:
    """What every name server has at the story's start."""
    return Content(mx=scenario.mx, ttl=scenario.ttl, policy=scenario.mta_sts)


def change(content: Content, step: Publish, now: float) -> Content:
    """The content after a step; a new policy has a new id."""
    content = replace(content, serial=content.serial + 1, mx=content.mx if step.mx is None else step.mx)
    content = replace(content, ttl=content.ttl if step.ttl is None else step.ttl)
    if step.mta_sts is None:
        return content
    return replace(content, policy=step.mta_sts, policy_id=f"at{now:.0f}")


def make_zones(scenario: Scenario, content: Content, machines: Machines, seed: int) -> SignedZones:
    """The zones as they are served, and what validators trust: nothing where the story's zones are not signed."""
    zones = write_zones(scenario, content, machines)
    if not scenario.signed:
        return SignedZones(zones=zones, anchor=())
    hashed = dict.fromkeys(zones, Hashing()) if scenario.hashed else {}
    return sign_zones(zones, seed, hashed=hashed)


def write_zones(scenario: Scenario, content: Content, machines: Machines) -> dict[str, str]:
    """The domain's zone as master-file text, by its origin; hosts of other domains get zones of their own."""
    where = machines.nameservers or story_addresses(scenario)
    apex = _apex(dict(zip(scenario.nameservers, where, strict=True)), content.serial)
    zones = {scenario.domain: apex + "".join(_records(scenario, content))}
    if scenario.zone:
        moved = {name: (at,) for name, at in zip(scenario.nameservers, machines.nameservers, strict=False)}
        own = restage(scenario.zone, scenario.domain, {**moved, **machines.addresses})
        zones = {scenario.domain: own if _has_top(own, scenario.domain) else apex + own}
    for name, found in machines.addresses.items():
        inside = name == scenario.domain or name.endswith(f".{scenario.domain}")
        if inside and scenario.zone:
            continue
        origin = scenario.domain if inside else name
        zones.setdefault(origin, apex)
        for address in found:
            zones[origin] += f"{name}. 3600 IN {'AAAA' if ':' in address else 'A'} {address}\n"
        if name in machines.tlsa:
            zones[origin] += f"_25._tcp.{name}. 3600 IN TLSA {machines.tlsa[name]}\n"
    return zones


def _has_top(zone: str, domain: str) -> bool:
    """Whether a zone has a top of its own, or none because the domain is an alias."""
    return re.search(rf"^{re.escape(domain)}\. \d+ IN (SOA|CNAME) ", zone, re.MULTILINE) is not None


def story_addresses(scenario: Scenario) -> tuple[str, ...]:
    """The addresses of the name servers of a story, in its order: the first of its network."""
    return tuple(f"192.0.2.{number}" for number in range(1, 1 + len(scenario.nameservers)))


def _apex(servers: Mapping[str, str], serial: int) -> str:
    """The top of every zone, with its name servers and their addresses."""
    records = [f"@ 300 IN NS {name}\n{name} 300 IN A {address}\n" for name, address in servers.items()]
    return f"@ 300 IN SOA {next(iter(servers))} hostmaster {serial} 3600 900 604800 60\n{''.join(records)}"


def _records(scenario: Scenario, content: Content) -> list[str]:
    """MX records, and the record of the policy."""
    lines = [f"@ {content.ttl:.0f} IN MX {number} {_dotted(name)}\n" for number, name in content.mx]
    if content.policy is not None:
        name = record_question(scenario.domain).name
        lines.append(f'{name}. 300 IN TXT "v=STSv1; id={content.policy_id};"\n')
    return lines


def _dotted(name: str) -> str:
    return name if name == "." else f"{name}."
