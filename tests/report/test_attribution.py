"""Those who are looked at can see who looks: the probe description file, and which contact is one."""

import re

import pytest

from mxprobe.facts.survey import Depth
from mxprobe.report.attribution import NoContact, Signpost, contact_uri, render_probing_txt

NOW = 1_790_000_000.0
FIELD = re.compile(r"(Canonical|Contact|Expires|Preferred-Languages|Description): \S.*")


@pytest.mark.parametrize("depth", Depth)
def test_the_file_has_the_fields_of_the_standard_each_on_one_line(depth: Depth) -> None:
    text = render_probing_txt(Signpost(name="probe.example.com", contact="abuse@example.com", depth=depth), NOW)
    fields = [line for line in text.splitlines() if not line.startswith("#")]

    assert [FIELD.fullmatch(line)[1] for line in fields if FIELD.fullmatch(line)] == [  # type: ignore[index]
        *("Canonical", "Contact", "Expires", "Preferred-Languages", "Description")
    ]
    assert len(fields) == 5
    assert text.endswith("\n")
    assert text.isascii()


def test_the_file_says_where_it_lies_whom_to_write_to_and_until_when_it_holds() -> None:
    text = render_probing_txt(Signpost(name="probe.example.com", contact="abuse@example.com", depth=Depth.TLS), NOW)

    assert "\nCanonical: https://probe.example.com/.well-known/probing.txt\n" in text
    assert "\nContact: mailto:abuse@example.com\n" in text
    assert "\nExpires: 2026-12-20T14:13:20Z\n" in text


def test_the_file_says_what_is_done_and_how_to_be_left_out() -> None:
    told = {
        depth: render_probing_txt(Signpost(name="p.example.com", contact="a@example.com", depth=depth), NOW)
        for depth in Depth
    }

    assert "name servers alone" in told[Depth.DNS]
    assert "STARTTLS" not in told[Depth.EHLO]
    assert "STARTTLS" in told[Depth.TLS]
    assert [depth for depth in Depth if "MAIL, RCPT" in told[depth]] == [Depth.RCPT]
    assert all("To be left out, write to the contact" in text and "No mail is sent" in text for text in told.values())


@pytest.mark.parametrize(
    ("typed", "uri"),
    [
        ("abuse@example.com", "mailto:abuse@example.com"),
        ("mailto:abuse@example.com", "mailto:abuse@example.com"),
        (" https://example.com/survey ", "https://example.com/survey"),
        ("HTTPS://example.com", "HTTPS://example.com"),
    ],
)
def test_an_address_and_a_page_are_contacts(typed: str, uri: str) -> None:
    assert contact_uri(typed) == uri


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("me", "neither an address nor"),
        ("", "neither an address nor"),
        ("http://example.com", "over https"),
        ("https://example", "neither"),
        ("@example.com", "neither"),
        ("me@localhost", "neither"),
        ("a@b.example\nContact: c@d.example", "blanks"),
        ("a@b.example c@d.example", "blanks"),
        ("a@" + "b" * 500 + ".example", "too long"),
    ],
)
def test_what_is_no_contact_is_refused_and_can_add_no_line(typed: str, why: str) -> None:
    with pytest.raises(NoContact, match=why):
        contact_uri(typed)
