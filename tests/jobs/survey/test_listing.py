"""The list of a survey: what a line may be, what is passed over and said, and that memory does not grow with it."""

import io
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.errors import InputError
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.facts.survey import Entry
from mxprobe.jobs.survey.listing import LONGEST_LINE, STANDARD_INPUT, EntryList, read_line


def listed(data: bytes, tmp_path: Path, *, strict: bool = False) -> EntryList:
    path = tmp_path / "domains.txt"
    path.write_bytes(data)
    return EntryList(path, strict=strict)


def domains(data: bytes, tmp_path: Path) -> list[str]:
    with listed(data, tmp_path) as entries:
        return [entry.domain for entry in entries]


@pytest.mark.parametrize(
    ("line", "domain", "recipients"),
    [
        (b"example.com", "example.com", ()),
        (b"  Example.COM.  ", "example.com", ()),
        (b"example.com\r", "example.com", ()),
        (b"7,example.com\r", "example.com", ()),
        (b'"7","example.com"', "example.com", ()),
        (b'"example.com"', "example.com", ()),
        (b"example.com,", "example.com", ()),
        (b"museum", "museum", ()),
        (b"example.com # ours", "example.com", ()),
        ("münchen.example".encode(), "xn--mnchen-3ya.example", ()),
        (b"alice@Example.com", "example.com", ("alice@example.com",)),
        (b"7,alice@example.com", "example.com", ("alice@example.com",)),
        (b"a@example.com b@example.com a@example.com", "example.com", ("a@example.com", "b@example.com")),
        (b"example.com b@example.com\ta@EXAMPLE.com", "example.com", ("b@example.com", "a@example.com")),
        (b"a#b@example.com", "example.com", ("a#b@example.com",)),
    ],
)
def test_a_line_names_a_domain_and_its_recipients(line: bytes, domain: str, recipients: tuple[str, ...]) -> None:
    entry = read_line(line, 3)

    assert entry is not None
    assert (entry.number, entry.domain, entry.recipients) == (3, domain, recipients)


@pytest.mark.parametrize("line", [b"", b"  ", b"\r", b"# all of ours", b"\t# x"])
def test_an_empty_line_and_a_comment_are_no_entry(line: bytes) -> None:
    assert read_line(line, 0) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"192.0.2.1", "IP address"),
        (b"7,192.0.2.1", "IP address"),
        (b"2001:db8::1", "IP address"),
        (b"-a.example", "hyphen"),
        (b"a..example", "a label is empty"),
        (b"a" * 64 + b".example", "63 is the most"),
        (b"a." * 130 + b"example", "253 is the most"),
        (b"exam\x00ple.com", "characters no domain name may have"),
        (b"example.com other.example", "a line of its own"),
        (b"example.com me@other.example", "no recipient of example.com"),
        (b"a@example.com b@other.example", "no recipient of example.com"),
        (b"@example.com", "user@domain"),
        (b"1,2,example.com", "cut -d, -f2"),
        (b"example.com,other.example", "cut -d, -f2"),
        (b"m\xfcnchen.example", "UTF-8"),
        (b"a" * (LONGEST_LINE + 2), "more than 1000 octets"),
    ],
)
def test_what_is_no_entry_is_refused_with_the_reason(line: bytes, reason: str) -> None:
    with pytest.raises(NameRefused, match=reason):
        read_line(line, 0)


@given(st.from_regex(r"[A-Za-z0-9_.\- ]{0,70}(\.[A-Za-z0-9-]{1,8}){0,3}", fullmatch=True).filter(lambda t: t.isascii()))
def test_the_short_way_of_plain_names_gives_the_same_verdict_as_the_long_one(text: str) -> None:
    try:
        expected: str | None = to_ascii(text)
    except NameRefused:
        expected = None
    try:
        entry = read_line(text.encode(), 0)
    except NameRefused:
        entry = None

    if text.strip():
        assert (entry.domain if entry is not None else None) == expected


def test_entries_are_numbered_among_themselves_and_bad_lines_by_their_place(tmp_path: Path) -> None:
    with listed(b"# ours\na.example\n\n192.0.2.1\nb.example\n", tmp_path) as entries:
        found = list(entries)

    assert found == [
        Entry(number=0, domain="a.example", asked="a.example"),
        Entry(number=1, domain="b.example", asked="b.example"),
    ]
    assert (entries.found, entries.passed_over, entries.share_read) == (2, 1, 1.0)
    assert [(bad.line, bad.text) for bad in entries.bad_lines] == [(4, "192.0.2.1")]


