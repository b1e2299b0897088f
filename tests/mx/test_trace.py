"""What stands in a message that was found: hops as the mailers of the world write them, and as hostile ones do."""

import time
import tracemalloc
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mxprobe.facts.proof import TOKEN_HEADER, Copy, Hop
from mxprobe.facts.text import escape_text
from mxprobe.mx.trace import MOST_HOPS, MOST_OCTETS, header_of, read_copy, read_hop

MOMENT = datetime(2026, 11, 23, 9, 20, 12, tzinfo=UTC).timestamp()
DATE = "Mon, 23 Nov 2026 09:20:12 +0000"
TOKEN = f"{TOKEN_HEADER}: abc-1\r\n".encode()

POSTFIX = (
    "from mx2.example.test (mx2.example.test [192.0.2.5])\r\n"
    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n"
    "\t key-exchange X25519 server-signature ECDSA (prime256v1) server-digest SHA256)\r\n"
    "\t(No client certificate requested)\r\n"
    "\tby mx1.example.test (Postfix) with ESMTPS id 4X0bZk2Lhbz9sSN\r\n"
    f"\tfor <alice@example.test>; {DATE} (UTC)"
)
EXIM = (
    "from [192.0.2.5] (helo=mx2.example.test)\r\n"
    "\tby mx1.example.test with esmtps  (TLS1.3) tls TLS_AES_256_GCM_SHA384\r\n"
    "\t(Exim 4.96)\r\n"
    "\t(envelope-from <bob@example.test>)\r\n"
    "\tid 1tEqVY-0001Xy-2k\r\n"
    f"\tfor alice@example.test;\r\n\t{DATE}"
)
SENDMAIL = (
    "from mx2.example.test (mx2.example.test [IPv6:2001:db8::5])\r\n"
    "\tby mx1.example.test (8.17.1/8.17.1/Debian-2) with ESMTPS id 4AN9KCxx012345\r\n"
    "\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NOT)\r\n"
    f"\tfor <alice@example.test>; {DATE}"
)
OPENSMTPD = (
    "from mx2.example.test (mx2.example.test [192.0.2.5])\r\n"
    "\tby mx1.example.test (OpenSMTPD) with ESMTPS id a1b2c3d4 (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO)\r\n"
    f"\tfor <alice@example.test>;\r\n\t{DATE}"
)
EXCHANGE = (
    "from AM0PR01.example.test (2603:10a6:20b::5) by\r\n"
    " DB9PR01.example.test (2603:10a6:10:2ce::16) with Microsoft SMTP Server\r\n"
    " (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.8182.19;\r\n"
    f" {DATE}"
)
GMAIL = (
    "from mx2.example.test (mx2.example.test. [192.0.2.5])\r\n"
    "        by mx.example.test with ESMTPS id ffacd0b85a97d-38252.123.2026.11.23\r\n"
    "        for <alice@example.test>\r\n"
    "        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n"
    "        Mon, 23 Nov 2026 01:20:12 -0800 (PST)"
)
HARAKA = (
    "from mx2.example.test (mx2.example.test [192.0.2.5])\r\n"
    "\tby mx1.example.test (Haraka/3.0.3) with ESMTPS id 5A9D-11.1\r\n"
    "\tenvelope-from <bob@example.test>\r\n"
    "\ttls TLS_AES_256_GCM_SHA384 (version=TLSv1.3);\r\n"
    f"\t{DATE}"
)
QMAIL = f"from unknown (HELO mx2.example.test) (192.0.2.5)\r\n  by mx1.example.test with SMTP; {DATE}"


