"""Connections, greetings, STARTTLS, handshakes, dates: what raises a finding, the near miss, what is not known."""

from typing import NamedTuple

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.session import Failure, FailureKind, Session, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import NotVisited, Snapshot
from mxprobe.facts.tls import TlsFacts
from mxprobe.rules import judge_snapshot
from tests.support.examples import snapshot_of

ONE = "example.test MX 10 mx1.example.test\nmx1.example.test A 198.41.0.4\n"
PAIR = f"{ONE}example.test MX 20 mx2.example.test\nmx2.example.test A 199.9.14.201\n"
DUAL = f"{ONE}mx1.example.test AAAA 2001:503:ba3e::2:30\n"
NO_IPV6 = "2001:503:ba3e::2:30 no way for its family\n"
IPV6_UP = '2001:503:ba3e::2:30 "220 mx1.example.test ESMTP" "250 mx1.example.test"\n'
UP1 = '198.41.0.4 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"\n'
UP2 = '199.9.14.201 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 STARTTLS"\n'
SECURE = f"{UP1}198.41.0.4 certificate valid\n"
CONTROLS = "control 198.51.100.1 does not answer\ncontrol 203.0.113.1 does not answer\n"
DAY = 86400.0


def _judged(seen: Snapshot, code: str) -> Judgement:
    return next(one for one in judge_snapshot(seen) if one.code == code)


def _found(seen: Snapshot, code: str) -> Finding:
    (found,) = _judged(seen, code).findings
    return found


def _told(seen: Snapshot) -> set[str]:
    return {found.code for judgement in judge_snapshot(seen) for found in judgement.findings}


def _with_session(seen: Snapshot, session: Session) -> Snapshot:
    first, *others = seen.visits
    return replace(seen, visits=(replace(first, sessions=(session,)), *others))


def _session(seen: Snapshot) -> Session:
    return seen.visits[0].sessions[-1]


class Down(NamedTuple):
    """A way in which one address is down: the rule, how the example says it, and what the evidence names."""

    code: str
    how: str
    seen: str


WAYS = (
    Down("MX601", "refuses connections", "refused at connect"),
    Down("MX602", "does not answer", "timeout at connect"),
    Down("MX605", "says nothing", "timeout at banner"),
)
GREETINGS = (
    Down("MX607", '"421 4.3.2 out of memory"', '"421 4.3.2 out of memory"'),
    Down("MX608", '"554 nobody takes mail here"', '"554 nobody takes mail here"'),
)


@pytest.mark.parametrize("down", [*WAYS, *GREETINGS], ids=lambda down: down.code)
def test_one_address_that_is_down_is_told_with_its_turn(down: Down) -> None:
    seen = snapshot_of(f"{DUAL}198.41.0.4 {down.how}\n{NO_IPV6}")

    found = _found(seen, down.code)

    assert found.subject == "mx1.example.test"
    assert down.seen in found.seen[0]
    assert found.seen[0].startswith("mx1.example.test/198.41.0.4: ")
    assert _told(seen) & {one.code for one in (*WAYS, *GREETINGS)} == {down.code}


@pytest.mark.parametrize("down", [*WAYS, *GREETINGS], ids=lambda down: down.code)
def test_a_host_that_is_down_is_told_once(down: Down) -> None:
    alone = snapshot_of(f"{ONE}198.41.0.4 {down.how}\n")
    primary = snapshot_of(f"{PAIR}198.41.0.4 {down.how}\n{UP2}199.9.14.201 certificate valid\n")
    both = snapshot_of(f"{PAIR}198.41.0.4 {down.how}\n199.9.14.201 {down.how}\n")

    for seen, code in ((alone, "MX309"), (primary, "MX308"), (both, "MX309")):
        assert down.code not in _told(seen)
        assert any(line.startswith(down.code) for line in _found(seen, code).also), code
        assert _judged(seen, down.code).reason == f"told under {code}"


@pytest.mark.parametrize("down", [down for down in (*WAYS, *GREETINGS) if down.code != "MX607"], ids=lambda one: one[0])
def test_a_backup_that_is_down_is_told_once(down: Down) -> None:
    seen = snapshot_of(f"{PAIR}{SECURE}199.9.14.201 {down.how}\n")

    assert down.code not in _told(seen)
    assert any(line.startswith(down.code) for line in _found(seen, "MX306").also)


