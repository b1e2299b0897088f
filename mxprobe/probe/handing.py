"""Hands one labelled message to one address, as a sender that obeys the domain's MTA-STS policy would.

Which host is written to, when, and what is kept about it is `probe.prove`'s business.

Standards: RFC 5321 §3.3; RFC 8461 §5 (what an enforced policy rules out).
"""

from collections.abc import Callable

from msgspec import Struct

from mxprobe.facts.policy import FetchStatus
from mxprobe.facts.proof import Answer, Handover, Proof, Route
from mxprobe.facts.session import Endpoint
from mxprobe.mx.labelled import Author, write_labelled
from mxprobe.mx.mtasts import Policy, RecordStatus, read_policy, read_record, record_question
from mxprobe.mx.proving import answer_of
from mxprobe.mx.senders import rfc5321
from mxprobe.mx.tlsneed import Need, need_by_mtasts
from mxprobe.wire.dial import Connect
from mxprobe.wire.fetch import FetchMeans, fetch_policy
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.send import Manner, Parcel, Sent, send
from mxprobe.wire.tls import PermissiveContext
from mxprobe.wire.trust import Trust

_CLEAR_AGAIN = ("T4", "T10", "T17")
"""Cells behind which an opportunistic sender tries once more without TLS."""


class Hand(Struct, frozen=True, kw_only=True):
    """What hands over: connections, trust anchors (PEM), the wall clock, who sends, and what signs (None: nothing)."""

    connect: Connect
    anchors: bytes
    tls: PermissiveContext
    wall: Callable[[], float]
    author: Author
    sign: Callable[[bytes], bytes] | None = None

    async def give(self, route: Route, endpoint: Endpoint, proof: Proof, policy: Policy | None) -> Handover:
        """One attempt at one address, and how it ended."""
        at = self.wall()
        need = need_by_mtasts(endpoint.host, policy)
        if need.rules_out and need.cell is not None:
            return Handover(endpoint=endpoint, at=at, answer=Answer.REFUSED, cell=need.cell)
        content = write_labelled(route, proof.domain, self.author, proof.allowed_by, at)
        parcel = Parcel(
            mail_from=self.author.mail_from,
            recipients=(route.recipient,),
            content=content if self.sign is None else self.sign(content),
        )
        sent = await self._send(parcel, endpoint, need, clear=False)
        if sent.cell in _CLEAR_AGAIN and not need.authenticates:
            sent = await self._send(parcel, endpoint, need, clear=True)
        return _handover(route, endpoint, at, sent)

    async def _send(self, parcel: Parcel, endpoint: Endpoint, need: Need, *, clear: bool) -> Sent:
        manner = Manner(
            profile=rfc5321.PROFILE,
            need=need,
            trust=Trust(anchors=self.anchors, now=self.wall()),
            queued_for=0.0,
            helo=self.author.helo,
            clear=clear,
            tls=self.tls,
        )
        return await send(endpoint, parcel, manner, self.connect)


def _handover(route: Route, endpoint: Endpoint, at: float, sent: Sent) -> Handover:
    """What the session says of the one message that it was for."""
    cell = dict(sent.recipients).get(route.recipient, sent.cell)
    cell = sent.cell if cell == "R1" else cell  # the recipient was taken, and the message came no further
    turn = sent.turn_of(route.recipient) if sent.turns else None
    code = turn.reply.code if turn is not None and turn.reply is not None else None
    return Handover(
        endpoint=endpoint,
        at=at,
        answer=answer_of(cell, code),
        cell=cell,
        turns=sent.turns,
        tls=dict(sent.tls).get(route.recipient),
        tls_version=sent.tls_version,
    )


async def find_policy(domain: str, resolver: Resolver, fetch: FetchMeans) -> Policy | str | None:
    """The MTA-STS policy that senders obey; None where there is none, words where there is a sign of one that could
    not be had."""
    record = read_record(await resolver.ask(record_question(domain)))
    if record.status in (RecordStatus.ABSENT, RecordStatus.INVALID):
        return None
    if record.status is not RecordStatus.FOUND:
        return f"the TXT record of MTA-STS could not be read: {record.status}"
    fetched = await fetch_policy(domain, fetch)
    policy = read_policy(fetched.body) if fetched.status is FetchStatus.FETCHED else None
    return policy if isinstance(policy, Policy) else f"the MTA-STS policy could not be had: {fetched.status}"
