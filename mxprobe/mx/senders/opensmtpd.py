"""OpenSMTPD as shipped: only what happens before the transaction leads to the next host, and no greeting is final."""

from mxprobe.mx.outcome import Action, Kind
from mxprobe.mx.profile import Deviation, Grade, Memory, Profile, Timeouts
from mxprobe.mx.retry import DAY, RetryStep, Schedule

_HOST = ("C1", "C2", "C3", "B2", "B3", "B4", "B5", "B6", "H3", "H5", "H6")


def _waits(cell: str, case: str, because: str = "keeps the mail; no other host is asked") -> Deviation:
    """A cell at which it waits, by the case that showed it."""
    return Deviation(
        cell=cell,
        action=Action.WAIT,
        kind=Kind.AGAIN,
        because=because,
        grade=Grade.MEASURED,
        evidence=f"OpenSMTPD 6.8.0p2, case {case}",
    )


PROFILE = Profile(
    name="opensmtpd",
    title="OpenSMTPD",
    version="6.8.0p2",
    # One limit for every wait of a session (mta_session.c), which no setting changes.
    timeouts=Timeouts(connect=300.0, data=300.0, body=300.0, dot=300.0),
    schedule=Schedule(steps=(RetryStep(first=400.0, quadratic=True),), lifetime=4 * DAY),
    ipv6_first=True,
    memory=Memory(
        cells=frozenset(_HOST),
        seconds=15.0,
        grade=Grade.MEASURED,
        evidence="OpenSMTPD 6.8.0p2, cases refused-again, banner-421-again; its log says for how long",
    ),
    apart=(
        ("names-refused", "gives mail back where the resolver says REFUSED"),
        ("8-dead-hosts", "asks the first host again after 15 s, before it has come to the ninth"),
    ),
    deviations=(
        _waits("D7", "null-mx", "takes the null MX for names that fail for now"),
        _waits("D13", "all-dangling", "takes it for names that fail for now"),
        Deviation(
            cell="B3",
            action=Action.NEXT,
            kind=Kind.AGAIN,
            because="takes a 5yz greeting for a passing trouble of the host",
            grade=Grade.MEASURED,
            evidence="OpenSMTPD 6.8.0p2, case both-554",
        ),
        Deviation(
            cell="H4",
            action=Action.HELO,
            because="says HELO after any refusal of EHLO",
            grade=Grade.MEASURED,
            evidence="OpenSMTPD 6.8.0p2, case ehlo-450",
        ),
        Deviation(
            cell="T17",
            action=Action.NEXT,
            because="goes to the next host when the handshake is not answered",
            grade=Grade.MEASURED,
            evidence="OpenSMTPD 6.8.0p2, case tls-silent",
        ),
        _waits("M2", "mail-451"),
        _waits("M5", "mail-closed"),
        _waits("R2", "rcpt-450"),
        _waits("R3", "too-many-recipients", "keeps the recipients that are too many for later"),
        _waits("R6", "rcpt-closed"),
        _waits("R7", "rcpt-silent"),
        _waits("X2", "data-451"),
        _waits("X4", "data-closed"),
        _waits("Z2", "dot-451"),
        _waits("Z4", "dot-421"),
    ),
)
