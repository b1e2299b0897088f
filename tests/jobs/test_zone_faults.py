"""Zones with planted faults: each fault is found, with the lines that it is in, and nothing else is.

Every zone of `tests/support/zones` says in its first line what is the matter with it; `flawless` has nothing.
"""

import re
from pathlib import Path

import pytest

from mxprobe.facts.finding import Finding, Status
from mxprobe.jobs.look import Look
from mxprobe.jobs.look_at_zone import look_at_zone
from mxprobe.mx.whatif import MOST_PAIRED
from mxprobe.report.look_text import render_look
from mxprobe.report.verdict import conclude_look, findings_of
from mxprobe.rules.zone_lines import MOST_LINES

ZONES = Path(__file__).parent.parent / "support" / "zones"
SELECTORS = ("sel", "new", "none")
"""Those that a person asks for; only the zone `policy` has keys that are not right."""

Planted = tuple[str, str, str, tuple[int, ...]]
"""Code, severity, subject, and the lines of the file."""

PLANTED: dict[str, tuple[Planted, ...]] = {
    "flawless": (),
    "dots": (
        ("MX201", "error", "relay.isp.example.example.test", (7,)),
        ("MX201", "error", "old.example.test", (8, 15)),
        ("MX112", "error", "mx1.example.test.example.test", (6,)),
        ("MX118", "warning", "ns2.example.test.example.test", (5,)),
    ),
    "aliases": (
        ("MX201", "error", "gone.example.test", (7,)),
        ("MX202", "error", "empty.example.test", (8,)),
        ("MX110", "error", "198.41.0.4", (6,)),
        ("MX104", "warning", "mail.example.test", (5, 12, 13)),
        ("MX104", "warning", "round.example.test", (9, 16, 17)),
        ("MX203", "warning", "round.example.test", (9, 16, 17)),
    ),
    "null": (
        ("MX107", "error", "example.test", (5, 6, 7)),
        ("MX205", "error", "mx1.example.test/10.0.0.5", (6, 10)),
        ("MX206", "error", "mx2.example.test/::1", (7, 13)),
    ),
    "twins": (
        ("MX113", "warning", "mx1.example.test", (7, 9)),
        ("MX401", "warning", "example.test", (7, 8, 9)),
        ("MX208", "warning", "mx1.example.test, mx2.example.test", (7, 8, 9, 14, 16)),
    ),
    "spf": (
        ("MX855", "error", "example.test", (7, 8)),
        ("MX857", "info", "example.test", (3,)),
    ),
    "lookups": (
        ("MX854", "error", "example.test", (7, 8, 12)),
        ("MX857", "info", "example.test", (14, 15)),
    ),
    "dane": (
        ("MX754", "warning", "mx2.example.test", (17,)),
        ("MX754", "warning", "mx3.example.test", (18,)),
        ("MX755", "warning", "mx1.example.test", (15, 16)),
        ("MX757", "warning", "mx4.example.test", (8,)),
        ("MX756", "info", "mx1.example.test", (15, 16)),
    ),
    "policy": (
        ("MX771", "error", "example.test", (11, 12)),
        ("MX860", "warning", "sel._domainkey.example.test", (14,)),
        ("MX860", "warning", "none._domainkey.example.test", (3,)),
    ),
    "announced": (
        ("MX772", "error", "example.test", (10,)),
        ("MX302", "warning", "example.test", (5, 9)),
        ("MX858", "warning", "reports.example.test", (11, 12)),
        ("MX783", "info", "example.test", (10,)),
    ),
    "mixed": (
        ("MX111", "warning", "m_x.example.test", (10,)),
        ("MX118", "warning", "ns9.example.test", (5,)),
        ("MX311", "warning", "example.test", (6, 7, 8, 9, 10)),
    ),
    "google": (
        ("MX205", "error", "old.example.test/192.168.1.25", (8, 11)),
        ("MX304", "error", "alt1.aspmx.l.google.com, example-test.mail.protection.outlook.com", (6, 7)),
        ("MX852", "warning", "example.test", (5, 6, 7, 8, 9)),
        ("MX901", "info", "example.test", (5, 6, 7, 8)),
    ),
}


def _look(name: str) -> Look:
    return look_at_zone(ZONES / f"{name}.zone", "example.test", SELECTORS if name == "policy" else ())


