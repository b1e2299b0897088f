"""The readers of replies and commands: every oddity kept, nothing raised, memory bounded, the same under any split."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.codec import decode, encode
from mxprobe.facts.lines import LINE_CAP, LINES_CAP, REPLY_CAP, CommandReader, ReplyReader
from mxprobe.facts.smtp import Command, Oddity, Reply

# Bytes that look like replies and commands more often than chance would have it, with the caps within reach.
WORDS = [
    b"220",
    b"250-",
    b"250 ",
    b"554 ",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\x1b",
    b"\xff",
    b"mx1",
    b" ",
    b"-",
    b"EHLO ",
]
LONG = [b"x" * 500, b"y" * (LINE_CAP - 1), b"z" * (REPLY_CAP // 4), b"250-a\r\n" * (LINES_CAP - 1)]
PIECES = st.sampled_from([*WORDS, *LONG])
STREAMS = st.lists(PIECES | st.binary(max_size=6), max_size=30).map(b"".join)


def replies_of(*chunks: bytes) -> tuple[list[Reply], Reply | None, bytes]:
    reader = ReplyReader()
    replies = [reply for chunk in chunks for reply in reader.feed(chunk)]
    pending = reader.pending
    return replies, reader.close(), pending


def commands_of(*chunks: bytes) -> tuple[list[Command], Command | None, bytes]:
    reader = CommandReader()
    commands = [command for chunk in chunks for command in reader.feed(chunk)]
    pending = reader.pending
    return commands, reader.close(), pending


def split(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[begin:end] for begin, end in pairwise(places)]


@pytest.mark.parametrize("read", [replies_of, commands_of])
def test_a_reader_equals_itself_under_any_split(read: Callable[..., Any]) -> None:
    @given(STREAMS, st.lists(st.integers(0, 10**6), max_size=12))
    def check(stream: bytes, cuts: list[int]) -> None:
        assert read(*split(stream, cuts)) == read(stream)

    check()


@given(st.lists(PIECES | st.binary(max_size=6), max_size=8).map(b"".join).filter(lambda stream: len(stream) < 9000))
def test_a_reader_equals_itself_byte_by_byte(stream: bytes) -> None:
    bytewise = [stream[place : place + 1] for place in range(len(stream))]

    assert replies_of(*bytewise) == replies_of(stream)
    assert commands_of(*bytewise) == commands_of(stream)


@given(STREAMS)
def test_replies_come_back_from_json_and_are_safe_to_show(stream: bytes) -> None:
    replies, rest, _ = replies_of(stream)
    for reply in [*replies, *([rest] if rest else [])]:
        assert decode(encode(reply), Reply) == reply
        assert reply.text.isprintable()
        assert len(reply.raw) <= REPLY_CAP


@given(STREAMS)
def test_commands_come_back_from_json_and_are_safe_to_show(stream: bytes) -> None:
    commands, rest, _ = commands_of(stream)
    for command in [*commands, *([rest] if rest else [])]:
        assert decode(encode(command), Command) == command
        assert (command.verb + command.argument).isprintable()
        assert len(command.raw) <= LINE_CAP + 1


@given(st.lists(st.sampled_from([b"220 hello\r\n", b"250-a\r\n250 b\r\n", b"554 5.7.1 no\r\n"]), max_size=8))
def test_well_formed_replies_lose_no_byte(replies: list[bytes]) -> None:
    found, rest, _ = replies_of(b"".join(replies))

    assert [reply.raw for reply in found] == replies
    assert all(reply.oddities == () for reply in found)
    assert rest is None


def one(stream: bytes) -> Reply:
    (reply,), rest, _ = replies_of(stream)
    assert rest is None
    return reply


def test_a_reply_of_several_lines_is_one() -> None:
    reply = one(b"250-mx1.example.test\r\n250-SIZE 1000\r\n250 PIPELINING\r\n")

    assert reply.code == 250
    assert reply.lines == ("mx1.example.test", "SIZE 1000", "PIPELINING")


@pytest.mark.parametrize(
    ("stream", "code", "oddities"),
    [
        (b"220 a\n", 220, [Oddity.BARE_LF]),
        (b"220 a\rb\r\n", 220, [Oddity.BARE_CR]),
        (b"220 a\r\r\n", 220, [Oddity.BARE_CR]),
        (b"220 a\0\r\n", 220, [Oddity.NUL]),
        (b"220 \x1b[1m\r\n", 220, [Oddity.CONTROL]),
        (b"220 \xe9\r\n", 220, [Oddity.NON_ASCII]),
        (b"220-a\r\n554 b\r\n", 554, [Oddity.MIXED_CODES]),
        (b"220\r\n", 220, []),
        (b"220-a\r\nwhat\r\n220 b\r\n", 220, [Oddity.MALFORMED]),
        (b"what\r\n", None, [Oddity.MALFORMED]),
        (b"220what\r\n", None, [Oddity.MALFORMED]),
        (b"120 a\r\n", None, [Oddity.MALFORMED]),
        (b"620 a\r\n", None, [Oddity.MALFORMED]),
        (b"220 " + b"a" * 600 + b"\r\n", 220, [Oddity.OVERLONG_LINE]),
    ],
)
def test_an_oddity_is_kept_beside_the_reply(stream: bytes, code: int | None, oddities: list[Oddity]) -> None:
    reply = one(stream)

    assert reply.code == code
    assert list(reply.oddities) == oddities
    assert reply.raw == stream


def test_a_line_is_512_octets_long_at_most_with_its_ending() -> None:
    assert one(b"220 " + b"a" * 506 + b"\r\n").oddities == ()
    assert one(b"220 " + b"a" * 507 + b"\r\n").oddities == (Oddity.OVERLONG_LINE,)


def test_an_endless_line_ends_its_reply_and_its_reader() -> None:
    reader = ReplyReader()
    replies = [reply for _ in range(200) for reply in reader.feed(b"220 " + b"a" * 1000)]

    assert len(replies) == 1
    assert Oddity.TOO_LONG in replies[0].oddities
    assert len(replies[0].raw) == LINE_CAP
    assert reader.overflowed
    assert reader.feed(b"\r\n220 hello\r\n") == []
    assert reader.pending == b""


def test_endless_lines_end_their_reply() -> None:
    replies, _, _ = replies_of(b"250-a\r\n" * (LINES_CAP + 5))

    assert len(replies) == 1
    assert len(replies[0].lines) == LINES_CAP
    assert replies[0].oddities == (Oddity.TOO_LONG,)


def test_the_caps_are_those_of_one_reply_and_not_of_the_session() -> None:
    replies, _, _ = replies_of(b"250 a\r\n" * 20_000)

    assert len(replies) == 20_000


def test_what_the_end_leaves_is_told_as_unterminated() -> None:
    replies, rest, pending = replies_of(b"250-a\r\n250 b")

    assert replies == []
    assert pending == b"250-a\r\n250 b"
    assert rest is not None
    assert (rest.code, rest.lines, rest.oddities) == (250, ("a", "b"), (Oddity.UNTERMINATED,))


def test_a_command_has_its_verb_in_upper_case_and_its_argument() -> None:
    (first, second), rest, _ = commands_of(b"mail FROM:<a@example.test>\r\nquit\n")

    assert (first.verb, first.argument, first.oddities) == ("MAIL", "FROM:<a@example.test>", ())
    assert (second.verb, second.argument, second.oddities) == ("QUIT", "", (Oddity.BARE_LF,))
    assert rest is None


def test_after_an_endless_command_the_next_one_is_read() -> None:
    (long, quitting), _, _ = commands_of(*[b"x" * 1000] * 500, b"\r\nQUIT\r\n")

    assert Oddity.OVERLONG_LINE in long.oddities
    assert len(long.raw) == LINE_CAP
    assert quitting.verb == "QUIT"
