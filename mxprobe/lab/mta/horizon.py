"""Until when a story has something to say: its last step, and the last moment that it expects anything for."""

from collections.abc import Iterator

from mxprobe.scenario.model import Break, Expectations, Scenario, Send

_LEAST = 3600.0


def horizon_of(scenario: Scenario, sender: str) -> float:
    """Seconds of story time after which nothing that a real mailer does can change the verdict.

    A fate for which the story names no time is waited for as long as the longest that it names, and for an hour at
    least.
    """
    named = [_LEAST]
    for step in scenario.steps:
        named.append(step.at)
        if isinstance(step, Break) and step.lasts is not None:
            named.append(step.at + step.lasts)
        if isinstance(step, Send):
            named.append(step.at + step.every * step.count)
    last = max(named)
    expects = (scenario.expect, *(one.expect for one in scenario.differs if sender in one.senders))
    return max([last + _LEAST, *(moment for expect in expects for moment in _moments(expect))])


def _moments(expect: Expectations) -> Iterator[float]:
    for message in expect.messages:
        for fate in (message.arrived, message.bounced):
            for moment in (fate.before, fate.after) if fate is not None else ():
                if moment is not None:
                    yield moment + 60.0
    for queue in expect.queues:
        if queue.before is not None:
            yield queue.before + 60.0