@pytest.mark.parametrize("down", WAYS, ids=lambda down: down.code)
def test_repeated_failures_are_errors_at_the_best_preference_alone(down: Down) -> None:
    best = snapshot_of(f"{DUAL}198.41.0.4 {down.how}\n{NO_IPV6}")
    once = replace(best, visits=tuple(replace(one, sessions=one.sessions[:1]) for one in best.visits))
    lines = f"{PAIR}mx2.example.test AAAA 2001:503:ba3e::2:30\n{SECURE}199.9.14.201 {down.how}\n{NO_IPV6}"

    assert _found(best, down.code).severity is Severity.ERROR
    assert "3 attempts" in _found(best, down.code).seen[0]
    assert _found(once, down.code).severity is Severity.WARNING
    assert _found(snapshot_of(lines), down.code).severity is Severity.WARNING


@pytest.mark.parametrize("down", [*WAYS, *GREETINGS], ids=lambda down: down.code)
def test_an_address_that_greets_is_no_address_that_is_down(down: Down) -> None:
    assert _judged(snapshot_of(f"{ONE}{UP1}"), down.code).status is Status.PASSES


@pytest.mark.parametrize("code", ["MX601", "MX602", "MX605", "MX607", "MX608", "MX610"])
def test_what_was_not_met_is_neither_up_nor_down(code: str) -> None:
    no_family = snapshot_of(f"{ONE}198.41.0.4 no way for its family\n")
    half = snapshot_of(f"{DUAL}{UP1}{NO_IPV6}")
    blocked = snapshot_of(f"{ONE}198.41.0.4 does not answer\n{CONTROLS}")
    nobody = snapshot_of(ONE)
    first, second = snapshot_of(f"{PAIR}{UP1}{UP2}").visits
    special, interrupted = (
        replace(
            snapshot_of(PAIR),
            visits=(first, replace(second, sessions=(), not_visited=why)),
            complete=why is NotVisited.SPECIAL_USE,
        )
        for why in (NotVisited.SPECIAL_USE, NotVisited.INTERRUPTED)
    )
    unresolved = snapshot_of(f"{ONE}example.test MX 20 mx2.example.test\nmx2.example.test SERVFAIL\n{UP1}")

    for seen, word in (
        (no_family, "no IPv4 here"),
        (half, "no IPv6 here"),
        (blocked, "blocked here"),
        (nobody, "no address was dialled"),
        (special, "not visited (special-use)"),
        (interrupted, "not visited (interrupted)"),
        (unresolved, "could not be looked up"),
    ):
        judgement = _judged(seen, code)
        assert judgement.status is Status.INCONCLUSIVE, word
        assert word in (judgement.reason or "")


@pytest.mark.parametrize("code", ["MX605", "MX607", "MX608", "MX610"])
def test_how_a_host_greets_is_not_known_where_it_takes_no_connection(code: str) -> None:
    judgement = _judged(snapshot_of(f"{PAIR}{SECURE}199.9.14.201 refuses connections\n"), code)

    assert judgement.status is Status.INCONCLUSIVE
    assert judgement.reason == "mx2.example.test/199.9.14.201: refuses connections"


@pytest.mark.parametrize("code", ["MX607", "MX608", "MX610"])
@pytest.mark.parametrize(
    "greeting", ["554 5.7.1 203.0.113.9 is on a block list", "421 4.7.0 too many connections from you"]
)
def test_a_greeting_about_this_probe_says_nothing_of_the_host(code: str, greeting: str) -> None:
    assert _judged(snapshot_of(f'{ONE}198.41.0.4 "{greeting}"\n'), code).status is Status.INCONCLUSIVE


def test_silence_after_a_short_wait_is_no_error() -> None:
    seen = snapshot_of(f"{DUAL}198.41.0.4 says nothing\n{NO_IPV6}")
    hasty = replace(seen, vantage=replace(seen.vantage, timeout=10.0))

    assert "waited 60 s for the last" in _found(seen, "MX605").seen[0]
    assert _found(hasty, "MX605").severity is Severity.WARNING


def test_a_part_of_a_greeting_is_no_greeting() -> None:
    seen = snapshot_of(f"{ONE}198.41.0.4 says nothing\n")
    failure = Failure(kind=FailureKind.TIMEOUT, phase=Phase.BANNER, after=60.0)
    turn = Turn(
        phase=Phase.BANNER,
        started=0.0,
        ended=60.0,
        reply=Reply(raw=b"220-mx", code=220, lines=("mx",)),
        failure=failure,
    )
    seen = _with_session(seen, replace(_session(seen), turns=(turn,), failure=failure))

    assert _found(seen, "MX309").also == ("MX605 banner-timeout",)
    for code in ("MX607", "MX608", "MX610"):
        assert _judged(seen, code).status is Status.INCONCLUSIVE, code


