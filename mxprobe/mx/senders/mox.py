"""mox: a 5yz reply in any phase is the last word, and anything else leads to the next host.

It asks HELO after 500 to 504 alone; another 5yz to EHLO is final. Recipients of one message that a host tells "later"
while it takes others are kept and not taken to the next host. A 5.7.z refusal of the very first try counts as passing
where the host has addresses of both families. None of this has a cell of its own.
"""

from msgspec.structs import replace

from mxprobe.mx.outcome import Action, Kind, TlsPolicy
from mxprobe.mx.profile import Deviation, Grade, Known, Limits, Profile, Timeouts, named
from mxprobe.mx.retry import DAY, MINUTE, RetryStep, Schedule


def _deviation(cell: str, action: Action, because: str, where: str, kind: Kind | None = None) -> Deviation:
    return Deviation(cell=cell, action=action, kind=kind, because=because, grade=Grade.SOURCE, evidence=where)


def _under(policy: TlsPolicy, deviation: Deviation) -> Deviation:
    return replace(deviation, under=policy)


_HELLO = "smtpclient/client.go, hello; queue/direct.go, deliverDirect"
_NAMES = "smtpclient/gather.go, GatherDestinations and GatherIPs"
_CLEAR = "connects once more, without TLS, when STARTTLS is refused"
_FINAL = "takes a 5yz to STARTTLS for the last word where it must not go without"

PROFILE = Profile(
    name="mox",
    title="mox",
    version="0.0.15",
    # Thirty seconds for all addresses of a host together, and for every reply (smtpclient/dial.go, client.go readline).
    timeouts=Timeouts(
        connect=30.0,
        banner=30.0,
        ehlo=30.0,
        starttls=30.0,
        tls=60.0,
        mail=30.0,
        rcpt=30.0,
        data=30.0,
        body=30.0,
        dot=30.0,
        quit=5.0,
    ),
    limits=Limits(one_answer_per_host=True),
    # Eight tries, the last after nearly sixteen hours (queue/queue.go, deliver).
    schedule=Schedule(steps=(RetryStep(first=7.5 * MINUTE, factor=2.0),), lifetime=2 * DAY, rounds=8),
    deviations=(
        _deviation(
            "D3",
            Action.WAIT,
            "takes a domain that does not exist for one without MX records, whose host cannot be found for now",
            _NAMES,
            kind=Kind.AGAIN,
        ),
        _deviation("D13", Action.WAIT, "takes it for names that fail for now", _NAMES, kind=Kind.AGAIN),
        _deviation("B3", Action.BOUNCE, "takes a 5yz greeting for the last word", _HELLO),
        _deviation("H5", Action.BOUNCE, "takes a 5yz reply for the last word", _HELLO),
        _under(TlsPolicy.MAY, _deviation("T2", Action.CLEAR, _CLEAR, _HELLO)),
        _under(TlsPolicy.MAY, _deviation("T3", Action.CLEAR, _CLEAR, _HELLO)),
        _under(TlsPolicy.DANE, _deviation("T3", Action.BOUNCE, _FINAL, _HELLO, Kind.REFUSED)),
        _under(TlsPolicy.MTA_STS, _deviation("T3", Action.BOUNCE, _FINAL, _HELLO, Kind.REFUSED)),
        _deviation("T10", Action.NEXT, "goes without TLS only where the handshake failed", _HELLO),
        _deviation(
            "Z5",
            Action.NEXT,
            "asks the next host at once",
            "queue/direct.go, deliverDirect; client.go, DeliverMultiple",
        ),
        _deviation(
            "Z6",
            Action.NEXT,
            "asks the next host at once",
            "queue/direct.go, deliverDirect; client.go, DeliverMultiple",
        ),
    ),
    known=Known(
        cells=named(
            "D1 D2 D4 D5 D6 D7 D9 D10 D11 C1 C2 C3 C4 C5 B1 B2 B4 B5 B6 H1 H3 H4 H6 T0 T1 T4 T5 T6 T7 T8 T11 T12 T14"
            " T15 T16 T17 M1 M2 M3 M4 M5 R1 R2 R3 R4 R5 R6 R7 R8 X1 X2 X3 X4 Z1 Z2 Z3 Z4 Q1 E1 E3 E4"
        ),
        grade=Grade.SOURCE,
        evidence="queue/direct.go, deliverDirect and deliverHost; smtpclient/client.go, dial.go and gather.go",
    ),
)