def test_bad_lines_are_all_counted_and_the_first_five_named(tmp_path: Path) -> None:
    with listed(b"a.example\n" + b"-\n" * 70_000, tmp_path) as entries:
        assert len(list(entries)) == 1

    assert entries.passed_over == 70_000
    assert [bad.line for bad in entries.bad_lines] == [2, 3, 4, 5, 6]


def test_a_strict_list_is_refused_at_its_first_bad_line(tmp_path: Path) -> None:
    with (
        listed(b"a.example\n192.0.2.1\n", tmp_path, strict=True) as entries,
        pytest.raises(InputError, match=r"domains.txt:2: this is an IP address(.|\n)*Right is a line with a domain"),
    ):
        list(entries)


@pytest.mark.parametrize("data", [b"", b"\n# nothing\n", b"domain\n", b"192.0.2.1\n"])
def test_a_list_that_names_nobody_is_refused(data: bytes, tmp_path: Path) -> None:
    with listed(data, tmp_path) as entries, pytest.raises(InputError, match="names no domain"):
        list(entries)


def test_a_file_of_another_sort_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    with (
        listed(b"192.0.2.1 neighbour\n" * 100_000, tmp_path) as entries,
        pytest.raises(InputError, match=r"domains.txt:1: none of the first 100 lines"),
    ):
        list(entries)

    assert entries.octets < 100_000


@pytest.mark.parametrize(
    ("data", "way"),
    [
        (b"\x1f\x8b\x08rest", "zcat"),
        (b"PK\x03\x04rest", "unzip -p"),
        ("a.example".encode("utf-16"), "iconv"),
        (b'{"domain": 1}', "jq"),
    ],
)
def test_a_file_that_has_to_be_unpacked_says_how(data: bytes, way: str, tmp_path: Path) -> None:
    with listed(data, tmp_path) as entries, pytest.raises(InputError, match=way):
        list(entries)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"no/such/list: cannot read the list: No such file"):
        EntryList(Path("no/such/list"))


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Is a directory"):
        EntryList(tmp_path)


@pytest.mark.parametrize("heading", [b"domain", b"Domain\r", b'"rank","domain"', b"\xef\xbb\xbfdomains"])
def test_a_heading_is_no_entry(heading: bytes, tmp_path: Path) -> None:
    assert domains(heading + b"\n1,a.example\n", tmp_path) == ["a.example"]


def test_marks_of_utf8_line_ends_of_windows_and_a_missing_last_end_do_no_harm(tmp_path: Path) -> None:
    assert domains(b"\xef\xbb\xbfa.example\r\nb.example\r\nc.example", tmp_path) == [
        *("a.example", "b.example", "c.example")
    ]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 50))
def test_lines_are_the_same_wherever_blocks_end(sizes: list[int], most: int) -> None:
    names = [f"{'a' * size}.example" for size in sizes]
    whole = io.BytesIO("\n".join([*names, "-bad", names[0]]).encode())
    piecewise = SimpleNamespace(buffer=SimpleNamespace(read1=lambda size: whole.read(7)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", piecewise)
        entries = EntryList(STANDARD_INPUT)
        taken = list(iter(lambda: entries.take(most), ()))

    assert [entry.domain for some in taken for entry in some] == [*names, names[0]]
    assert [entry.number for some in taken for entry in some] == list(range(len(names) + 1))
    assert all(0 < len(some) <= most for some in taken)
    assert [bad.line for bad in entries.bad_lines] == [len(names) + 1]


def test_standard_input_gives_what_is_there_and_does_not_wait_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = iter([b"a.example\nb.exa", b"mple\n"])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read1=lambda size: next(pieces))))
    entries = EntryList(STANDARD_INPUT)

    assert [entry.domain for entry in entries.take(100)] == ["a.example"]
    assert [entry.domain for entry in entries.take(100)] == ["b.example"]
    assert entries.share_read is None


def test_an_overlong_line_is_told_once_and_never_kept(tmp_path: Path) -> None:
    tracemalloc.start()
    with listed(b"a.example\n" + b"x" * 5_000_000 + b"\nb.example\n", tmp_path) as entries:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        found = [entry.domain for entry in entries]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == ["a.example", "b.example"]
    assert [(bad.line, bad.reason) for bad in entries.bad_lines] == [(2, "the line has more than 1000 octets")]
    assert peak - before < 1_000_000
