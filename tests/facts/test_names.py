"""Names typed by people become A-labels, or are refused in words that help."""

import pytest

from mxprobe.facts.names import NameRefused, is_address, to_ascii, to_unicode


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Example.COM.", "example.com"),
        (" example.com ", "example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
    ],
)
def test_a_typed_name_becomes_its_a_labels(typed: str, name: str) -> None:
    assert to_ascii(typed) == name


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "empty"),
        (" . ", "empty"),
        ("ex ample", "white space"),
        ("192.0.2.1", "IP address"),
        ("[192.0.2.1]", "IP address"),
        ("2001:db8::1", "IP address"),
        ("a..example", "label is empty"),
        (".example", "label is empty"),
        ("a" * 64 + ".example", "63"),
        (".".join(["a" * 49] * 6), "253"),
        ("-a.example", "hyphen"),
        ("a!b.example", "characters"),
        ("\u2603.example", "internationalised"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_the_reason(typed: str, why: str) -> None:
    with pytest.raises(NameRefused, match=why):
        to_ascii(typed)


def test_u_labels_are_shown_and_broken_a_labels_stay() -> None:
    assert to_unicode("xn--mnchen-3ya.example") == "münchen.example"
    assert to_unicode("xn--zzzz9999999.example") == "xn--zzzz9999999.example"
    assert to_unicode("example.com") == "example.com"


def test_addresses_are_told_from_names() -> None:
    assert is_address("[IPv6:2001:db8::1]")
    assert not is_address("1.example")
