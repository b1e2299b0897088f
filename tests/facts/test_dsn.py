"""Reports of delivery as the mailers of Debian write them, and as nobody should."""

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mxprobe.facts.dsn import Bounce, read_dsn
from mxprobe.facts.proof import TOKEN_HEADER

RETURNED = f"From: <bob@example.test>\n{TOKEN_HEADER}: abc-1\nSubject: a drill\n"


def report(status: str, returned: str, kind: str = "message/rfc822") -> bytes:
    """A multipart/report around the parts that differ from mailer to mailer."""
    return (
        "From: MAILER-DAEMON@mx2.example.test\nTo: bob@example.test\nAuto-Submitted: auto-replied\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "This is a MIME-encapsulated message.\n\n--B\nContent-Description: Notification\n"
        "Content-Type: text/plain; charset=us-ascii\n\nIt could not be delivered.\n\n"
        f"--B\nContent-Type: message/delivery-status\n\n{status}\n--B\nContent-Type: {kind}\n\n{returned}\n--B--\n"
    ).encode()


POSTFIX = report(
    "Reporting-MTA: dns; mx2.example.test\nX-Postfix-Queue-ID: 4X0bZk\nX-Postfix-Sender: rfc822; bob@example.test\n"
    "Arrival-Date: Mon, 23 Nov 2026 09:20:12 +0000 (UTC)\n\n"
    "Final-Recipient: rfc822; Alice@example.test\nOriginal-Recipient: rfc822;alice@example.test\nAction: failed\n"
    "Status: 5.1.1\nRemote-MTA: dns; mx1.example.test\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <alice@example.test>: Recipient address\n    rejected: User unknown\n",
    f"Return-Path: <bob@example.test>\n{RETURNED}\n",
    "text/rfc822-headers",
)
EXIM = report(
    "Reporting-MTA: dns; mx2.example.test\n\n"
    "Action: failed\nFinal-Recipient: rfc822;alice@example.test\nStatus: 5.0.0\n"
    "Remote-MTA: dns; mx1.example.test\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <alice@example.test>: Recipient address rejected: User unknown\n",
    f"Return-path: <bob@example.test>\n{RETURNED}\nthe body\n",
)
SENDMAIL = report(
    "Reporting-MTA: dns; mx2.example.test\nReceived-From-MTA: DNS; out.example.test\n"
    "Arrival-Date: Mon, 23 Nov 2026 09:20:12 GMT\n\n"
    "Final-Recipient: RFC822; alice@example.test\nAction: failed\nStatus: 5.1.1\n"
    "Remote-MTA: DNS; mx1.example.test\n"
    "Diagnostic-Code: SMTP; 550 5.1.1 <alice@example.test>: Recipient address rejected: User unknown\n"
    "Last-Attempt-Date: Mon, 23 Nov 2026 09:20:12 GMT\n",
    f"Return-Path: <bob@example.test>\n{RETURNED}\nthe body\n",
)
OPENSMTPD = report(
    "Reporting-MTA: dns; mx2.example.test\n\n"
    "Final-Recipient: rfc822; alice@example.test\nAction: failed\nStatus: 5.1.1\n",
    RETURNED,
    "text/rfc822-headers",
).replace(b"multipart/report; report-type=delivery-status", b"multipart/mixed")
OLD_EXIM = (
    "X-Failed-Recipients: alice@example.test\nAuto-Submitted: auto-replied\n"
    "From: Mail Delivery System <Mailer-Daemon@mx2.example.test>\n"
    "Subject: Mail delivery failed: returning message to sender\n\n"
    "This message was created automatically by mail delivery software.\n\n"
    "  alice@example.test\n    550 5.1.1 User unknown\n\n"
    f"------ This is a copy of the message, including all the headers. ------\n\n{RETURNED}\nthe body\n"
).encode()
SAID = "550 5.1.1 <alice@example.test>: Recipient address rejected: User unknown"


