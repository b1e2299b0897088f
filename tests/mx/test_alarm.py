"""Alarms: exactly those that a person would want, at the looks at which they are due, and no other."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.alarm import Alarm, AlarmKind, AlarmState, Manners, Window
from mxprobe.facts.beside import Beside
from mxprobe.facts.codec import decode, encode
from mxprobe.facts.finding import Finding, Judgement, Severity, Status, Waived
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs.history import read_looks
from mxprobe.jobs.watch import holding_codes
from mxprobe.mx.alarm import CHANGE, JudgedLook, accept, advance
from mxprobe.mx.remembered import remember
from mxprobe.report.alarm_text import alarm_status, render_alarms
from mxprobe.report.json import LookDocument
from mxprobe.report.verdict import could_not_look
from mxprobe.rules import judge_snapshot
from mxprobe.rules.domain.drift import transient_mx_change
from tests.support.judged import DOMAIN
from tests.support.week import HIJACK, LOOKS, OUTAGE, RENEWAL, STEP, WINDOW, at, seen, stamped, state_at, week

TROUBLE, OVER, CHANGED, STILL = AlarmKind.TROUBLE, AlarmKind.OVER, AlarmKind.CHANGE, AlarmKind.STILL
MAINTENANCE = Window(start=at(WINDOW), lasts=24 * STEP, because="new kernel", hosts=("mx1.example.test",))
MANNERS = Manners(windows=(MAINTENANCE,), holding=holding_codes())
WAIVED = Waived(because="the new certificate comes on Monday", until="2026-01-31", place="expect.yaml:4")
HISTORY_RULES = ("MX402", "MX527")


@cache
def _judged(state: str, renewed: bool, reference: tuple[str, bool] | None) -> tuple[Judgement, ...]:
    """What the rules say of a state beside the reference; two looks at one state differ in their moment alone."""
    before = seen(*reference) if reference is not None else None
    snapshot = stamped(seen(state, renewed), LOOKS)
    return judge_snapshot(snapshot, unwanted=HISTORY_RULES, beside=Beside(before=before))


def _waived(judgements: tuple[Judgement, ...]) -> tuple[Judgement, ...]:
    """The file of --expect allows what is wrong with mx2."""
    return tuple(
        replace(
            judgement,
            findings=tuple(
                replace(one, waived=WAIVED) if one.subject == "mx2.example.test" else one for one in judgement.findings
            ),
        )
        for judgement in judgements
    )


def _watch(manners: Manners, snapshots: Iterable[Snapshot]) -> Iterator[tuple[int, Alarm]]:
    """Every alarm of the week's looks, or of some of them, with the number of its look."""
    state, history = AlarmState(domain=DOMAIN), tuple[Snapshot, ...]()
    for snapshot in snapshots:
        number = round((snapshot.started_at - at(0)) / STEP)
        reference = state.reference
        known = None if reference is None else _name_of(reference)
        judgements = _waived(_judged(*_name_of(snapshot), known))
        transient = transient_mx_change.find_beside(snapshot, Beside(before=reference, history=history))
        look = JudgedLook(snapshot=snapshot, judgements=(*judgements, transient), blind=could_not_look(snapshot) or "")
        step = advance(state, look, manners)
        state, history = step.state, remember(history, snapshot)
        yield from ((number, alarm) for alarm in step.alarms)


def _name_of(snapshot: Snapshot) -> tuple[str, bool]:
    number = round((snapshot.started_at - at(0)) / STEP)
    return state_at(number), number >= RENEWAL


def _record(path: Path) -> Path:
    """The week as `--history` writes it."""
    with path.open("wb") as file:
        for snapshot in week():
            file.write(encode(LookDocument(snapshot=snapshot)) + b"\n")
    return path


def test_over_a_week_of_looks_exactly_the_alarms_that_a_person_wants(tmp_path: Path) -> None:
    alarms = list(_watch(MANNERS, read_looks(_record(tmp_path / "example.test.jsonl"))))

    assert [(number, alarm.kind) for number, alarm in alarms] == [
        (OUTAGE + 2, TROUBLE),
        (OUTAGE + 8 + 2, OVER),
        (HIJACK, CHANGED),
        (HIJACK + 6 + 2, OVER),
    ]
    down, up, hijacked, restored = (alarm for _, alarm in alarms)
    assert (down.keys, up.keys) == (("down:mx1.example.test",), ("down:mx1.example.test",))
    assert down.since == at(OUTAGE)
    assert (up.since, up.until) == (at(OUTAGE), at(OUTAGE + 8))
    assert {one.code for one in hijacked.findings} >= {"MX526"}
    assert hijacked.since == at(HIJACK)
    assert restored.until == at(HIJACK + 6)


