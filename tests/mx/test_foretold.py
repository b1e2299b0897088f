"""The forecast in short: it says what the whole forecast says, and names make no difference to it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.dns import Answer, AnswerStatus, MxRecord, Question, RecordType
from mxprobe.facts.session import FailureKind
from mxprobe.facts.snapshot import NotVisited, Snapshot, Visit, ZoneSource
from mxprobe.mx import foretold
from mxprobe.mx.forecast import FateKind
from mxprobe.mx.foretold import foretell
from mxprobe.mx.whatif import CaseKind, Chain, Down, Forecast, chain_today, forecast_chain, forecast_snapshot
from tests.support.snapshots import HEALTHY, PLAIN, host, mx, snapshot, visit

_SAID: tuple[Sequence[str] | FailureKind, ...] = (
    HEALTHY,
    PLAIN,
    ("421 too busy", "250 mx"),
    ("554 no", "250 mx"),
    FailureKind.REFUSED,
    FailureKind.TIMEOUT,
)


def _visit(preference: int, name: str, address: str, said: Sequence[str] | FailureKind | None) -> Visit:
    if said is not None:
        return visit(preference, name, address, said)
    seen = visit(preference, name, address, HEALTHY)
    return replace(seen, sessions=(), not_visited=NotVisited.DNS_ONLY)


def _v6(name: str, *addresses: str) -> Answer:
    return replace(host(name, *addresses), question=Question(name=name, rrtype=RecordType.AAAA))


@st.composite
def _looks(draw: st.DrawFn, words: tuple[str, ...] = ("a", "b", "c", "d")) -> Snapshot:
    """Up to four hosts in up to three preferences, with addresses that some have in common, and what is heard there."""
    names = words[: draw(st.integers(1, 4))]
    ranks = [draw(st.sampled_from((10, 20, 30))) for _ in names]
    answers, visits = [], []
    pool = tuple(f"192.0.2.{number}" for number in range(1, 5))
    for name, rank in zip(names, ranks, strict=True):
        four = tuple(draw(st.lists(st.sampled_from(pool), unique=True, max_size=2)))
        six = tuple(draw(st.lists(st.sampled_from(("2001:db8::1", "2001:db8::2")), unique=True, max_size=1)))
        status = draw(st.sampled_from((None, None, AnswerStatus.SERVFAIL))) if not four else None
        answers += [host(name, *four, status=status), _v6(name, *six)]
        said = draw(st.sampled_from((*_SAID, None)))
        visits += [_visit(rank, name, address, said) for address in (*four, *six)]
    records = list(zip(ranks, names, strict=True)) + ([(0, ".")] if draw(st.sampled_from((False, False, True))) else [])
    zone = ZoneSource(path="db.test") if draw(st.sampled_from((False, False, True))) else None
    return replace(snapshot([mx(*records), *answers], visits), zone=zone)


@settings(max_examples=40)
@given(_looks())
def test_it_says_what_the_whole_forecast_says_of_the_best_preference(seen: Snapshot) -> None:
    told, whole = foretell(seen), forecast_snapshot(seen)
    if whole is None:
        assert told is None
        return
    assert told is not None
    chain = chain_today(seen)
    assert chain is not None
    hosts = tuple(host.name for host in chain.plan.tiers[0].hosts)
    kind = CaseKind.PREFERENCE if len(hosts) > 1 else CaseKind.HOST
    cases = [case for case in whole.cases if case.kind is kind and case.down == hosts]
    assert [way.cell for way in told.ways] == [case.cell for case in cases]
    for way, case in zip(told.ways, cases, strict=True):
        named = (*way.elsewhere, *way.waits, *way.bounces, *way.unknown)
        assert sorted(named) == sorted(mailer.mailer for mailer in case.mailers)
        for mailer in case.mailers:
            assert (mailer.mailer in way.bounces) == (FateKind.BOUNCES in mailer.kinds)
            assert (mailer.mailer in way.elsewhere) == (mailer.kinds == {FateKind.ACCEPTED})
            if FateKind.WAITS in mailer.kinds:
                assert mailer.mailer in (*way.waits, *way.bounces)


@settings(max_examples=40)
@given(st.data())
def test_names_and_preferences_make_no_difference(data: st.DataObject) -> None:
    seed = data.draw(_looks())
    written = {"a": "mail.a.test", "b": "mail.b.test", "c": "other.test", "d": "very.far.test"}
    renamed = replace(
        seed,
        answers=tuple(
            replace(
                answer,
                question=replace(answer.question, name=written.get(answer.question.name, answer.question.name)),
                records=tuple(
                    replace(one, exchange=written.get(one.exchange, one.exchange), preference=one.preference * 7)
                    if isinstance(one, MxRecord)
                    else one
                    for one in answer.records
                ),
            )
            for answer in seed.answers
        ),
        visits=tuple(
            replace(
                one,
                preference=one.preference * 7,
                endpoint=replace(one.endpoint, host=written[one.endpoint.host]),
            )
            for one in seed.visits
        ),
    )
    assert foretell(renamed) == foretell(seed)


def test_haraka_bounces_at_554_and_postfix_goes_to_the_backup() -> None:
    seen = snapshot(
        [mx((10, "a"), (20, "b")), host("a", "192.0.2.1"), host("b", "192.0.2.2")],
        [visit(10, "a", "192.0.2.1", HEALTHY), visit(20, "b", "192.0.2.2", HEALTHY)],
    )
    told = foretell(seen)
    assert told is not None
    way = told.way("B3")
    assert way is not None
    assert "haraka" in way.bounces
    assert "postfix" in way.elsewhere


def test_domains_of_one_shape_are_forecast_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Chain] = []

    def counted(chain: Chain, parts: Sequence[Down]) -> Forecast:
        asked.append(chain)
        return forecast_chain(chain, parts)

    foretold._of_shape.cache_clear()
    monkeypatch.setattr(foretold, "forecast_chain", counted)
    for number in range(50):
        names = f"a{number}.test", f"b{number}.test"
        seen = snapshot(
            [mx((10, names[0]), (20, names[1])), host(names[0], f"192.0.2.{number}"), host(names[1], "198.51.100.1")],
            [visit(10, names[0], f"192.0.2.{number}", HEALTHY), visit(20, names[1], "198.51.100.1", HEALTHY)],
        )
        assert foretell(seen) is not None
    assert len(asked) == 1


def test_a_chain_that_is_too_long_says_so() -> None:
    names = [f"h{number}" for number in range(31)]
    seen = snapshot([mx(*((10, name) for name in names)), *(host(name, "192.0.2.1") for name in names)])
    told = foretell(seen)
    assert told is not None
    assert "31 hosts" in told.why
    assert told.ways == ()


def test_a_domain_without_a_chain_has_no_forecast() -> None:
    assert foretell(snapshot([mx(status=AnswerStatus.NXDOMAIN)])) is None
