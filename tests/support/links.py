"""Chains of signatures over the lab's name server, and ways of breaking one link."""

from collections.abc import Callable

import dns.message
import dns.name
import dns.rdatatype

from mxprobe.lab.nameserver import NameServer
from mxprobe.lab.signing import SignedZones
from mxprobe.mx.dnssec import Judgement, Link, judge

NOW = 1767225600.0
"""2026-01-01."""

Change = Callable[[str, dns.message.Message], dns.message.Message | None]


def link_of(text: str) -> Link:
    """A link from its words: "example.test MX"."""
    name, rrtype = text.split()
    return Link(name=dns.name.from_text(name), rdtype=dns.rdatatype.from_text(rrtype))


def respond_from(link: Link, signed: SignedZones) -> dns.message.Message:
    """What the lab's name server says to a link's question."""
    query = dns.message.make_query(link.name, link.rdtype, want_dnssec=True)
    wire = NameServer(signed.zones).answer(query.to_wire(), lambda _: ())
    assert wire is not None
    return dns.message.from_wire(wire)


def unchanged(_link: str, response: dns.message.Message) -> dns.message.Message:
    """The response as it is."""
    return response


def follow(text: str, signed: SignedZones, change: Change = unchanged, now: float = NOW) -> Judgement:
    """The judgement of one question; `change` may alter each response on the way, the question's own first."""
    link = link_of(text)
    steps = judge(link, change(str(link), respond_from(link, signed)), signed.anchor, now)
    try:
        wanted = next(steps)
        while True:
            wanted = steps.send(change(str(wanted), respond_from(wanted, signed)))
    except StopIteration as stop:
        judgement: Judgement = stop.value
        return judgement


def without(*rdtypes: dns.rdatatype.RdataType) -> Callable[[dns.message.Message], dns.message.Message]:
    """A response bare of records of some types."""

    def strip(response: dns.message.Message) -> dns.message.Message:
        for section in (response.answer, response.authority):
            section[:] = [rrset for rrset in section if rrset.rdtype not in rdtypes]
        return response

    return strip


def at(place: str, change: Callable[[dns.message.Message], dns.message.Message | None]) -> Change:
    """Change the response to one question only."""

    def apply(link: str, response: dns.message.Message) -> dns.message.Message | None:
        changed = change(response) if link == place else response
        return None if changed is None else dns.message.from_wire(changed.to_wire(max_size=65535), ignore_trailing=True)

    return apply
