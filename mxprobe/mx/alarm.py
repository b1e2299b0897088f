"""When a person is told of what looks at a domain have seen: on change alone, once for one cause, never on a flap.

A pure state machine: a state and a judged look give a new state and what is to be told. A cause is known by its key:

- `change`: the records or the delegation are not those of the reference, or not as expected (MX52x, MX531, MX538,
  MX539). Errors are told at once: name servers do not flap. Another change on top of one that was told is told again.
- `down:HOST`: no address of a host takes mail, in whatever way, and whichever rules say it. It is one outage.
- `partly:HOST`: some of its addresses do not, and mail gets through: that is worth one level less than the rules say.
- the id of a finding, for all else.

A look that could not see whether a cause is still there counts for nothing: neither as a failure nor as a recovery.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.alarm import Alarm, AlarmKind, AlarmState, Blindness, Manners, Trouble
from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_unknown, published_mx, texts_in, texts_of_records, zone_of
from mxprobe.mx.once import known_answers
from mxprobe.mx.standing import Standing, judge_visit

CHANGE = "change"
DOWN, PARTLY = "down:", "partly:"
_OUTAGES = frozenset({"MX306", "MX308", "MX309", "MX310", "MX601", "MX602", "MX605", "MX607", "MX608"})
"""Rules that say that a host, or all of a preference, takes no mail."""

_CHANGES = "MX52"
_PASSED = "MX527"
"""A change that is over already: it is told once, and has no end of its own."""

_UNEXPECTED = ("MX531", "MX538", "MX539")
"""Records that are not as the file of what is expected says: MX, addresses, name servers."""

_STANDING_CHANGES = ("MX521", "MX522", "MX524", *_UNEXPECTED)
"""What is wrong with a record whatever it was before: accepting a look does not end it."""

_ABOUT_THE_PROBE = "MX0"
_MOST_REMEMBERED = 256  # troubles, and texts of one change, that are kept of one domain


class JudgedLook(Struct, frozen=True, kw_only=True):
    """A look and what the rules said of it. `compared` are the judgements of all rules, where `judgements` are of some;
    `blind` says why too little was seen, empty where enough was."""

    snapshot: Snapshot
    judgements: tuple[Judgement, ...]
    compared: tuple[Judgement, ...] = ()
    blind: str = ""

    @property
    def domain(self) -> str:
        """Whom it was at."""
        return self.snapshot.domain


class Step(Struct, frozen=True, kw_only=True):
    """The state after a look, and what is to be told."""

    state: AlarmState
    alarms: tuple[Alarm, ...] = ()


def advance(state: AlarmState, look: JudgedLook, manners: Manners) -> Step:
    """What a look makes of what is remembered."""
    turn = _Turn(state, look, manners)
    turn.count()
    turn.tell()
    turn.end()
    blindness = turn.watch_blindness()
    troubles = tuple(turn.troubles.values())[:_MOST_REMEMBERED]
    after = replace(state, troubles=troubles, blindness=blindness)
    if _may_be_reference(state, look, manners, turn.troubles):
        after = replace(after, reference=look.snapshot)
    return Step(state=after, alarms=tuple(turn.alarms))


def accept(state: AlarmState, look: JudgedLook, manners: Manners) -> AlarmState:
    """The state in which what a look saw is the reference, and its changes are as they should be.

    A host that the file of what is approved does not have stays known, and is not told again.
    """
    seen = keys_of(look, manners).get(CHANGE, ())
    troubles = {one.key: one for one in state.troubles if one.key != CHANGE}
    if any(one.code in _STANDING_CHANGES for one in seen):
        at = look.snapshot.started_at
        old = next((one for one in state.troubles if one.key == CHANGE), Trouble(key=CHANGE, since=at, last=at))
        content = tuple(sorted({*old.content, *_content(look.snapshot, seen)}))
        troubles[CHANGE] = replace(old, told=old.told or at, findings=seen, content=content)
    return replace(state, reference=look.snapshot, troubles=tuple(troubles.values()))


def why_no_reference(look: JudgedLook) -> str:
    """Why a look cannot be what later ones are compared with; empty where it can."""
    if look.blind:
        return look.blind
    return mx_unknown(look.snapshot) or ("" if look.snapshot.complete else "the look was interrupted")


# -- what a look says of each cause ------------------------------------------------------------------------------------


def keys_of(look: JudgedLook, manners: Manners) -> dict[str, tuple[Finding, ...]]:
    """The causes that a look sees and that are worth an alarm, each with its findings."""
    found: dict[str, dict[str, Finding]] = {}
    for judgement in look.judgements:
        for finding in judgement.findings if judgement.status is Status.FIRES else ():
            for key in _keys_of_one(finding, look.snapshot, manners):
                found.setdefault(key, {})[finding.id] = finding
    return {key: tuple(findings.values()) for key, findings in found.items()}


def _keys_of_one(finding: Finding, snapshot: Snapshot, manners: Manners) -> tuple[str, ...]:
    if finding.waived is not None or finding.severity is Severity.OK or finding.code.startswith(_ABOUT_THE_PROBE):
        return ()
    if _is_change(finding.code):
        return (CHANGE,) if finding.severity.rank <= Severity.WARNING.rank else ()
    if finding.severity.rank > manners.fail_on.rank:
        return ()
    hosts = _hosts_of(finding, snapshot) if finding.code in _OUTAGES else ()
    if not hosts:
        return (finding.id,)
    down = [host for host in hosts if all(one.is_down for one in _standings(host, snapshot))]
    partly = hosts if finding.severity.rank < manners.fail_on.rank else ()
    return (*(DOWN + host for host in down), *(PARTLY + host for host in partly if host not in down))


def _standings(host: str, snapshot: Snapshot) -> tuple[Standing, ...]:
    """The standing of each address of a host."""
    return tuple(judge_visit(one, snapshot) for one in snapshot.all_visits if one.endpoint.host == host)


def _is_change(code: str) -> bool:
    return (code.startswith(_CHANGES) and code != _PASSED) or code in _UNEXPECTED


def host_of(key: str) -> str:
    """The host that a cause is about by its key; empty for other causes."""
    return key.partition(":")[2] if key.startswith((DOWN, PARTLY)) else ""


def _hosts_of(finding: Finding, snapshot: Snapshot) -> tuple[str, ...]:
    """The hosts of the chain that a finding is about: it names them, or addresses of them."""
    known = {visit.endpoint.host for visit in snapshot.all_visits}
    names = (part.partition("/")[0] for name in (*finding.about, finding.subject) for part in name.split(", "))
    return tuple(dict.fromkeys(name for name in names if name in known))


def _is_well(trouble: Trouble, look: JudgedLook, reference: Snapshot | None) -> bool:
    """Whether a look that does not see a cause shows that it is gone; where it shows nothing it is not."""
    if look.blind:
        return False
    host = host_of(trouble.key)
    if host:
        found = _standings(host, look.snapshot)
        if trouble.key.startswith(PARTLY) and found:
            return all(one is Standing.ANSWERS for one in found if one.is_known) and any(one.is_known for one in found)
        return Standing.ANSWERS in found or (not found and not mx_unknown(look.snapshot))
    verdicts = {one.code: one for one in look.judgements}
    same = reference is not None and _content(reference, ()) == _content(look.snapshot, ())
    return all(
        _is_gone(verdicts.get(finding.code)) or (trouble.key == CHANGE and same and finding.subject == look.domain)
        for finding in trouble.findings
    )


def _is_gone(verdict: Judgement | None) -> bool:
    """Whether a rule that does not fire on a subject any more has seen all of it."""
    return verdict is not None and verdict.status is not Status.INCONCLUSIVE and not verdict.reason


def _content(snapshot: Snapshot, findings: Iterable[Finding]) -> frozenset[str]:
    """The records that a change is about: two changes are told apart by them."""
    records = {f"MX {text}" for one in published_mx(snapshot) for text in texts_of_records(one.records)}
    apex = zone_of(snapshot) or snapshot.domain
    servers = texts_in(known_answers(snapshot), Question(name=apex, rrtype=RecordType.NS))
    if not isinstance(servers, str):
        records |= {f"NS {text}" for text in servers}
    return frozenset(records | {one.subject for one in findings if one.subject != snapshot.domain})


# -- one look ----------------------------------------------------------------------------------------------------------


class _Turn:
    """The work of one look; `troubles` is what is remembered while it goes on."""

    def __init__(self, state: AlarmState, look: JudgedLook, manners: Manners) -> None:
        self.state, self.look, self.manners = state, look, manners
        self.at = look.snapshot.started_at
        self.seen = keys_of(look, manners)
        self.waived = {one.id for judgement in look.judgements for one in judgement.findings if one.waived is not None}
        self.troubles = {one.key: one for one in state.troubles}
        self.alarms = list[Alarm]()

    # counting

    def count(self) -> None:
        """Count the look for each cause: as one that sees it, as one in which it is gone, or as neither."""
        for key, trouble in list(self.troubles.items()):
            if key not in self.seen:
                self._count_absent(trouble)
        for key in sorted(self.seen, key=lambda key: (key != CHANGE, not host_of(key), key)):
            self._count_seen(key, self.seen[key])

    def _count_absent(self, trouble: Trouble) -> None:
        if trouble.findings and all(one.id in self.waived for one in trouble.findings):
            del self.troubles[trouble.key]  # allowed now: no trouble, and no recovery either
        elif not _is_well(trouble, self.look, self.state.reference):
            pass
        elif trouble.told is None or trouble.key.startswith(_PASSED):
            del self.troubles[trouble.key]
        else:
            since = self.at if trouble.well_since is None else trouble.well_since
            self.troubles[trouble.key] = replace(trouble, well=trouble.well + 1, well_since=since)

    def _count_seen(self, key: str, findings: tuple[Finding, ...]) -> None:
        old = self.troubles.get(key)
        if old is not None:
            self.troubles[key] = replace(
                old, last=self.at, looks=old.looks + 1, well=0, well_since=None, findings=findings
            )
            return
        change = self.troubles.get(CHANGE)
        if change is not None and key.startswith(_PASSED):
            told = change.told  # that it came and went is known to whoever was told that it came
        elif (change is not None and self._follows(change, key)) or self._is_of_a_dead_host(key, findings):
            return
        else:
            told = None
        new = Trouble(key=key, since=self.at, last=self.at, told=told, findings=findings)
        if key.startswith(_PASSED) and self._is_muted(new):
            new = replace(new, told=self.at)  # it came and went while changes were expected
        self.troubles[key] = new

    def _follows(self, change: Trouble, key: str) -> bool:
        """Whether a cause came with a change: then it goes with it. What comes later stands for itself."""
        if key in change.follows:
            return True
        if change.looks > self.manners.after or change.well or len(change.follows) >= _MOST_REMEMBERED:
            return False
        self.troubles[CHANGE] = replace(change, follows=(*change.follows, key))
        return True

    def _is_of_a_dead_host(self, key: str, findings: tuple[Finding, ...]) -> bool:
        """Whether all that is new is about hosts that are down anyhow."""
        hosts = {host for one in findings for host in _hosts_of(one, self.look.snapshot)}
        down = {name.removeprefix(DOWN) for name in self.seen if name.startswith(DOWN)}
        return not key.startswith(DOWN) and bool(hosts) and hosts <= down

    # telling

    def tell(self) -> None:
        """Tell what is due: each kind of cause in one alarm."""
        due = dict[tuple[str, AlarmKind], list[Trouble]]()
        for key, trouble in list(self.troubles.items()):
            kind = self._due(trouble) if key in self.seen else None
            if kind is not None:
                due.setdefault((_group_of(trouble), kind), []).append(trouble)
                self.troubles[key] = self._as_told(trouble)
        for (_, kind), troubles in due.items():
            self.alarms.append(self._alarm(kind, troubles))

    def _due(self, trouble: Trouble) -> AlarmKind | None:
        if self._is_muted(trouble):
            return None
        kind = AlarmKind.CHANGE if trouble.key == CHANGE or trouble.key.startswith(_PASSED) else AlarmKind.TROUBLE
        if trouble.told is None:
            return kind if trouble.looks >= self._looks_needed(trouble) else None
        if trouble.key == CHANGE and self._novel(trouble) and self._looks_needed(trouble) == 1:
            return kind
        if trouble.key.startswith(_PASSED):
            return None  # what is over needs no reminder
        remind, told = self.manners.remind, trouble.reminded or trouble.told
        return AlarmKind.STILL if remind is not None and self.at - told >= remind else None

    def _looks_needed(self, trouble: Trouble) -> int:
        """Answers of name servers do not flap: that mail goes astray is told at once."""
        at_once = trouble.key == CHANGE or trouble.key.startswith(_PASSED)
        is_error = any(one.severity is Severity.ERROR for one in trouble.findings)
        return 1 if at_once and is_error else self.manners.after

    def _novel(self, trouble: Trouble) -> bool:
        return bool(_content(self.look.snapshot, trouble.findings) - set(trouble.content))

    def _as_told(self, trouble: Trouble) -> Trouble:
        told = replace(trouble, told=trouble.told or self.at, reminded=self.at)
        if trouble.key != CHANGE:
            return told
        content = {*trouble.content, *_content(self.look.snapshot, trouble.findings)}
        if self.state.reference is not None:
            content |= _content(self.state.reference, ())
        return replace(told, content=tuple(sorted(content)[:_MOST_REMEMBERED]))

    def _is_muted(self, trouble: Trouble) -> bool:
        is_change = trouble.key == CHANGE or trouble.key.startswith(_PASSED)
        if host := host_of(trouble.key):
            hosts = {host}
        else:
            hosts = {host for one in trouble.findings for host in _hosts_of(one, self.look.snapshot)}
        return any(
            window.is_open(self.at)
            and (window.changes or not is_change)
            and (not window.hosts or (bool(hosts) and hosts <= set(window.hosts)))
            for window in self.manners.windows
        )

    def _alarm(self, kind: AlarmKind, troubles: list[Trouble]) -> Alarm:
        findings = {one.id: one for trouble in troubles for one in trouble.findings}
        return Alarm(
            kind=kind,
            domain=self.state.domain,
            at=self.at,
            since=min(one.since for one in troubles),
            looks=max(one.looks for one in troubles),
            keys=tuple(one.key for one in troubles),
            findings=tuple(sorted(findings.values(), key=lambda one: one.severity.rank)),
            follows=tuple(key for one in troubles for key in one.follows),
            until=max((one.well_since for one in troubles if one.well_since is not None), default=None),
        )

    # ends

    def end(self) -> None:
        """Tell what is over, all of one kind in one alarm, and forget it."""
        over = [one for one in self.troubles.values() if one.well >= self.manners.after]
        ended: dict[str, list[Trouble]] = {}
        for trouble in over:
            ended.setdefault(_group_of(trouble), []).append(trouble)
            del self.troubles[trouble.key]
        self.alarms += [self._alarm(AlarmKind.OVER, troubles) for troubles in ended.values()]

    def watch_blindness(self) -> Blindness | None:
        """How long nobody could look, and what is to be told of that."""
        old = self.state.blindness
        if not self.look.blind or self.seen:
            if old is not None and old.told is not None and not self.look.blind:
                self.alarms.append(self._about_us(AlarmKind.LOOKS_AGAIN, old))
            return old if self.look.blind else None
        now = Blindness(since=self.at) if old is None else replace(old, looks=old.looks + 1)
        muted = any(window.is_open(self.at) and not window.hosts for window in self.manners.windows)
        long_enough = self.at - now.since >= self.manners.cannot_look and now.looks >= self.manners.after
        if now.told is not None or muted or not long_enough:
            return now
        self.alarms.append(self._about_us(AlarmKind.CANNOT_LOOK, now))
        return replace(now, told=self.at)

    def _about_us(self, kind: AlarmKind, blindness: Blindness) -> Alarm:
        return Alarm(
            kind=kind,
            domain=self.state.domain,
            at=self.at,
            since=blindness.since,
            looks=blindness.looks,
            reason=self.look.blind,
        )


def _group_of(trouble: Trouble) -> str:
    """What is told in one alarm: all hosts that go down at one time, findings of one rule."""
    if trouble.key.startswith((DOWN, PARTLY)):
        return trouble.key.partition(":")[0]
    return trouble.key if trouble.key == CHANGE else trouble.key.partition(":")[0]


# -- the reference -----------------------------------------------------------------------------------------------------


def _may_be_reference(state: AlarmState, look: JudgedLook, manners: Manners, troubles: Mapping[str, Trouble]) -> bool:
    """Whether later looks are compared with this one: nothing changed but for notes, and it saw no less.

    Where there is no reference yet, any look that knows the MX records is better than none.
    """
    if state.reference is None:
        return look.snapshot.complete and not mx_unknown(look.snapshot)
    if why_no_reference(look) or CHANGE in troubles:
        return False
    found = (one for judgement in look.compared or look.judgements for one in judgement.findings)
    if any(one.code in manners.holding and one.severity.rank <= Severity.WARNING.rank for one in found):
        return False
    return _saw_no_less(state.reference, look.snapshot)


def _saw_no_less(before: Snapshot, now: Snapshot) -> bool:
    """Whether a look failed nowhere where the earlier one learnt something: answers, and certificates."""
    known = {answer.question for answer in before.answers if not answer.status.is_temporary}
    if any(answer.status.is_temporary and answer.question in known for answer in now.answers):
        return False
    return _showed(before) & {visit.endpoint for visit in now.visits} <= _showed(now)


def _showed(snapshot: Snapshot) -> frozenset[object]:
    """The addresses that showed a certificate."""
    return frozenset(
        visit.endpoint for visit in snapshot.visits for session in visit.sessions if session.tls is not None
    )
