"""sendmail as Debian ships it: what the last host tried said is what counts, and hosts that failed are remembered."""

from mxprobe.mx.outcome import Action, Kind
from mxprobe.mx.profile import Deviation, Grade, Limits, Memory, Profile, Timeouts
from mxprobe.mx.retry import DAY, MINUTE, RetryStep, Schedule

_MEASURED = "sendmail 8.17.1.9, case "

PROFILE = Profile(
    name="sendmail",
    title="sendmail",
    version="8.17.1.9",
    timeouts=Timeouts(connect=300.0, mail=600.0, rcpt=3600.0, data=300.0, body=3600.0, dot=3600.0),
    limits=Limits(one_answer_per_host=True),
    schedule=Schedule(steps=(RetryStep(first=30 * MINUTE),), lifetime=5 * DAY),
    ipv6_first=True,
    memory=Memory(
        cells=frozenset({"C1", "C2", "C3", "B2", "B3", "B4", "B5", "B6", "H3", "H5", "H6", "Z2"}),
        seconds=30 * MINUTE,
        grade=Grade.MEASURED,
        evidence="sendmail 8.17.1.9, cases refused-again, dot-451-again; how long: Timeout.hoststatus",
    ),
    deviations=(
        Deviation(
            cell="E1",
            action=Action.BOUNCE,
            kind=Kind.REFUSED,
            because="bounces when the last host tried refuses, whatever the others said",
            grade=Grade.MEASURED,
            evidence=f"{_MEASURED}refused-then-554",
        ),
        Deviation(
            cell="R3",
            action=Action.NEXT,
            because="takes the recipients that are too many to the next host",
            grade=Grade.MEASURED,
            evidence=f"{_MEASURED}too-many-recipients",
        ),
        Deviation(
            cell="T4",
            action=Action.NEXT,
            because="goes to the next host when the handshake fails, and never without TLS to one that offers it",
            grade=Grade.MEASURED,
            evidence=f"{_MEASURED}tls-fails-everywhere",
        ),
        Deviation(
            cell="T17",
            action=Action.NEXT,
            because="goes to the next host when the handshake is not answered",
            grade=Grade.MEASURED,
            evidence=f"{_MEASURED}tls-silent",
        ),
        Deviation(
            cell="Z5",
            action=Action.NEXT,
            because="asks the next host at once",
            grade=Grade.MEASURED,
            evidence=f"{_MEASURED}dot-silent",
        ),
        Deviation(
            cell="Z6",
            action=Action.NEXT,
            because="asks the next host at once",
            grade=Grade.MEASURED,
            evidence=f"{_MEASURED}dot-closed",
        ),
    ),
)
