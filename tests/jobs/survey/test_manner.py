"""How a survey looks, from a person's words: what is usual, what needs a word, what is refused and how it is mended."""

from pathlib import Path
from typing import Any

import pytest

from mxprobe.errors import InputError
from mxprobe.facts.survey import Depth, Manner
from mxprobe.jobs.survey.manner import ASKABLE, MannerOptions, make_manner, read_exclusions, signpost
from mxprobe.settings import Settings

HERE = Settings(nameservers=("192.0.2.53",), helo="probe.example.com")


def manner(settings: Settings = HERE, **words: Any) -> Manner:
    return make_manner(MannerOptions(**words), settings)


def test_names_alone_are_asked_for_without_a_contact_and_as_it_is_usual() -> None:
    usual = manner()

    assert (usual.depth, usual.merged, usual.owned, usual.helo) == (Depth.DNS, True, False, "probe.example.com")
    assert usual.wishes == Manner(depth=Depth.DNS, vantage=usual.vantage).wishes
    assert usual.vantage.nameservers == ("192.0.2.53:53",)


@pytest.mark.parametrize("depth", [depth for depth in Depth if depth is not Depth.DNS])
def test_whoever_dials_strangers_says_who_looks(depth: Depth) -> None:
    with pytest.raises(InputError, match=r"--contact(.|\n)*Right is the address of a role"):
        manner(depth=depth)

    assert manner(depth=depth, contact="abuse@example.com").depth is depth
    assert (
        manner(Settings(nameservers=("192.0.2.53",), contact="https://example.com/survey"), depth=depth).owned is False
    )


def test_a_lab_of_ones_own_needs_no_contact_but_both_words() -> None:
    assert manner(depth=Depth.RCPT, allow_special=True, i_own_these=True).owned
    halves: tuple[dict[str, Any], ...] = ({"allow_special": True}, {"i_own_these": True})
    for half in halves:
        with pytest.raises(InputError, match="--contact"):
            manner(depth=Depth.RCPT, **half)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"no_pacing": True}, "--no-pacing .* --i-own-these"),
        ({"no_dedup": True}, "--no-dedup .* --i-own-these"),
        ({"per_operator": 0}, "more than 20 sessions .* --i-own-these"),
        ({"per_operator": 21}, "more than 20 sessions .* --i-own-these"),
        ({"spacing": 0.01}, "apart with an operator need --i-own-these"),
    ],
)
def test_what_burdens_hosts_needs_the_word_that_they_are_ones_own(words: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        manner(**words)

    assert manner(i_own_these=True, **words).owned


def test_without_pacing_there_is_no_limit_for_an_operator() -> None:
    free = manner(i_own_these=True, no_pacing=True, no_dedup=True)

    assert (free.per_operator, free.spacing, free.merged) == (0, 0.0, False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"no_pacing": True, "spacing": 1.0, "i_own_these": True}, "--no-pacing excludes --spacing"),
        ({"no_pacing": True, "per_operator": 3, "i_own_these": True}, "--no-pacing excludes --per-operator"),
        ({"spacing": -1.0}, "--spacing is at least 0"),
        ({"spacing": float("nan")}, "--spacing is at least 0"),
        ({"per_operator": 10**6, "i_own_these": True}, "--per-operator is at least 0"),
        ({"at_once": 10**6}, "--sessions is more than 0 and at most "),
        ({"lookups": 10**6}, "--lookups is more than 0 and at most 10000"),
        ({"ask": ("tlsa,spff",)}, r"--ask spff: no such family(.|\n)*spf"),
        ({"ask": ("none,spf",)}, "--ask none excludes spf"),
        ({"contact": "me", "depth": Depth.TLS}, "--contact me: it is neither"),
        ({"mail_from": "me@example.com"}, "--from .* --depth rcpt"),
        ({"helo": "a b"}, "no name for EHLO"),
        ({"timeout": -1.0}, "timeout"),
        ({"exclude": Path("no/such/file")}, "no/such/file: cannot be read"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_flag(words: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        manner(**words)


def test_families_of_facts_are_asked_for_in_one_order_and_none_where_none_is_wanted() -> None:
    assert manner(ask=("spf,tlsa", "mta-sts")).wishes == ("mta-sts", "tlsa", "spf")
    assert manner(ask=("none",)).wishes == ()
    assert manner(ask=(",".join(ASKABLE),)).wishes == ASKABLE


def test_whom_to_leave_alone_is_read_from_a_file_each_once(tmp_path: Path) -> None:
    path = tmp_path / "alone.txt"
    path.write_bytes(
        b"\xef\xbb\xbf# asked by mail\nExample.com  # 3 May\r\n192.0.2.1\n*.example.com\n\n2001:db8::/32\n"
    )

    assert read_exclusions(path) == ("192.0.2.1/32", "2001:db8::/32", "example.com")
    assert manner(exclude=path).excluded == read_exclusions(path)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Example.COM.", "example.com"),
        ("*.example.com", "example.com"),
        (".example.com", "example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("[2001:DB8::1]", "2001:db8::1/128"),
    ],
)
def test_what_is_left_alone_has_one_form(typed: str, normal: str, tmp_path: Path) -> None:
    path = tmp_path / "alone.txt"
    path.write_text(typed, encoding="utf-8")

    assert read_exclusions(path) == (normal,)


@pytest.mark.parametrize(
    ("typed", "why"),
    [("192.0.2.1/24", "not a network"), ("a/b", "not a network"), ("a b", "white space"), ("*", "empty")],
)
def test_a_slip_in_that_file_is_shown_at_its_line(typed: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "alone.txt"
    path.write_text(f"example.com\n{typed}\n")

    with pytest.raises(InputError, match=rf"alone.txt:2: .*{why}(.|\n)*192.0.2.0/24"):
        read_exclusions(path)


def test_an_address_literal_leads_nowhere() -> None:
    words = MannerOptions(depth=Depth.TLS, contact="abuse@example.com", helo="[192.0.2.1]")

    assert signpost(words, HERE).name == ""