@pytest.mark.parametrize(
    ("value", "by", "source", "client", "protocol", "tls", "queued_as"),
    [
        (POSTFIX, "mx1", "mx2.example.test", "mx2.example.test [192.0.2.5]", "ESMTPS", "TLSv1.3", "4X0bZk2Lhbz9sSN"),
        (EXIM, "mx1", "[192.0.2.5]", "helo=mx2.example.test", "esmtps", "TLS1.3", "1tEqVY-0001Xy-2k"),
        (SENDMAIL, "mx1", "mx2.example.test", "mx2.example.test [IPv6:2001:db8::5]", "ESMTPS", "TLSv1.3", "4AN9KCxx"),
        (OPENSMTPD, "mx1", "mx2.example.test", "mx2.example.test [192.0.2.5]", "ESMTPS", "TLSv1.3", "a1b2c3d4"),
        (EXCHANGE, "DB9PR01", "AM0PR01.example.test", "2603:10a6:20b::5", "Microsoft SMTP Server", "TLS1_2", "15.20."),
        (GMAIL, "mx", "mx2.example.test", "mx2.example.test. [192.0.2.5]", "ESMTPS", "TLS1_3", "ffacd0b85a97d-"),
        (HARAKA, "mx1", "mx2.example.test", "mx2.example.test [192.0.2.5]", "ESMTPS", "TLSv1.3", "5A9D-11.1"),
        (QMAIL, "mx1", "unknown", "192.0.2.5", "SMTP", "", ""),
    ],
    ids=["postfix", "exim", "sendmail", "opensmtpd", "exchange", "gmail", "haraka", "qmail"],
)
def test_the_lines_of_known_mailers_are_read(
    value: str, by: str, source: str, client: str, protocol: str, tls: str, queued_as: str
) -> None:
    hop = read_hop(value)

    assert hop.by == f"{by}.example.test"
    assert (hop.source, hop.client) == (source, client)
    assert hop.protocol.split(" envelope-from")[0] == protocol
    assert tls in hop.tls
    assert bool(tls) == bool(hop.tls)
    assert hop.queued_as.startswith(queued_as)
    assert hop.at == MOMENT


def test_exims_cipher_stands_beside_its_version() -> None:
    assert read_hop(EXIM).tls == "TLS1.3 TLS_AES_256_GCM_SHA384"


def test_a_line_in_the_mailers_own_hand_has_neither_source_nor_tls() -> None:
    hop = read_hop(f"by mx1.example.test (Postfix, from userid 0)\r\n\tid 4X0; {DATE}")

    assert hop == Hop(
        by="mx1.example.test",
        queued_as="4X0",
        at=MOMENT,
        raw=f"by mx1.example.test (Postfix, from userid 0) id 4X0; {DATE}",
    )


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 31 Nov 2026 09:20:12 +0000", "Mon, 23 Nov 99999 1:2:3 +0000", "1 2 3 4 5 6", "-"]
)
def test_a_date_that_cannot_be_read_is_none(date: str) -> None:
    assert read_hop(f"from a.test by b.test; {date}").at is None
    assert read_hop("from a.test by b.test").at is None


def test_a_copy_has_its_hops_oldest_first_and_what_the_host_noted() -> None:
    content = (
        b"Return-Path: <bob@example.test>\r\n"
        b"Received: " + QMAIL.encode() + b"\r\nReceived: " + POSTFIX.encode() + b"\r\n"
        b"Authentication-Results: mx1.example.test;\r\n spf=softfail smtp.mailfrom=bob@example.test\r\n"
        b"Received-SPF: softfail (mx1.example.test)\r\n"
        b"Message-ID: <1@example.test>\r\n" + TOKEN + b"\r\nReceived: from nowhere by nobody\r\n"
    )

    found = read_copy(content, "INBOX", 7.0, True)

    assert found is not None
    token, copy = found
    assert token == "abc-1"
    assert [hop.protocol for hop in copy.hops] == ["ESMTPS", "SMTP"]
    assert msgspec.structs.replace(copy, hops=()) == Copy(
        place="INBOX",
        at=7.0,
        notes=(
            "mx1.example.test; spf=softfail smtp.mailfrom=bob@example.test",
            "softfail (mx1.example.test)",
        ),
        return_path="<bob@example.test>",
        message_id="<1@example.test>",
        is_junk=True,
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Subject: hello\r\n\r\nX-Mxprobe-Token: in the body\r\n",
        f"{TOKEN_HEADER}:  \r\n\r\n".encode(),
        f"{TOKEN_HEADER}: {'a' * 300}\r\n\r\n".encode(),
    ],
)
def test_a_message_without_a_token_is_none_of_ours(content: bytes) -> None:
    assert read_copy(content, "INBOX", 0.0, False) is None


