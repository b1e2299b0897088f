"""An address is asked again where that may help; a host that limits us is told from one that refuses or greylists."""

import pytest

from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.mx.attempts import has_served, is_hung_up, is_sent_away, is_worth_another_try, limit_of

PUBLIC = "198.41.0.4"


def _said(*replies: tuple[Phase, str]) -> Session:
    turns = tuple(
        Turn(
            phase=phase,
            started=0.0,
            ended=0.0,
            reply=Reply(raw=text.encode(), code=int(text[:3]), lines=(text[4:],)),
        )
        for phase, text in replies
    )
    endpoint = Endpoint(host="mx1.example.test", address=PUBLIC)
    return Session(endpoint=endpoint, side=Side.CLIENT, started_at=0.0, turns=turns)


def _failed(kind: FailureKind, phase: Phase = Phase.CONNECT) -> Session:
    endpoint = Endpoint(host="mx1.example.test", address=PUBLIC)
    failure = Failure(kind=kind, phase=phase)
    return Session(endpoint=endpoint, side=Side.CLIENT, started_at=0.0, failure=failure)


@pytest.mark.parametrize(
    ("session", "again"),
    [
        (_failed(FailureKind.REFUSED), True),
        (_failed(FailureKind.CLOSED, Phase.BANNER), True),
        (_failed(FailureKind.NO_FAMILY), False),
        (_failed(FailureKind.TIMEOUT, Phase.QUIT), False),
        (_said((Phase.BANNER, "421 4.3.2 shutting down")), True),
        (_said((Phase.BANNER, "554 5.3.2 no service")), True),
        (_said((Phase.BANNER, "554 5.7.1 you are on a block list")), False),
        (_said((Phase.BANNER, "220 hi"), (Phase.EHLO, "250 hi")), False),
        (_said((Phase.BANNER, "220 hi"), (Phase.EHLO, "451 not now")), True),
        (_said((Phase.BANNER, "220 hi"), (Phase.EHLO, "502 what"), (Phase.HELO, "250 hi")), False),
        (_said((Phase.BANNER, "220 hi"), (Phase.EHLO, "250 hi"), (Phase.RCPT, "450 4.2.0 greylisted")), False),
        (_said((Phase.BANNER, "220 hi"), (Phase.EHLO, "250 hi"), (Phase.MAIL, "421 4.3.2 shutting down")), True),
        (_said((Phase.BANNER, "220 hi"), (Phase.EHLO, "250 hi"), (Phase.QUIT, "421 4.3.2 bye")), False),
    ],
)
def test_an_address_is_asked_again_where_it_failed_in_a_way_that_may_pass(session: Session, again: bool) -> None:
    assert is_worth_another_try(session) is again


BANNER, EHLO, MAIL, RCPT, QUIT = Phase.BANNER, Phase.EHLO, Phase.MAIL, Phase.RCPT, Phase.QUIT


@pytest.mark.parametrize(
    ("session", "limited"),
    [
        (_said((BANNER, "421 4.7.0 Too many connections from 203.0.113.9")), True),
        (_said((BANNER, "421 too many concurrent SMTP connections")), True),
        (_said((BANNER, "421 4.7.0 try again later")), True),
        (_said((BANNER, "220 hi"), (EHLO, "450 4.7.1 slow down, rate limit")), True),
        (_said((BANNER, "220 hi"), (EHLO, "250 hi"), (RCPT, "451 rate limit exceeded")), True),
        (_said((BANNER, "421 4.3.2 shutting down")), False),
        (_said((BANNER, "421 4.7.1 your IP is listed at a DNSBL")), False),
        (_said((BANNER, "554 5.7.1 you are on a block list")), False),
        (_said((BANNER, "220 hi"), (EHLO, "250 hi"), (RCPT, "450 4.7.1 not now")), False),
        (_said((BANNER, "220 hi"), (EHLO, "250 hi"), (RCPT, "450 4.2.0 Greylisted")), False),
        (_said((BANNER, "220 hi"), (EHLO, "250 hi"), (MAIL, "451 4.7.1 Greylisting in action")), False),
        (_said((BANNER, "220 hi"), (EHLO, "250 hi"), (QUIT, "421 4.7.0 bye")), False),
        (_failed(FailureKind.REFUSED), False),
    ],
)
def test_a_limit_is_told_from_a_refusal_of_the_probe_and_from_greylisting(session: Session, limited: bool) -> None:
    assert (limit_of(session) is not None) is limited


@pytest.mark.parametrize(
    ("session", "away"),
    [
        (_said((BANNER, "421 try later")), True),
        (_said((BANNER, "421 4.7.0 try later")), True),
        (_said((BANNER, "421 4.3.2 shutting down")), False),
        (_said((BANNER, "421 blocked")), False),
        (_said((BANNER, "450 not now")), False),
        (_failed(FailureKind.RESET, Phase.BANNER), False),
    ],
)
def test_who_is_sent_away_without_a_reason_may_have_come_too_often(session: Session, away: bool) -> None:
    assert is_sent_away(session) is away


@pytest.mark.parametrize(
    ("session", "ended"),
    [
        (_failed(FailureKind.RESET, Phase.BANNER), True),
        (_failed(FailureKind.CLOSED, Phase.BANNER), True),
        (_failed(FailureKind.TIMEOUT, Phase.BANNER), False),
        (_failed(FailureKind.RESET, Phase.EHLO), False),
        (_failed(FailureKind.REFUSED), False),
    ],
)
def test_a_connection_that_ends_before_the_greeting_is_hung_up(session: Session, ended: bool) -> None:
    assert is_hung_up(session) is ended


def test_a_host_has_served_when_it_took_our_name_or_was_not_told_it() -> None:
    assert has_served(_said((BANNER, "220 hi"), (QUIT, "221 bye")))
    assert has_served(_said((BANNER, "220 hi"), (EHLO, "502 what"), (Phase.HELO, "250 hi")))
    assert not has_served(_said((BANNER, "220 hi"), (EHLO, "451 not now")))
    assert not has_served(_said((BANNER, "421 too many")))
    assert not has_served(_failed(FailureKind.REFUSED))