@pytest.mark.parametrize(
    ("content", "status", "diagnostic", "remote"),
    [
        (POSTFIX, "5.1.1", SAID, "mx1.example.test"),
        (EXIM, "5.0.0", SAID, "mx1.example.test"),
        (SENDMAIL, "5.1.1", SAID, "mx1.example.test"),
        (OPENSMTPD, "5.1.1", "", ""),
    ],
    ids=["postfix", "exim", "sendmail", "opensmtpd"],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_reports_of_known_mailers_are_tied_to_their_token(
    content: bytes, status: str, diagnostic: str, remote: str, end: bytes
) -> None:
    assert read_dsn(content.replace(b"\n", end), TOKEN_HEADER) == (
        Bounce(
            recipient="alice@example.test",
            action="failed",
            status=status,
            reporter="mx2.example.test",
            token="abc-1",
            diagnostic=diagnostic,
            remote=remote,
        ),
    )


def test_a_report_in_prose_names_its_recipients_in_the_header() -> None:
    [bounce] = read_dsn(OLD_EXIM, TOKEN_HEADER)

    assert bounce == Bounce(recipient="alice@example.test", action="failed", status=None, reporter="", token="abc-1")


def test_a_delay_is_no_failure_and_each_recipient_has_an_entry() -> None:
    content = report(
        "Reporting-MTA: dns; mx2.example.test\n\n"
        "Final-Recipient: rfc822; a@example.test\nAction: delayed\nStatus: 4.4.1\n\n"
        "Final-Recipient: rfc822; b@example.test\nAction: failed\n",
        "Subject: no mark\n",
    )

    found = read_dsn(content, TOKEN_HEADER)

    assert [(bounce.recipient, bounce.action, bounce.status, bounce.token) for bounce in found] == [
        ("a@example.test", "delayed", "4.4.1", None),
        ("b@example.test", "failed", None, None),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Subject: hello\n\nbody\n",
        f"{TOKEN_HEADER}: abc-1\n\nbody\n".encode(),
        b"Content-Type: multipart/report; boundary=B\n\n--B\nContent-Type: message/delivery-status\n\n--B--\n",
    ],
)
def test_what_is_no_report_says_nothing(content: bytes) -> None:
    assert read_dsn(content, TOKEN_HEADER) == ()


@given(st.binary(max_size=300), st.binary(max_size=300))
@example(b"Status: \xff\xfe\nFinal-Recipient: \x00;\xff", b"X-Mxprobe-Token: \xff\n")
@example(b"Status:\nFinal-Recipient:;", b"Content-Transfer-Encoding: base64\n\n")
def test_no_report_raises_and_what_is_read_can_be_saved(status: bytes, returned: bytes) -> None:
    content = (
        b'Content-Type: multipart/report; boundary="B"\n\n--B\nContent-Type: message/delivery-status\n\n'
        b"Reporting-MTA: " + status + b"\n\nFinal-Recipient: rfc822; a\n" + status + b"\n--B\n"
        b"Content-Type: message/rfc822\n" + returned + b"\n\n" + returned + b"\n--B--\n"
    )
    old = b"X-Failed-Recipients: " + status + b"\n\n" + returned + f"\n{TOKEN_HEADER}: ".encode() + returned
    for text in (content, content.replace(b"message/rfc822", b"text/rfc822-headers"), old, status + returned):
        found = read_dsn(text, TOKEN_HEADER)
        assert msgspec.json.decode(msgspec.json.encode(found), type=tuple[Bounce, ...]) == found


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: message/rfc822\n\n" * 20_000,
        b"".join(
            f'Content-Type: multipart/mixed; boundary="{number}"\n\n--{number}\n'.encode() for number in range(5_000)
        ),
        report("Reporting-MTA: dns; a\n\n" + "Final-Recipient: rfc822; a@b.test\n\n" * 20_000, RETURNED),
    ],
    ids=["messages", "parts", "recipients"],
)
def test_parts_within_parts_and_recipients_without_number_are_bounded(content: bytes) -> None:
    assert len(read_dsn(content, TOKEN_HEADER)) <= 64
