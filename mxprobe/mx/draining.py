"""How a backup emptied its queue after an outage: when it could, when it did, and whether its schedule explains that.

Standards: RFC 5321 §4.5.4.1 (who keeps mail tries again, and not at once).
"""

from msgspec import Struct

from mxprobe.facts.proof import Proof, Route
from mxprobe.facts.smtp import Phase
from mxprobe.mx.profile import Profile
from mxprobe.mx.proving import accepted_at, first_copy, hop_to
from mxprobe.mx.retry import intervals
from mxprobe.mx.senders import MODELLED


class Drain(Struct, frozen=True, kw_only=True):
    """A message that was kept over an outage: seconds since 1970 UTC when its host took it and had it handed on.

    `up_at` is when the better hosts were first seen to be up again; None: not before the message was there. `mailer` is
    what the host says it runs (None: nothing that is known), and `longest` the longest interval, in seconds, between
    two of its attempts by then, as it is shipped.
    """

    taken_at: float
    handed_on_at: float
    up_at: float | None
    mailer: Profile | None = None
    longest: float | None = None

    @property
    def waited(self) -> float:
        """Seconds from when it could be handed on to when it was; 0 where the recovery was not seen before."""
        return 0.0 if self.up_at is None else max(self.handed_on_at - self.up_at, 0.0)


def drain_of(route: Route, proof: Proof) -> Drain | None:
    """How the message of a route that was handed over in an outage got on; None where there was none, or it did not."""
    taken, copy = accepted_at(route), first_copy(route)
    if not route.down or taken is None or copy is None:
        return None
    hop = hop_to(copy, route, proof)
    if not copy.at_known and (hop is None or hop.at is None):
        return None
    handed_on = copy.at if hop is None or hop.at is None else hop.at
    mailer = mailer_of(route)
    by_then = handed_on if proof.up_at is None else min(handed_on, proof.up_at)
    longest = None if mailer is None else _longest_by(mailer, max(by_then - taken.at, 0.0))
    return Drain(taken_at=taken.at, handed_on_at=handed_on, up_at=proof.up_at, mailer=mailer, longest=longest)


def mailer_of(route: Route) -> Profile | None:
    """The mailer that a host names in its greeting; None where it names none that is known."""
    turns = (turn for one in route.handovers for turn in one.turns if turn.phase is Phase.BANNER)
    greeting = " ".join(turn.reply.text for turn in turns if turn.reply is not None).lower()
    return next((profile for profile in MODELLED if profile.title.lower() in greeting.split()), None)


def _longest_by(mailer: Profile, age: float) -> float:
    """The longest interval between two attempts up to the one in which the message becomes `age` seconds old."""
    total, longest = 0.0, 0.0
    for interval in intervals(mailer.schedule):
        longest = max(longest, interval)
        total += interval
        if total > age:
            break
    return longest
