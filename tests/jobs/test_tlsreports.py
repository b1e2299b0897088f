"""Reports of SMTP TLS reporting: evidence for each MX host, from files of anybody, with bounded memory."""

import gzip
import json
import subprocess
import sys
import tracemalloc
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxprobe.cli import main
from mxprobe.errors import InputError
from mxprobe.jobs.tlsreports import MOST_MEMBERS, MOST_OCTETS, load_report
from mxprobe.report.json import LookDocument, render_document
from tests.support.examples import snapshot_of
from tests.support.tlsreports import ENFORCED, FETCH_FAILED, NO_DETAILS, STANDARD, changed, octets

LOOK = "example.test MX 10 mx1.example.test\nexample.test MX 20 mx2.example.test\nmx1.example.test A 192.0.2.1\n"
BOMB = gzip.compress(b'{"organization-name": "' + b" " * (4 * MOST_OCTETS) + b'"}')


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with reports of four senders and a look at the domain."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "standard.json").write_bytes(octets(STANDARD))
    (tmp_path / "google.json.gz").write_bytes(gzip.compress(octets(ENFORCED)))
    (tmp_path / "microsoft.json.gz").write_bytes(gzip.compress(octets(NO_DETAILS)))
    (tmp_path / "mailru.eml").write_bytes(_mail(gzip.compress(octets(FETCH_FAILED)), "tlsrpt+gzip"))
    (tmp_path / "look.json").write_text(render_document(LookDocument(snapshot=snapshot_of(LOOK))))
    return tmp_path


def _mail(data: bytes, kind: str) -> bytes:
    """A report as RFC 8460 §5.3 has it sent."""
    message = EmailMessage()
    message["TLS-Report-Domain"], message["TLS-Report-Submitter"] = "example.test", "mail.ru"
    message.set_content("This is an aggregate TLS report from mail.ru")
    message.add_attachment(data, maintype="application", subtype=kind, filename="mail.ru!example.test!1!2!1.json.gz")
    message.replace_header("Content-Type", 'multipart/report; report-type="tlsrpt"')
    message.set_boundary("xyz")
    return message.as_bytes()


def _report(*words: str) -> Result:
    return CliRunner().invoke(main, ["report", *words])


def test_each_mx_host_has_its_evidence_and_each_sender_its_line(files: Path) -> None:
    result = _report("google.json.gz", "standard.json", "microsoft.json.gz", "mailru.eml", "look.json")
    text = " ".join(result.output.split())

    assert result.exit_code == 1, result.output
    assert result.output.splitlines()[0].startswith("example.test: 321 of 6016 reported sessions failed, 18 of them")
    assert "Google Inc. reports 12 of its 340 sessions as failed here, on 2026-11-20: certificate-host-mismatch" in text
    assert "mx-backup.example.test NOT AMONG TODAY'S MX HOSTS" in text
    assert 'reason "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"' in text
    assert "at 203.0.113.58" in text
    assert "from 198.51.100.62" in text
    assert "no host named" in text
    assert "2 failed sessions without a reason or a host" in text
    assert "Microsoft Corporation: 1 report, 2 of 43 sessions failed; on 2026-11-20" in text
    assert "Exit 1: 18 sessions failed under a policy that holds mail back." in text
    assert all(len(line) <= 100 for line in result.output.splitlines())


def test_without_a_look_no_host_is_called_a_stranger(files: Path) -> None:
    assert "NOT AMONG" not in _report("standard.json").output


def test_failures_in_a_testing_policy_hold_no_mail_back(files: Path) -> None:
    assert _report("standard.json").exit_code == 0
    assert _report("standard.json", "--fail-on", "warning").exit_code == 1
    assert _report("google.json.gz").exit_code == 1


def test_a_report_that_is_named_twice_counts_once(files: Path) -> None:
    (files / "again.json").write_bytes(octets(ENFORCED))
    result = _report("google.json.gz", "again.json")

    assert "12 of 340 reported sessions failed" in result.output
    assert "1 report was named twice, and counted once" in result.output


def test_two_days_of_one_sender_are_summed(files: Path) -> None:
    later = {
        **ENFORCED,
        "report-id": "2",
        "date-range": {"start-datetime": "2026-11-21T00:00:00Z"} | {"end-datetime": "2026-11-21T23:59:59Z"},
    }
    (files / "later.json").write_bytes(octets(later))
    text = " ".join(_report("google.json.gz", "later.json").output.split())

    assert "Google Inc. reports 24 of its 680 sessions as failed here, 2026-11-20 to 2026-11-21" in text


def test_the_json_form_says_the_same(files: Path) -> None:
    result = _report("google.json.gz", "look.json", "--format", "json")
    document = json.loads(result.output)

    assert (document["kind"], document["exit_status"]) == ("tls-reports", result.exit_code) == ("tls-reports", 1)
    (host,) = document["domains"][0]["hosts"]
    assert (host["host"], host["is_known"], host["failed"][0]["sessions"]) == ("mx2.example.test", True, 12)


def test_what_asks_rules_or_writes_other_formats_is_refused(files: Path) -> None:
    assert "--baseline says nothing to reports" in _report("standard.json", "--baseline", "look.json").output
    assert "--output says nothing to reports" in _report("standard.json", "--output", "x").output
    assert "are told as text, json" in _report("standard.json", "--format", "junit").output


