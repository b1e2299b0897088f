"""The summary of results: what is not known stays apart, memory is bounded, and every form of results says the same."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.errors import InputError
from mxprobe.facts.summary import Counted, Share, Summary
from mxprobe.facts.tally import Extent, Known, Tally
from mxprobe.jobs.survey.summary import summarize
from mxprobe.mx.summed import Frequent, Sums
from mxprobe.report.survey_text import render_summary

_PLAIN = Tally(domain="a.test", depth="tls", basis="explicit", hosts=2, tiers=2, endpoints=2)


def _line(tally: Tally | None) -> bytes:
    return msgspec.json.encode({"schema": 1, "kind": "look", "snapshot": {}, "tally": tally}) + b"\n"


def _written(path: Path, tallies: list[Tally | None]) -> str:
    path.write_bytes(b"".join(map(_line, tallies)))
    return str(path)


def _summed(*tallies: Tally) -> Summary:
    sums = Sums()
    for tally in tallies:
        sums.add(tally)
    return sums.summary()


def test_shares_tell_what_is_had_in_part_and_what_is_not_known_apart() -> None:
    told = _summed(
        replace(_PLAIN, starttls=Extent.ALL, dane=Known.YES),
        replace(_PLAIN, starttls=Extent.SOME, dane=Known.PARTLY),
        replace(_PLAIN, starttls=Extent.NONE, dane=Known.NO),
        replace(_PLAIN, starttls=Extent.UNKNOWN, dane=Known.UNKNOWN),
    )
    expected = Share(having=1, partly=1, known=3, unknown=1)
    assert (told.starttls, told.dane) == (expected, expected)


def test_domains_without_a_chain_are_in_no_share_of_chains_but_where_the_lookup_failed() -> None:
    told = _summed(
        replace(_PLAIN, has_backup=Known.YES),
        replace(_PLAIN, basis="null", hosts=0, tiers=0, has_backup=Known.NO),
        replace(_PLAIN, basis="unknown", hosts=0, tiers=0),
    )
    assert told.has_backup == Share(having=1, known=1, unknown=1)
    assert told.starttls == told.dane == told.mta_sts == Share(unknown=2)
    assert (told.domains, told.with_hosts) == (3, 1)


def test_shared_fate_is_told_of_domains_with_several_hosts() -> None:
    told = _summed(
        replace(_PLAIN, one_operator=Known.YES),
        replace(_PLAIN, hosts=1, tiers=1, one_operator=Known.YES),
        replace(_PLAIN, one_operator=Known.NO),
    )
    assert (told.several, told.one_operator) == (2, Share(having=1, known=2))


def test_a_second_host_whose_address_is_not_known_leaves_shared_fate_open() -> None:
    told = _summed(replace(_PLAIN, hosts=1, tiers=1, has_backup=Known.UNKNOWN, one_operator=Known.UNKNOWN))
    assert (told.several, told.one_operator) == (1, Share(unknown=1))


def test_forecasts_are_counted_for_each_mailer_and_way() -> None:
    told = _summed(
        replace(_PLAIN, foretold=True, says_554_bounces=("haraka", "mox"), says_554_waits=("qmail",)),
        replace(_PLAIN, foretold=True, says_554_bounces=("haraka",), refused_unknown=("exim",)),
        _PLAIN,
    )
    assert told.foretold == 2
    ways = {
        way.way: {one.mailer: (one.bounces, one.waits, one.unknown) for one in way.mailers} for way in told.forecast
    }
    assert ways["says_554"] == {"haraka": (2, 0, 0), "mox": (1, 0, 0), "qmail": (0, 1, 0)}
    assert ways["refused"] == {"exim": (0, 0, 1)}


def test_findings_are_counted_of_those_that_were_judged() -> None:
    told = _summed(
        replace(_PLAIN, errors=1, warnings=2, notes=0, found=("MX308",)),
        replace(_PLAIN, errors=0, warnings=1, notes=0, found=("MX302",)),
        replace(_PLAIN, errors=0, warnings=0, notes=0, found=("MX302",)),
        _PLAIN,
    )
    assert (told.judged, told.erring, told.warned, told.unseen) == (3, 1, 1, 0)
    assert told.found == (Counted(name="MX302", domains=2), Counted(name="MX308", domains=1))


def test_a_domain_of_which_nothing_could_be_seen_is_not_one_without_findings() -> None:
    unknown = replace(_PLAIN, basis="unknown", hosts=0, tiers=0, errors=0, warnings=0, notes=0)
    told = _summed(unknown, replace(unknown, errors=1), replace(_PLAIN, errors=0, warnings=0, notes=0))
    assert (told.judged, told.erring, told.unseen) == (3, 1, 1)
    text = " ".join(render_summary(told).split())
    assert "1 of 3 domains have an error, 0 a warning alone, 1 neither; of 1 nothing could be seen" in text


@given(st.lists(st.integers(0, 40), max_size=300), st.integers(2, 20))
def test_what_is_frequent_is_counted_in_bounded_memory_and_never_more_wrong_than_it_says(
    names: list[int], most: int
) -> None:
    frequent = Frequent(most)
    for name in names:
        frequent.add((str(name),))
    counted = {one.name: one.domains for one in frequent.top(1000)}
    assert len(counted) <= most
    for name in range(41):
        right = names.count(name)
        assert right - frequent.too_few <= counted.get(str(name), 0) <= right


def test_lines_without_a_tally_are_counted_and_hide_nothing(tmp_path: Path) -> None:
    told = summarize(_written(tmp_path / "r.jsonl", [_PLAIN, None, _PLAIN]))
    assert (told.domains, told.untallied, told.with_hosts) == (3, 1, 2)


def test_a_last_line_that_was_cut_short_is_passed_over_and_said(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(_line(_PLAIN) + _line(_PLAIN)[:40])
    told = summarize(str(path))
    assert (told.domains, told.cut_short) == (1, True)


@pytest.mark.parametrize("content", [b"", b"{}\n", b"not json\n", b'{"schema":1,"kind":"runs"}\n', b"[1]\n"])
def test_what_is_no_results_is_said_with_its_place(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        summarize(str(path))
    assert error.value.place is not None
    assert str(path) in str(error.value.place)


_SOME = (
    replace(_PLAIN, errors=1, warnings=0, notes=0, found=("MX308",), says_554_bounces=("haraka",), foretold=True),
    replace(_PLAIN, domain="b.test", has_backup=Known.YES, untold=("limits this probe",), throttled=("b.test",)),
)


def _rows() -> list[dict[str, object]]:
    """As tables have them: lists as JSON, what is missing as nothing."""
    parts = [msgspec.to_builtins(tally) for tally in _SOME]
    rows = [
        {
            name: msgspec.json.encode(value).decode() if isinstance(value, list | tuple) else value
            for name, value in one.items()
        }
        for one in parts
    ]
    empty: dict[str, object] = dict.fromkeys(rows[0])
    return [*rows, {**empty, "domain": "c.test"}]


def _expected() -> Summary:
    sums = Sums()
    for tally in _SOME:
        sums.add(tally)
    sums.pass_over()
    return sums.summary()


def test_a_database_says_what_its_lines_say(tmp_path: Path) -> None:
    path, rows = tmp_path / "r.db", _rows()
    connection = sqlite3.connect(path)
    columns = ", ".join(f'"{name}"' for name in rows[0])
    connection.execute(f"CREATE TABLE results (number INTEGER PRIMARY KEY, document TEXT, {columns})")
    marks = ", ".join("?" * len(rows[0]))
    for row in rows:
        connection.execute(f"INSERT INTO results ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608
    connection.commit()
    connection.close()
    assert summarize(f"sqlite:{path}") == _expected()


def test_a_parquet_file_says_what_its_lines_say(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "r.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(_rows()), path)
    assert summarize(str(path)) == _expected()


@pytest.mark.parametrize("name", ["sqlite:{}/none.db", "{}/none.jsonl", "{}/none.parquet"])
def test_results_that_are_not_there_are_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        InputError, match=r"none\.\w+: (cannot be read: No such file|there is no such database)"
    ) as caught:
        summarize(name.format(tmp_path))
    assert "Errno" not in str(caught.value)
    assert not list(tmp_path.iterdir())
