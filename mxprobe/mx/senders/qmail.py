"""qmail, also as netqmail and notqmail: once a host has taken the connection no other is asked, whatever it says.

It speaks neither EHLO nor TLS nor IPv6, and has one recipient a session: what is too many for a host (R3) it does not
meet. An MX that is written as an address is connected to, which the lab's sender does not do. Where the name server
refuses to answer, the C library may call that final, and it then asks for the domain's own address.
"""

from mxprobe.mx.outcome import Action, Kind, TlsPolicy
from mxprobe.mx.profile import Deviation, Grade, Known, Limits, Memory, Profile, Timeouts, named
from mxprobe.mx.retry import DAY, RetryStep, Schedule

_LATER = "keeps the mail; no other host is asked"
_LOST = "keeps the mail when the connection ends or falls silent; no other host is asked"


def _waits(cell: str, because: str = _LATER, where: str = "smtp") -> Deviation:
    return Deviation(
        cell=cell,
        action=Action.WAIT,
        kind=Kind.AGAIN,
        because=because,
        grade=Grade.SOURCE,
        evidence=f"qmail-remote.c, {where}",
    )


PROFILE = Profile(
    name="qmail",
    title="qmail",
    version="netqmail, notqmail",
    timeouts=Timeouts(
        connect=60.0,
        banner=1200.0,
        ehlo=1200.0,
        mail=1200.0,
        rcpt=1200.0,
        data=1200.0,
        body=1200.0,
        dot=1200.0,
    ),
    limits=Limits(families=(4,)),
    # The n-th retry comes when the mail is (20n)^2 seconds old (qmail-send.c, nextretry and pass_dochan).
    schedule=Schedule(steps=(RetryStep(first=400.0, quadratic=True),), lifetime=7 * DAY),
    tls=TlsPolicy.NONE,
    memory=Memory(
        cells=frozenset({"C2"}),
        after=2,
        # From 64 minutes to 97, by the number of the process.
        seconds=3840.0,
        grade=Grade.SOURCE,
        evidence="tcpto.c, tcpto and tcpto_err",
    ),
    deviations=(
        _waits("B2"),
        _waits("B3", "takes any greeting but 220 for a passing trouble; no other host is asked"),
        _waits("B4", "takes any greeting but 220 for a passing trouble; no other host is asked"),
        _waits("B5", _LOST, "dropped"),
        _waits("B6", _LOST, "dropped"),
        _waits("H3"),
        _waits("H4"),
        _waits("H5", "takes any reply to HELO but 250 for a passing trouble; no other host is asked"),
        _waits("H6", _LOST, "dropped"),
        _waits("M2"),
        _waits("M5", _LOST, "dropped"),
        _waits("R2"),
        _waits("R6", _LOST, "smtp and dropped"),
        _waits("R7", _LOST, "dropped"),
        _waits("X2"),
        _waits("X4", _LOST, "dropped"),
        _waits("Z2"),
        _waits("Z4"),
    ),
    known=Known(
        cells=named(
            "D1 D2 D3 D4 D5 D7 D8 D9 D10 D11 D13 D15 C1 C2 C3 C4 C5 B1 H1 H2 T1 T11 M1 M3 M4 R1 R4 R5 R8 X1 X3 Z1 Z3"
            " Z5 Z6 Q1 E1 E3 E4"
        ),
        grade=Grade.SOURCE,
        evidence="qmail-remote.c, main, smtp and dropped; dns.c, dns_mxip; qmail-send.c, pass_dochan",
    ),
)
