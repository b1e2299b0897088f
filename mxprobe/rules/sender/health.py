"""What the rules about runs ask of one: who was healthy when, who was tried, why a message bounced."""

from mxprobe.facts.run import Event, EventKind, Fate, Run


def healthy_at(run: Run, host: str, at: float) -> bool:
    """Whether nothing hindered mail at `host` at that moment."""
    return not any(
        condition.host == host
        and condition.hinders
        and condition.begins <= at
        and (condition.ends is None or at < condition.ends)
        for condition in run.conditions
    )


def hosts_tried(fate: Fate) -> frozenset[str]:
    """Every host that the sender offered the message to."""
    return frozenset(host for tried in fate.tried for host in tried)


def bounce_of(run: Run, fate: Fate) -> Event | None:
    """The event that gave a copy back."""
    return next(
        (
            event
            for event in run.events
            if event.kind is EventKind.BOUNCED and (event.message, event.recipient) == (fate.message, fate.recipient)
        ),
        None,
    )


def preference_of(run: Run, host: str) -> int | None:
    """The preference of a host of the chain."""
    return next((preference for preference, name in run.chain if name == host), None)