def _lines(found: Finding) -> tuple[int, ...]:
    return tuple(int(match[1]) for line in found.seen if (match := re.match(r".*\.zone:(\d+): ", line)))


def test_every_zone_is_expected() -> None:
    assert {path.stem for path in ZONES.glob("*.zone")} == PLANTED.keys()
    assert len(PLANTED) > 10


@pytest.mark.parametrize("name", PLANTED)
def test_the_planted_faults_are_found_with_their_lines_and_none_else(name: str) -> None:
    look = _look(name)

    found = [(one.code, one.severity.value, one.subject, _lines(one)) for one in findings_of(look.judgements)]

    assert sorted(found) == sorted(PLANTED[name])


@pytest.mark.parametrize("name", PLANTED)
def test_the_evidence_ends_with_lines_that_stand_there(name: str) -> None:
    path = ZONES / f"{name}.zone"
    written = path.read_text().split("\n")

    for found in findings_of(_look(name).judgements):
        first = next(
            number for number, line in enumerate(found.seen) if re.match(rf"{re.escape(str(path))}:\d+: ", line)
        )
        for line in found.seen[first:]:
            match = re.fullmatch(rf"{re.escape(str(path))}:(\d+): (.*)", line)
            assert match is not None
            shown = match[2].removesuffix("…")
            assert " ".join(written[int(match[1]) - 1].split()).startswith(shown)


def test_what_only_a_network_tells_stays_open_and_says_why() -> None:
    """Never a pass, and no reason that blames somebody or asks for an option that a zone file does not go with."""
    look = _look("flawless")
    open_ones = {one.code: one.reason or "" for one in look.judgements if one.status is Status.INCONCLUSIVE}

    for code in ("MX770", "MX772", "MX775"):
        assert "fetched over HTTPS when the zone is published" in open_ones[code]
    for code in ("MX004", "MX502", "MX504", "MX505"):
        assert "signatures, if it has any, are not judged" in open_ones[code]
    assert open_ones["MX753"] == "whether the zone will be signed its file does not tell"
    assert "when it is published" in open_ones["MX758"]
    assert open_ones["MX880"].startswith("198.41.0.4: not asked")
    assert not any("--dnssec" in reason for reason in open_ones.values())
    assert {"MX850", "MX852", "MX855", "MX771", "MX783", "MX857", "MX754", "MX757", "MX401"}.isdisjoint(open_ones)


def test_a_snapshot_keeps_the_lines_that_mail_needs_alone() -> None:
    snapshot = _look("flawless").snapshot
    assert snapshot.zone is not None

    assert snapshot.zone.records == 21
    assert not any(line.name.startswith("sel.") for line in snapshot.zone.lines)
    assert all(len(line.text) <= 201 and len(line.data) <= 201 for line in snapshot.zone.lines)


# -- near misses, and what a file cannot tell --------------------------------------------------------------------------

HEAD = (
    "$TTL 3600\n@ SOA ns1 hostmaster 1 1 1 1 1\n@ NS ns1\nns1 A 192.5.5.241\n@ MX 10 mx1\n@ MX 20 mx2\n"
    "mx1 A 198.41.0.4\nmx2 A 199.9.14.201\n_dmarc TXT v=DMARC1\n"
)
SPF = '@ TXT "v=spf1 -all"\n'


def _judged(
    text: str, tmp_path: Path, domain: str = "example.test"
) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """The findings with their lines, and the reasons of what was left open."""
    file = tmp_path / "a.zone"
    file.write_text(text)
    look = look_at_zone(file, domain)
    found = {one.code: _lines(one) for one in findings_of(look.judgements)}
    return found, {one.code: one.reason or "" for one in look.judgements if one.status is Status.INCONCLUSIVE}