DETAIL = "policies.0.failure-details.0"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (BOMB, f"unpacked, this has more than {MOST_OCTETS} octets"),
        (gzip.compress(BOMB), "not UTF-8"),
        (gzip.compress(octets(STANDARD))[:-20], "cut short"),
        (gzip.compress(octets(STANDARD)) + b"more", "behind the gzip stands something else"),
        (b"\x1f\x8bnot gzip at all", "damaged"),
        (octets(STANDARD)[:-5], "no report of TLS sessions"),
        (b'{"organization-name": ' + b"[" * 200_000, "no report of TLS sessions"),
        (octets(STANDARD)[:-1] + b', "x": ' + b"[" * 30 + b"]" * 30 + b"}", "more than 24 deep"),
        (octets(STANDARD)[:-1] + b', "report-id": "2"}', "$: the key `report-id` stands there a second time"),
        (
            octets(STANDARD).replace(
                b'"failed-session-count": 3', b'"failed-session-count": 3, "result-typ\\u0065": "x"'
            ),
            "$.policies[0].failure-details[2]: the key `result-type` stands there a second time",
        ),
        (changed("policies.0.summary.total-failure-session-count", -1), "`int` >= 0 - at `$.policies[0].summary."),
        (
            changed(f"{DETAIL}.failed-session-count", "7"),
            "Expected `int`, got `str` - at `$.policies[0].failure-details[0]",
        ),
        (
            changed(f"{DETAIL}.failed-session-count", 10**30),
            "at `$.policies[0].failure-details[0].failed-session-count`",
        ),
        (
            changed(f"{DETAIL}.result-type", "x" * 5000),
            "length <= 4096 - at `$.policies[0].failure-details[0].result-type`",
        ),
        (changed("policies.0.summary", None), "Expected `object`, got `null` - at `$.policies[0].summary`"),
        (changed("policies", []), "length >= 1 - at `$.policies`"),
        (changed("date-range.start-datetime", "yesterday"), "$.date-range.start-datetime: `yesterday` is no date"),
        (changed("date-range.end-datetime", "2026-11-19T00:00:00Z"), "$.date-range: the report ends before it begins"),
        (b'{"organization-name": "x", "report-id": "1"}', "missing required field `date-range`"),
        (b"tlsrpt, but this is no mail", "no mail that carries one"),
        (_mail(b"{}", "pdf").replace(b"filename", b"x"), "no mail that carries one"),
        (gzip.compress(b"") * (MOST_MEMBERS + 1) + gzip.compress(octets(STANDARD)), "more than 64 pieces of gzip"),
        (b"Subject: tlsrpt\n" + b"\n" * 2_000_000, "it has too many lines, or parts within parts"),
        (
            b"".join(b"Content-Type: multipart/tlsrpt; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(300)),
            "it has too many lines, or parts within parts",
        ),
    ],
)
def test_what_is_no_report_is_refused_with_its_name_and_the_path_inside(files: Path, data: bytes, says: str) -> None:
    (files / "bad.gz").write_bytes(data)
    result = _report("bad.gz")

    assert result.exit_code == 2, result.output
    assert result.output.startswith("bad.gz")
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_a_bomb_is_not_unpacked_to_its_end(files: Path) -> None:
    path = files / "bomb.gz"
    path.write_bytes(gzip.compress(b"\0" * (16 * MOST_OCTETS)))
    assert path.stat().st_size < 1_500_000
    tracemalloc.start()
    with pytest.raises(InputError, match=r"bomb\.gz"):
        load_report(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 4 * MOST_OCTETS


@pytest.mark.parametrize("text", ["a", "\\n"], ids=["plain", "escaped"])
def test_a_text_of_megabytes_needs_no_more_memory_than_itself(files: Path, text: str) -> None:
    large = b'{"additional-information": "' + text.encode() * 4_000_000 + b'", ' + octets(STANDARD)[1:]
    (files / "large.json").write_bytes(large)
    code = (
        "import re, sys\nfrom pathlib import Path\nfrom mxprobe.jobs.tlsreports import load_report\n"
        "most = lambda: int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "before = most()\nload_report(Path(sys.argv[1]))\nprint(most() - before)"
    )
    grown = subprocess.run([sys.executable, "-c", code, "large.json"], capture_output=True, text=True, check=True)

    assert int(grown.stdout) * 1024 < 8 * len(large)  # the engine's own memory is not traced


def test_pieces_of_gzip_one_after_another_are_one_report(files: Path) -> None:
    whole = octets(STANDARD)
    (files / "pieces.gz").write_bytes(gzip.compress(whole[:500]) + gzip.compress(whole[500:]) + b"\0" * 100)

    assert load_report(files / "pieces.gz").by == "Company-X"


def test_reasons_that_the_sums_leave_out_are_no_clean_pass(files: Path) -> None:
    (files / "odd.json").write_bytes(changed("policies.0.summary.total-failure-session-count", 0))
    strict, usual = _report("odd.json", "--fail-on", "warning"), _report("odd.json")

    assert (strict.exit_code, usual.exit_code) == (1, 0)
    assert "no session failed by the sums, and 303 sessions by the reasons beside them" in " ".join(
        usual.output.split()
    )


def test_a_file_without_an_end_and_words_with_control_characters_do_no_harm(files: Path) -> None:
    with pytest.raises(InputError, match="more than"):
        load_report(Path("/dev/zero"))
    (files / "odd.json").write_bytes(changed("organization-name", "\x1b[31mred"))

    assert "\\x1b[31mred" in _report("odd.json").output


def test_a_run_beside_a_report_is_refused(files: Path) -> None:
    (files / "runs.json").write_text('{"kind":"runs","schema":1,"runs":[], "x": "\\"snapshot\\"", "snapshot": 1}')
    result = _report("standard.json", "runs.json")

    assert result.exit_code == 2
    assert "beside reports of TLS sessions stand saved probes, and this is none" in result.output


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.data())
def test_a_damaged_report_is_refused_or_read_and_never_raises(files: Path, data: st.DataObject) -> None:
    whole = bytearray(octets(STANDARD))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))
    (files / "bad.json").write_bytes(bytes(whole))
    result = _report("bad.json", "google.json.gz")

    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