def test_a_backup_that_says_later_is_judged_while_the_primary_is_down_alone() -> None:
    later = '199.9.14.201 "450 4.3.2 the primary is up"\n'
    behind_up = _judged(snapshot_of(f"{PAIR}{SECURE}{later}"), "MX607")
    behind_unknown = _judged(snapshot_of(f"{PAIR}198.41.0.4 no way for its family\n{later}"), "MX607")
    behind_down = snapshot_of(f"{PAIR}198.41.0.4 does not answer\n{later}")

    for judgement in (behind_up, behind_unknown):
        assert judgement.status is Status.INCONCLUSIVE
    assert "only an outage tells" in (behind_up.reason or "")
    assert "MX607 banner-4xx" in _found(behind_down, "MX309").also


def test_a_host_with_two_faulty_addresses_is_one_host() -> None:
    seen = snapshot_of(
        f"{DUAL}mx1.example.test A 199.9.14.201\n198.41.0.4 refuses connections\n199.9.14.201 refuses connections\n"
        f"{NO_IPV6}"
    )

    assert len(_found(seen, "MX601").seen) == 2


@pytest.mark.parametrize(
    "word",
    [
        "localhost",
        "ESMTP",
        "mx_1.example.test",
        "-mx.example.test",
        "192.0.2.1",
        "mx1..example.test",
        "mx1.exämple.test",
    ],
)
def test_a_word_that_is_no_name_of_a_host(word: str) -> None:
    seen = snapshot_of(f'{ONE}198.41.0.4 "220 {word} ready" "250 mx1"\n')

    found = _found(seen, "MX610")

    assert found.severity is Severity.WARNING
    assert found.seen == (f'mx1.example.test/198.41.0.4: greeting "220 {word} ready"',)


@pytest.mark.parametrize(
    "word",
    ["mx1.example.test", "MX1.Example.Test.", "[192.0.2.1]", "[IPv6:2001:db8::1]", "[future:abc]", "*****0*2******"],
)
def test_a_name_a_literal_and_a_greeting_that_was_starred_out_pass(word: str) -> None:
    seen = snapshot_of(f'{ONE}198.41.0.4 "220 {word} ready" "250 mx1"\n')

    assert _judged(seen, "MX610").status is Status.PASSES


def test_a_greeting_without_a_word_has_no_name_and_one_of_a_backup_is_a_note() -> None:
    assert _found(snapshot_of(f'{ONE}198.41.0.4 "220 " "250 mx1"\n'), "MX610").severity is Severity.WARNING
    backup = snapshot_of(f'{PAIR}{SECURE}199.9.14.201 "220 localhost" "250 mx2"\n')
    assert _found(backup, "MX610").severity is Severity.INFO


def test_starttls_that_is_refused_is_told_and_not_again_as_a_gap() -> None:
    seen = snapshot_of(f'{PAIR}{SECURE}{UP2}199.9.14.201 STARTTLS "454 4.7.0 TLS not available"\n')

    found = _found(seen, "MX702")

    assert found.severity is Severity.WARNING
    assert found.also == ("MX715 tls-parity-gap",)
    assert '"454 4.7.0 TLS not available"' in found.seen[0]
    assert "MX715" not in _told(seen)
    assert _judged(seen, "MX703").status is Status.INCONCLUSIVE


def test_a_refusal_that_is_about_this_probe_is_no_refusal_of_others() -> None:
    seen = snapshot_of(f'{ONE}{UP1}198.41.0.4 STARTTLS "421 4.7.0 too many connections"\n')

    assert _judged(seen, "MX702").status is Status.INCONCLUSIVE


@pytest.mark.parametrize("code", ["MX702", "MX703", "MX704", "MX710"])
def test_a_completed_handshake_passes_and_one_that_was_not_seen_is_open(code: str) -> None:
    assert _judged(snapshot_of(f"{ONE}{SECURE}"), code).status is Status.PASSES
    assert _judged(snapshot_of(f"{PAIR}{SECURE}199.9.14.201 does not answer\n"), code).status is Status.INCONCLUSIVE
    assert _judged(snapshot_of(f"{ONE}{UP1}"), code).status is Status.INCONCLUSIVE
    assert _judged(snapshot_of(f"{DUAL}{IPV6_UP}{SECURE}"), code).status is Status.PASSES
    plain = _judged(snapshot_of(f"{DUAL}{IPV6_UP}"), code)
    assert (plain.status, plain.reason) == (Status.INCONCLUSIVE, "no host offers STARTTLS")


