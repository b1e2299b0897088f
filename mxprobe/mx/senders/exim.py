"""Exim with its default configuration: what the last host tried said decides."""

from mxprobe.mx.outcome import Action, Kind
from mxprobe.mx.profile import Deviation, Grade, Limits, Memory, Profile, Timeouts
from mxprobe.mx.retry import DAY, HOUR, MINUTE, RetryStep, Schedule

PROFILE = Profile(
    name="exim",
    title="Exim",
    version="4.98",
    timeouts=Timeouts(connect=300.0, data=300.0, body=300.0),
    limits=Limits(addresses=5, one_more_per_preference=True),
    schedule=Schedule(
        steps=(
            RetryStep(first=15 * MINUTE, until=2 * HOUR),
            RetryStep(first=HOUR, until=16 * HOUR, factor=1.5),
            RetryStep(first=6 * HOUR),
        ),
        lifetime=4 * DAY,
    ),
    ipv6_first=True,
    apart=(("tls-old-version", "its TLS library still speaks version 1.0; the lab's sender does not"),),
    memory=Memory(
        cells=frozenset({"C1", "C2", "C3", "B2", "B3", "B4", "B5", "B6", "H3", "H5", "H6"}),
        seconds=15 * MINUTE,
        grade=Grade.MEASURED,
        evidence="Exim 4.96, cases refused-again, unanswered-again, banner-421-again; how long: its retry rule",
    ),
    deviations=(
        Deviation(
            cell="H4",
            action=Action.HELO,
            because="says HELO after any refusal of EHLO but 421",
            grade=Grade.MEASURED,
            evidence="Exim 4.96, case ehlo-450",
        ),
        Deviation(
            cell="E1",
            action=Action.BOUNCE,
            kind=Kind.REFUSED,
            because="bounces when the last host tried refuses, whatever the others said",
            grade=Grade.SOURCE,
            evidence="transports/smtp.c; its manual says that a 5yz greeting fails all addresses",
        ),
        Deviation(
            cell="Z5",
            action=Action.NEXT,
            because="tries other hosts in the same run",
            grade=Grade.DOCUMENTATION,
            evidence="manual, errors in outgoing SMTP",
        ),
        Deviation(
            cell="Z6",
            action=Action.NEXT,
            because="tries other hosts in the same run",
            grade=Grade.DOCUMENTATION,
            evidence="manual, errors in outgoing SMTP",
        ),
    ),
)
