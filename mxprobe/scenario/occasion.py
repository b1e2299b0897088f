"""Whether what a step waits for has happened. Pure: asked of the events so far, whenever there is a new one."""

from collections.abc import Iterable

from mxprobe.facts.run import Event, EventKind
from mxprobe.scenario.model import Happening, Scenario, Send, When

_KINDS = {
    Happening.TRIED: EventKind.TRIED,
    Happening.ACCEPTED: EventKind.ACCEPTED,
    Happening.ARRIVED: EventKind.ARRIVED,
    Happening.BOUNCED: EventKind.BOUNCED,
}
_LEAVES = (EventKind.ACCEPTED, EventKind.BOUNCED, EventKind.LOST, EventKind.VANISHED)


def has_come(when: When, events: Iterable[Event], scenario: Scenario) -> bool:
    """A queue holds just so many messages at this moment; or something has happened to a message so many times."""
    if when.what is Happening.HOLDS:
        return _held(scenario.short(when.who), events) == when.times
    names = _names(when.message, scenario)
    kind = _KINDS[when.what]
    found = {
        (event.message, event.at, event.host)
        for event in events
        if event.kind is kind and event.message in names and _is_meant(when, event, scenario)
    }
    return len(found) >= when.times


def _names(message: str, scenario: Scenario) -> frozenset[str]:
    """The messages of a step, by the step's name."""
    sends = (step for step in scenario.steps if isinstance(step, Send) and step.name == message)
    return frozenset(name for step in sends for name in step.names())


def _is_meant(when: When, event: Event, scenario: Scenario) -> bool:
    """Whether an event is of the host, the mailbox or the sender that is waited for."""
    who = scenario.short(when.who)
    if when.what is Happening.ARRIVED:
        places = {scenario.short(host): scenario.store(host) for host in scenario.machines}
        return who in (event.who, places.get(event.who))
    return who == (event.who if when.what is Happening.BOUNCED else event.host)


def _held(who: str, events: Iterable[Event]) -> int:
    """The messages that a queue holds; the sender's is filled by the story, a relay's by what it takes."""
    enters = EventKind.SENT if who == "sender" else EventKind.QUEUED
    copies: dict[tuple[str | None, str | None], int] = {}
    for event in events:
        if event.who == who and event.kind in (enters, *_LEAVES):
            copy = (event.message, event.recipient)
            copies[copy] = copies.get(copy, 0) + (1 if event.kind is enters else -1)
    return len({message for (message, _), count in copies.items() if count > 0})
