"""Untrusted text on its way to a terminal, and local parts on their way into a file."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.text import escape, escape_text, mask, mask_bytes


@given(st.binary())
def test_nothing_that_moves_a_terminal_survives(raw: bytes) -> None:
    shown = escape(raw)

    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)


@given(st.text())
def test_escaped_text_stays_as_it_is_when_escaped_again(text: str) -> None:
    once = escape_text(text)

    assert escape_text(once) == once


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"220 mx1 ready", "220 mx1 ready"),
        (b"\x1b[31mred\x00", "\\x1b[31mred\\x00"),
        ("grüße".encode(), "grüße"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("\u202eabc".encode(), "\\u{202e}abc"),
    ],
)
def test_bytes_are_shown_as_themselves_or_by_number(raw: bytes, shown: str) -> None:
    assert escape(raw) == shown


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("alice@example.com", "al***@example.com"),
        ("<alice@example.com>: unknown", "<al***@example.com>: unknown"),
        ("a@example.com and bob.b+x@example.org", "a***@example.com and bo***@example.org"),
        ('"odd local"@example.com', '"o***@example.com'),
        ("jürgen@example.com", "jü***@example.com"),
        ("no address here @ all", "no address here @ all"),
        ("IMAP imap.example.com:993 as alice", "IMAP imap.example.com:993 as al***"),
        (
            "IMAP ::1:143 (STARTTLS) as a: no answer within 30 s",
            "IMAP ::1:143 (STARTTLS) as a***: no answer within 30 s",
        ),
        ("IMAP imap.example.com:993 as alice liddell: refused", "IMAP imap.example.com:993 as al***: refused"),
        ("IMAP imap.example.com:993 as alice@example.com", "IMAP imap.example.com:993 as al***@example.com"),
        ("IMAP imap.example.com:993 as a b@example.com: no", "IMAP imap.example.com:993 as a***@example.com: no"),
        ("IMAP imap.example.com:993 is as good as any", "IMAP imap.example.com:993 is as good as any"),
    ],
)
def test_local_parts_are_cut_to_two_characters(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_local_parts_are_cut_in_raw_bytes_too() -> None:
    assert mask_bytes(b"550 <alice@example.com> no\r\n") == b"550 <al***@example.com> no\r\n"


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("to o'brien@example.test", "to o'***@example.test"),
        ("x" * 300 + "@example.test", "xx***@example.test"),
        ('"john doe"@example.test', '"j***@example.test'),
        ("<alice@example.test>", "<al***@example.test>"),
    ],
)
def test_no_more_than_two_characters_of_a_local_part_stay(shown: str, masked: str) -> None:
    assert mask(shown) == masked
    assert mask_bytes(shown.encode()) == masked.encode()


@given(st.text('ab9ü@@._-+ :<"', max_size=12))
def test_an_address_that_stands_alone_is_cut_as_one_among_words(text: str) -> None:
    assert mask(text) == mask(f" {text}")[1:]


@given(st.text('ab9ü@@<<._-+ :>"', max_size=12).map(str.encode))
def test_a_path_in_a_command_is_cut_as_one_among_words(raw: bytes) -> None:
    assert mask_bytes(raw) == mask_bytes(b"@ " + raw)[2:]


def test_masking_takes_time_in_line_with_the_length() -> None:
    assert mask("a" * 200_000) == "a" * 200_000
    assert mask("a@" * 50_000).count("***") <= 50_000
