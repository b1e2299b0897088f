"""Sends labelled messages straight to the MX hosts of a domain, and watches for them to arrive.

One message a host, each with a mark of its own, the primary first. What is known stands on disk before anything is said
of a message, so that a run that ends in the middle can be taken up again, and nothing is sent twice. Who may be written
to is decided before; what it proves is thought out in `mx.proving`.

Standards: RFC 5321 §4.5.4.1 (a host that says later is asked again).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.errors import CouldNotLook, MxprobeError, first_of
from mxprobe.facts.dsn import Bounce, read_dsn
from mxprobe.facts.proof import TOKEN_HEADER, Answer, Blind, Box, Copy, Found, Proof, Route
from mxprobe.facts.session import Endpoint
from mxprobe.mx.mtasts import Policy
from mxprobe.mx.proving import blind_at_end, is_same_copy, is_worth_asking_again, may_have_left
from mxprobe.mx.trace import read_copy
from mxprobe.probe.handing import Hand, find_policy
from mxprobe.probe.planning import Wanted
from mxprobe.wire.dial import Connect
from mxprobe.wire.fetch import FetchMeans
from mxprobe.wire.outage import Watched, are_up, until_up, who_is_down
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.tls import PermissiveContext

_POLL, _SELDOM = 5.0, 30.0
"""Seconds between two looks into the mailbox: at first, and after the first minutes."""

_AT_FIRST = 180.0

_LONGER = 60.0
"""Seconds for which is looked on when everything has come: a second copy comes soon after the first, if one does."""


Looking = Callable[[], Awaitable[Iterable[Found | Bounce]]]
"""Looks into a mailbox once, and gives what is new since: messages, or bounces that were read already."""


def _free(_messages: int) -> None:
    """Where nobody counts."""


class Means(Struct, frozen=True, kw_only=True):
    """What a proof is made with: names, connections, trust anchors (PEM), the wall clock, and where to look.

    `mailbox` finds copies, `returns` what comes back to the envelope sender; None: nobody looks there. `charge` is
    asked before messages are offered once more, and raises MxprobeError where there were too many lately.
    """

    resolver: Resolver
    connect: Connect
    anchors: bytes
    tls: PermissiveContext
    wall: Callable[[], float]
    fetch: FetchMeans | None = None
    mailbox: Looking | None = None
    returns: Looking | None = None
    charge: Callable[[int], None] = _free


Keep = Callable[[Proof], None]
"""Writes down what is known. It returns when that is on disk."""


def watched_hosts(proof: Proof, hosts: Iterable[str], wanted: Wanted) -> Watched:
    """Some hosts of the chain, as they are knocked at."""
    addresses = dict(proof.addresses)
    return Watched(
        hosts=tuple((host, addresses[host]) for host in hosts if host in addresses),
        port=wanted.port,
        every=wanted.knock,
    )


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
        raise first_of(ours) from None
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
        self.hand = Hand(
            connect=means.connect,
            anchors=means.anchors,
            tls=means.tls,
            wall=means.wall,
            author=wanted.author,
            sign=wanted.sign,
        )

    async def run(self) -> None:
        """Send, then watch."""
        wanted = self.wanted
        planned = [route for route in self.proof.routes if route.begun_at is None] if wanted.sends else []
        if not planned and self.proof.routes:
            await self._look(is_first=True)
        if self.means.fetch is not None and wanted.sends:
            self._note_policy(await find_policy(self.proof.domain, self.means.resolver, self.means.fetch))
        down = await self._who_is_down(planned)
        for route in planned:
            better = tuple(host for preference, host in self.proof.chain if preference < route.preference)
            route = replace(route, begun_at=self.means.wall(), down=tuple(one for one in better if one in down))
            self._put(route)
            if await self._try_addresses(route):
                down -= {route.via}
        if wanted.down and self._awaited():
            takers = ", ".join(dict.fromkeys(route.via for route in self._awaited()))
            self.tell(f"{takers} has taken a message: {', '.join(wanted.down)} may come up again now")
        async with asyncio.TaskGroup() as group:
            knocking = group.create_task(self._knock())
            if wanted.sends and wanted.again is not None:
                await self._ask_again(wanted.again)
            await self._watch()
            knocking.cancel()
        await self._look_at_primaries()

    def change(self, **changes: object) -> None:
        """Take a change in, and have it kept."""
        self.proof = replace(self.proof, **changes)
        self.keep(self.proof)

    def _put(self, route: Route) -> None:
        self.change(routes=tuple(route if one.token == route.token else one for one in self.proof.routes))

    # -- sending ------------------------------------------------------------------------------------------------------

    async def _ask_again(self, after: float) -> None:
        """Offer once more, after the wait, what a host has put off as greylisting does."""
        put_off = [one for one in self.proof.routes if one.last is not None and is_worth_asking_again(one.last)]
        if not put_off:
            return
        hosts = ", ".join(dict.fromkeys(route.via for route in put_off))
        self.tell(f"asking again in {after:.0f} s, because it was put off: {hosts}")
        await asyncio.sleep(after)
        if self._down() and await are_up(self._watched(self._down()), self.means.connect):
            self._note_up()
        for route in put_off:
            try:
                self.means.charge(1)
            except MxprobeError as error:
                self.tell(f"{route.via} is not asked again: {error}")
                return
            await self._try_addresses(route)

    async def _try_addresses(self, route: Route) -> bool:
        """Hand one message over, at the first address of its host where it gets to speak; whether there was one.

        That an attempt begins is written down before it does: what ends in the middle of one is never sent again.
        """
        for address in dict(self.proof.addresses).get(route.via, ()):
            endpoint = Endpoint(host=route.via, address=address, port=self.wanted.port)
            self.tell(f"handing a message for {route.recipient} to {route.via} ({address})")
            self._put(replace(route, trying_at=self.means.wall()))
            handover = await self.hand.give(route, endpoint, self.proof, self.policy)
            route = replace(route, handovers=(*route.handovers, handover))
            self._put(route)
            if handover.cell[0] not in "CB":
                return True
        return False

    def _note_policy(self, found: Policy | str | None) -> None:
        if isinstance(found, str):
            self.change(policy_missing=found)
        else:
            self.policy = found

    # -- who is up ----------------------------------------------------------------------------------------------------

    def _watched(self, hosts: Iterable[str]) -> Watched:
        return watched_hosts(self.proof, hosts, self.wanted)

    async def _who_is_down(self, planned: list[Route]) -> set[str]:
        """The hosts better than one that will be written to, as far as they take no connection."""
        worst = max((route.preference for route in planned), default=self.proof.best)
        better = [host for preference, host in self.proof.chain if preference < worst]
        unheard = [host for host in better if host not in self.wanted.down]
        return {*self.wanted.down, *await who_is_down(self._watched(unheard), self.means.connect)}

    def _down(self) -> tuple[str, ...]:
        """The hosts that were down when something was handed over, or shall be."""
        return tuple(dict.fromkeys([*self.wanted.down, *(host for route in self.proof.routes for host in route.down)]))

    async def _knock(self) -> None:
        """Take down when the hosts that are down are up again."""
        if self._down() and self.proof.up_at is None:
            await until_up(self._watched(self._down()), self.means.connect)
            self._note_up()

    def _note_up(self) -> None:
        if self.proof.up_at is None:
            self.tell(f"{', '.join(self._down())} is up again")
            self.change(up_at=self.means.wall())

    async def _look_at_primaries(self) -> None:
        """Where something that a backup has taken has not come: whether the hosts that it waits for are up at all."""
        kept = any(route.preference != self.proof.best for route in self._awaited())
        down = await who_is_down(self._watched(sorted(self.proof.primaries)), self.means.connect) if kept else ()
        self.change(down_at_end=down)

    # -- watching -----------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Look until everything that may come has come, a little longer for second copies, and no longer than asked."""
        until = self.means.wall() + self.wanted.watch
        longer = min(_LONGER, self.wanted.watch / 10)
        complete_at: float | None = None
        self._note_unnamed()
        if self.means.mailbox is None and self.means.returns is None:
            return
        while True:
            await self._look()
            now = self.means.wall()
            self.change(watched_until=now)
            complete_at = None if self._awaited() else complete_at or now
            is_over = complete_at is not None and now >= complete_at + longer
            if is_over or now >= until:
                return
            pause = _POLL if now < until - self.wanted.watch + _AT_FIRST else _SELDOM
            await asyncio.sleep(min(pause, until - now))

    def _awaited(self) -> tuple[Route, ...]:
        """The routes of which a copy or a bounce may still come."""
        return tuple(
            route
            for route in self.proof.routes
            if route.begun_at is not None and not route.copies and not _has_failed(route) and _may_come(route)
        )

    def _note_unnamed(self) -> None:
        """Take down that a box which was looked at before is not named this time: nobody knows what came since."""
        for box, looking in ((Box.MAILBOX, self.means.mailbox), (Box.RETURNS, self.means.returns)):
            was_named = self.proof.mailbox if box is Box.MAILBOX else self.proof.returns
            if looking is None and was_named and blind_at_end(self.proof, box) is None:
                reason = f"it was not named this time (--{box.value})"
                blind = Blind(box=box, since=self.proof.watched_until, reason=reason)
                self.change(blind=(*self.proof.blind, blind))

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
        marked = read_copy(*found)
        if marked is None:
            return
        token, copy = marked
        for route in self.proof.routes:
            if token != route.token or not may_have_left(route):
                continue  # a command that says yes to everything has seen nothing
            if not any(is_same_copy(copy, known) for known in route.copies):
                self._put(replace(route, copies=_sorted(route.copies, copy)))


def _may_come(route: Route) -> bool:
    """Whether a copy may still come, by what was said when it was handed over."""
    if route.last is None or route.trying_at is not None:
        return True
    return route.last.answer in (Answer.ACCEPTED, Answer.UNKNOWN)


def _has_failed(route: Route) -> bool:
    """Whether it was given back for good; a report of a delay says that it is still on its way."""
    return any(bounce.action == "failed" for bounce in route.bounces)


def _sorted(copies: tuple[Copy, ...], copy: Copy) -> tuple[Copy, ...]:
    return tuple(sorted((*copies, copy), key=lambda one: one.at))
