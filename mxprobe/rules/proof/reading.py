"""What the rules about proofs ask of one: how far the message over each host came, and what was said of it."""

from collections.abc import Iterator

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.proof import Box, Copy, Proof, Route
from mxprobe.mx.proving import State, accepted_at, blind_at_end, state_of

NOTHING_SENT = "no message was handed over"
"""Why a proof cannot be judged: nothing was sent."""

NOBODY_LOOKED = "nobody looked for copies"
"""Why nothing can be said of arrivals."""


def was_sent(proof: Proof) -> bool:
    """Whether a host was spoken with about any message."""
    return any(route.handovers for route in proof.routes)


def unseen(proof: Proof, *boxes: Box) -> str:
    """Why nobody knows what came last into one of these boxes (none named: any); empty where somebody looked."""
    blind = blind_at_end(proof, *boxes)
    return "" if blind is None else f"the {blind.box.value} could not be looked at: {blind.reason}"


def unwatched(proof: Proof) -> str:
    """Why nobody would have seen a notification, and what would show it; empty where somebody would."""
    if not proof.mail_from:
        return "the message had no sender to whom it could be given back: --from and --returns would tell"
    return "" if proof.returns else f"nobody watched what is given back to {proof.mail_from}: --returns would tell"


def known_routes(proof: Proof) -> Iterator[Route]:
    """The routes of messages for the recipient who is there."""
    return (route for route in proof.routes if not route.is_unknown)


def over_backups(proof: Proof) -> Iterator[Route]:
    """Those that went over a host of a worse preference."""
    return (route for route in known_routes(proof) if route.preference != proof.best)


def over_primaries(proof: Proof) -> Iterator[Route]:
    """Those that went straight to a host of the best preference."""
    return (route for route in known_routes(proof) if route.preference == proof.best)


def in_state(proof: Proof, *states: State) -> Iterator[Route]:
    """The routes whose messages came so far, for the recipient who is there."""
    return (route for route in known_routes(proof) if state_of(route, proof) in states)


def failures(route: Route) -> tuple[Bounce, ...]:
    """What came back for good."""
    return tuple(bounce for bounce in route.bounces if bounce.action == "failed")


def quote(route: Route) -> str:
    """Who said what to the message last."""
    last = route.last
    return "" if last is None else f'{route.via} {last.endpoint.address} "{last.said}"'


def name_primaries(proof: Proof) -> str:
    """The hosts of the best preference, in words."""
    return ", ".join(sorted(proof.primaries))


def is_outage(route: Route, proof: Proof) -> bool:
    """Whether no host of the best preference was up when the host of the route was last spoken with."""
    spoken = accepted_at(route) or route.last
    was_over = proof.up_at is not None and spoken is not None and spoken.at >= proof.up_at
    return bool(proof.primaries) and proof.primaries <= set(route.down) and not was_over


def waited(route: Route, proof: Proof) -> float:
    """Seconds from the host's acceptance, or from the end of the outage in which it was, to the end of the watch."""
    taken = accepted_at(route)
    if taken is None:
        return 0.0
    began = max(taken.at, proof.up_at) if proof.up_at is not None and is_outage(route, proof) else taken.at
    return proof.watched_until - began


def hindrance(route: Route, proof: Proof) -> str:
    """Why a host could not be expected to hand a message on by the end of the watch; empty where nothing hindered it.

    A mailer tries again within the time for which it has kept the message: so long after an outage is no delay.
    """
    primaries, taken = name_primaries(proof), accepted_at(route)
    if proof.primaries and proof.primaries <= set(proof.down_at_end):
        return f"{primaries} took no connection when the watch ended: what {route.via} took may still be on its way"
    if taken is None or not is_outage(route, proof):
        return ""
    if proof.up_at is None:
        return f"{primaries} was not seen up after {route.via} took the message"
    if waited(route, proof) < max(proof.overdue, proof.up_at - taken.at):
        return f"{primaries} was seen up for {waited(route, proof):.0f} s alone after {route.via} took the message"
    return ""


def came_at(copy: Copy) -> float | None:
    """When a copy came, in seconds since 1970 UTC: as the mailbox says, or else as its newest Received line does."""
    if copy.at_known:
        return copy.at
    return copy.hops[-1].at if copy.hops else None