@given(st.binary(max_size=400), st.binary(max_size=400))
@example(b"Received: ((((", b"\x00\xff\xfe")
@example(b"Received: from \xff\xfe by \x1b[2J ; Mon, 23 Nov 2026 09:20:12 +9999999999999999999", b"")
@example(b" folded without a field\r\n\t", b":\r\n:\r\n")
def test_no_bytes_raise_and_what_is_kept_can_be_saved(before: bytes, after: bytes) -> None:
    for content in (before, before + b"\r\n" + TOKEN + after, TOKEN + b"Received: " + before + b"\r\n" + after):
        found = read_copy(content, "INBOX", 0.0, False)
        if found is not None:
            assert msgspec.json.decode(msgspec.json.encode(found[1]), type=Copy) == found[1]
    assert read_copy(TOKEN + after, "INBOX", 0.0, False) is not None


@given(st.text(max_size=300))
def test_no_received_line_raises(value: str) -> None:
    read_hop(value)
    read_hop(f"from {value} by {value} with {value} id {value}; {value}")


def test_an_escape_is_kept_as_it_came_and_shown_harmless() -> None:
    found = read_copy(b"Received: from a.test by \x1b]0;b\x07\xff.test; x\r\n" + TOKEN + b"\r\n", "INBOX", 0.0, False)

    assert found is not None
    raw = found[1].hops[0].raw
    assert raw == "from a.test by \x1b]0;b\x07\\xff.test; x"
    assert escape_text(raw) == r"from a.test by \x1b]0;b\x07\xff.test; x"


def _bomb(line: bytes, size: int) -> bytes:
    return TOKEN + line * (size // len(line)) + b"\r\n\r\n"


@pytest.mark.parametrize(
    "content",
    [
        _bomb(b"Received: from a.test by b.test; x\r\n", 400_000),
        _bomb(b"R: \r\n", 4_000_000),
        TOKEN + b"Received: " + b"(" * 4_000_000,
        TOKEN + b"Received: from a" + b"\r\n (a;" * 1_000_000 + b"\r\n\r\n",
        TOKEN + b"Received: from a by " + b"\\(" * 1_000_000,
        TOKEN + b"Authentication-Results: " + b" \t" * 1_000_000 + b"\r\n\r\n",
        TOKEN + b"\0" * 4_000_000,
        _bomb(b"\r\n " + b"a" * 70, 4_000_000),
    ],
)
def test_a_header_that_is_a_bomb_costs_little(content: bytes) -> None:
    tracemalloc.start()
    began = time.process_time()

    found = read_copy(content, "INBOX", 0.0, False)

    spent, most = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert spent < 5
    assert most < 100 * MOST_OCTETS
    assert len(msgspec.json.encode(found[1])) < 4 * MOST_OCTETS


def test_of_many_hops_the_newest_are_kept() -> None:
    lines = b"".join(f"Received: from a.test by b{number}.test; x\r\n".encode() for number in range(10_000))

    found = read_copy(TOKEN + lines + b"\r\n", "INBOX", 0.0, False)

    assert found is not None
    assert [hop.by for hop in found[1].hops] == [f"b{number}.test" for number in reversed(range(MOST_HOPS))]


def test_a_header_ends_with_its_empty_line() -> None:
    assert header_of(b"A: b\nC: d\n\nbody\n\n") == b"A: b\nC: d\n\n"
    assert header_of(b"A: b\r\n\r\nbody") == b"A: b\r\n\r\n"
    assert header_of(b"A" * (MOST_OCTETS + 1)) == b"A" * MOST_OCTETS