def _ending(kind: FailureKind, detail: str = "") -> Snapshot:
    """A look at one host whose handshake ended in this way."""
    seen = snapshot_of(f'{ONE}{UP1}198.41.0.4 handshake "x"\n')
    session, failure = _session(seen), Failure(kind=kind, phase=Phase.TLS, detail=detail)
    turns = (*session.turns[:-1], replace(session.turns[-1], failure=failure))
    return _with_session(seen, replace(session, turns=turns, failure=failure))


@pytest.mark.parametrize("kind", [FailureKind.TLS, FailureKind.CLOSED])
def test_a_handshake_that_the_host_ends_is_a_warning_of_one_client(kind: FailureKind) -> None:
    seen = _ending(kind, "tls alert handshake failure")

    found = _found(seen, "MX703")

    assert found.severity is Severity.WARNING
    assert f"220 to STARTTLS, then {kind.value} in the handshake: tls alert handshake failure" in found.seen[0]
    assert "one client" in found.seen[0]
    assert _judged(seen, "MX704").status is Status.PASSES


@pytest.mark.parametrize("kind", [FailureKind.TIMEOUT, FailureKind.RESET, FailureKind.LOCAL])
def test_a_handshake_that_ends_on_the_way_accuses_nobody(kind: FailureKind) -> None:
    for code in ("MX703", "MX704", "MX710"):
        judgement = _judged(_ending(kind), code)
        assert judgement.status is Status.INCONCLUSIVE, code
        assert "in the handshake" in (judgement.reason or "")


@pytest.mark.parametrize("detail", ["unsupported protocol", "tlsv1 alert protocol version"])
def test_a_host_without_a_version_of_today_is_told_as_that_and_not_as_a_broken_handshake(detail: str) -> None:
    seen = _ending(FailureKind.TLS, detail)

    assert _found(seen, "MX704").severity is Severity.ERROR
    assert detail in _found(seen, "MX704").seen[0]
    assert _judged(seen, "MX703").status is Status.PASSES


def test_what_is_no_tls_at_all_is_a_broken_handshake() -> None:
    seen = _ending(FailureKind.TLS, "wrong version number")

    assert _told(seen) & {"MX703", "MX704"} == {"MX703"}


def _secure(**facts: object) -> TlsFacts:
    tls = _session(snapshot_of(f"{ONE}{SECURE}")).tls
    assert tls is not None
    return replace(tls, **facts)


def _shown(tls: TlsFacts) -> Snapshot:
    seen = snapshot_of(f"{ONE}{SECURE}")
    return _with_session(seen, replace(_session(seen), tls=tls))


@pytest.mark.parametrize(("version", "is_old"), [("TLSv1", True), ("TLSv1.1", True), ("TLSv1.2", False)])
def test_the_version_of_a_handshake(version: str, is_old: bool) -> None:
    seen = _shown(_secure(version=version))

    assert ("MX704" in _told(seen)) is is_old


@pytest.mark.parametrize(
    ("left", "life", "severity"),
    [
        (14.5, 90.0, None),
        (13.5, 90.0, Severity.INFO),
        (7.5, 90.0, Severity.INFO),
        (6.5, 90.0, Severity.WARNING),
        (0.1, 90.0, Severity.WARNING),
        (2.0, 10.0, None),
        (2.0, 11.0, Severity.WARNING),
        (-1.0, 90.0, None),
    ],
)
def test_the_days_that_a_certificate_has_left(left: float, life: float, severity: Severity | None) -> None:
    (leaf,) = _secure().chain
    leaf = replace(leaf, not_after=left * DAY, not_before=(left - life) * DAY)
    seen = _shown(_secure(chain=(leaf,)))

    found = _judged(seen, "MX710").findings

    assert [one.severity for one in found] == ([] if severity is None else [severity])
    assert all(f"{left:.1f} days after it" in one.seen[0] for one in found)


def test_dates_that_cannot_be_read_are_not_known() -> None:
    (leaf,) = _secure().chain

    assert _judged(_shown(_secure(chain=(replace(leaf, not_after=0.0),))), "MX710").status is Status.INCONCLUSIVE
    assert _judged(_shown(_secure(chain=())), "MX710").status is Status.INCONCLUSIVE


def test_a_certificate_that_is_expired_at_one_address_covers_the_other_that_is_about_to() -> None:
    seen = snapshot_of(
        f"{DUAL}{SECURE.replace('valid', 'expired')}"
        f'{IPV6_UP.replace("250 mx1", "250-mx1").strip()} "250 STARTTLS"\n'
        "2001:503:ba3e::2:30 certificate expiring\n"
    )

    assert "MX710 cert-expiring" in _found(seen, "MX709").also
    assert "MX710" not in _told(seen)
