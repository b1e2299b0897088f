"""An expression names plays by words of their path and sender."""

import pytest

from mxprobe.errors import InputError
from mxprobe.jobs.play import PlayOptions, play
from mxprobe.jobs.select import read_expression

NAMES = ("outage/a.yaml postfix", "tls/b.yaml postfix", "tls/b.yaml exim")


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("postfix", (0, 1)),
        ("TLS", (1, 2)),
        ("not tls", (0,)),
        ("tls and not exim", (1,)),
        ("outage or exim", (0, 2)),
        ("not (outage or exim)", (1,)),
        ("not not tls", (1, 2)),
        ("outage or tls and exim", (0, 2)),
        ("nothing", ()),
    ],
)
def test_words_are_joined_as_in_pytest(expression: str, wanted: tuple[int, ...]) -> None:
    test = read_expression(expression)

    assert tuple(number for number, name in enumerate(NAMES) if test(name)) == wanted


@pytest.mark.parametrize("expression", ["", "and", "tls and", "not", "(tls", "tls)", "tls exim", "()"])
def test_an_expression_that_says_nothing_is_refused(expression: str) -> None:
    with pytest.raises(InputError, match="-k"):
        read_expression(expression)


def test_to_name_no_play_is_an_error() -> None:
    with pytest.raises(InputError, match="no play"):
        play(["scenarios/outage/baseline.yaml"], PlayOptions(only="qmail"))
    with pytest.raises(InputError, match="no play here contains a random choice"):
        play(["scenarios/outage/baseline.yaml"], PlayOptions(only_random=True, senders=("exim",)))
