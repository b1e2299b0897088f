"""Stalwart as shipped: two hosts of two addresses, none but the first that takes the sender's name is used, and what
the last one said counts.

A null MX among others ends the matter where it alone has preference 0, and is not ignored then. A host without an
address counts as a refusal for good where it is the last.
"""

from msgspec.structs import replace

from mxprobe.mx.outcome import Action, Kind, TlsPolicy
from mxprobe.mx.profile import Deviation, Grade, Known, Limits, Profile, Timeouts, named
from mxprobe.mx.retry import DAY, HOUR, MINUTE, RetryStep, Schedule

_SENDING = "crates/smtp/src/outbound/session.rs, deliver"
_WALKING = "crates/smtp/src/outbound/delivery.rs, deliver_task"
_LATER = "keeps the mail once a session has begun; no other host is asked"
_UNNAMED = "passes over a host that the policy does not name, and bounces when it is the last"
_WITHOUT = "counts a host without the TLS that it needs as a refusal"
_STARTTLS = "crates/smtp/src/outbound/mod.rs, from_starttls_error"
_STRICT = (TlsPolicy.ENCRYPT, TlsPolicy.DANE, TlsPolicy.MTA_STS)


def _deviation(cell: str, action: Action, because: str, where: str, kind: Kind | None = None) -> Deviation:
    return Deviation(cell=cell, action=action, kind=kind, because=because, grade=Grade.SOURCE, evidence=where)


def _under(policy: TlsPolicy, deviation: Deviation) -> Deviation:
    return replace(deviation, under=policy)


def _waits(cell: str, because: str = _LATER) -> Deviation:
    return _deviation(cell, Action.WAIT, because, _SENDING, kind=Kind.AGAIN)


PROFILE = Profile(
    name="stalwart",
    title="Stalwart",
    version="0.16",
    # The final reply is waited for as long as that to RCPT (session.rs, deliver).
    timeouts=Timeouts(connect=300.0, data=600.0, body=600.0, dot=300.0),
    limits=Limits(hosts=2, addresses_per_host=2, one_answer_per_host=True),
    schedule=Schedule(
        steps=(
            RetryStep(first=2 * MINUTE, until=2 * MINUTE),
            RetryStep(first=5 * MINUTE, until=7 * MINUTE),
            RetryStep(first=10 * MINUTE, until=17 * MINUTE),
            RetryStep(first=15 * MINUTE, until=32 * MINUTE),
            RetryStep(first=30 * MINUTE, until=62 * MINUTE),
            RetryStep(first=HOUR, until=122 * MINUTE),
            RetryStep(first=2 * HOUR),
        ),
        lifetime=3 * DAY,
    ),
    deviations=(
        _deviation(
            "D8",
            Action.BOUNCE,
            "takes a null MX of preference 0 for the owner's word that there is no mail, whatever else is there",
            "crates/smtp/src/outbound/lookup.rs, to_remote_hosts",
            kind=Kind.REFUSED,
        ),
        _deviation(
            "H2",
            Action.NEXT,
            "never says HELO, and counts it as a refusal",
            "crates/smtp/src/outbound/client.rs, say_helo",
            kind=Kind.REFUSED,
        ),
        _under(TlsPolicy.MTA_STS, _deviation("T0", Action.NEXT, _UNNAMED, _WALKING, Kind.REFUSED)),
        *(
            _under(policy, _deviation(cell, Action.NEXT, _WITHOUT, _STARTTLS, Kind.REFUSED))
            for cell in ("T1", "T3")
            for policy in _STRICT
        ),
        _deviation(
            "T4", Action.NEXT, "goes to the next host when the handshake fails, and never without TLS", _WALKING
        ),
        Deviation(
            cell="T5",
            action=Action.NEXT,
            until=2 * MINUTE,
            because="asks for a valid certificate at first; at a retry any will do",
            grade=Grade.DOCUMENTATION,
            evidence="MtaTlsStrategy, MtaOutboundStrategy: 'retry_num > 0 && last_error == tls' then 'invalid-tls'",
        ),
        _deviation("T17", Action.NEXT, "goes to the next host when the handshake is not answered", _WALKING),
        _waits("T10"),
        _waits("M2"),
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
            _WALKING,
            kind=Kind.REFUSED,
        ),
    ),
    known=Known(
        cells=named(
            "D1 D2 D3 D4 D7 D10 D13 C1 C2 C3 C4 C5 B1 B2 B3 B4 B5 B6 H1 H3 H4 H6 T1 T2 T3 T6 T7 T8 T11 M1 M3 M4 R1 R4"
            " R5 R8 X1 X3 Z1 Z3 Z5 Z6 Q1 E2 E3 E4"
        ),
        grade=Grade.SOURCE,
        evidence="crates/smtp/src/outbound/delivery.rs, session.rs, client.rs, lookup.rs and mod.rs;"
        " crates/common/src/manager/defaults.rs",
    ),
)
