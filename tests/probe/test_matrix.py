"""The matrix from the hosts' side: what they are told, how often, and nothing of it without consent."""

from datetime import date

import pytest

from mxprobe.errors import InputError
from mxprobe.facts.codec import decode, encode, masked
from mxprobe.facts.dns import Answer as DnsAnswer
from mxprobe.facts.dns import AnswerStatus, Question
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import NotVisited, Snapshot
from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.mx.consent import OWNED as BY_WORD
from mxprobe.mx.consent import Consent, NoConsent
from mxprobe.mx.matrix import Why, all_answers
from mxprobe.probe.matrix import FOREIGN, MatrixRequest, find_consent, refuse
from tests.support.asked import DROP, HELO, ONE, RANDOM, TWO, Answering, Asked, ask_matrix, knows

OWNED = MatrixRequest(random=RANDOM, owned=True)
PATIENT = MatrixRequest(random=RANDOM, owned=True, patient=True)
HONEST = {ONE: knows("alice", "postmaster"), TWO: knows("alice", "postmaster")}
ANNOUNCED = 10


def _answers(seen: Asked | Snapshot, address: str = ONE) -> list[tuple[Role, str, Answer, Why]]:
    snapshot = seen.snapshot if isinstance(seen, Asked) else seen
    return [
        (given.question.role, given.question.sender, given.answer, given.why)
        for given in all_answers(snapshot)
        if given.endpoint.address == address
    ]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_host_is_told_each_question_once_in_one_session_and_never_data(pipelining: bool) -> None:
    seen = ask_matrix(HONEST, OWNED, pipelining=pipelining)

    for address in HONEST:
        assert seen.lines(address)[0] == f"EHLO {HELO}"
        assert seen.lines(address)[1:] == [
            f"MAIL FROM:<postmaster@{HELO}>",
            "RCPT TO:<alice@example.test>",
            "RCPT TO:<postmaster@example.test>",
            f"RCPT TO:<{RANDOM}@example.test>",
            "RSET",
            "MAIL FROM:<>",
            "RCPT TO:<alice@example.test>",
            f"RCPT TO:<{FOREIGN}>",
            "RSET",
            f"MAIL FROM:<postmaster@{HELO}>",
            f"RCPT TO:<{FOREIGN}>",
            "RCPT TO:<relay-test%mxprobe.example@example.test>",
            "RCPT TO:<mxprobe.example!relay-test@example.test>",
            f"RCPT TO:<@example.test:{FOREIGN}>",
            "RSET",
            "MAIL FROM:<postmaster@example.test>",
            f"RCPT TO:<{FOREIGN}>",
            "RSET",
            "QUIT",
        ]
        assert len(seen.lines(address, "RCPT")) == ANNOUNCED


def test_the_better_host_is_done_before_the_next_is_dialled() -> None:
    seen = ask_matrix({TWO: knows("alice"), ONE: knows("alice")}, OWNED)

    assert max(at for at, _ in seen.hosts[TWO].heard) < min(at for at, _ in seen.hosts[ONE].heard)


