"""What is said before a look asks, and the table of what was answered."""

import pytest

from mxprobe.jobs.look import judge
from mxprobe.probe.matrix import FOREIGN, MatrixRequest
from mxprobe.report.asking import render_announcement, render_dry_run
from mxprobe.report.json import LookDocument
from mxprobe.report.look_text import render_look
from mxprobe.report.recipients import render_recipients
from mxprobe.report.words import WIDTH
from tests.support.asked import HELO, ONE, RANDOM, TWO, ask_matrix, knows

HONEST = {ONE: knows("alice", "postmaster"), TWO: knows("alice")}
OWNED = MatrixRequest(random=RANDOM, owned=True)


def test_a_matrix_is_announced_with_its_hosts_counts_and_what_allows_it() -> None:
    seen = ask_matrix(HONEST, OWNED)
    text = render_announcement(seen.announced[0])

    assert f"mx1.example.test/{ONE}: at most 10 RCPTs" in text
    assert "at most 20 RCPTs; allowed by --i-own-this" in text
    assert "your word that example.test is yours" in text
    assert sum(len(seen.lines(address, "RCPT")) for address in HONEST) == 20


def test_patience_doubles_what_is_announced_and_a_record_needs_no_warning() -> None:
    wish = MatrixRequest(random=RANDOM, patient=True)
    text = render_announcement(ask_matrix(HONEST, wish, texts=('"v=mxprobe1; until=2026-12-31"',)).announced[0])

    assert "at most 40 RCPTs; allowed by _mxprobe.example.test (until 2026-12-31)" in text
    assert "once more, after 5 min or the stated wait" in " ".join(text.split())
    assert "warning" not in text


def test_a_shared_host_is_announced_as_such() -> None:
    hosts = {"aspmx.l.google.com": (10, ONE), "mx2.example.test": (20, TWO)}
    text = " ".join(render_announcement(ask_matrix(HONEST, OWNED, hosts=hosts).announced[0]).split())

    assert f"aspmx.l.google.com/{ONE}: at most 1 RCPT (a shared host of Google" in text
    assert "--force-shared" in text


def test_a_dry_run_says_line_by_line_what_the_hosts_then_hear() -> None:
    text = render_dry_run(ask_matrix(HONEST, OWNED, dry_run=True).snapshot)
    heard = ask_matrix(HONEST, OWNED).lines(ONE)

    said = [" ".join(line.split()[:2]) for line in text.partition(f"mx2.example.test/{TWO}")[0].splitlines()]
    assert [line for line in heard if line not in said and not line.startswith("RCPT")] == []
    assert [f"RCPT {line.split()[1]}" for line in heard if line.startswith("RCPT")] == [
        line for line in said if line.startswith("RCPT")
    ]
    assert "At most 20 RCPTs at 2 addresses; no message." in text
    assert "Exit 0" in text


def test_a_dry_run_says_what_is_not_allowed_and_which_flag_would() -> None:
    text = " ".join(render_dry_run(ask_matrix(HONEST, MatrixRequest(random=RANDOM), dry_run=True).snapshot).split())

    assert "NOT ALLOWED there is no TXT record _mxprobe.example.test" in text
    assert "--i-own-this would allow it" in text


def test_a_dry_run_of_a_good_recipient_alone_needs_nobody_s_consent() -> None:
    text = render_dry_run(ask_matrix(HONEST, dry_run=True).snapshot)

    assert "NOT ALLOWED" not in text
    assert FOREIGN not in text
    assert "At most 2 RCPTs at 2 addresses" in text


def test_the_table_has_a_row_for_each_address_and_the_words_of_what_is_not_told() -> None:
    slow = {ONE: knows("alice", "postmaster", otherwise="451 4.3.0 ask me later"), TWO: knows()}
    lines = render_recipients(ask_matrix(slow, OWNED).snapshot)

    one = next(line.split() for line in lines if ONE in line)
    assert one == [ONE, "accepted", "accepted", "later", "refused", "accepted"]
    two = next(line.split() for line in lines if TWO in line)
    assert two == [TWO, *["refused"] * 5]
    assert any("random: later: 451 4.3.0 ask me later" in line for line in lines)
    assert lines[0].startswith(f"RECIPIENTS MAIL FROM:<postmaster@{HELO}>; allowed by --i-own-this")
    assert max(len(line) for line in lines) <= WIDTH


@pytest.mark.parametrize("matrix", [True, False])
def test_a_report_has_the_table_where_more_than_the_good_recipient_was_asked_about(matrix: bool) -> None:
    snapshot = ask_matrix(HONEST, OWNED if matrix else None).snapshot
    looked = judge(snapshot)
    text = render_look(LookDocument(snapshot=snapshot, judgements=looked.judgements, forecast=looked.forecast))

    assert ("RECIPIENTS" in text) is matrix
    assert "2 of 2 MX hosts answer, 2 accept alice@example.test" in " ".join(text.split())
    assert f"MAIL FROM:<postmaster@{HELO}>" in " ".join(text.split())
