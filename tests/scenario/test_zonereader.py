"""Master files as a server reads them: what it would not load is refused with its line, and nothing grows for ever."""

from contextlib import suppress

import dns.exception
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.errors import InputError
from mxprobe.scenario import zonereader
from mxprobe.scenario.zonefile import ZoneFile, read_zone_file

HEAD = "$TTL 60\n@ MX 10 mx1\n"
BOMB = "a" * 63


def _read(text: str) -> ZoneFile:
    return read_zone_file(text, "example.test", "db")


@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        ("@ MX ten mx1\n", 3, "expecting an integer"),
        ("@ A 192.0.2.256\n", 3, "this is not what such a record has: 192.0.2.1 for A"),
        ("@ NOSUCH x\n", 3, "no type of record is called 'NOSUCH'"),
        ("@ CH A 192.0.2.1\n", 3, "the class of a record is IN"),
        ('@ TXT "abc\nmx1 A 192.0.2.1\n', 3, "newline in quoted string"),
        ('@ TXT ( "abc"\nmx1 A 192.0.2.1\n', 3, "unbalanced parentheses"),
        (f"@ TXT {'x' * 256}\n", 3, "255 octets at most"),
        (f"{BOMB}a A 192.0.2.1\n", 3, "63 octets"),
        ("$ORIGIN a\n" * 200, 123, "255 octets"),
        ("\n; a\n@ CNAME elsewhere\n", 5, "CNAME here and MX in line 2"),
        ("a CNAME b\na A 192.0.2.1\n", 4, "A here and CNAME in line 3"),
        ("a CNAME b\na CNAME c\n", 4, "second CNAME record; the first is in line 3"),
        ("@ SOA a b 1 1 1 1 1\n@ SOA a b 2 1 1 1 1\n", 4, "second SOA"),
        ("$INCLUDE other.zone\n", 3, r"\$INCLUDE is not followed"),
        ("$UNICODE 2008\n", 3, "UNICODE"),
        ("mx1 A 192.0.2.1\n\x00\n", 4, "control character here \\(0x00\\)"),
        ('mx1 TXT "\x1b[31m"\n', 3, "control character here \\(0x1b\\)"),
        ("@ MX 20 bücher\n", 3, "xn--bcher-kva"),
        ("bücher A 192.0.2.1\n", 3, "xn--bcher-kva"),
        ("$GENERATE 1-1000000000 a$ A 192.0.2.1\n", 3, "asks for more than 200000 records"),
        ("$GENERATE 1-9" + "0" * 5000 + " a$ A 192.0.2.1\n", 3, "needs a range"),
        ("$GENERATE a$ A 192.0.2.1\n", 3, "needs a range"),
        ("$GENERATE 1-2 a${0,999999999} A 192.0.2.1\n", 3, "width"),
        ("a TLSA 3 1\n", 3, "three numbers"),
        ("a TLSA 3 1 1 xyz\n", 3, "three numbers"),
        ("a TLSA 300 1 1 5a\n", 3, "three numbers"),
    ],
)
def test_what_no_server_loads_is_refused_with_its_line(lines: str, line: int, says: str) -> None:
    with pytest.raises(InputError, match=rf"\Adb:{line}: the zone of example\.test cannot be read: .*(?:{says})"):
        _read(HEAD + lines)


def test_a_record_without_a_ttl_is_told_what_gives_one() -> None:
    with pytest.raises(InputError, match=r"db:1: .*\$TTL 3600"):
        _read("@ MX 10 mx1\n")


def test_more_records_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zonereader, "MOST_RECORDS", 20)
    monkeypatch.setattr(zonereader, "MOST_OF_A_KIND", 5)

    with pytest.raises(InputError, match=r"db:22: .*more than 20 records"):
        _read("$TTL 60\n" + "".join(f"a{number} A 192.0.2.1\n" for number in range(30)))
    with pytest.raises(InputError, match=r"db:7: .*more than 5 TXT records, which no DNS message can hold"):
        _read("$TTL 60\n" + "".join(f"@ TXT {number}\n" for number in range(30)))
    with pytest.raises(InputError, match=r"db:3: .*more than 20 records"):
        _read("$TTL 60\n$GENERATE 1-15 a$ A 192.0.2.1\n$GENERATE 1-15 b$ A 192.0.2.1\n")


