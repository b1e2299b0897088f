"""Names that are written almost like others: typing errors are seen, and ordinary names accuse nobody."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.mx.lookalike import distance_of, likeness_of
from mxprobe.mx.providers import PROVIDERS
from mxprobe.mx.providers.patterns import samples_of
from mxprobe.mx.registered import registered_part

OWNER = "widgets.example"


@pytest.mark.parametrize(
    ("host", "like"),
    [
        ("mx.wigdets.example", "widgets.example"),
        ("mx.widget.example", "widgets.example"),
        ("mx.w1dgets.example", "widgets.example"),
        ("in1-smtp.messagingegnine.com", "messagingengine.com"),
        ("in1-smtp.mesagingenginee.com", "messagingengine.com"),
        ("example-test.mail.protection.0utlook.com", "outlook.com"),
        ("smtp.google.co", "google.com"),
        ("smtp.goggle.com", "google.com"),
        ("mxa.mailqun.org", "mailgun.org"),
    ],
)
def test_a_typing_error_is_near_what_was_meant(host: str, like: str) -> None:
    seen = likeness_of(host, OWNER)

    assert seen is not None
    assert seen.like == like


@pytest.mark.parametrize(
    "host",
    [
        "mx.widgets.example",
        "mx.widgets.test",
        "mx.wid-gets.example",
        "mx.widgets2.example",
        "mx.zohoo.com",
        "mx.gmy.net",
        "mx.protonmail.com",
        "mx.mailbox.com",
        "smtp.google.com",
        "mail.gadgets.example",
        "mx.example.org",
        "mx.mail.ru",
        "",
        ".",
    ],
)
def test_what_is_ordinary_is_like_nothing(host: str) -> None:
    assert likeness_of(host, OWNER) is None


def test_no_provider_is_taken_for_a_likeness_of_another() -> None:
    hosts = [samples_of(record.name)[0] for p in PROVIDERS for one in p.sets for record in one.records]
    domains = {registered_part(host) for host in hosts}

    assert len(domains) > 50
    for host in hosts:
        assert likeness_of(host, OWNER) is None, host
    for one, other in permutations(sorted(domains), 2):
        assert likeness_of(f"mx.{one}", other) is None


@given(st.text("abc", max_size=6), st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_distance_is_one(one: str, other: str, third: str) -> None:
    assert distance_of(one, other) == distance_of(other, one)
    assert (distance_of(one, other) == 0) == (one == other)
    assert distance_of(one, other) <= max(len(one), len(other))
    assert distance_of(one, f"{other}{third}") <= distance_of(one, other) + len(third)


def test_letters_that_are_exchanged_are_one_mistake() -> None:
    assert distance_of("google", "googel") == 1
    assert distance_of("google", "gogle") == 1
    assert distance_of("google", "gooogle") == 1
    assert distance_of("google", "giigle") == 2
