"""KumoMTA with its defaults: what fails before MAIL leads to the next address, what fails from there on waits.

Its TLS is opportunistic, and yet asks for a valid certificate: a host that offers STARTTLS and fails at it is not used.
"""

from mxprobe.mx.outcome import Action, Kind, TlsPolicy
from mxprobe.mx.profile import Deviation, Grade, Known, Profile, Timeouts, named
from mxprobe.mx.retry import DAY, MINUTE, RetryStep, Schedule

_CONNECTING = "crates/kumod/src/smtp_dispatcher.rs, attempt_connection_impl"
_SENDING = "crates/kumod/src/smtp_dispatcher.rs, deliver_message; try_next_host_on_transport_error = false"
_LATER = "keeps the mail once the session stands; no other host is asked"


def _next(cell: str, because: str, *, kind: Kind = Kind.AGAIN, under: TlsPolicy | None = None) -> Deviation:
    return Deviation(
        cell=cell,
        action=Action.NEXT,
        kind=kind,
        under=under,
        because=because,
        grade=Grade.SOURCE,
        evidence=_CONNECTING,
    )


def _waits(cell: str, because: str = _LATER, where: str = _SENDING) -> Deviation:
    return Deviation(
        cell=cell, action=Action.WAIT, kind=Kind.AGAIN, because=because, grade=Grade.SOURCE, evidence=where
    )


PROFILE = Profile(
    name="kumomta",
    title="KumoMTA",
    version="2025.10.06",
    timeouts=Timeouts(connect=60.0, banner=60.0, starttls=5.0, tls=5.0, data=300.0, body=300.0, dot=300.0),
    schedule=Schedule(steps=(RetryStep(first=20 * MINUTE, factor=2.0),), lifetime=7 * DAY),
    deviations=(
        _waits(
            "D13",
            "keeps the mail when no MX host has an address",
            "crates/kumod/src/smtp_dispatcher.rs, init",
        ),
        _next("B3", "takes any greeting but 220 for a connection that failed"),
        _next("H2", "never says HELO"),
        _next("T2", "takes a refused STARTTLS for a connection that failed", under=TlsPolicy.MAY),
        _next("T3", "takes a refused STARTTLS for a connection that failed", under=TlsPolicy.MAY),
        _next("T4", "goes to the next host when the handshake fails, and never without TLS"),
        _next("T17", "goes to the next host when the handshake is not answered"),
        _next("T5", "asks for a valid certificate wherever TLS is offered"),
        _next("T10", "goes to the next host, and never without TLS"),
        _waits("M2"),
        _waits("M5"),
        _waits("R2"),
        _waits("R6"),
        _waits("R7"),
        _waits("X2"),
        _waits("X4"),
        _waits("Z2"),
        _waits("Z4"),
    ),
    known=Known(
        cells=named(
            "D1 D7 C1 C2 C3 C4 C5 B1 B2 B4 B5 B6 H1 H3 H4 H6 T1 T11 M1 M3 M4 R1 R3 R4 R5 R8 X1 X3 Z1 Z3 Z5 Z6 Q1 E1 E3"
            " E4"
        ),
        grade=Grade.SOURCE,
        evidence="crates/kumod/src/smtp_dispatcher.rs; crates/kumo-api-types, egress_path; make_queue_config",
    ),
)
