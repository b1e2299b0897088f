"""Haraka: only a broken connection leads to the next host; a reply code ends the round."""

from mxprobe.mx.outcome import Action
from mxprobe.mx.profile import Deviation, Grade, Profile, Timeouts
from mxprobe.mx.retry import DAY, RetryStep, Schedule


def _deviation(cell: str, action: Action, because: str) -> Deviation:
    return Deviation(cell=cell, action=action, because=because, grade=Grade.SOURCE, evidence="outbound/hmail.js")


_LATER = "a 4yz reply postpones the mail; no other host is asked"
_NO = "takes a 5yz reply for the last word"
_LOST = "goes to the next host when the connection ends"

PROFILE = Profile(
    name="haraka",
    title="Haraka",
    version="3.1.6",
    # One socket timeout for every phase (outbound.ini, connect_timeout and pool_timeout).
    timeouts=Timeouts(connect=30.0, data=300.0, body=300.0, dot=300.0),
    schedule=Schedule(steps=(RetryStep(first=64.0, factor=2.0),), lifetime=7 * DAY, rounds=13),
    deviations=(
        _deviation("B2", Action.WAIT, _LATER),
        _deviation("B3", Action.BOUNCE, "takes a 5yz greeting for the last word"),
        _deviation("H3", Action.WAIT, _LATER),
        _deviation("H4", Action.WAIT, _LATER),
        _deviation("H5", Action.BOUNCE, _NO),
        _deviation("T4", Action.NEXT, "notes the host as one without TLS and goes to the next"),
        _deviation("T17", Action.NEXT, "notes the host as one without TLS and goes to the next"),
        _deviation("M2", Action.WAIT, _LATER),
        _deviation("R2", Action.WAIT, _LATER),
        _deviation("X2", Action.WAIT, _LATER),
        _deviation("Z2", Action.WAIT, _LATER),
        _deviation("Z4", Action.WAIT, _LATER),
        _deviation("Z5", Action.NEXT, _LOST),
        _deviation("Z6", Action.NEXT, _LOST),
    ),
)
