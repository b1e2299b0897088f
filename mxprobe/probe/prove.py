"""Sends labelled messages straight to the MX hosts of a domain, and watches for them to arrive.

One message a host, each with a mark of its own, the primary first. What is known stands on disk before anything is said
of a message, so that a run that ends in the middle can be taken up again, and nothing is sent twice. Who may be written
to is decided before; what it proves is thought out in `mx.proving`.

Standards: RFC 5321 §3.3, §4.5.3.2 (timeouts), §4.5.4.1 (a host that says later is asked again); RFC 8461 §5.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.errors import CouldNotLook, MxprobeError
from mxprobe.facts.dns import index_answers
from mxprobe.facts.dsn import Bounce, read_dsn
from mxprobe.facts.policy import FetchStatus
from mxprobe.facts.proof import TOKEN_HEADER, Answer, Blind, Box, Copy, Found, Handover, Proof, Route
from mxprobe.facts.session import Endpoint
from mxprobe.mx.labelled import Author, write_labelled
from mxprobe.mx.mtasts import Policy, RecordStatus, read_policy, read_record, record_question
from mxprobe.mx.plan import plan_mx, special_use
from mxprobe.mx.proving import answer_of, blind_at_end, is_worth_asking_again
from mxprobe.mx.senders import rfc5321
from mxprobe.mx.shared import shared_provider
from mxprobe.mx.tlsneed import Need, need_by_mtasts
from mxprobe.mx.trace import read_copy
from mxprobe.wire.dial import Connect
from mxprobe.wire.fetch import FetchMeans, fetch_policy
from mxprobe.wire.outage import Watched, are_up, until_up
from mxprobe.wire.resolver import Resolver, look_up
from mxprobe.wire.send import Manner, Parcel, Sent, send
from mxprobe.wire.tls import PermissiveContext
from mxprobe.wire.trust import Trust

_CLEAR_AGAIN = ("T4", "T10", "T17")
"""Cells behind which an opportunistic sender tries once more without TLS."""

_POLL, _SELDOM = 5.0, 30.0
"""Seconds between two looks into the mailbox: at first, and after the first minutes."""

_AT_FIRST = 180.0

_LONGER = 60.0
"""Seconds for which is looked on when everything has come: a second copy comes soon after the first, if one does."""


Looking = Callable[[], Awaitable[Iterable[Found | Bounce]]]
"""Looks into a mailbox once, and gives what is new since: messages, or bounces that were read already."""


class Means(Struct, frozen=True, kw_only=True):
    """What a proof is made with: names, connections, trust anchors (PEM), the wall clock, and where to look.

    `mailbox` finds copies, `returns` what comes back to the envelope sender; None: nobody looks there.
    """

    resolver: Resolver
    connect: Connect
    anchors: bytes
    tls: PermissiveContext
    wall: Callable[[], float]
    fetch: FetchMeans | None = None
    mailbox: Looking | None = None
    returns: Looking | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """What shall be proven: for which recipient, by whom, how long the copies are watched for (seconds).

    `unknown` is a recipient who is not there, "" for none: a message to them goes over every host but the primary.
    `again` are the seconds after which a host that said later is asked once more (None: it is not). `only`: the hosts
    that are written to (empty: all). `down` are hosts that are known to be down; every `knock` seconds it is seen
    whether they are up again. `new_token` makes marks. Addresses
    of special use are written to with `allow_special` alone, and at hosts that many share nobody is who is not there.
    `sign` signs a message.
    """

    author: Author
    port: int = 25
    watch: float = 1800.0
    unknown: str = ""
    again: float | None = 330.0
    only: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    knock: float = 60.0
    allow_special: bool = False
    sign: Callable[[bytes], bytes] | None = None
    new_token: Callable[[], str] = lambda: secrets.token_hex(8)


Keep = Callable[[Proof], None]
"""Writes down what is known. It returns when that is on disk."""


def watched_hosts(proof: Proof, wanted: Wanted) -> Watched:
    """The hosts that are or shall be down, as they are knocked at."""
    addresses = dict(proof.addresses)
    hosts = tuple((host, addresses.get(host, ())) for host in wanted.down)
    return Watched(hosts=hosts, port=wanted.port, every=wanted.knock)


async def plan_proof(proof: Proof, wanted: Wanted, resolver: Resolver) -> Proof:
    """The proof with its chain and a route for every message that will be sent; nothing is said to any host."""
    answers = await look_up(proof.domain, resolver)
    plan = plan_mx(proof.domain, index_answers(answers))
    targets = [
        target
        for target in plan.targets(wanted.port)
        if wanted.allow_special or special_use(target.endpoint.address) is None
    ]
    addresses: dict[str, list[str]] = {}
    for target in targets:
        addresses.setdefault(target.endpoint.host, []).append(target.endpoint.address)
    chain = tuple(dict.fromkeys((target.preference, target.endpoint.host) for target in targets))
    proof = replace(proof, chain=chain, addresses=tuple((host, tuple(found)) for host, found in addresses.items()))
    routes = []
    for preference, host in chain:
        if host in wanted.down or (wanted.only and host not in wanted.only):
            continue
        route = Route(token=wanted.new_token(), via=host, preference=preference, recipient=proof.recipient)
        routes.append(route)
        if wanted.unknown and preference != proof.best and shared_provider(host) is None:
            routes.append(replace(route, token=wanted.new_token(), recipient=wanted.unknown, is_unknown=True))
    return replace(proof, routes=tuple(routes))


async def prove(
    proof: Proof, wanted: Wanted, means: Means, keep: Keep, tell: Callable[[str], None] = lambda _: None
) -> Proof:
    """Send what the proof has planned and not begun, watch for what was sent, and give what was seen.

    `keep` is called with every change before the next thing is done. Cancelled, it gives what it has, marked as not
    complete. A box that cannot be looked at does not end the watch: that is noted in the proof, and told. Raises
    MxprobeError where `keep` does, and, if all was sent before, where a box lets nobody in at the first look.
    """
    course = _Course(proof, wanted, means, keep, tell)
    try:
        await course.run()
    except BaseExceptionGroup as group:
        ours, others = group.split(MxprobeError)
        if ours is None or others is not None:
            raise
        raise ours.exceptions[0] from None
    except asyncio.CancelledError:
        course.change(complete=False)
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
    return course.proof


class _Course:
    """One proof on its way; what was seen is in `proof`, which is kept at every change."""

    def __init__(self, proof: Proof, wanted: Wanted, means: Means, keep: Keep, tell: Callable[[str], None]) -> None:
        self.proof, self.wanted, self.means = proof, wanted, means
        self.keep, self.tell = keep, tell
        self.policy: Policy | None = None

    async def run(self) -> None:
        """Send, then watch."""
        if self.proof.routes and all(route.begun_at is not None for route in self.proof.routes):
            await self._look(is_first=True)
        self.policy = await self._policy()
        for route in self.proof.routes:
            if route.begun_at is None:
                route = replace(route, begun_at=self.means.wall(), down=self.wanted.down)
                self._put(route)
                await self._try_addresses(route)
        if self.wanted.down and self._awaited():
            takers = ", ".join(dict.fromkeys(route.via for route in self._awaited()))
            self.tell(f"{takers} has taken a message: {', '.join(self.wanted.down)} may come up again now")
        async with asyncio.TaskGroup() as group:
            knocking = group.create_task(self._knock())
            await self._ask_again()
            await self._watch()
            knocking.cancel()

    def change(self, **changes: object) -> None:
        """Take a change in, and have it kept."""
        self.proof = replace(self.proof, **changes)
        self.keep(self.proof)

    def _put(self, route: Route) -> None:
        self.change(routes=tuple(route if one.token == route.token else one for one in self.proof.routes))

    # -- sending ------------------------------------------------------------------------------------------------------

    async def _ask_again(self) -> None:
        """Offer once more, after the wait, what a host has put off as greylisting does."""
        wanted = self.wanted
        put_off = [one for one in self.proof.routes if one.last is not None and is_worth_asking_again(one.last)]
        if wanted.again is None or not put_off:
            return
        hosts = ", ".join(dict.fromkeys(route.via for route in put_off))
        self.tell(f"asking again in {wanted.again:.0f} s, because it was put off: {hosts}")
        await asyncio.sleep(wanted.again)
        if wanted.down and await are_up(watched_hosts(self.proof, wanted), self.means.connect):
            self._note_up()
        for route in put_off:
            await self._try_addresses(route)

    async def _try_addresses(self, route: Route) -> None:
        """Hand one message over, at the first address of its host where it gets to speak."""
        for address in dict(self.proof.addresses).get(route.via, ()):
            endpoint = Endpoint(host=route.via, address=address, port=self.wanted.port)
            self.tell(f"handing a message for {route.recipient} to {route.via} ({address})")
            handover = await self._hand_over(route, endpoint)
            route = replace(route, handovers=(*route.handovers, handover))
            self._put(route)
            if handover.cell[0] not in "CB":
                break

    async def _hand_over(self, route: Route, endpoint: Endpoint) -> Handover:
        at = self.means.wall()
        need = need_by_mtasts(endpoint.host, self.policy)
        if need.rules_out and need.cell is not None:
            return Handover(endpoint=endpoint, at=at, answer=Answer.REFUSED, cell=need.cell)
        sent = await self._speak(route, endpoint, need, clear=False)
        if sent.cell in _CLEAR_AGAIN and not need.authenticates:
            sent = await self._speak(route, endpoint, need, clear=True)
        cells = dict(sent.recipients)
        cell = cells.get(route.recipient, sent.cell)
        cell = sent.cell if cell == "R1" else cell
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

    async def _speak(self, route: Route, endpoint: Endpoint, need: Need, *, clear: bool) -> Sent:
        wanted, means = self.wanted, self.means
        content = write_labelled(route, self.proof.domain, wanted.author, self.proof.allowed_by, means.wall())
        parcel = Parcel(
            mail_from=wanted.author.mail_from,
            recipients=(route.recipient,),
            content=content if wanted.sign is None else wanted.sign(content),
        )
        manner = Manner(
            profile=rfc5321.PROFILE,
            need=need,
            trust=Trust(anchors=means.anchors, now=means.wall()),
            queued_for=0.0,
            helo=wanted.author.helo,
            clear=clear,
            tls=means.tls,
        )
        return await send(endpoint, parcel, manner, means.connect)

    async def _policy(self) -> Policy | None:
        """The MTA-STS policy that senders obey; None where there is none, or none can be had."""
        if self.means.fetch is None:
            return None
        record = read_record(await self.means.resolver.ask(record_question(self.proof.domain)))
        if record.status in (RecordStatus.ABSENT, RecordStatus.INVALID):
            return None
        if record.status is not RecordStatus.FOUND:
            self.change(policy_missing=f"the TXT record of MTA-STS could not be read: {record.status}")
            return None
        fetched = await fetch_policy(self.proof.domain, self.means.fetch)
        policy = read_policy(fetched.body) if fetched.status is FetchStatus.FETCHED else None
        if isinstance(policy, Policy):
            return policy
        self.change(policy_missing=f"the MTA-STS policy could not be had: {fetched.status}")
        return None

    async def _knock(self) -> None:
        """Take down when the hosts that are down are up again."""
        if self.wanted.down:
            await until_up(watched_hosts(self.proof, self.wanted), self.means.connect)
            self._note_up()

    def _note_up(self) -> None:
        if self.proof.up_at is None:
            self.tell(f"{', '.join(self.wanted.down)} is up again")
            self.change(up_at=self.means.wall())

    # -- watching -----------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Look until everything that may come has come, a little longer for second copies, and no longer than asked."""
        until = self.means.wall() + self.wanted.watch
        longer = min(_LONGER, self.wanted.watch / 10)
        complete_at: float | None = None
        while True:
            await self._look()
            now = self.means.wall()
            self.change(watched_until=now)
            complete_at = None if self._awaited() else complete_at or now
            is_over = complete_at is not None and now >= complete_at + longer
            if is_over or now >= until or (self.means.mailbox is None and self.means.returns is None):
                return
            pause = _POLL if now < until - self.wanted.watch + _AT_FIRST else _SELDOM
            await asyncio.sleep(min(pause, until - now))

    def _awaited(self) -> tuple[Route, ...]:
        """The routes of which a copy or a bounce may still come."""
        return tuple(
            route
            for route in self.proof.routes
            if not route.copies and not route.bounces and (route.last is None or route.last.answer in _MAY_COME)
        )

    async def _look(self, *, is_first: bool = False) -> None:
        """Look into each box. One that cannot be looked at now may be later; at first it may also be named wrongly,
        which MxprobeErrors of other kinds say, and those are raised."""
        for box, looking in ((Box.MAILBOX, self.means.mailbox), (Box.RETURNS, self.means.returns)):
            if looking is None:
                continue
            try:
                found = tuple(await looking())
            except MxprobeError as error:
                if is_first and not isinstance(error, CouldNotLook):
                    raise
                self._note_blind(box, str(error))
                continue
            self._note_sight(box)
            for one in found:
                self._take(one)

    def _note_blind(self, box: Box, reason: str) -> None:
        if blind_at_end(self.proof, box) is None:
            self.tell(f"the {box.value} cannot be looked at; it is tried again: {reason}")
            self.change(blind=(*self.proof.blind, Blind(box=box, since=self.means.wall(), reason=reason)))

    def _note_sight(self, box: Box) -> None:
        was = blind_at_end(self.proof, box)
        if was is not None:
            self.tell(f"the {box.value} can be looked at again")
            over = replace(was, until=self.means.wall())
            self.change(blind=tuple(over if one is was else one for one in self.proof.blind))

    def _take(self, found: Found | Bounce) -> None:
        """A message that was found: a copy of one of ours, or what came back for it."""
        for bounce in (found,) if isinstance(found, Bounce) else read_dsn(found.content, TOKEN_HEADER):
            for route in self.proof.routes:
                if bounce.token == route.token and bounce not in route.bounces:
                    self._put(replace(route, bounces=(*route.bounces, bounce)))
        if isinstance(found, Bounce):
            return
        marked = read_copy(found.content, found.place, found.at, found.is_junk)
        if marked is None:
            return
        token, copy = marked
        for route in self.proof.routes:
            if token == route.token and copy not in route.copies:
                self._put(replace(route, copies=_sorted(route.copies, copy)))


_MAY_COME = (Answer.ACCEPTED, Answer.UNKNOWN)


def _sorted(copies: tuple[Copy, ...], copy: Copy) -> tuple[Copy, ...]:
    return tuple(sorted((*copies, copy), key=lambda one: one.at))