WANTED = {(OUTAGE + 2, TROUBLE), (OUTAGE + 10, OVER), (HIJACK, CHANGED), (HIJACK + 8, OVER)}
NO_WINDOW = {(WINDOW + 5, TROUBLE), (WINDOW + 21, OVER)}
IMPATIENT = {(121, TROUBLE), (123, OVER), (171, TROUBLE), (173, OVER), (803, TROUBLE), (810, OVER)} | {
    (OUTAGE + 1, TROUBLE),
    (OUTAGE + 9, OVER),
    (HIJACK, CHANGED),
    (HIJACK + 7, OVER),
}
BLIND_HOUR = {(606, AlarmKind.CANNOT_LOOK), (612, AlarmKind.LOOKS_AGAIN)}
BOTH_CHANGE = replace(MAINTENANCE, start=at(HIJACK), hosts=(), changes=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("manners", "wanted"),
    [
        (Manners(windows=()), WANTED | NO_WINDOW),
        (Manners(windows=(replace(MAINTENANCE, hosts=("mx2.example.test",)),)), WANTED | NO_WINDOW),
        (
            Manners(windows=(replace(MAINTENANCE, lasts=12 * STEP),)),
            WANTED | {(WINDOW + 12, TROUBLE), (WINDOW + 21, OVER)},
        ),
        (Manners(windows=(MAINTENANCE, replace(BOTH_CHANGE, changes=False))), WANTED),
        (Manners(windows=(MAINTENANCE, BOTH_CHANGE)), WANTED - {(HIJACK, CHANGED), (HIJACK + 8, OVER)}),
        (Manners(after=2, windows=(MAINTENANCE,)), IMPATIENT),
        (Manners(cannot_look=1800, windows=(MAINTENANCE,)), WANTED | BLIND_HOUR),
        (Manners(remind=1200, windows=(MAINTENANCE,)), WANTED | {(OUTAGE + 6, STILL), (HIJACK + 4, STILL)}),
        (Manners(fail_on=Severity.WARNING, windows=(MAINTENANCE,)), WANTED | {(702, TROUBLE), (714, OVER)}),
    ],
    ids=[
        "no window",
        "another host's",
        "a short one",
        "changes are not muted",
        "unless it is said",
        "after 2",
        "cannot look",
        "remind",
        "warnings",
    ],
)
def test_other_manners_give_other_alarms_over_the_same_week(
    manners: Manners, wanted: set[tuple[int, AlarmKind]]
) -> None:
    alarms = [(number, alarm.kind) for number, alarm in _watch(replace(manners, holding=holding_codes()), week())]

    assert set(alarms) == wanted
    assert len(alarms) == len(wanted)


def test_a_change_that_nobody_accepts_stays_and_one_that_is_accepted_ends() -> None:
    told, state = list[tuple[int, AlarmKind]](), AlarmState(domain=DOMAIN, reference=seen("sound"))
    for number in range(1, 60):
        judgements = _judged("forged", False, ("sound", False))
        step = advance(state, JudgedLook(snapshot=stamped(seen("forged"), number), judgements=judgements), MANNERS)
        state = step.state
        told += [(number, alarm.kind) for alarm in step.alarms]
    assert told == [(1, CHANGED)]

    state = AlarmState(domain=DOMAIN, reference=seen("sound"))
    forged = JudgedLook(snapshot=stamped(seen("forged"), 1), judgements=_judged("forged", False, ("sound", False)))
    accepted = accept(advance(state, forged, MANNERS).state, forged, MANNERS)
    after = JudgedLook(snapshot=stamped(seen("forged"), 2), judgements=_judged("forged", False, ("forged", False)))

    assert [one.key for one in accepted.troubles if one.key == CHANGE] == []
    assert accepted.reference == forged.snapshot
    assert advance(accepted, after, MANNERS).alarms == ()


@pytest.mark.parametrize("state", ["forged", "records forged", "one server forged"])
def test_a_hijack_is_one_alarm_whatever_shape_it_has_and_so_is_its_end(state: str) -> None:
    remembered, told = AlarmState(domain=DOMAIN, reference=seen("sound")), list[tuple[int, AlarmKind]]()
    history: tuple[Snapshot, ...] = (stamped(seen("sound"), 0),)
    for number in range(1, 30):
        name = state if number <= 6 else "sound"
        snapshot, beside = stamped(seen(name), number), Beside(before=remembered.reference, history=history)
        look = JudgedLook(snapshot=snapshot, judgements=judge_snapshot(snapshot, beside=beside))
        step = advance(remembered, look, MANNERS)
        remembered, history = step.state, remember(history, snapshot)
        told += [(number, alarm.kind) for alarm in step.alarms]

    assert [kind for _, kind in told] == [CHANGED, OVER]
    assert told[0][0] <= MANNERS.after
    assert told[1][0] == 6 + MANNERS.after


def test_an_outage_during_a_change_that_is_open_is_told() -> None:
    down = Finding(
        code="MX102", name="x", severity=Severity.ERROR, subject=DOMAIN, says="the MX records cannot be looked up"
    )
    state, told = AlarmState(domain=DOMAIN, reference=seen("sound")), list[tuple[int, str]]()
    for number in range(1, 20):
        judgements = _judged("forged", False, ("sound", False))
        if number >= 10:
            judgements = (*judgements, Judgement(code="MX102", name="x", status=Status.FIRES, findings=(down,)))
        step = advance(state, JudgedLook(snapshot=stamped(seen("forged"), number), judgements=judgements), MANNERS)
        state = step.state
        told += [(number, key) for alarm in step.alarms for key in alarm.keys]

    assert told == [(1, CHANGE), (12, f"MX102:{DOMAIN}")]


