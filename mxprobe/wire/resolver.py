"""Asks name servers: a small stub whose waiting is on the loop's clock, over UDP and TCP or any other exchange.

dnspython encodes and decodes; servers, tries, truncation and deadlines are ours. Recursion is the servers' work; only
an alias that a server leaves open is followed by asking again. Nothing is cached.

Standards: RFC 1035 §4, §7; RFC 6891 (EDNS); RFC 4035 §3.2.3 (AD); RFC 7766 (TCP).
"""

from collections.abc import Awaitable, Callable

from mxprobe.facts.dns import Answer, Question

Exchange = Callable[[bytes, str, bool, float], Awaitable[bytes]]
"""`await exchange(query, server, over_tcp, deadline)` gives the wire form of the response.

`server` is "address:port" ("[address]:port" for IPv6), `deadline` is in loop time. Raises OSError (TimeoutError too).
"""


class Resolver:
    """Asks its servers in order, each of them `rounds` times."""

    def __init__(self, exchange: Exchange, servers: tuple[str, ...], *, patience: float = 3.0, rounds: int = 2) -> None:
        self.exchange = exchange
        self.servers = servers
        self.patience = patience
        self.rounds = rounds

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        """The answer; failing to get one is an answer too, and never an exception."""
        raise NotImplementedError


async def look_up(domain: str, resolver: Resolver, families: tuple[int, ...] = (4, 6)) -> tuple[Answer, ...]:
    """All that a sender would ask to learn the chain of `domain`, in the order it was asked."""
    raise NotImplementedError
