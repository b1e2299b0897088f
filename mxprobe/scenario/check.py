"""What a story says that can never be, and what it expects that can never fail: found before anything is played.

Only what is certain is an objection. How long mail can be on its way is therefore taken generously: every queue keeps
it to the end, one after the other, and each round of a mailer takes a day for each host.
"""

from collections.abc import Iterator
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import RecordType
from mxprobe.facts.run import TlsUse
from mxprobe.facts.smtp import Phase
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.retry import DAY, Schedule, intervals
from mxprobe.mx.senders import parse_sender
from mxprobe.mx.shares import LEAST, MOST_HOSTS
from mxprobe.scenario.durations import render_duration
from mxprobe.scenario.expect import expectations_for
from mxprobe.scenario.faults.fault import FaultUse
from mxprobe.scenario.model import (
    OWN,
    POLICY_HOST,
    Expectation,
    Expectations,
    Probe,
    QueueExpectation,
    Scenario,
    Send,
    profile_of,
)
from mxprobe.scenario.reference import split_reference
from mxprobe.scenario.timeline import order_spells

_TLS_PHASES = (Phase.STARTTLS, Phase.TLS)
_ASKED_BY_ALL = (RecordType.MX, RecordType.A, RecordType.AAAA)
_ASKED_UNDER = {RecordType.TLSA: TlsPolicy.DANE, RecordType.TXT: TlsPolicy.MTA_STS}
_AUTHENTICATE = (TlsPolicy.DANE, TlsPolicy.MTA_STS)


class Objection(Struct, frozen=True, kw_only=True):
    """What cannot be right: the line it stands on, the word there that it is about, and what is wrong."""

    line: int
    word: str
    says: str
    hint: str | None = None


def object_to(story: Scenario) -> Iterator[Objection]:
    """Everything that is certainly wrong, what the stage and the steps say first."""
    yield from _useless_faults(story)
    yield from _late_steps(story)
    yield from _missing_stage(story)
    asked = {sender: expectations_for(story, sender) for sender in story.senders}
    for expect in (story.expect, *(difference.expect for difference in story.differs)):
        for item in expect.messages:
            senders = tuple(sender for sender in asked if item in asked[sender].messages) or story.senders
            yield from _hosts(story, item)
            yield from _times(story, item, senders)
            yield from _road(story, item)
            yield from _rounds(item, senders)
            yield from _tls(item, senders)
            yield from _shares(story, item)
        for queue in expect.queues:
            yield from _queue(story, queue)
        yield from _order(expect)
    yield from _same_differences(story)


# -- the steps --------------------------------------------------------------------------------------------------------


def _useless_faults(story: Scenario) -> Iterator[Objection]:
    """Faults in the phases of TLS, where nobody who connects asks for any; the loss of queues that there are not."""
    uses = [(step.line, "with", step.hosts, step.use) for step in story.breaks]
    uses += [(spec.line, "always", (spec.name,), use) for spec in story.hosts for use in spec.always]
    for line, word, hosts, use in uses:
        if not any(_is_met(story, host, use) for host in hosts):
            says = f"this strikes in the phase `{use.phase}`, and none of the mailers that connect asks for TLS"
            yield Objection(line=line, word=word, says=says)
        if use.query is not None and not _is_asked(story, use.query):
            under = _ASKED_UNDER.get(use.query)
            says = f"no mailer asks for {use.query}" + (f" but under the TLS policy {under}" if under else "")
            yield Objection(line=line, word="query", says=says)
        if use.fault.EMPTIES and (word == "always" or all(map(story.keeps_mail, hosts))):
            once, none = "a queue is lost once, by a step", "who keeps the mail that it takes has no queue to lose"
            yield Objection(line=line, word=use.name, says=once if word == "always" else none)


def _is_met(story: Scenario, host: str, use: FaultUse) -> bool:
    """Whether a mailer may come to the phase: the story's senders, and every other host that hands on."""
    if use.phase not in _TLS_PHASES:
        return True
    labels = (*story.senders, *_relays(story, but=split_reference(host)[0]))
    return any(_policy(label) is not TlsPolicy.NONE for label in labels)


def _is_asked(story: Scenario, query: RecordType) -> bool:
    """Whether a mailer of the story may ask for such a record; looks ask for more than mailers."""
    if query in _ASKED_BY_ALL or OWN in story.senders or any(isinstance(step, Probe) for step in story.steps):
        return True
    return any(_policy(label) is _ASKED_UNDER.get(query) for label in (*story.senders, *_relays(story)))


def _relays(story: Scenario, but: str = "") -> list[str]:
    """The mailers of the hosts that hand on."""
    return [story.spec(name).profile for name in story.machines if name != but and not story.keeps_mail(name)]


def _policy(label: str) -> TlsPolicy:
    return parse_sender(profile_of(label))[1]


