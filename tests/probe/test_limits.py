"""An address is asked again where that may help, and hosts of others only where they can tell something."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.probe.limits import families_to_compare, is_worth_another_try

PUBLIC, LOCAL = "198.41.0.4", "127.0.0.1"


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


def _failed(kind: FailureKind, phase: Phase = Phase.CONNECT, address: str = PUBLIC) -> Session:
    endpoint = Endpoint(host="mx1.example.test", address=address)
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


def test_hosts_of_others_are_asked_where_every_public_address_of_a_family_failed_on_the_way() -> None:
    dead, local = _failed(FailureKind.TIMEOUT), _failed(FailureKind.TIMEOUT, address=LOCAL)
    six = _failed(FailureKind.CLOSED, Phase.BANNER, address="2001:503:ba3e::2:30")
    greeted = _said((Phase.BANNER, "220 hi"))

    assert families_to_compare((dead, dead)) == (4,)
    assert families_to_compare((dead, local)) == (4,)
    assert families_to_compare((dead, six)) == (4, 6)
    assert families_to_compare((greeted, six)) == (6,)
    assert families_to_compare((local, local)) == ()
    assert families_to_compare((dead, greeted)) == ()
    assert families_to_compare((_failed(FailureKind.NO_FAMILY),)) == ()
    assert families_to_compare((replace(dead, endpoint=replace(dead.endpoint, port=2525)),)) == ()
    assert families_to_compare(()) == ()
