"""How each copy of a message ended, gathered from the events of a run."""

from collections.abc import Iterable

from mxprobe.facts.run import Event, EventKind, Fate

_SENDER = "sender"


def gather_fates(events: Iterable[Event]) -> tuple[Fate, ...]:
    """One fate for each message and recipient that the story sends, in the order of sending."""
    copies: dict[tuple[str, str], list[Event]] = {}
    events = tuple(events)
    sent = {event.message for event in events if event.kind is EventKind.SENT}
    for event in events:
        if event.message in sent and event.message is not None and event.recipient is not None:
            copies.setdefault((event.message, event.recipient), []).append(event)
    return tuple(_fate(message, recipient, story) for (message, recipient), story in copies.items())


def _fate(message: str, recipient: str, story: list[Event]) -> Fate:
    rounds: dict[int, list[str]] = {}
    for event in story:
        if event.kind is EventKind.TRIED and event.who == _SENDER and event.host is not None:
            hosts = rounds.setdefault(event.round or 1, [])
            if event.host not in hosts:
                hosts.append(event.host)
    return Fate(
        message=message,
        recipient=recipient,
        sent_at=next((event.at for event in story if event.kind is EventKind.SENT), 0.0),
        tried=tuple(tuple(rounds[number]) for number in sorted(rounds)),
        accepted=tuple(
            (event.host or "", event.at) for event in story if event.kind is EventKind.ACCEPTED and event.who == _SENDER
        ),
        arrivals=tuple((event.who, event.at) for event in story if event.kind is EventKind.ARRIVED),
        bounces=tuple((event.who, event.at, event.status) for event in story if event.kind is EventKind.BOUNCED),
        held=_held(story),
        handed=tuple(
            (event.host, event.tls)
            for event in story
            if event.who == _SENDER and event.host is not None and event.tls is not None
        ),
    )


def _held(story: list[Event]) -> tuple[str, ...]:
    """The queues that still keep the copy: whoever took it over and did not pass it on, bounce, drop or lose it."""
    holders: dict[str, int] = {}
    for event in story:
        match event.kind:
            case EventKind.SENT:
                holders[_SENDER] = 1
            case EventKind.QUEUED if event.who:
                holders[event.who] = holders.get(event.who, 0) + 1
            case EventKind.ACCEPTED | EventKind.BOUNCED | EventKind.LOST | EventKind.VANISHED if holders.get(event.who):
                holders[event.who] -= 1
            case _:
                pass
    return tuple(sorted(who for who, count in holders.items() if count > 0))