@pytest.mark.parametrize(
    ("record", "fires"),
    [
        ("@ TXT ( v=spf1 " + " ".join(f'" include:a{n}.isp.example"' for n in range(10)) + ' " -all" )', False),
        ("@ TXT ( v=spf1 " + " ".join(f'" include:a{n}.isp.example"' for n in range(11)) + ' " -all" )', True),
        (
            '@ TXT "v=spf1 include:a.isp.example +all '
            + " ".join(f'" "include:a{n}.isp.example' for n in range(11))
            + '"',
            False,
        ),
        ('@ TXT "v=spf1 a:gone1 a:gone1.example.test a:gone2.example.test include:a.isp.example -all"', False),
        (
            '@ TXT "v=spf1 a:gone1.example.test a:gone2.example.test a:gone3.example.test include:a.isp.example -all"',
            True,
        ),
        ('@ TXT "v=spf1 include:a.isp.example mx -all"', False),
    ],
)
def test_spf_asks_too_often_where_that_is_so_whatever_others_publish(record: str, fires: bool, tmp_path: Path) -> None:
    found, left_open = _judged(f"{HEAD}{record}\n", tmp_path)

    assert (found == {"MX854": (10,)}) is fires
    assert ("MX854" in left_open) is not fires


@pytest.mark.parametrize(
    ("domain", "fires"), [("example.test", True), ("example.co.uk", True), ("shop.example.test", False)]
)
def test_a_missing_dmarc_record_is_told_where_nobody_but_a_registry_may_have_one(
    domain: str, fires: bool, tmp_path: Path
) -> None:
    found, left_open = _judged(HEAD.replace("_dmarc TXT v=DMARC1\n", SPF), tmp_path, domain)

    assert found == ({"MX857": (2,)} if fires else {})
    assert ("MX857" in left_open) is not fires


def test_records_for_dane_are_no_fault_in_a_file_and_no_pass(tmp_path: Path) -> None:
    both = "".join(f"_25._tcp.mx{host} TLSA 3 1 1 {digit * 64}\n" for host in (1, 2) for digit in "ab")
    found, left_open = _judged(HEAD + SPF + both, tmp_path)
    none, without = _judged(HEAD + SPF, tmp_path)

    assert found == none == {}
    assert {"MX750", "MX753", "MX758", "MX759"} <= left_open.keys()
    assert {"MX753", "MX759"}.isdisjoint(without)


def test_a_policy_host_elsewhere_is_not_blamed(tmp_path: Path) -> None:
    record = "_mta-sts TXT v=STSv1\\;id=1\n_smtp._tls TXT v=TLSRPTv1\\;rua=mailto:a@example.test\n"
    elsewhere = _judged(HEAD + SPF + record + "mta-sts CNAME policy.isp.example.\n", tmp_path)
    nowhere = _judged(HEAD + SPF + record, tmp_path)

    assert elsewhere[0] == {}
    assert "MX772" in elsewhere[1]
    assert nowhere[0] == {"MX772": (11,)}


def test_a_wildcard_s_line_is_shown_for_the_host_that_it_stands_for(tmp_path: Path) -> None:
    found, _ = _judged(f"{HEAD}{SPF}*.hosts A 10.0.0.1\n@ MX 30 any.hosts\n", tmp_path)

    assert found == {"MX205": (11, 12)}


def test_no_finding_drowns_in_lines(tmp_path: Path) -> None:
    many = "".join(f"@ 999999 MX 30 h{number}\nh{number} A 192.33.4.{number}\n" for number in range(1, 41))
    file = tmp_path / "a.zone"
    file.write_text("$TTL 999999\n" + HEAD.replace("$TTL 3600\n", "") + SPF + many)
    (found,) = (one for one in findings_of(look_at_zone(file, "example.test").judgements) if one.code == "MX401")

    assert len(_lines(found)) == MOST_LINES
    assert found.seen[-1] == f"{file}: and 22 lines more"


@pytest.mark.parametrize("count", [MOST_PAIRED, MOST_PAIRED + 1])
def test_pairs_of_hosts_that_are_not_forecast_are_said_not_to_be(count: int, tmp_path: Path) -> None:
    zone = tmp_path / "db"
    hosts = (f"@ IN MX {number} m{number}\nm{number} IN A 198.41.0.{number}\n" for number in range(1, count + 1))
    zone.write_text("$TTL 3600\n@ IN SOA ns1 h 1 3600 900 1209600 300\n" + "".join(hosts))
    look = look_at_zone(zone, "example.test")

    text = render_look(conclude_look(look.snapshot, look.judgements, look.forecast))

    assert ("What happens when two hosts fail was not asked" in text) is (count > MOST_PAIRED)