def _late_steps(story: Scenario) -> Iterator[Objection]:
    """Steps behind the moment at which the last message must have come to its end."""
    sends = [step for step in story.steps if isinstance(step, Send)]
    if not sends or any(step.follows for step in sends):
        return
    last = max(map(_last_sent, sends))
    end = last + _on_the_way(story, story.senders)
    for step in story.steps:
        if not step.follows and step.at > end and not isinstance(step, Send):
            says = f"nothing can happen any more at {render_duration(step.at)}: the last message is sent at "
            says += f"{render_duration(last)}, and no queue keeps it so long"
            yield Objection(line=step.line, word="break|mend", says=says)


def _missing_stage(story: Scenario) -> Iterator[Objection]:
    """TLSA records that nobody can trust, and faults of a policy that is not there."""
    for spec in story.hosts:
        if spec.tlsa and not story.signed:
            says = "TLSA records count only where the zone is signed: add `signed: true`"
            yield Objection(line=spec.line, word="tlsa", says=says)
        if spec.own and story.keeps_mail(spec.name):
            says = (
                f"nobody can read the mailboxes of a program of your own: {story.short(spec.name)} has to hand mail on"
            )
            yield Objection(line=spec.line, word="own", says=says)
    for step in story.breaks:
        if POLICY_HOST in step.hosts and not story.policy_host:
            says = "the domain has no MTA-STS policy: add `mta-sts: {mode: enforce, mx: [...]}`"
            yield Objection(line=step.line, word=POLICY_HOST, says=says)


def _last_sent(send: Send) -> float:
    return send.at + (send.count - 1) * send.every


def _on_the_way(story: Scenario, senders: tuple[str, ...], *, relayed: bool = True) -> float:
    """The longest that a message can be on its way, in seconds; without `relayed` until the sender is rid of it."""
    round_takes = DAY * max(1, len(story.machines))
    longest = max(_kept(parse_sender(profile_of(sender))[0].schedule) for sender in senders) + round_takes
    if not relayed:
        return longest
    for host in story.machines:
        if not story.keeps_mail(host):
            spec = story.spec(host)
            schedule = parse_sender(spec.profile)[0].schedule
            longest += _kept(schedule if spec.lifetime is None else replace(schedule, lifetime=spec.lifetime))
            longest += round_takes
    stops = [spell for spell in order_spells(story) if spell.use.fault.STOPS and spell.ends is not None]
    return longest + sum((spell.ends or 0.0) - spell.begins for spell in stops)


def _kept(schedule: Schedule) -> float:
    """The longest that a queue keeps a message, but for the time that its rounds take."""
    age = 0.0

    def young(interval: float) -> bool:
        nonlocal age
        age += interval
        return age < schedule.lifetime

    longest = max((0.0, *takewhile(young, intervals(schedule))))
    return max(age, schedule.lifetime + longest)


# -- what is expected -------------------------------------------------------------------------------------------------


def _hosts(story: Scenario, item: Expectation) -> Iterator[Objection]:
    """Ends at hosts where mail never ends so."""
    key = _key(item)
    place = item.arrived.place if item.arrived else "mailbox"
    if place in story.machines and not story.keeps_mail(place):
        says = f"`{key}` cannot arrive in {story.short(place)}, which hands on what it takes"
        yield Objection(line=item.line, word="arrived", says=says)
    ends = (("queued", item.queued, "be queued at"), ("bounced", item.bounced and item.bounced.by, "be bounced by"))
    for word, host, what in ends:
        if host and host != "sender" and story.keeps_mail(host):
            says = f"`{key}` cannot {what} {story.short(host)}, which keeps the mail that it takes"
            yield Objection(line=item.line, word=word, says=says)


def _key(item: Expectation) -> str:
    return item.message + (f"/{item.recipient.partition('@')[0]}" if item.recipient else "")


def _times(story: Scenario, item: Expectation, senders: tuple[str, ...]) -> Iterator[Objection]:
    """Bounds before the message is sent, and behind the end of all queues."""
    fate = item.arrived or item.bounced
    if fate is None:
        return
    (send,) = (step for step in story.steps if isinstance(step, Send) and step.name == item.message)
    last = _last_sent(send)
    if send.follows:
        return
    relayed = item.bounced is None or item.bounced.by != "sender"
    end = last + _on_the_way(story, senders, relayed=relayed)
    key = _key(item)
    sent = f"is sent at {render_duration(send.at)}" + (f" to {render_duration(last)}" if last > send.at else "")
    if fate.before is not None and fate.before <= last:
        yield Objection(line=item.line, word="before", says=f"`{key}` {sent}, and not before: this can never be")
    elif fate.before is not None and fate.before > end:
        yield Objection(line=item.line, word="before", says=f"no queue keeps `{key}` so long: this can never fail")
    if fate.after is not None and fate.after <= send.at:
        yield Objection(line=item.line, word="after", says=f"`{key}` {sent}, and not before: this can never fail")
    elif fate.after is not None and fate.after > end:
        yield Objection(line=item.line, word="after", says=f"no queue keeps `{key}` so long: this can never be")


