"""What a sender and our probe meet at a host with a fault: the sender's cell, and the probe's last reply or failure."""

import pytest

from mxprobe.facts.session import FailureKind
from mxprobe.facts.smtp import Oddity, Phase
from tests.support.meetings import Met, meet

BUSY = "{reply: 421 4.3.2 Busy}"
CLOSED, RESET, SILENT, NO_REPLY = FailureKind.CLOSED, FailureKind.RESET, FailureKind.TIMEOUT, FailureKind.MALFORMED
DONE = (Phase.QUIT, 221)


@pytest.mark.parametrize(
    ("fault", "where", "cell", "reply"),
    [
        ("{tcp-slow: 20s}", "", "Z1", DONE),
        ("{connection-limit: 0}", "", "B2", (Phase.BANNER, 421)),
        (BUSY, "phase: banner,", "B2", (Phase.BANNER, 421)),
        (BUSY, "phase: ehlo,", "H3", (Phase.EHLO, 421)),
        (BUSY, "phase: starttls,", "M5", (Phase.STARTTLS, 421)),
        (BUSY, "phase: mail,", "M2", (Phase.MAIL, 421)),
        (BUSY, "phase: rcpt,", "R6", (Phase.RCPT, 421)),
        (BUSY, "phase: data,", "X2", DONE),
        (BUSY, "phase: dot,", "Z4", DONE),
        ("{reply: 554 5.6.0 Content refused}", "phase: dot,", "Z3", DONE),
        ("{size-limit: 100B}", "", "M4", DONE),
        ("{size-limit: 1MB}", "", "Z1", DONE),
        ("{extension-promised: {keyword: SIZE, refusal: 555 5.5.4 Not here}}", "", "M4", DONE),
        ("{extension-promised: {keyword: SIZE, refusal: 452 4.3.1 Not now}}", "", "M2", DONE),
        ("{extension-promised: {keyword: DSN, refusal: 555 5.5.4 Not here}}", "", "Z1", DONE),
    ],
)
def test_replies(fault: str, where: str, cell: str, reply: tuple[Phase, int]) -> None:
    met = meet(fault, where)

    assert met.cell == cell
    assert (met.last_reply, met.failed) == (reply, None)


@pytest.mark.parametrize(
    ("fault", "where", "cell", "failed"),
    [
        ("{tcp-slow: 10m}", "", "C2", (Phase.CONNECT, SILENT)),
        ("close", "phase: banner,", "B6", (Phase.BANNER, CLOSED)),
        ("reset", "phase: banner,", "B6", (Phase.BANNER, RESET)),
        ("silence", "phase: starttls,", "H6", (Phase.STARTTLS, SILENT)),
        ("close", "phase: starttls,", "H6", (Phase.STARTTLS, CLOSED)),
        ("reset", "phase: starttls,", "H6", (Phase.STARTTLS, RESET)),
        ("garbage", "phase: starttls,", "T4", (Phase.STARTTLS, NO_REPLY)),
        ("silence", "phase: tls,", "T17", (Phase.TLS, SILENT)),
        ("close", "phase: tls,", "T4", (Phase.TLS, CLOSED)),
        ("reset", "phase: tls,", "T4", (Phase.TLS, RESET)),
        ("tls-handshake-failure", "", "T4", (Phase.TLS, CLOSED)),
        ("{tls-version: 1.0}", "", "T4", (Phase.TLS, CLOSED)),
        ("{tls-version: 1.1}", "", "T4", (Phase.TLS, CLOSED)),
        ("{malformed-reply: bare-text}", "phase: banner,", "B4", (Phase.BANNER, NO_REPLY)),
        ("{malformed-reply: bare-text}", "phase: rcpt,", "R2", (Phase.RCPT, NO_REPLY)),
        ("{malformed-reply: wrong-separator}", "phase: ehlo,", "Z1", (Phase.EHLO, NO_REPLY)),
    ],
)
def test_failures(fault: str, where: str, cell: str, failed: tuple[Phase, FailureKind]) -> None:
    met = meet(fault, where)

    assert (met.cell, met.failed) == (cell, failed)


