"""What-ifs over a saved probe: which cases there are, what is lost on the way, and how little work they are."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType
from mxprobe.facts.session import FailureKind
from mxprobe.facts.snapshot import Snapshot, ZoneSource
from mxprobe.mx import whatif
from mxprobe.mx.delivery import Attempt, Delivery, Move, MoveKind, aged, start
from mxprobe.mx.forecast import FateKind, forecast_mailer
from mxprobe.mx.outcome import Action
from mxprobe.mx.plan import Plan
from mxprobe.mx.profile import Profile
from mxprobe.mx.retry import HOUR
from mxprobe.mx.senders import MODELLED, PROFILES
from mxprobe.mx.whatif import MOST_PAIRED, WAYS, Case, CaseKind, Forecast, chain_today, forecast_snapshot, parts_of
from tests.support.chains import chain, outcomes_of
from tests.support.profiles import ALPHA, BETA, CLEAR, GAMMA, THREE, mailer, twelve
from tests.support.snapshots import HEALTHY, PLAIN, host, mx, snapshot, visit

Said = Sequence[str] | FailureKind


def _probe(*hosts: tuple[int, str, Said], v6: Sequence[str] = ()) -> Snapshot:
    """A probe of hosts with an IPv4 address each, those named in `v6` with an IPv6 address as well."""
    names = [name for _, name, _ in hosts]
    answers = [mx(*((preference, name) for preference, name, _ in hosts))]
    answers += [host(name, f"192.0.2.{number}") for number, name in enumerate(names, 1)]
    answers += [_v6(name, f"2001:db8::{names.index(name) + 1}") for name in v6]
    visits = [visit(preference, name, f"192.0.2.{number}", said) for number, (preference, name, said) in _count(hosts)]
    visits += [
        visit(preference, name, f"2001:db8::{number}", said)
        for number, (preference, name, said) in _count(hosts)
        if name in v6
    ]
    return snapshot(answers, visits)


def _count(hosts: Sequence[tuple[int, str, Said]]) -> Any:
    return enumerate(hosts, 1)


def _v6(name: str, address: str) -> Answer:
    answer = host(name, address)
    return replace(answer, question=Question(name=name, rrtype=RecordType.AAAA))


def _forecast(seen: Snapshot) -> Forecast:
    forecast = forecast_snapshot(seen, (*THREE, CLEAR))
    assert forecast is not None
    return forecast


def _case(forecast: Forecast, down: tuple[str, ...], cell: str, kind: CaseKind = CaseKind.HOST) -> Case:
    (case,) = [case for case in forecast.cases if (case.kind, case.down, case.cell) == (kind, down, cell)]
    return case


def test_there_is_a_case_for_every_host_preference_family_and_pair() -> None:
    seen = _probe((10, "a", HEALTHY), (20, "b", HEALTHY), (20, "c", HEALTHY), v6=("a", "b"))
    forecast = _forecast(seen)

    assert {(case.kind.value, case.down) for case in forecast.cases} == {
        ("host", ("a",)),
        ("host", ("b",)),
        ("host", ("c",)),
        ("preference", ("b", "c")),
        ("family", ("a", "b", "c")),
        ("family", ("a", "b")),
        ("pair", ("a", "b")),
        ("pair", ("a", "c")),
    }
    assert [case.cell for case in forecast.cases if case.down == ("a",)] == [way.cell for way in WAYS]
    assert {case.endpoints for case in forecast.cases if case.family == 6} == {("a/2001:db8::1", "b/2001:db8::2")}
    assert {case.cell for case in forecast.cases if case.family} == {"C1", "C2"}
    assert forecast.now.kind is CaseKind.NOW
    assert forecast.now.endpoints == ()


@pytest.mark.parametrize("count", [MOST_PAIRED, MOST_PAIRED + 1])
def test_pairs_are_told_of_so_many_hosts_that_a_look_ends_soon(count: int) -> None:
    seen = _probe(*((10, f"h{number}", HEALTHY) for number in range(count)))
    chain = chain_today(seen)
    assert chain is not None

    kinds = [part.kind for part in parts_of(chain)]

    assert kinds.count(CaseKind.HOST) == count
    assert kinds.count(CaseKind.PAIR) == (count * (count - 1) // 2 if count <= MOST_PAIRED else 0)


def test_an_address_of_two_hosts_fails_for_both() -> None:
    answers = [mx((10, "a"), (20, "b")), host("a", "192.0.2.1"), host("b", "192.0.2.1")]
    visits = [visit(10, "a", "192.0.2.1", HEALTHY), visit(20, "b", "192.0.2.1", HEALTHY)]

    case = _case(_forecast(snapshot(answers, visits)), ("a",), "C1")

    assert case.endpoints == ("a/192.0.2.1", "b/192.0.2.1")
    assert {kind for told in case.mailers for kind in told.kinds} == {FateKind.WAITS}


def test_a_family_is_no_case_where_there_is_one_alone() -> None:
    forecast = _forecast(_probe((10, "a", HEALTHY), (20, "b", HEALTHY)))

    assert [case for case in forecast.cases if case.family is not None] == []


def test_every_case_has_every_modelled_mailer_in_one_order() -> None:
    forecast = forecast_snapshot(_probe((10, "a", HEALTHY), (20, "b", HEALTHY)))

    assert forecast is not None
    names = [profile.name for profile in MODELLED]
    assert [model.mailer for model in forecast.models] == names
    assert all([mailer.mailer for mailer in case.mailers] == names for case in (forecast.now, *forecast.cases))


def test_mail_that_waits_says_when_it_is_tried_again_and_when_it_comes_back() -> None:
    case = _case(_forecast(_probe((10, "a", HEALTHY))), ("a",), "C1")

    alpha = case.mailers[0]
    assert alpha.kinds == {FateKind.WAITS}
    assert (alpha.again, alpha.gives_up) == (HOUR, 5 * 24 * HOUR)


def test_a_mailer_of_one_round_has_no_second() -> None:
    once = mailer("Once", schedule=replace(ALPHA.schedule, rounds=1))
    plan = chain([(10, ["a"])])

    told = forecast_mailer(once, plan, outcomes_of(plan, {"a": "C1"}))

    assert told.kinds == {FateKind.BOUNCES}
    assert told.again is None


@pytest.mark.parametrize(
    ("primary", "backup", "lost"),
    [
        (HEALTHY, HEALTHY, [False, False, False, False]),
        (HEALTHY, PLAIN, [True, True, True, False]),
        (PLAIN, PLAIN, [False, False, False, False]),
        (PLAIN, HEALTHY, [False, False, False, False]),
        (HEALTHY, FailureKind.REFUSED, [False, False, False, False]),
    ],
)
def test_tls_is_lost_where_the_next_host_offers_none(primary: Said, backup: Said, lost: list[bool]) -> None:
    forecast = _forecast(_probe((10, "a", primary), (20, "b", backup)))

    assert [mailer.loses_tls for mailer in _case(forecast, ("a",), "C1").mailers] == lost
    assert [mailer.loses_tls for mailer in forecast.now.mailers] == [False] * 4


def test_a_handshake_that_fails_loses_tls_for_those_who_go_on_in_clear() -> None:
    plan = chain([(10, ["a"]), (20, ["b"])])
    outcomes = outcomes_of(plan, {"a": "C1", "b": "T4"})

    told = {profile.title: forecast_mailer(profile, plan, outcomes).prospects[0] for profile in (ALPHA, GAMMA)}

    assert (told["Alpha"].kind, told["Alpha"].host, told["Alpha"].clear) == (FateKind.ACCEPTED, "b", True)
    assert told["Gamma"].kind is FateKind.WAITS


def test_equals_with_broken_tls_are_all_named() -> None:
    plan = chain([(10, ["a", "b"])])

    prospects = forecast_mailer(ALPHA, plan, outcomes_of(plan, {"a": "T4", "b": "T4"})).prospects

    assert {(prospect.host, prospect.clear) for prospect in prospects} == {("a", True), ("b", True)}


def test_nothing_is_said_of_tls_where_a_host_is_not_known() -> None:
    seen = _probe((10, "a", HEALTHY), (20, "b", HEALTHY))
    seen = replace(seen, visits=seen.visits[:1])

    case = _case(_forecast(seen), ("a",), "C1")

    assert [mailer.loses_tls for mailer in case.mailers] == [None] * 4
    assert case.mailers[0].kinds == {FateKind.UNKNOWN}


def _zone() -> Snapshot:
    """A zone with a host of its own and one elsewhere."""
    elsewhere = replace(host("relay.isp.example", "192.0.2.9"), status=AnswerStatus.NOT_ASKED, records=())
    answers = (mx((10, "a.example.test"), (20, "relay.isp.example")), host("a.example.test", "192.0.2.1"), elsewhere)
    v6 = _v6("a.example.test", "2001:db8::1")
    return replace(snapshot((*answers, v6)), zone=ZoneSource(path="db"))


def test_over_a_zone_every_host_is_assumed_to_answer_and_nothing_is_known_of_tls() -> None:
    forecast = _forecast(_zone())

    case = _case(forecast, ("a.example.test",), "C1")
    assert forecast.assumed
    assert [sorted(mailer.hosts) for mailer in case.mailers] == [["relay.isp.example"]] * 4
    assert {(one.prospects[0].clear, one.loses_tls) for one in case.mailers} == {(None, None)}


def test_over_a_zone_nobody_knows_of_which_family_a_host_elsewhere_is() -> None:
    seen = _zone()
    answers = tuple(answer for answer in seen.answers if answer.question.rrtype is not RecordType.AAAA)
    seen = replace(seen, answers=(*answers, _v6("b.example.test", "2001:db8::2")))
    records = (*mx((10, "a.example.test"), (15, "b.example.test"), (20, "relay.isp.example")).records,)
    seen = replace(seen, answers=(replace(seen.answers[0], records=records), *seen.answers[1:]))
    found = chain_today(seen)
    assert found is not None

    families = [part for part in parts_of(found) if part.kind is CaseKind.FAMILY]
    both = replace(families[0], endpoints=families[0].endpoints + families[1].endpoints)
    case = whatif.forecast_chain(found, (both,), mailers=THREE).cases[0]

    assert [endpoint.host for part in families for endpoint in part.endpoints] == ["a.example.test", "b.example.test"]
    assert case.mailers[0].kinds == {FateKind.UNKNOWN}


def _ends(profile: Profile, plan: Plan, cells: dict[str, str]) -> set[tuple[FateKind, str | None]]:
    """The ends of every road, followed one by one without merging any."""
    outcomes = outcomes_of(plan, cells)
    found: set[tuple[FateKind, str | None]] = set()

    def follow(round_: Delivery) -> None:
        for move in round_.lawful():
            end = _end(round_, move)
            if end is not None:
                found.add(end)
            if move.endpoint is not None:
                cell = outcomes[move.endpoint] or "Z1"
                go = profile.ruling(cell, profile.tls).action in (Action.GO, Action.HELO)
                follow(round_.record(Attempt(endpoint=move.endpoint, cell="Z1" if go or move.clear else cell)))

    follow(aged(start(profile, profile.tls, plan.targets(), ("someone",)), 0.0))
    return found


def _end(round_: Delivery, move: Move) -> tuple[FateKind, str | None] | None:
    if move.endpoint is not None:
        return None
    if round_.delivered:
        return FateKind.ACCEPTED, round_.tried[-1].host
    return (FateKind.BOUNCES if round_.bounced or move.kind is MoveKind.BOUNCE else FateKind.WAITS), None


@given(
    tiers=st.lists(st.integers(1, 3), min_size=1, max_size=2),
    cells=st.lists(st.sampled_from(["Z1", "T1", "C1", "C2", "B2", "B3", "H2", "T4"]), min_size=6, max_size=6),
    profile=st.sampled_from([*twelve(), BETA, CLEAR, *PROFILES]),
    addresses=st.integers(1, 2),
)
@settings(deadline=None)
def test_what_is_merged_ends_as_every_road_does_alone(
    tiers: list[int], cells: list[str], profile: Profile, addresses: int
) -> None:
    names = iter("abcdef")
    groups = [(10 * place, [next(names) for _ in range(count)]) for place, count in enumerate(tiers)]
    plan = chain(groups, addresses if max(tiers) < 3 else 1)
    said = {one.name: cell for one, cell in zip(plan.hosts, cells, strict=False)}

    told = forecast_mailer(profile, plan, outcomes_of(plan, said)).prospects

    kinds = {
        (FateKind.WAITS if end.cell == "E3" else end.kind, end.host if end.kind is FateKind.ACCEPTED else None)
        for end in told
    }
    assert kinds == _ends(profile, plan, said)


@given(tiers=st.lists(st.integers(1, 2), min_size=1, max_size=3), addresses=st.integers(1, 2))
@settings(max_examples=30)
def test_nothing_that_is_down_takes_mail(tiers: list[int], addresses: int) -> None:
    names = iter("abcdefghi")
    plan = chain([(place, [next(names) for _ in range(count)]) for place, count in enumerate(tiers)], addresses)
    outcomes = outcomes_of(plan, {})
    healthy = whatif.Chain(plan=plan, port=25, outcomes=outcomes, assumed=False)

    for case in whatif.forecast_chain(healthy, tuple(parts_of(healthy)), mailers=THREE).cases:
        for told in case.mailers:
            assert not told.hosts & set(case.down)
            assert told.prospects


SHAPES = {
    "each of its own preference": [(10 * number, [f"mx{number}"]) for number in range(1, 6)],
    "five equals": [(10, [f"mx{number}" for number in range(1, 6)])],
    "one, two and two": [(1, ["mx1"]), (5, ["mx2", "mx3"]), (10, ["mx4", "mx5"])],
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_all_single_and_double_failures_of_twenty_addresses_are_few_states(
    shape: list[tuple[int, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hosts of four addresses, twelve mailers: what `tests/bench/bench_forecast.py` times is bounded here."""
    plan = chain(shape, 4)
    healthy = whatif.Chain(plan=plan, port=25, outcomes=outcomes_of(plan, {}), assumed=False)
    states = 0
    record = Delivery.record

    def counted(delivery: Delivery, attempt: Attempt) -> Delivery:
        nonlocal states
        states += 1
        return record(delivery, attempt)

    monkeypatch.setattr(Delivery, "record", counted)
    forecast = whatif.forecast_chain(healthy, tuple(parts_of(healthy)), mailers=twelve())

    assert len(forecast.cases) >= (5 + 10) * len(WAYS)
    walks = len(forecast.cases) * len(twelve())
    assert 0 < states < 10 * walks, (states, walks)