def _road(story: Scenario, item: Expectation) -> Iterator[Objection]:
    """Places that any host fits, and hosts that may and may not be asked."""
    chain = story.chain
    everyone = {host for one in story.chains for _, host in one}
    places = item.tried or ()
    says_nothing = all(set(place) >= everyone for place in places) and set(item.accepted or everyone) >= everyone
    if item.arrived and places and says_nothing and len({preference for preference, _ in chain}) > 1:
        says = "every host may be asked in every place: this can never fail"
        hint = f"Where the order does not matter: accepted: {'|'.join(story.short(host) for _, host in chain)}"
        yield Objection(line=item.line, word="tried", says=says, hint=hint)
    for host in item.never:
        if host in item.accepted or any(host in place for place in places):
            says = f"{story.short(host)} stands under `{'accepted' if host in item.accepted else 'tried'}`, too"
            yield Objection(line=item.line, word="never", says=says)


def _rounds(item: Expectation, senders: tuple[str, ...]) -> Iterator[Objection]:
    """Bounds that every number of rounds fits, and more rounds than any sender makes."""
    if item.rounds is None:
        return
    if item.rounds.least == 1 and item.rounds.most is None and item.arrived:
        yield Objection(line=item.line, word="rounds", says="mail that arrives takes one round or more: never fails")
    limits = [parse_sender(profile_of(sender))[0].schedule.rounds for sender in senders]
    if all(limit is not None and item.rounds.least > limit for limit in limits):
        says = f"{' and '.join(senders)} {'gives' if len(senders) == 1 else 'give'} up after "
        says += f"{max(limit or 0 for limit in limits)} rounds: this can never be"
        yield Objection(line=item.line, word="rounds", says=says)


def _tls(item: Expectation, senders: tuple[str, ...]) -> Iterator[Objection]:
    """What none of the senders does under its TLS policy."""
    policies = {_policy(sender) for sender in senders}
    impossible = {
        TlsUse.NONE: policies <= {TlsPolicy.ENCRYPT},
        TlsUse.UNVERIFIED: policies <= {TlsPolicy.NONE},
        TlsUse.VERIFIED: not policies & set(_AUTHENTICATE),
    }
    if item.tls is not None and impossible[item.tls] and OWN not in senders:
        says = f"`tls: {item.tls}` can never be under the TLS policy of {', '.join(senders)}"
        hint = "A sender verifies under the policies dane and mta-sts." if item.tls is TlsUse.VERIFIED else None
        yield Objection(line=item.line, word="tls", says=says, hint=hint)


def _shares(story: Scenario, item: Expectation) -> Iterator[Objection]:
    """Shares that nobody can tell: of one host or too many, or of too few messages."""
    if not item.shares:
        return
    hosts = (item.tried or ((),))[0]
    if not 2 <= len(hosts) <= MOST_HOSTS:
        says = f"shares are those of the hosts in the first place of `tried`: 2 to {MOST_HOSTS}, as in mx1|mx2"
        yield Objection(line=item.line, word="shares", says=says)
    count = sum(1 for name in story.letters.values() if name == item.message)
    if count < LEAST:
        says = f"shares can be told over {LEAST} messages or more, and `{item.message}` is {count}"
        yield Objection(line=item.line, word="shares", says=says, hint=f"Send more of them: count: {LEAST}")


def _queue(story: Scenario, queue: QueueExpectation) -> Iterator[Objection]:
    """Queues of hosts that have none, and bounds behind the end of all queues."""
    host = story.short(queue.host)
    if story.keeps_mail(queue.host):
        says = f"{host} keeps the mail that it takes, and has no queue: this can never fail"
        yield Objection(line=queue.line, word="queue", says=says)
    sends = [step for step in story.steps if isinstance(step, Send)]
    last = max(map(_last_sent, sends))
    known = not any(step.follows for step in sends)
    if known and queue.before is not None and queue.before > last + _on_the_way(story, story.senders):
        yield Objection(line=queue.line, word="before", says=f"{host} keeps no mail so long: this can never fail")


def _order(expect: Expectations) -> Iterator[Objection]:
    """An order of messages that do not arrive."""
    for message in expect.order.messages if expect.order else ():
        items = [item for item in expect.messages if item.message == message]
        if expect.order and items and not any(item.arrived for item in items):
            says = f"`{message}` is not expected to arrive, and has no place in an order"
            yield Objection(line=expect.order.line, word=message, says=says)


def _same_differences(story: Scenario) -> Iterator[Objection]:
    """Differences that say what is said of everybody."""
    common = _plain(story.expect)
    for difference in story.differs:
        if all(_plain(expectations_for(story, sender)) == common for sender in difference.senders):
            says = "this expects what is expected of every sender: it is no difference"
            yield Objection(line=difference.line, word="expect", says=says)


def _plain(expect: Expectations) -> tuple[object, ...]:
    """What is expected, in any order and on any line."""
    return (
        frozenset(replace(item, line=0) for item in expect.messages),
        frozenset(replace(queue, line=0) for queue in expect.queues),
        frozenset(finding.code for finding in expect.findings),
        expect.order and expect.order.messages,
    )
