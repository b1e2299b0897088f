"""Haraka as shipped: only a broken connection leads to the next address; a reply code ends the round.

In any phase it gives mail back for a line that is no reply, and a 421 at RCPT keeps that recipient: the cells of those
phases have no room for this. An MX that is written as an address is connected to, which the lab's sender does not do.
"""

from mxprobe.mx.outcome import Action, Kind, TlsPolicy
from mxprobe.mx.profile import Deviation, Grade, Known, Profile, Timeouts, named
from mxprobe.mx.retry import DAY, RetryStep, Schedule


def _deviation(cell: str, action: Action, because: str, where: str = "try_deliver_host_on_socket") -> Deviation:
    return Deviation(
        cell=cell,
        action=action,
        kind=Kind.AGAIN if action is Action.WAIT else None,
        because=because,
        grade=Grade.SOURCE,
        evidence=f"outbound/hmail.js, {where}",
    )


_LATER = "a 4yz reply postpones the mail; no other host is asked"
_NO = "takes a 5yz reply for the last word"
_LOST = "goes to the next host when the connection ends"

PROFILE = Profile(
    name="haraka",
    title="Haraka",
    version="3.3.4",
    # One limit of 30 s for the connection and for every silence on it (outbound/client_pool.js, connect_timeout).
    timeouts=Timeouts(
        connect=30.0,
        banner=30.0,
        ehlo=30.0,
        starttls=30.0,
        tls=30.0,
        mail=30.0,
        rcpt=30.0,
        data=30.0,
        body=30.0,
        dot=30.0,
        quit=30.0,
    ),
    # Twelve intervals, from 64 s to 131072 s; the thirteenth failure is the last (outbound/config.js).
    schedule=Schedule(steps=(RetryStep(first=64.0, factor=2.0),), lifetime=7 * DAY, rounds=13),
    ipv6_first=True,
    deviations=(
        _deviation("D13", Action.WAIT, "keeps the mail when no MX host has an address", "found_mx and try_deliver"),
        _deviation("B2", Action.WAIT, _LATER),
        _deviation("B3", Action.BOUNCE, "takes a 5yz greeting for the last word"),
        _deviation("B4", Action.BOUNCE, "gives the mail back when a line is no reply"),
        _deviation("H3", Action.WAIT, _LATER),
        _deviation("H4", Action.WAIT, _LATER),
        _deviation("H5", Action.BOUNCE, _NO),
        Deviation(
            cell="T1",
            action=Action.WAIT,
            under=TlsPolicy.ENCRYPT,
            because="keeps the mail where TLS is forced and the host does not offer it; no other host is asked",
            grade=Grade.SOURCE,
            evidence="outbound/hmail.js, process_ehlo_data",
        ),
        _deviation("T2", Action.WAIT, _LATER),
        _deviation("T3", Action.BOUNCE, _NO),
        _deviation("T4", Action.NEXT, "goes to the next host when the handshake fails"),
        _deviation("T17", Action.NEXT, "goes to the next host when the handshake is not answered"),
        _deviation("T10", Action.NEXT, _LOST),
        _deviation("M2", Action.WAIT, _LATER),
        _deviation("R2", Action.WAIT, _LATER),
        _deviation("R3", Action.WAIT, "keeps the recipients that are too many for later"),
        _deviation("X2", Action.WAIT, _LATER),
        _deviation("Z2", Action.WAIT, _LATER),
        _deviation("Z4", Action.WAIT, _LATER),
        _deviation("Z5", Action.NEXT, _LOST),
        _deviation("Z6", Action.NEXT, _LOST),
    ),
    known=Known(
        cells=named(
            "D1 D2 D3 D4 D5 D7 D9 D10 D11 C1 C2 C3 C4 C5 B1 B5 B6 H1 H2 H6 T1 M1 M3 M4 M5 R1 R4 R5 R7 R8 X1 X3 X4"
            " Z1 Z3 Q1 E1 E3 E4"
        ),
        grade=Grade.SOURCE,
        evidence="outbound/hmail.js, outbound/config.js; haraka-net-utils, lib/get_mx.js",
    ),
)
