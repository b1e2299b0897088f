"""What the rules about runs ask of one: who was healthy when, who was tried, why a message bounced."""

from mxprobe.facts.run import Event, EventKind, Fate, Run

SENDER = "sender"
"""Who the story's own sender is in events and bounces; every other mailer goes by its host's name."""

NO_MAIL = "the story sends no message"
"""Why a run cannot be judged: without mail there is nothing to say of a sender."""

PATIENCE = {"B5": 300.0, "R7": 300.0, "Z5": 600.0}
"""The least waits of RFC 5321 §4.5.3.2 in seconds, by the cells that are timeouts and nothing else."""


def healthy_at(run: Run, host: str, at: float) -> bool:
    """Whether nothing hindered mail at `host` at that moment."""
    return not any(
        condition.host == host
        and condition.hinders
        and condition.begins <= at
        and (condition.ends is None or at < condition.ends)
        for condition in run.conditions
    )


def healthy_during(run: Run, host: str, span: tuple[float, float]) -> bool:
    """Whether nothing hindered mail at `host` at any moment from the first to the second, both included."""
    begins, ends = span
    return not any(
        condition.host == host
        and condition.hinders
        and condition.begins <= ends
        and (condition.ends is None or condition.ends > begins)
        for condition in run.conditions
    )


def events_of(run: Run, fate: Fate, *kinds: EventKind) -> tuple[Event, ...]:
    """The events of these kinds that are about one copy, in order."""
    return tuple(
        event
        for event in run.events
        if event.kind in kinds and (event.message, event.recipient) == (fate.message, fate.recipient)
    )


def round_began(run: Run, fate: Fate, host: str, at: float) -> float:
    """When the mailer that handed the copy to `host` at that moment had begun its pass over the chain."""
    tries = [event for event in events_of(run, fate, EventKind.TRIED) if event.at <= at]
    last = next((event for event in reversed(tries) if event.host == host), None)
    if last is None:
        return at
    return min(event.at for event in tries if (event.who, event.round) == (last.who, last.round))


def hosts_tried(fate: Fate) -> frozenset[str]:
    """Every host that the sender offered the message to."""
    return frozenset(host for tried in fate.tried for host in tried)


def bounce_by_sender(run: Run, fate: Fate) -> Event | None:
    """The event with which the story's sender gave a copy back."""
    return next((event for event in events_of(run, fate, EventKind.BOUNCED) if event.who == SENDER), None)


def preference_of(run: Run, host: str) -> int | None:
    """The preference of a host of the chain."""
    return next((preference for preference, name in run.chain if name == host), None)


def turned_down(run: Run, fate: Fate) -> frozenset[str]:
    """The hosts that the sender had its reasons not to use for a copy: its TLS policy (rows T0 to T16 of the table), or
    that it remembered them as unreachable (C5)."""
    refused = events_of(run, fate, EventKind.REFUSED)
    mine = [event for event in refused if (event.cell or "").startswith(("T", "C5"))]
    return frozenset(event.host for event in mine if event.host is not None)
