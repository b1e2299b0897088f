"""The message that a proof sends: what it says of itself, and that nothing in it can be forged from outside."""

import email
from email.message import EmailMessage
from email.policy import default

import pytest
from msgspec.structs import replace

from mxprobe.facts.proof import TOKEN_HEADER, Route
from mxprobe.mx.labelled import Author, write_labelled
from mxprobe.mx.trace import read_copy

AT = 1_795_425_612.0
AUTHOR = Author(mail_from="me@probe.test", helo="probe.test", contact="abuse@probe.test")
ROUTE = Route(token="0123456789abcdef", via="mx2.example.test", preference=20, recipient="alice@example.test")
ALLOWED = "TXT _mxprobe.example.test until 2099-12-31"
HOSTILE = "example.test\r\nBcc: carol@example.test\r\n\r\nbuy now"


def _write(
    route: Route = ROUTE, domain: str = "example.test", author: Author = AUTHOR, allowed: str = ALLOWED
) -> bytes:
    return write_labelled(route, domain, author, allowed, AT)


def _read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_the_header_says_what_it_is_and_bears_the_mark() -> None:
    message = _read(_write())

    assert message["From"] == "mxprobe <me@probe.test>"
    assert message["To"] == "alice@example.test"
    assert message["Subject"] == "mxprobe 0123456789abcdef: does mail over mx2.example.test arrive?"
    assert message["Date"] == "Mon, 23 Nov 2026 09:20:12 +0000"
    assert message["Message-ID"] == "<0123456789abcdef.mxprobe@probe.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message[TOKEN_HEADER] == "0123456789abcdef"
    assert message["X-Mxprobe"].startswith("mxprobe/")
    assert message["X-Mxprobe"].endswith("; contact=abuse@probe.test")
    found = read_copy(_write(), "INBOX", AT, False)
    assert found is not None
    assert found[0] == ROUTE.token


def test_the_body_explains_itself() -> None:
    body = _read(_write()).get_content()

    for words in (
        "sent by mxprobe",
        "over mx2.example.test",
        "example.test",
        ALLOWED,
        ROUTE.token,
        "Nothing needs to be done",
        "Questions: abuse@probe.test",
    ):
        assert words in body
    assert "Questions" not in _read(_write(author=replace(AUTHOR, contact=""))).get_content()


def test_the_null_sender_still_has_an_author() -> None:
    message = _read(_write(author=Author(mail_from="", helo="probe.test")))

    assert message["From"] == "mxprobe <postmaster@probe.test>"
    assert "contact" not in message["X-Mxprobe"]


@pytest.mark.parametrize("helo", ["[192.0.2.7]", "[IPv6:2001:db8::7]"])
def test_an_address_as_name_is_written_as_one(helo: str) -> None:
    content = _write(author=Author(mail_from="", helo=helo))

    assert f"postmaster@{helo}".encode() in content
    assert f"\r\nMessage-ID: <{ROUTE.token}.mxprobe@{helo}>\r\n".encode() in content


@pytest.mark.parametrize("contact", ["", "abuse@probe.test", "büro@probe.test"])
@pytest.mark.parametrize("recipient", ["alice@example.test", "jürgen@bücher.test", "用户@example.test"])
def test_every_line_ends_in_crlf_and_every_octet_is_ascii(recipient: str, contact: str) -> None:
    content = _write(replace(ROUTE, recipient=recipient), "bücher.test", replace(AUTHOR, contact=contact))

    assert content.isascii()
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.endswith(b"\r\n")
    message = _read(content)
    assert ROUTE.token in message["Subject"]
    assert "bücher.test" in message.get_content()


@pytest.mark.parametrize(
    ("route", "domain", "author"),
    [
        (replace(ROUTE, recipient=f"alice@{HOSTILE}"), "example.test", AUTHOR),
        (replace(ROUTE, via=HOSTILE), "example.test", AUTHOR),
        (replace(ROUTE, token=HOSTILE), "example.test", AUTHOR),
        (ROUTE, HOSTILE, AUTHOR),
        (ROUTE, "example.test", Author(mail_from=f"me@{HOSTILE}", helo="probe.test")),
        (ROUTE, "example.test", Author(mail_from="", helo=HOSTILE)),
        (ROUTE, "example.test", replace(AUTHOR, contact=HOSTILE)),
        (replace(ROUTE, via="{contact} {0} %s"), "{token}", AUTHOR),
        (replace(ROUTE, recipient="alice@example.test, carol@example.test"), "example.test", AUTHOR),
        (replace(ROUTE, via="a" * 3_000 + ".test"), "b" * 3_000, AUTHOR),
        (replace(ROUTE, via="\u2028\u0085\x0b\x0cBcc: x"), "\u2028Bcc: x", AUTHOR),
    ],
)
def test_nothing_from_outside_adds_a_field_or_ends_the_header(route: Route, domain: str, author: Author) -> None:
    content = _write(route, domain, author)

    header = content.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in header.split(b"\r\n") if line[:1] not in b" \t"]
    plain = [line.partition(b":")[0].lower() for line in _write().partition(b"\r\n\r\n")[0].split(b"\r\n")]
    assert sorted(names) == sorted(name for name in plain if name[:1] not in b" \t")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 998


def test_what_allows_it_cannot_add_a_field_either() -> None:
    content = _write(allowed=HOSTILE)

    assert b"\r\nBcc:" not in content.partition(b"\r\n\r\n")[0]
    assert "nobody" not in _read(content).get_content()
