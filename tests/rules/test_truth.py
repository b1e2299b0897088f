"""What a look may say: unknown is not absent, absent is not failed, and nobody is blamed for what lies on our side."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.session import Failure, FailureKind
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import NotVisited, Snapshot
from mxprobe.jobs.look import judge
from mxprobe.report.look_text import render_look
from mxprobe.report.verdict import conclude_look, exit_status
from tests.support.examples import snapshot_of

PAIR = """\
example.test MX 10 mx1.example.test
example.test MX 20 mx2.example.test
mx1.example.test A 198.41.0.4
mx2.example.test A 199.9.14.201
"""
ONE = "example.test MX 10 mx1.example.test\nmx1.example.test A 198.41.0.4\n"
UP1 = '198.41.0.4 "220 mx1.example.test ESMTP" "250-mx1" "250 STARTTLS"\n'
UP2 = '199.9.14.201 "220 mx2.example.test ESMTP" "250-mx2" "250 STARTTLS"\n'
LISTED = '"554 5.7.1 203.0.113.9 is on dnsbl.example"\n'


def _statuses(seen: Snapshot) -> dict[str, Status]:
    return {judgement.code: judgement.status for judgement in judge(seen).judgements}


def _exit(seen: Snapshot, fail_on: Severity = Severity.ERROR) -> tuple[int, str]:
    return exit_status(seen, judge(seen).judgements, fail_on)


def _text(seen: Snapshot) -> str:
    looked = judge(seen)
    return render_look(conclude_look(seen, looked.judgements, looked.forecast))


def test_addresses_that_could_not_be_looked_up_are_no_pass() -> None:
    seen = snapshot_of("example.test MX 10 mx1.example.test\nmx1.example.test SERVFAIL")
    implicit = snapshot_of("example.test NODATA")
    broken = tuple(replace(answer, status=AnswerStatus.SERVFAIL) for answer in implicit.answers[1:])
    implicit = replace(implicit, answers=(implicit.answers[0], *broken))

    for code in ("MX201", "MX202", "MX204", "MX205", "MX206", "MX104"):
        assert _statuses(seen)[code] is Status.INCONCLUSIVE, code
    assert _statuses(seen)["MX203"] is Status.FIRES
    assert _exit(seen)[0] == 1
    assert "(cell D10)" in _text(seen)
    assert _statuses(implicit)["MX103"] is Status.INCONCLUSIVE
    assert _exit(implicit) == (3, "could not look: the addresses of the MX hosts could not be looked up")


def test_mail_waits_for_a_host_that_may_exist() -> None:
    seen = snapshot_of(
        "example.test MX 10 mx1.example.test\nexample.test MX 20 mx2.example.test\n"
        "mx1.example.test NXDOMAIN\nmx2.example.test SERVFAIL"
    )

    assert "and wait for the hosts that could not be looked up" in _text(seen)
    assert "mail bounces" not in _text(seen)


@pytest.mark.parametrize("unknown", [LISTED, '"421 4.7.0 too many connections"\n', "no way for its family\n"])
def test_a_dead_primary_is_told_where_the_backup_is_unknown(unknown: str) -> None:
    seen = snapshot_of(f"{PAIR}198.41.0.4 does not answer\n199.9.14.201 {unknown}")

    assert _statuses(seen)["MX308"] is Status.FIRES
    assert _statuses(seen)["MX309"] is Status.INCONCLUSIVE
    assert _statuses(seen)["MX306"] is Status.INCONCLUSIVE
    assert _exit(seen)[0] == 1
    assert "1 could not be judged" in _text(seen)


def test_a_dead_backup_behind_an_unknown_primary_is_no_pass() -> None:
    seen = snapshot_of(f"{PAIR}198.41.0.4 {LISTED}199.9.14.201 does not answer\n")

    for code in ("MX306", "MX308", "MX309"):
        assert _statuses(seen)[code] is Status.INCONCLUSIVE, code


def test_a_backup_that_was_not_seen_is_no_pass() -> None:
    seen = snapshot_of(f"{PAIR}{UP1}199.9.14.201 no way for its family\n")

    assert _statuses(seen)["MX306"] is Status.INCONCLUSIVE
    assert _statuses(seen)["MX715"] is Status.INCONCLUSIVE
    assert "1 of 2 MX hosts answers, 1 could not be judged" in _text(seen)


def test_a_backup_that_says_later_while_the_primary_is_up_may_be_healthy() -> None:
    seen = snapshot_of(f'{PAIR}{UP1}199.9.14.201 "421 4.3.2 primary is up, go there"\n')

    assert _statuses(seen)["MX306"] is Status.INCONCLUSIVE
    assert "only an outage tells" in _text(seen)
    assert _exit(seen)[0] == 0


@pytest.mark.parametrize("way", ["does not answer", "hangs up", "refuses connections"])
def test_a_network_that_lets_nobody_out_is_exit_3_and_blames_nobody(way: str) -> None:
    seen = snapshot_of(
        f"{PAIR}198.41.0.4 {way}\n199.9.14.201 {way}\ncontrol 198.41.0.9 {way}\ncontrol 199.7.83.42 {way}"
    )

    assert _statuses(seen)["MX001"] is Status.FIRES
    assert _statuses(seen)["MX309"] is Status.INCONCLUSIVE
    assert _exit(seen) == (3, "could not look: this network blocks outgoing port 25, or has no way out at all")
    assert _exit(seen, Severity.INFO)[0] == 3


def test_controls_tell_only_of_their_own_family_and_of_port_25() -> None:
    six = "example.test MX 10 mx1.example.test\nmx1.example.test AAAA 2001:503:ba3e::2:30\n"
    seen = snapshot_of(
        f"{six}2001:503:ba3e::2:30 does not answer\n"
        "control 198.41.0.9 no way for its family\ncontrol 199.7.83.42 no way for its family"
    )
    dead = snapshot_of(f"{ONE}198.41.0.4 refuses connections\ncontrol 198.41.0.9 does not answer")
    visits = tuple(replace(visit, endpoint=replace(visit.endpoint, port=2525)) for visit in dead.visits)

    assert _statuses(seen)["MX309"] is Status.FIRES
    assert _statuses(replace(dead, visits=visits, controls=dead.controls * 2))["MX309"] is Status.FIRES


def test_one_family_that_is_blocked_here_does_not_make_a_host_dead() -> None:
    seen = snapshot_of(
        "example.test MX 10 mx1.example.test\nexample.test MX 20 mx2.example.test\n"
        "mx1.example.test A 198.41.0.4\nmx2.example.test AAAA 2001:503:ba3e::2:30\n"
        "198.41.0.4 does not answer\n"
        '2001:503:ba3e::2:30 "220 mx2.example.test ESMTP" "250-mx2" "250 STARTTLS"\n'
        "control 198.41.0.9 does not answer\ncontrol 199.7.83.42 does not answer"
    )

    assert _statuses(seen)["MX308"] is Status.INCONCLUSIVE
    assert _statuses(seen)["MX001"] is Status.FIRES
    assert _exit(seen)[0] == 0


def test_attempts_that_ended_in_different_ways_are_all_told() -> None:
    seen = snapshot_of(f"{ONE}198.41.0.4 does not answer")
    (visit,) = seen.visits
    closed = Failure(kind=FailureKind.CLOSED, phase=Phase.BANNER)
    sessions = (replace(visit.sessions[0], failure=closed), *visit.sessions[1:])
    text = " ".join(_text(replace(seen, visits=(replace(visit, sessions=sessions),))).split())

    assert "closed at banner (1 of 3), timeout at connect (2 of 3) (3 attempts in 40 s)" in text


def test_a_host_that_greets_and_answers_no_ehlo_does_not_count_as_up() -> None:
    seen = snapshot_of(f'{ONE}198.41.0.4 "220 mx1.example.test ESMTP" "451 4.3.0 not now"')

    assert _text(seen).splitlines()[0].startswith("example.test: no MX host answers; 0 of 1 MX host answer")
    assert "no EHLO" in _text(seen)
    assert _exit(seen, Severity.WARNING)[0] == 1


def test_hosts_that_all_refuse_service_are_not_called_silent() -> None:
    seen = snapshot_of(f'{ONE}198.41.0.4 "554 5.3.2 no service"')

    assert "every MX host refuses service" in _text(seen)
    assert "Most senders give their mail back at once" in _text(seen)


def test_a_null_mx_is_told_as_it_stands() -> None:
    odd, twice = snapshot_of("example.test MX 10 ."), snapshot_of("example.test MX 0 .\nexample.test MX 10 .")

    assert "MX 10 ., TTL 3600" in _text(odd)
    assert _exit(odd, Severity.WARNING)[0] == 1
    assert _statuses(twice)["MX107"] is Status.FIRES
    assert _exit(twice)[0] == 1


def test_what_the_dns_proves_stands_though_nobody_could_be_dialled() -> None:
    seen = snapshot_of("example.test MX 10 mx1.example.test\nmx1.example.test A 10.0.0.5\n10.0.0.5 does not answer")
    visits = tuple(replace(visit, sessions=(), not_visited=NotVisited.SPECIAL_USE) for visit in seen.visits)
    seen = replace(seen, visits=visits)

    assert _statuses(seen)["MX205"] is Status.FIRES
    assert _exit(seen)[0] == 1
    assert "--allow-special" in _text(seen).partition("\n\n")[0].replace("\n", " ")


def test_hosts_that_are_left_alone_are_said_to_be_and_not_said_to_be_down() -> None:
    seen = snapshot_of(f"{PAIR}{UP1}{UP2}")
    visits = tuple(replace(visit, sessions=(), not_visited=NotVisited.EXCLUDED) for visit in seen.visits)
    seen = replace(seen, visits=visits)

    assert _exit(seen)[1] == (
        "could not look: the list of what is left alone names the domain, its hosts or their addresses"
    )
    assert _statuses(seen)["MX201"] is not Status.FIRES
    assert "198.41.0.4" in _text(seen)
    assert "excluded" in _text(seen)


def test_an_interrupted_look_without_a_finding_is_not_green() -> None:
    seen = replace(snapshot_of(f"{PAIR}{UP1}"), complete=False)

    assert _exit(seen) == (3, "could not look: interrupted")


def test_a_name_without_mail_and_records_without_a_host_are_told() -> None:
    bare, literal = snapshot_of("example.test NODATA"), snapshot_of("example.test MX 10 192.0.2.1")

    assert _statuses(bare)["MX105"] is Status.FIRES
    assert _exit(bare)[0] == 0
    assert _statuses(literal)["MX204"] is Status.FIRES
    assert _exit(literal)[0] == 1


def test_an_alias_that_leads_nowhere_is_told_once_and_with_its_way() -> None:
    seen = snapshot_of(
        "example.test MX 10 mail.example.test\nmail.example.test CNAME gone.provider.test\ngone.provider.test NXDOMAIN"
    )
    text = _text(seen)

    assert "leads to gone.provider.test, which does not exist" in " ".join(text.split())
    assert "also   MX104 mx-target-is-cname" in text


def test_leaving_out_a_rule_does_not_lose_what_it_covers() -> None:
    plain = '199.9.14.201 "220 mx2.example.test ESMTP" "250 mx2"\n'
    seen = snapshot_of(f"{PAIR}{UP1}198.41.0.4 certificate valid\n{plain}")
    codes = {found.code for judgement in judge(seen, unwanted=("MX715",)).judgements for found in judgement.findings}
    told = {judgement.code: judgement.reason for judgement in judge(seen).judgements}

    assert "MX701" in codes
    assert told["MX701"] == "told under MX715"


def test_equal_hosts_are_compared_and_the_certificate_is_the_cause() -> None:
    equal = PAIR.replace("MX 20", "MX 10")
    seen = snapshot_of(
        f'{equal}{UP1}198.41.0.4 certificate valid\n199.9.14.201 "220 mx2.example.test ESMTP" "250 mx2"\n'
    )
    wrong = snapshot_of(f"{PAIR}{UP1}198.41.0.4 certificate valid\n{UP2}199.9.14.201 certificate another name\n")
    findings = {found.code: found for judgement in judge(wrong).judgements for found in judgement.findings}

    assert _statuses(seen)["MX715"] is Status.FIRES
    assert "MX715" not in findings
    assert findings["MX707"].also == ("MX715 tls-parity-gap",)


def test_the_identity_of_the_probe_is_unknown_where_its_names_are() -> None:
    seen = snapshot_of(
        f"{ONE}{UP1}helo probe.example.test from 192.0.43.8\nprobe.example.test A 192.0.43.8\n"
        "8.43.0.192.in-addr.arpa PTR odd.example.test"
    )

    assert _statuses(seen)["MX002"] is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    "reply", ["530 5.7.0 Must issue a STARTTLS command first", "530 5.7.0 Authentication required"]
)
def test_a_host_that_asks_everybody_for_tls_does_not_refuse_this_probe(reply: str) -> None:
    seen = snapshot_of(f'{ONE}198.41.0.4 "220 mx1.example.test" "250 mx1"')
    (visit,) = seen.visits
    refused = replace(visit.sessions[0].turns[0], phase=Phase.MAIL, reply=_reply(reply))
    session = replace(visit.sessions[0], turns=(*visit.sessions[0].turns, refused))
    seen = replace(seen, visits=(replace(visit, sessions=(session,)),), recipients=("a@example.test",))

    assert _statuses(seen)["MX003"] is Status.PASSES
    assert "none could be asked about" in " ".join(_text(seen).split())
    assert "MAIL 530" in _text(seen)


def _reply(text: str):  # type: ignore[no-untyped-def]
    from mxprobe.facts.smtp import Reply

    return Reply(raw=text.encode(), code=int(text[:3]), lines=(text[4:],))


@pytest.mark.parametrize(
    ("reply", "about_us"),
    [
        ("550 5.2.1 mailbox blocked", False),
        ("550 5.7.1 no such user here", False),
        ("550 5.7.1 Relaying denied", False),
        ("451 4.7.1 Greylisted, try later", False),
        ("550 5.7.1 Access denied", True),
        ("550 5.7.1 recipient refuses mail from [203.0.113.9]", True),
        ("450 4.7.25 Client host rejected: cannot find your reverse hostname", True),
    ],
)
def test_what_a_reply_to_rcpt_is_about(reply: str, about_us: bool) -> None:
    seen = snapshot_of(f'{ONE}198.41.0.4 "220 mx1.example.test" "250 mx1"')
    (visit,) = seen.visits
    said = replace(visit.sessions[0].turns[0], phase=Phase.RCPT, reply=_reply(reply))
    session = replace(visit.sessions[0], turns=(*visit.sessions[0].turns, said))
    seen = replace(seen, visits=(replace(visit, sessions=(session,)),))

    assert (_statuses(seen)["MX003"] is Status.FIRES) is about_us
