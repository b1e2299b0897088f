"""Reads a run as a measurement does, and says whether what was measured is what a profile predicts.

The same reading serves runs of real mailers and of the lab's: the road and the end of every copy, as far as it was
watched. Times, words and the kernel's accidents are left out of the comparison; where equals leave a choice, any of the
roads that the profile may take will do.
"""

from collections.abc import Iterable

from mxprobe.facts.measured import Copy, Outcome, Tried
from mxprobe.facts.run import Event, EventKind, Fate, Run

_SENDER = "sender"
_ENDS = (EventKind.ACCEPTED, EventKind.REFUSED)


def copies_of(run: Run, rounds: int) -> tuple[Copy, ...]:
    """Every copy that the sender was given, watched until it was put off for the `rounds`-th time."""
    return tuple(_copy_of(run, fate, rounds) for fate in run.fates)


def _copy_of(run: Run, fate: Fate, rounds: int) -> Copy:
    about = [
        event
        for event in run.events
        if (event.message, event.recipient) == (fate.message, fate.recipient) and event.who == _SENDER
    ]
    waits = [event.at for event in about if event.kind is EventKind.WAITS]
    until = waits[rounds - 1] if len(waits) >= rounds else float("inf")
    seen = [event for event in about if event.at <= until]
    taken = next((event for event in seen if event.kind is EventKind.ACCEPTED), None)
    bounced = next((event for event in seen if event.kind is EventKind.BOUNCED), None)
    end = taken or bounced
    outcome = Outcome.DELIVERED if taken else (Outcome.BOUNCED if bounced else Outcome.DEFERRED)
    last = end.at if end is not None else min(until, run.ended)
    return Copy(
        message=fate.message,
        recipient=fate.recipient,
        outcome=outcome,
        tried=_road(seen),
        accepted=taken.host if taken else None,
        arrived=sum(1 for _, at in fate.arrivals if at <= until),
        status=bounced.status if bounced else None,
        tls=taken.tls.value if taken and taken.tls else None,
        seconds=round(max(last - fate.sent_at, 0.0), 1),
    )


def _road(events: Iterable[Event]) -> tuple[Tried, ...]:
    """The attempts in the order of their beginnings, each with the cell of what ended it."""
    road: list[Tried] = []
    for event in events:
        if event.kind is EventKind.TRIED and event.host is not None:
            road.append(Tried(round=event.round or 1, host=event.host))
        elif event.kind in _ENDS:
            for place, tried in enumerate(road):
                if tried.host == event.host and tried.cell is None:
                    road[place] = Tried(round=tried.round, host=tried.host, cell=event.cell)
                    break
    return tuple(road)


def essence(copies: Iterable[Copy]) -> tuple[tuple[object, ...], ...]:
    """What has to be the same: the outcome of every copy, the accepting host, the hosts in the order of attempts.

    Which of several recipients a mailer names first is its own affair: who it was is not compared.
    """
    return tuple(
        sorted(
            (copy.message, copy.outcome.value, copy.accepted or "", *(one.host for one in copy.tried))
            for copy in copies
        )
    )
