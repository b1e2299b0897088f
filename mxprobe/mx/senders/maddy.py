"""maddy as shipped, which asks for encryption: hosts are gone through up to MAIL, then the one that answered decides,
and of hosts that all failed the last.

A line that is no reply, or a connection that is closed before the greeting, counts as a refusal for good: its errors
are permanent unless they say otherwise. A null MX among others ends the matter when its turn comes.
"""

from msgspec.structs import replace

from mxprobe.mx.outcome import Action, Kind, TlsPolicy
from mxprobe.mx.profile import Deviation, Grade, Known, Limits, Profile, Timeouts, named
from mxprobe.mx.retry import DAY, MINUTE, RetryStep, Schedule

_CONNECTING = "internal/target/remote/connect.go, newConn; framework/exterrors/smtp.go, SMTPCode"
_TLS = "internal/target/remote/connect.go, connectPort"
_SENDING = "internal/target/remote/remote.go, AddRcpt and BodyNonAtomic; connect.go, connectionForDomain"
_LATER = "keeps the mail once a host has answered EHLO; no other host is asked"


def _deviation(cell: str, action: Action, because: str, where: str, kind: Kind | None = None) -> Deviation:
    return Deviation(cell=cell, action=action, kind=kind, because=because, grade=Grade.SOURCE, evidence=where)


def _under(policy: TlsPolicy, deviation: Deviation) -> Deviation:
    return replace(deviation, under=policy)


def _waits(cell: str, because: str = _LATER, where: str = _SENDING) -> Deviation:
    return _deviation(cell, Action.WAIT, because, where, kind=Kind.AGAIN)


PROFILE = Profile(
    name="maddy",
    title="maddy",
    version="0.8",
    timeouts=Timeouts(connect=300.0, data=300.0, body=300.0, dot=720.0),
    limits=Limits(one_answer_per_host=True),
    # The growing factor is cut to a whole number each time, so that it is at most a quarter of an hour shorter.
    schedule=Schedule(steps=(RetryStep(first=15 * MINUTE, factor=1.25),), lifetime=7 * DAY, rounds=20),
    # maddy.conf: local_policy { min_tls_level encrypted }.
    tls=TlsPolicy.ENCRYPT,
    deviations=(
        _deviation(
            "D8",
            Action.BOUNCE,
            "takes a null MX for the owner's word that there is no mail when its turn comes",
            "internal/target/remote/connect.go, newConn",
            kind=Kind.REFUSED,
        ),
        _deviation("B4", Action.NEXT, "counts a line that is no reply as a refusal", _CONNECTING, kind=Kind.REFUSED),
        _deviation(
            "B6", Action.NEXT, "counts a connection that is closed as a refusal", _CONNECTING, kind=Kind.REFUSED
        ),
        _under(TlsPolicy.MAY, _deviation("T2", Action.NEXT, "goes to the next host when STARTTLS is refused", _TLS)),
        _deviation("T3", Action.NEXT, "goes to the next host, and counts it as a refusal", _TLS, kind=Kind.REFUSED),
        _waits("M2"),
        _waits("M4", "reads 552 as 452, too much for now", "internal/smtpconn/smtpconn.go, wrapClientErr"),
        _waits("M5"),
        _waits("R2"),
        _waits("R3", "keeps the recipients that are too many for later"),
        _waits("R6"),
        _waits("R7"),
        _waits("X2"),
        _waits("X4"),
        _waits("Z2"),
        _waits("Z4"),
        _deviation(
            "E1",
            Action.BOUNCE,
            "bounces when the last host tried refuses, whatever the others said",
            _CONNECTING,
            kind=Kind.REFUSED,
        ),
    ),
    known=Known(
        cells=named(
            "D1 D2 D7 C1 C2 C3 C5 B1 B2 B3 B5 H1 H2 H3 H4 T0 T1 T2 T4 T5 T10 T11 T14 T17 M1 M3 R1 R4 R5 R8 X1 X3 Z1 Z3"
            " Z5 Z6 Q1 E2 E3 E4"
        ),
        grade=Grade.SOURCE,
        evidence="internal/target/remote/connect.go and remote.go; internal/smtpconn/smtpconn.go;"
        " internal/target/queue/queue.go",
    ),
)
