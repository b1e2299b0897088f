"""What the rules about proofs ask of one: how far the message over each host came, and what was said of it."""

from collections.abc import Iterator

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.proof import Box, Handover, Proof, Route
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


def known_routes(proof: Proof) -> Iterator[Route]:
    """The routes of messages for the recipient who is there."""
    return (route for route in proof.routes if not route.is_unknown)


def over_backups(proof: Proof) -> Iterator[Route]:
    """Those that went over a host of a worse preference."""
    return (route for route in known_routes(proof) if route.preference != proof.best)


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


def waited(route: Route, proof: Proof) -> float:
    """Seconds from the host's acceptance to the end of the watch."""
    taken: Handover | None = accepted_at(route)
    return 0.0 if taken is None else proof.watched_until - taken.at