def test_what_is_odd_and_right_is_read() -> None:
    zone = _read(
        '$TTL 1h\n@ IN 60 MX 10 mx1 ; ü\nIN A 192.0.2.9\n  TXT ("a"\n "ü" )\nTXT A 192.0.2.8\n'
        "mx1 A 192.0.2.1\nMX1 A 192.0.2.1\nMX1 A 192.0.2.2\nmx\\.two A 192.0.2.3\n"
        "a TLSA 3 1 1 ( 5a5a\n 5a5a )\n TLSA \\# 4 03010100\ntlsa MX 10 tlsa\nb CNAME c\n"
        'b RRSIG A 8 3 60 20260101000000 20250101000000 1 example.test. AAAA\nout.of.zone. A 192.0.2.7\n@ TXT "end"'
    )

    assert [(one.preference, one.ttl, one.line) for one in zone.find("example.test", "MX")] == [(10, 60, 2)]
    assert zone.find("in.example.test", "A")[0].ttl == 3600
    assert [one.line for one in zone.find("txt.example.test", "A")] == [6]
    assert [one.data for one in zone.find("in.example.test", "TXT")] == ['"a" "\\195\\188"']
    assert [(one.data, one.line) for one in zone.find("mx1.example.test", "A")] == [("192.0.2.1", 7), ("192.0.2.2", 9)]
    assert [one.data for one in zone.find("a.example.test", "TLSA")] == ["3 1 1 5a5a5a5a", "3 1 1 00"]
    assert zone.find("mx\\.two.example.test", "A")
    assert not zone.exists("two.example.test")
    assert zone.find("tlsa.example.test", "MX")[0].points_to == "tlsa.example.test"
    assert zone.exists("b.example.test")
    assert not zone.exists("out.of.zone")
    assert [one.data for one in zone.find("example.test", "TXT")] == ['"end"']


def test_signatures_and_denials_make_no_name_exist() -> None:
    hashed = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
    zone = _read(
        f"{HEAD}{hashed} NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX RRSIG\n"
        f"{hashed} RRSIG NSEC3 8 3 60 20260101000000 20250101000000 1 example.test. AAAA\n"
        "@ RRSIG MX 8 2 60 20260101000000 20250101000000 1 example.test. AAAA\n@ NSEC mx1 MX RRSIG NSEC\n"
    )

    assert not zone.exists(f"{hashed}.example.test")
    assert zone.exists("example.test")
    assert zone.size == 5


WORDS = st.sampled_from(
    [
        *("@", "mx1", "a.b", "*", "mx1.example.test.", "out.", "\\.x", "\\065", "_25._tcp.mx1", "$ORIGIN", "$TTL"),
        *(
            "$GENERATE",
            "1-3",
            "$",
            "IN",
            "CH",
            "60",
            "1h",
            "MX",
            "A",
            "AAAA",
            "TXT",
            "NS",
            "CNAME",
            "SOA",
            "TLSA",
            "10",
        ),
        *("192.0.2.1", "2001:db8::1", '"v=spf1 -all"', '"', "(", ")", ";x", "3", "1", "5a", "\\#", "DNAME", "TYPE99"),
    ]
)
LINES = st.lists(WORDS, max_size=9).map(" ".join)
BLANKS = st.sampled_from(["", " ", "\t"])
FILES = st.lists(st.tuples(BLANKS, LINES).map("".join), max_size=12).map("\n".join)


@given(text=st.one_of(FILES, st.text(max_size=200)))
def test_anything_is_read_or_refused_with_its_place(text: str) -> None:
    with suppress(InputError):
        _read(text)


@given(text=FILES)
def test_what_dnspython_reads_is_read_alike(text: str) -> None:
    """The quick tokenizer changes nothing: the same records, or no records on both sides."""
    try:
        theirs = dns.zone.from_text(text, origin="example.test", relativize=False, check_origin=False)
    except (dns.exception.DNSException, ValueError, KeyError):
        return
    try:
        ours = _read(text)
    except InputError as error:
        # dnspython lets a later record of a kind that stands alone take the place of an earlier one.
        if "has a second" in error.message or "beside CNAME" in error.message:
            return
        raise
    found = {
        (name, rdata.rdtype.name, rdata.to_text())
        for name, node in ours.nodes.items()
        for told in node.values()
        for rdata in (one.rdata for one in told)
        if rdata.rdtype < 65399
    }
    wanted = {
        (name.to_text(omit_final_dot=True).lower(), rdata.rdtype.name, rdata.to_text())
        for name, _, rdata in theirs.iterate_rdatas()
        if rdata.rdtype.name != "TLSA"
    }
    assert found == wanted
