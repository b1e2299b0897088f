"""Fetches the links of a chain of signatures: whole responses that no resolver has checked for us, each once.

What they prove is judged in `mx.dnssec`. Standards: RFC 4035 §3.2.2 (CD), RFC 6840 §5.9.
"""

import asyncio
from collections import defaultdict

import dns.exception
import dns.flags
import dns.message
import dns.rcode

from mxprobe.mx.dnssec import Link
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.responses import PAYLOAD


class Links:
    """Asks a resolver until `deadline` (loop time), while it has sent fewer than `budget` queries; `is_spent` says that
    these were not enough."""

    def __init__(self, resolver: Resolver, budget: int, deadline: float) -> None:
        self.is_spent = False
        self._resolver, self._budget, self._deadline = resolver, budget, deadline
        self._found: dict[Link, dns.message.Message | None] = {}
        self._doors: defaultdict[Link, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def fetch(self, link: Link) -> dns.message.Message | None:
        """The response, a failure too; None where none came that can be read."""
        async with self._doors[link]:
            if link not in self._found:
                self._found[link] = await self._ask(link)
            return self._found[link]

    async def _ask(self, link: Link) -> dns.message.Message | None:
        query = dns.message.make_query(link.name, link.rdtype, want_dnssec=True, payload=PAYLOAD)
        query.flags |= dns.flags.RD | dns.flags.CD
        answered = await self._resolver.fetch(query.to_wire(), self._deadline, self._budget)
        if answered is None:
            self.is_spent = self.is_spent or self._resolver.sent >= self._budget
            return None
        return _read(answered)


def _read(wire: bytes) -> dns.message.Message | None:
    try:
        return dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, IndexError, AssertionError):
        return None