def test_the_end_of_a_waiver_is_the_beginning_of_a_trouble() -> None:
    state, told = AlarmState(domain=DOMAIN, reference=seen("sound")), list[int]()
    for number in range(1, 20):
        judgements = _judged("mx2 expired", False, ("sound", False))
        snapshot = stamped(seen("mx2 expired"), number)
        look = JudgedLook(snapshot=snapshot, judgements=judgements if number >= 10 else _waived(judgements))
        step = advance(state, look, MANNERS)
        state = step.state
        told += [number for _ in step.alarms]

    assert set(told) == {12}


def test_alarms_are_a_paragraph_each_with_what_to_do() -> None:
    alarms = [alarm for _, alarm in _watch(MANNERS, week())]
    text = render_alarms(alarms, "/var/lib/mxprobe")
    down, up, changed, back = text.split("\n\n")

    assert down.startswith("ALARM  example.test: every address of the best preference (mx1.example.test) fails")
    assert "since  2026-01-04 11:20 UTC, 3 looks" in down
    assert "a waiver of MX308 with an end in the file of --expect, or a window in --alarm-config" in " ".join(
        down.split()
    )
    assert up.startswith("OVER  example.test: mx1.example.test takes mail again")
    assert "2026-01-04 11:20 UTC to 2026-01-04 12:00 UTC, 40 min" in up
    assert "new: NS ns9.elsewhere.test" in changed or "new: name servers ns9.elsewhere.test" in changed
    assert "mxprobe probe example.test --history /var/lib/mxprobe --alarm --accept" in " ".join(changed.split())
    assert back.startswith("OVER  example.test: its records are again what they were")
    assert all(len(line) <= 100 for line in text.splitlines())
    assert [alarm_status((alarm,)) for alarm in alarms] == [1, 0, 1, 0]


# -- whatever happens --------------------------------------------------------------------------------------------------

CODES = ("MX308", "MX709", "MX102", "MX777")
SEEN, GONE, UNKNOWN, BLIND = "seen", "gone", "unknown", "blind"


def _finding(code: str) -> Finding:
    return Finding(code=code, name="x", severity=Severity.ERROR, subject="other.test", says="so")


def _look(number: int, states: dict[str, str]) -> JudgedLook:
    """A look in which each rule saw its trouble, saw that it is gone, or could not tell."""
    judgements = tuple(
        Judgement(
            code=code,
            name="x",
            status={SEEN: Status.FIRES, GONE: Status.PASSES}.get(state, Status.INCONCLUSIVE),
            findings=(_finding(code),) if state == SEEN else (),
        )
        for code, state in states.items()
    )
    return JudgedLook(snapshot=stamped(seen("sound"), number), judgements=judgements)


@pytest.mark.parametrize("code", ["MX520", "MX521", "MX531", "MX538", "MX539"])
def test_records_that_are_not_what_they_should_be_are_told_at_once(code: str) -> None:
    step = advance(AlarmState(domain=DOMAIN), _look(0, {code: SEEN}), Manners(after=3))

    assert [(alarm.kind, alarm.keys) for alarm in step.alarms] == [(CHANGED, (CHANGE,))]


LOOK = st.fixed_dictionaries({code: st.sampled_from((SEEN, SEEN, GONE, UNKNOWN)) for code in CODES})


@given(st.lists(st.tuples(LOOK, st.booleans()), max_size=60), st.integers(1, 4))
def test_nobody_is_told_twice_without_an_end_nor_after_too_few_looks(
    looks: list[tuple[dict[str, str], bool]], after: int
) -> None:
    state, open_ones = AlarmState(domain=DOMAIN), dict.fromkeys(CODES, False)
    streak, well = dict.fromkeys(CODES, 0), dict.fromkeys(CODES, 0)
    for number, (states, blind) in enumerate(looks):
        look = replace(_look(number, states), blind="nobody answered" if blind else "")
        step = advance(state, look, Manners(after=after, cannot_look=1e9))
        assert decode(encode(step.state), AlarmState) == step.state
        state = step.state
        for code, one in states.items():
            if one == SEEN:
                streak[code], well[code] = streak[code] + 1, 0
            elif one == GONE and not blind:
                streak[code], well[code] = 0, well[code] + 1
        for alarm in step.alarms:
            for code in (key.partition(":")[0] for key in alarm.keys):
                if alarm.kind is TROUBLE:
                    assert not open_ones[code]
                    assert streak[code] >= after
                    open_ones[code] = True
                else:
                    assert alarm.kind is OVER
                    assert open_ones[code]
                    assert well[code] >= after
                    open_ones[code] = False
        for code in CODES:  # and what lasts is told
            assert open_ones[code] or streak[code] < after