def test_without_a_matrix_an_address_is_asked_for_the_good_recipient_alone() -> None:
    seen = ask_matrix(HONEST)

    for address in HONEST:
        assert seen.lines(address, "RCPT") == ["RCPT TO:<alice@example.test>"]
    assert seen.announced == []


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ((), "no TXT record"),
        (('"v=mxprobe1; until=2025-12-31"',), "that day is over"),
        (('"v=mxprobe1"',), "no last day"),
    ],
)
def test_without_consent_no_host_is_dialled_and_the_flag_is_named(texts: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        ask_matrix(HONEST, MatrixRequest(random=RANDOM), texts=texts)

    assert "--i-own-this" in str(caught.value)


def test_a_record_of_the_domain_allows_and_is_kept() -> None:
    seen = ask_matrix(HONEST, MatrixRequest(random=RANDOM), texts=('"v=mxprobe1; until=2026-12-31"',))

    about = seen.snapshot.asked_about
    assert about is not None
    assert (about.allowed_by, about.until) == ("_mxprobe.example.test", "2026-12-31")
    assert any(answer.question.name == "_mxprobe.example.test" for answer in seen.snapshot.answers)
    assert len(seen.announced) == 1
    assert all(visit.sessions for visit in seen.snapshot.visits)


@pytest.mark.parametrize("names", [{}, {HELO: ""}])
def test_an_ehlo_name_that_leads_nowhere_is_no_sender(names: dict[str, str]) -> None:
    seen = ask_matrix(HONEST, OWNED, names=names)

    assert seen.lines(ONE, "MAIL") == ["MAIL FROM:<>", "MAIL FROM:<postmaster@example.test>"]
    assert seen.snapshot.vantage.mail_from == ""
    assert len(seen.lines(ONE, "RCPT")) == ANNOUNCED - 2


def test_the_sender_is_postmaster_where_the_ehlo_name_has_an_address() -> None:
    seen = ask_matrix(HONEST)

    assert seen.lines(ONE, "MAIL") == [f"MAIL FROM:<postmaster@{HELO}>"]
    assert seen.snapshot.vantage.mail_from == f"postmaster@{HELO}"


def test_a_shared_host_is_asked_for_the_good_recipient_alone_unless_forced() -> None:
    hosts = {"aspmx.l.google.com": (10, ONE), "mx2.example.test": (20, TWO)}
    forced = MatrixRequest(random=RANDOM, owned=True, force_shared=True)

    seen = ask_matrix(HONEST, OWNED, hosts=hosts)

    assert seen.lines(ONE, "RCPT") == ["RCPT TO:<alice@example.test>"]
    assert len(seen.lines(TWO, "RCPT")) == ANNOUNCED
    assert len(ask_matrix(HONEST, forced, hosts=hosts).lines(ONE, "RCPT")) == ANNOUNCED


def test_a_postmaster_who_was_named_is_not_asked_about_twice() -> None:
    named = ("postmaster@example.test", "alice@example.test")
    seen = ask_matrix({ONE: knows("alice", "postmaster")}, OWNED, recipients=named)

    assert seen.lines(ONE, "RCPT").count("RCPT TO:<postmaster@example.test>") == 2
    assert [sender for sender, name in seen.hosts[ONE].times if name == named[0]] == [f"postmaster@{HELO}", "<>"]
    assert len(seen.lines(ONE, "RCPT")) == ANNOUNCED


def test_a_dry_run_asks_names_and_dials_nobody() -> None:
    seen = ask_matrix(HONEST, MatrixRequest(random=RANDOM), dry_run=True)

    assert all(not host.heard for host in seen.hosts.values())
    assert [visit.not_visited for visit in seen.snapshot.visits] == [NotVisited.DRY_RUN] * 2
    assert seen.snapshot.asked_about is not None
    assert "no TXT record" in seen.snapshot.asked_about.refused


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("ending", ["421 4.3.2 closing", DROP])
@pytest.mark.parametrize("closing", range(1, ANNOUNCED + 1))
def test_a_host_that_closes_in_the_middle_is_not_told_a_recipient_twice(
    closing: int, ending: str, pipelining: bool
) -> None:
    count = 0

    def close(sender: str, recipient: str, times: int) -> str:
        nonlocal count
        count += 1
        return ending if count == closing else "250 ok"

    seen = ask_matrix({ONE: close}, OWNED, pipelining=pipelining)

    assert len(seen.lines(ONE, "RCPT")) <= ANNOUNCED
    sender, told = "", []
    for line in seen.lines(ONE):
        sender = line if line.startswith("MAIL") else sender
        told += [(sender, line)] if line.startswith("RCPT") else []
    assert len(told) == len(set(told))
    assert len(seen.lines(ONE, "EHLO")) == 1
    assert _answers(seen)[-1][2] is Answer.UNKNOWN or closing == ANNOUNCED


def _greylisting(*, known: bool = True) -> Answering:
    rest = knows("alice", "postmaster")

    def answer(sender: str, recipient: str, times: int) -> str:
        said = rest(sender, recipient, times)
        if times > 1 or not said.startswith("2"):
            return said
        return "451 4.7.1 Greylisted, try again in 10 minutes"

    return answer


def test_a_patient_look_asks_once_more_what_was_put_off_after_the_stated_wait() -> None:
    seen = ask_matrix({ONE: _greylisting()}, PATIENT)

    first, again = (at for at, line in seen.hosts[ONE].heard if line.startswith("EHLO"))
    assert again - first == pytest.approx(601, abs=2)
    assert len(seen.lines(ONE, "RCPT")) == ANNOUNCED + 3 <= 2 * ANNOUNCED
    assert any("asked again in 601 s" in line for line in seen.told)
    (visit,) = seen.snapshot.visits
    assert len(visit.sessions) == 1
    assert visit.again is not None
    assert [answer for _, _, answer, _ in _answers(seen)] == [
        *(Answer.ACCEPTED, Answer.ACCEPTED, Answer.REFUSED),
        *(Answer.ACCEPTED, *[Answer.REFUSED] * 6),
    ]
    earlier = [given.first.why for given in all_answers(seen.snapshot)]
    assert earlier[0] is Why.GREYLISTED


def test_without_patience_what_was_put_off_is_left_at_that() -> None:
    seen = ask_matrix({ONE: _greylisting()}, OWNED)

    assert len(seen.lines(ONE, "RCPT")) == ANNOUNCED
    assert _answers(seen)[0][2:] == (Answer.LATER, Why.GREYLISTED)


def test_a_patient_look_never_tells_more_than_twice_what_was_announced() -> None:
    seen = ask_matrix({ONE: lambda *_: "451 4.3.0 not now", TWO: lambda *_: "451 4.3.0 not now"}, PATIENT)

    for address in (ONE, TWO):
        assert len(seen.lines(address, "RCPT")) == 2 * ANNOUNCED
        assert len(seen.lines(address, "DATA")) == 0


def test_a_wait_that_is_too_long_is_not_waited_for() -> None:
    seen = ask_matrix({ONE: lambda *_: "451 4.7.1 Greylisted for 3 hours, or 7200 seconds"}, PATIENT)

    assert len(seen.lines(ONE, "EHLO")) == 1
    assert any("too long" in line for line in seen.told)


def test_answers_are_the_same_from_a_file_with_cut_local_parts() -> None:
    names = {ONE: knows("alice", "postmaster"), TWO: knows("postal")}
    seen = ask_matrix(names, OWNED)

    saved = decode(encode(masked(seen.snapshot)), Snapshot)

    assert [_answers(saved, address)[0][2:] for address in names] == [
        _answers(seen, address)[0][2:] for address in names
    ]
    assert [row[2:] for row in _answers(saved, TWO)] == [row[2:] for row in _answers(seen, TWO)]
    assert decode(encode(seen.snapshot), Snapshot) == seen.snapshot


def _consent(domain: str) -> Consent | NoConsent:
    async def ask(question: Question) -> DnsAnswer:
        return DnsAnswer(question=question, status=AnswerStatus.NXDOMAIN)

    return play_in_fresh_loop(lambda: find_consent(domain, OWNED, date(2026, 1, 1), ask))


def test_nobody_owns_a_domain_of_a_providers_consumers_by_saying_so() -> None:
    refusal = _consent("gmail.com")

    assert isinstance(refusal, NoConsent)
    assert "consumers of Google" in refusal.reason
    assert "--i-own-this" not in (refuse("gmail.com", refusal).hint or "")
    assert _consent("example.test") == BY_WORD
    assert "--i-own-this" in (refuse("example.test", NoConsent(reason="no")).hint or "")