@pytest.mark.parametrize(
    ("fault", "where", "probe"),
    [
        ("{reply: 454 4.7.0 TLS not now}", "phase: starttls,", "T2"),
        ("{reply: 502 5.5.1 No TLS}", "phase: starttls,", "T3"),
        ("{reply: 454 4.7.0 TLS not now}", "phase: tls,", "T2"),
        ("{extension-promised: {keyword: STARTTLS, refusal: 502 5.5.1 No TLS}}", "", "T3"),
        ("{extension-promised: {keyword: STARTTLS, refusal: 454 4.7.0 TLS not now}}", "", "T2"),
    ],
)
def test_a_refused_starttls_leaves_a_session_in_clear(fault: str, where: str, probe: str) -> None:
    met = meet(fault, where)

    assert met.session.offers("STARTTLS")
    assert (met.cells, met.session.tls, met.last_reply) == ([probe], None, DONE)
    assert [(host, tls.value) for host, tls in met.run.fates[0].handed] == [("mx1", "none")]
    insisting = meet(fault, where, "rfc5321+encrypt")
    assert insisting.cell == probe
    assert insisting.run.fates[0].accepted[0][0] == "mx2"


@pytest.mark.parametrize(
    ("kind", "cell", "oddity"), [("mixed-codes", "M2", Oddity.MIXED_CODES), ("missing-code", "M2", Oddity.MALFORMED)]
)
def test_an_odd_reply_is_noted_by_the_probe_which_goes_on(kind: str, cell: str, oddity: Oddity) -> None:
    met = meet(f"{{malformed-reply: {kind}}}", "phase: mail,")

    reply = _reply_to_mail(met)
    assert met.cell == cell
    assert reply.oddities == (oddity,)
    assert (met.last_reply, met.failed) == (DONE, None)


def test_a_reply_of_several_lines_is_one_reply() -> None:
    met = meet('{reply: "451 4.3.0 not\\nnow"}', "phase: mail,")

    reply = _reply_to_mail(met)
    assert met.cell == "M2"
    assert reply.raw == b"451-4.3.0 not\r\n451 now\r\n"
    assert reply.oddities == ()
    assert met.run.events[0].text == 'reply "451 4.3.0 not / now" at mail'


def _reply_to_mail(met: Met):  # type: ignore[no-untyped-def]
    turn = met.session.last_turn(Phase.MAIL)
    assert turn is not None
    assert turn.reply is not None
    return turn.reply


@pytest.mark.parametrize("kind", ["missing-code", "bare-text"])
def test_who_does_not_understand_the_reply_to_the_dot_leaves_two_copies(kind: str) -> None:
    (fate,) = meet(f"{{malformed-reply: {kind}}}", "phase: dot, only: first 1,").run.fates

    assert len(fate.arrivals) == 2
    assert [host for host, _ in fate.accepted] == ["mx2"]


@pytest.mark.parametrize(("kind", "host"), [("wrong-separator", "mx1"), ("mixed-codes", "mx2")])
def test_a_malformed_reply_that_is_read_as_it_was_meant_leaves_one_copy(kind: str, host: str) -> None:
    (fate,) = meet(f"{{malformed-reply: {kind}}}", "phase: dot,").run.fates

    assert len(fate.arrivals) == 1
    assert [name for name, _ in fate.accepted] == [host]


@pytest.mark.parametrize(
    ("kind", "valid", "codes", "key"),
    [
        ("missing-intermediate", False, {20, 21}, "ECDSA 256"),
        ("weak-key", False, {66}, "RSA 1024"),
        ("new-key", True, set(), "ECDSA 256"),
        ("by-sni", True, set(), "ECDSA 256"),
    ],
)
def test_certificates(kind: str, valid: bool, codes: set[int], key: str) -> None:
    met = meet(f"{{certificate: {kind}}}")

    tls = met.session.tls
    assert met.cell == "Z1"
    assert tls is not None
    assert tls.verdict.is_valid is valid
    assert {problem.code for problem in tls.verdict.problems} == codes
    assert (len(tls.chain), tls.chain[0].key) == (1, key)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_version_of_today_is_spoken_and_no_other(version: str) -> None:
    met = meet(f"{{tls-version: {version}}}")

    assert met.cell == "Z1"
    assert met.session.tls is not None
    assert met.session.tls.version == f"TLSv{version}"


def test_the_announced_size_is_heard_by_the_probe() -> None:
    assert "SIZE 200000" in meet("{size-limit: 200kB}").session.extensions
