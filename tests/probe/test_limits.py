"""Hosts of others are asked only where they can tell something."""

from msgspec.structs import replace

from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.probe.limits import families_to_compare

PUBLIC, LOCAL = "198.41.0.4", "127.0.0.1"


def _greeted() -> Session:
    reply = Reply(raw=b"220 hi", code=220, lines=("hi",))
    turn = Turn(phase=Phase.BANNER, started=0.0, ended=0.0, reply=reply)
    endpoint = Endpoint(host="mx1.example.test", address=PUBLIC)
    return Session(endpoint=endpoint, side=Side.CLIENT, started_at=0.0, turns=(turn,))


def _failed(kind: FailureKind, phase: Phase = Phase.CONNECT, address: str = PUBLIC) -> Session:
    endpoint = Endpoint(host="mx1.example.test", address=address)
    failure = Failure(kind=kind, phase=phase)
    return Session(endpoint=endpoint, side=Side.CLIENT, started_at=0.0, failure=failure)


def test_hosts_of_others_are_asked_where_every_public_address_of_a_family_failed_on_the_way() -> None:
    dead, local = _failed(FailureKind.TIMEOUT), _failed(FailureKind.TIMEOUT, address=LOCAL)
    six = _failed(FailureKind.CLOSED, Phase.BANNER, address="2001:503:ba3e::2:30")
    greeted = _greeted()

    assert families_to_compare((dead, dead)) == (4,)
    assert families_to_compare((dead, local)) == (4,)
    assert families_to_compare((dead, six)) == (4, 6)
    assert families_to_compare((greeted, six)) == (6,)
    assert families_to_compare((local, local)) == ()
    assert families_to_compare((dead, greeted)) == ()
    assert families_to_compare((_failed(FailureKind.NO_FAMILY),)) == ()
    assert families_to_compare((replace(dead, endpoint=replace(dead.endpoint, port=2525)),)) == ()
    assert families_to_compare(()) == ()
