"""Whether a run went as its story says. Closed-world: what is not expected fails the story too.

A message states how it ends; the road is optional, but no host may be offered a message that the story does not name.
`tried` describes a round: a round may end early only because the message was settled in it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from mxprobe.facts.finding import Severity
from mxprobe.facts.run import EventKind, Fate, Miss, Run, TlsUse, Verdict
from mxprobe.mx.shares import LEAST, compare_shares
from mxprobe.scenario.durations import render_duration
from mxprobe.scenario.model import (
    MAILBOX,
    Arrived,
    Bounced,
    Expectation,
    Expectations,
    LookExpectation,
    Order,
    QueueExpectation,
    Rounds,
    Scenario,
    Send,
    modelled_name,
)

_PROVEN = {
    "while-up": "a proof while the primary is up",
    "in-outage": "a proof in an outage",
    "no": "no proof",
    "open": "no decision yet",
}
_SETTLED = 1e-6
_TRAVELLED = {
    TlsUse.NONE: "in clear",
    TlsUse.UNVERIFIED: "by TLS with nobody verified",
    TlsUse.VERIFIED: "by verified TLS",
}


def judge(scenario: Scenario, run: Run) -> Verdict:
    """The verdict on one run of the story; the run has its findings already."""
    expect = expectations_for(scenario, run.sender)
    misses: list[Miss] = []
    for fate in run.fates:
        misses += _judge_fate(scenario, fate, expect, run)
    if not run.fates and any(isinstance(step, Send) for step in scenario.steps):
        misses.append(Miss(says="no message was sent before the story ended"))
    misses += _judge_steps(scenario, run)
    misses += [miss for queue in expect.queues for miss in _judge_queue(scenario, queue, run)]
    misses += [miss for item in expect.messages if item.shares for miss in _judge_shares(scenario, item, run)]
    if expect.order is not None:
        misses += _judge_order(scenario, expect.order, run)
    misses += _judge_findings(expect, run)
    misses += [miss for look in expect.looks for miss in _judge_look(scenario, look, run)]
    return Verdict(misses=tuple(misses))


def _judge_steps(scenario: Scenario, run: Run) -> Iterator[Miss]:
    """Every step that waited for something has come."""
    came = {event.line for event in run.events}
    for step in scenario.steps:
        if step.follows and step.line not in came:
            yield Miss(says="this step never came: what it waits for did not happen", line=step.line)


def expectations_for(scenario: Scenario, sender: str) -> Expectations:
    """What is expected of this sender: a difference replaces what is said of its messages, and the findings, whole."""
    difference = next((item for item in scenario.differs if modelled_name(sender) in item.senders), None)
    if difference is None:
        return scenario.expect
    own = difference.expect
    replaced = {(item.message, item.recipient) for item in own.messages} | {
        (item.message, None) for item in own.messages if item.recipient is None
    }
    whole = {item.message for item in own.messages if item.recipient is None}
    kept = tuple(
        item
        for item in scenario.expect.messages
        if (item.message, item.recipient) not in replaced and item.message not in whole
    )
    return Expectations(
        messages=own.messages + kept,
        looks=own.looks or scenario.expect.looks,
        queues=own.queues or scenario.expect.queues,
        findings=own.findings,
        order=own.order or scenario.expect.order,
    )


def _judge_fate(scenario: Scenario, fate: Fate, expect: Expectations, run: Run) -> Iterator[Miss]:
    expectation = _find(scenario, fate, expect)
    if expectation is None:
        yield Miss(says=f"nothing is said of {fate.message} to {fate.recipient}", message=fate.message)
        return
    says = [
        *_ends(scenario, fate, expectation),
        *_road(scenario, fate, expectation),
        *_travelled(fate, expectation),
        *_kept_away(scenario, fate, expectation, run),
    ]
    for sentence, at in says:
        text = f"{fate.message} to {fate.recipient}: {sentence}"
        yield Miss(says=text, line=expectation.line, at=at, message=fate.message)


def _find(scenario: Scenario, fate: Fate, expect: Expectations) -> Expectation | None:
    """The expectation of this recipient, else that of the message; numbered messages belong to their step."""
    message = scenario.letters.get(fate.message, fate.message)
    found = {item.recipient: item for item in expect.messages if item.message == message}
    return found.get(fate.recipient) or found.get(None)


Said = Iterator[tuple[str, float | None]]


def _ends(scenario: Scenario, fate: Fate, expectation: Expectation) -> Said:
    """How the copy ended, against the one way in which it should; what came in its place is told with it."""
    instead = _instead(fate)
    if expectation.lost and not fate.held and (fate.arrivals or fate.bounces):
        yield f"expected to be lost; {instead[0]}", instead[1]
        return
    if expectation.arrived is not None and not fate.arrivals:
        arrived = expectation.arrived
        wanted = f"expected to arrive in {scenario.short(arrived.place)}{_bounds(arrived.after, arrived.before)}"
        yield f"{wanted}; {instead[0]}", instead[1]
        return
    if expectation.bounced is not None and not fate.bounces:
        bounced = expectation.bounced
        wanted = f"expected to be bounced by {scenario.short(bounced.by)}{_bounds(bounced.after, bounced.before)}"
        yield f"{wanted}; {instead[0]}", instead[1]
        return
    if expectation.arrived is not None:
        yield from _arrived(scenario, fate, expectation.arrived)
    elif fate.arrivals:
        host, at = fate.arrivals[0]
        yield f"arrived at {host} at {_when(at)}, and should not", at
    if expectation.bounced is not None:
        yield from _bounced(scenario, fate, expectation.bounced)
    else:
        for by, at, status in fate.bounces:
            yield f"bounced by {by} at {_when(at)} ({status or 'no status'}), and should not", at
    if expectation.queued is not None:
        holder = scenario.short(expectation.queued)
        if set(fate.held) != {holder}:
            yield f"expected in the queue of {holder} alone at the end; it is held by {_names(fate.held)}", None
    elif fate.held:
        yield f"still held by {_names(fate.held)} when the story ended", None


def _instead(fate: Fate) -> tuple[str, float | None]:
    """How the copy ended, and when."""
    if fate.bounces:
        by, at, status = fate.bounces[0]
        return f"bounced by {by} at {_when(at)} ({status or 'no status'})", at
    if fate.arrivals:
        host, at = fate.arrivals[0]
        return f"arrived at {host} at {_when(at)}", at
    return (f"still held by {_names(fate.held)} at the end" if fate.held else "it is nowhere at the end"), None


def _when(at: float) -> str:
    """Story time to the second; below a second as it is."""
    return render_duration(round(at) if at >= 1 else at)


def _bounds(after: float | None, before: float | None) -> str:
    words = [f" after {render_duration(after)}"] if after is not None else []
    words += [f" before {render_duration(before)}"] if before is not None else []
    return " and".join(words)


def _arrived(scenario: Scenario, fate: Fate, arrived: Arrived) -> Said:
    """The right number of copies, in the right place, in time."""
    if len(fate.arrivals) != arrived.copies:
        at = fate.arrivals[-1][1] if fate.arrivals else None
        yield (
            f"expected {arrived.copies} {'copy' if arrived.copies == 1 else 'copies'}; {len(fate.arrivals)} arrived",
            at,
        )
    keepers = [host for host in scenario.machines if scenario.keeps_mail(host)]
    stores = {scenario.store(host) for host in keepers} | {MAILBOX}
    kept = {scenario.short(host) for host in keepers if scenario.store(host) == arrived.place}
    places = kept if arrived.place in stores else {scenario.short(arrived.place)}
    for host, at in fate.arrivals:
        if host not in places:
            yield f"expected in {scenario.short(arrived.place)}; a copy arrived at {host}", at
    if fate.arrivals:
        yield from _in_time("arrived", fate.arrivals[0][1], arrived.after, None)
        yield from _in_time("arrived", fate.arrivals[-1][1], None, arrived.before)


def _bounced(scenario: Scenario, fate: Fate, bounced: Bounced) -> Said:
    """One bounce, by the right hand, with the right status, in time."""
    if len(fate.bounces) != 1:
        yield f"expected one bounce by {scenario.short(bounced.by)}; there were {len(fate.bounces)}", None
        return
    by, at, status = fate.bounces[0]
    if by != scenario.short(bounced.by):
        yield f"expected to be bounced by {scenario.short(bounced.by)}; {by} did", at
    if bounced.status is not None and status != bounced.status:
        yield f"expected the status {bounced.status} in the bounce; it is {status}", at
    yield from _in_time("bounced", at, bounced.after, bounced.before)


def _in_time(what: str, at: float, after: float | None, before: float | None) -> Said:
    if before is not None and at > before + _SETTLED:
        yield f"expected before {render_duration(before)}; {what} at {_when(at)}", at
    if after is not None and at < after - _SETTLED:
        yield f"expected after {render_duration(after)}; {what} at {_when(at)}", at


def _road(scenario: Scenario, fate: Fate, expectation: Expectation) -> Said:
    """Only hosts that the story names, in the order of `tried`, accepted where it says."""
    accepted = tuple(scenario.short(host) for host in expectation.accepted)
    if expectation.tried is not None:
        places = [tuple(scenario.short(host) for host in place) for place in expectation.tried]
    else:
        places = [accepted] if accepted else []
    named = {host for place in places for host in place}
    for number, tried in enumerate(fate.tried, start=1):
        strangers = [host for host in tried if host not in named]
        if strangers:
            yield f"offered to {strangers[0]} in round {number}, which is not named under tried or accepted", None
        elif expectation.tried is not None and not _in_order(tried, places):
            yield (
                f"expected each round to try {_names(_join(places))} in order; round {number} tried {_names(tried)}",
                None,
            )
    settled = bool(fate.accepted or fate.bounces)
    needed = _needed(places)
    if places and expectation.tried is not None and not any(len(tried) >= needed for tried in fate.tried):
        last = _names(fate.tried[-1]) if fate.tried else "no host"
        yield f"expected to try {_names(_join(places))}; {'it ended after' if settled else 'it tried'} {last}", None
    elif places and expectation.tried is not None:
        for number, tried in enumerate(fate.tried, start=1):
            if len(tried) < needed and not (settled and number == len(fate.tried)):
                yield f"expected each round to try {_names(_join(places))}; round {number} tried {_names(tried)}", None
    taken = [host for host, _ in fate.accepted]
    if accepted and not set(taken[-1:]) & set(accepted):
        at = fate.accepted[-1][1] if fate.accepted else None
        when = "" if at is None else f" at {_when(at)}"
        yield f"expected to be accepted by {'|'.join(accepted)}; accepted by {_names(taken)}{when}", at
    rounds = expectation.rounds
    if rounds is not None and not rounds.least <= len(fate.tried) <= (rounds.most or len(fate.tried)):
        yield f"expected {_wanted_rounds(rounds)}; there were {len(fate.tried)}", None


def _wanted_rounds(rounds: Rounds) -> str:
    """3 rounds, 2 rounds or more, 2 to 5 rounds."""
    if rounds.most is None:
        return f"{rounds.least} rounds or more"
    return f"{rounds.most if rounds.least == rounds.most else f'{rounds.least} to {rounds.most}'} rounds"


def _travelled(fate: Fate, expectation: Expectation) -> Said:
    """How the content went, each time the sender handed it over; what nobody knows is no pass."""
    if expectation.tls is None:
        return
    wanted = f"expected its content to travel {_TRAVELLED[expectation.tls]}"
    for host, how in fate.handed:
        if how is not expectation.tls:
            yield f"{wanted}; to {host} it went {_TRAVELLED[how]}", None
    if not fate.handed:
        yield f"{wanted}; {'how it did is not known' if fate.accepted else 'it was never handed over'}", None


def _kept_away(scenario: Scenario, fate: Fate, expectation: Expectation, run: Run) -> Said:
    """Hosts that nobody may offer the copy to."""
    for host in map(scenario.short, expectation.never):
        for event in run.events:
            copy = (event.message, event.recipient) == (fate.message, fate.recipient)
            if copy and event.kind is EventKind.TRIED and event.host == host:
                yield f"expected never to be offered to {host}; {event.who} did so at {_when(event.at)}", event.at
                break


def _needed(places: list[tuple[str, ...]]) -> int:
    """How far some round has to come: to the last place that one host has alone, for equals may do without the rest."""
    return max((number for number, place in enumerate(places, start=1) if len(place) == 1), default=1)


def _in_order(tried: Iterable[str], places: list[tuple[str, ...]]) -> bool:
    """Whether each host tried stands in its place; equals share the places that name them."""
    used: list[str] = []
    for host, place in zip(tried, places, strict=False):
        if host not in place or host in used:
            return False
        used.append(host)
    return True


def _join(places: Iterable[tuple[str, ...]]) -> list[str]:
    return ["|".join(place) for place in places]


def _judge_queue(scenario: Scenario, queue: QueueExpectation, run: Run) -> Iterator[Miss]:
    host = scenario.short(queue.host)
    emptied = dict(run.queues).get(host, 0.0)
    if emptied is None:
        yield Miss(says=f"the queue of {host} is not empty when the story ends", line=queue.line)
    elif queue.before is not None and emptied > queue.before + _SETTLED:
        text = f"the queue of {host}: expected empty before {render_duration(queue.before)}; "
        yield Miss(says=f"{text}empty at {_when(emptied)}", line=queue.line, at=emptied)


def _judge_shares(scenario: Scenario, item: Expectation, run: Run) -> Iterator[Miss]:
    """Whether the hosts of the first place were asked first equally often, over the messages of the step."""
    hosts = [scenario.short(host) for host in (item.tried or ((),))[0]]
    letters = scenario.letters
    fates = [fate for fate in run.fates if letters.get(fate.message) == item.message and fate.tried]
    first = {fate.message: fate.tried[0][0] for fate in fates}
    counts = Counter(first.values())
    shares = compare_shares([counts[host] for host in hosts])
    told = ", ".join(f"{host} {counts[host]} times" for host in hosts)
    wanted = f"{item.message}: expected equal shares of {_names(hosts)}; asked first: {told}"
    if shares is None:
        yield Miss(says=f"{wanted}; {LEAST} messages are needed to tell", line=item.line, message=item.message)
    elif not shares.equal:
        chance = f"chi-square {shares.chi_square:.1f}, which chance brings above {shares.bound} once in 1000 times"
        yield Miss(says=f"{wanted} ({chance})", line=item.line, message=item.message)


def _judge_order(scenario: Scenario, order: Order, run: Run) -> Iterator[Miss]:
    """Every copy of a message before the first of the next; of what did not arrive, its own expectation speaks."""
    letters = scenario.letters
    came = {
        message: [at for fate in run.fates if letters.get(fate.message) == message for _, at in fate.arrivals]
        for message in order.messages
    }
    for before, after in pairwise(order.messages):
        if came[before] and came[after] and max(came[before]) > min(came[after]) + _SETTLED:
            text = f"expected to arrive after {before}; it did at {_when(min(came[after]))}, and {before} "
            says = f"{after}: {text}at {_when(max(came[before]))}"
            yield Miss(says=says, line=order.line, at=min(came[after]), message=after)


def _judge_findings(expect: Expectations, run: Run) -> Iterator[Miss]:
    """Exactly the findings that are listed, of warnings and errors."""
    wanted = {finding.code: finding.line for finding in expect.findings}
    came = {finding.code: finding for finding in run.findings}
    for code, line in wanted.items():
        if code not in came:
            yield Miss(says=f"the finding {code} was expected and did not come", line=line, code=code)
    for code, finding in came.items():
        if code not in wanted and finding.severity in (Severity.ERROR, Severity.WARNING):
            text = f"the finding {code} {finding.name} was not expected: {finding.says}"
            yield Miss(says=text, message=finding.subject, code=code)


def _judge_look(scenario: Scenario, expectation: LookExpectation, run: Run) -> Iterator[Miss]:
    """Exactly the findings that are listed for a look, of warnings and errors."""
    look = next((look for look in run.looks if look.name == expectation.look), None)
    if look is None:
        yield Miss(says=f"the look {expectation.look} never came to its end", line=expectation.line)
        return
    wanted = {finding.code: finding.line for finding in expectation.findings}
    came = {finding.code: finding for finding in look.findings}
    for code, line in wanted.items():
        if code not in came:
            text = f"the look {look.name} was expected to find {code}, and did not"
            yield Miss(says=text, line=line, at=look.at, code=code)
    for code, finding in came.items():
        if code not in wanted and finding.severity in (Severity.ERROR, Severity.WARNING):
            text = f"the look {look.name} found {code} {finding.name}, and should not: {finding.says}"
            yield Miss(says=text, line=expectation.line, at=look.at, code=code)
    grades = dict(look.grades)
    for host, grade in expectation.proven:
        if (was := grades.get(scenario.short(host), "no")) != grade:
            says = f"{look.name}: of {scenario.short(host)} {_PROVEN[grade]} was expected, and it is {_PROVEN[was]}"
            yield Miss(says=says, line=expectation.line, at=look.at)


def _names(hosts: Iterable[str]) -> str:
    return ", ".join(hosts) or "nobody"
