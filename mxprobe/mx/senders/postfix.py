"""Postfix as shipped, with opportunistic TLS: any greeting but 2yz means another host, and never a bounce."""

from mxprobe.mx.outcome import Action, Kind, TlsPolicy
from mxprobe.mx.profile import Deviation, Grade, Limits, Profile, Shuffle, Timeouts
from mxprobe.mx.retry import DAY, RetryStep, Schedule

PROFILE = Profile(
    name="postfix",
    title="Postfix",
    version="3.12",
    timeouts=Timeouts(connect=30.0),
    limits=Limits(addresses=5, sessions=2),
    shuffle=Shuffle.ADDRESSES,
    apart=(("tls-old-version", "its TLS library still speaks version 1.0; the lab's sender does not"),),
    schedule=Schedule(steps=(RetryStep(first=300.0, factor=2.0, ceiling=4000.0),), lifetime=5 * DAY),
    deviations=(
        Deviation(
            cell="B3",
            action=Action.NEXT,
            kind=Kind.AGAIN,
            because="takes a 5yz greeting for a passing trouble of the host",
            grade=Grade.DOCUMENTATION,
            evidence="smtp_skip_5xx_greeting = yes",
        ),
        Deviation(
            cell="B4",
            action=Action.NEXT,
            because="skips lines without a code until a reply, the timeout or the end",
            grade=Grade.SOURCE,
            evidence="smtp_chat.c",
        ),
        Deviation(
            cell="H4",
            action=Action.HELO,
            because="says HELO after any refusal of EHLO but 421",
            grade=Grade.SOURCE,
            evidence="smtp_proto.c",
        ),
        Deviation(
            cell="H5",
            action=Action.BOUNCE,
            because="takes a 5yz to HELO for the last word",
            grade=Grade.SOURCE,
            evidence="smtp_proto.c, smtp_trouble.c",
        ),
        Deviation(
            cell="R3",
            action=Action.NEXT,
            because="takes the recipients that are too many to the next host",
            grade=Grade.MEASURED,
            evidence="Postfix 3.7.11, case too-many-recipients",
        ),
        Deviation(
            cell="T3",
            action=Action.BOUNCE,
            kind=Kind.REFUSED,
            under=TlsPolicy.ENCRYPT,
            because="takes a 5yz to STARTTLS for the last word where it must not go without",
            grade=Grade.MEASURED,
            evidence="Postfix 3.7.11, case starttls-554-encrypt",
        ),
        Deviation(
            cell="D8",
            action=Action.BOUNCE,
            kind=Kind.REFUSED,
            because="takes a null MX among others for the owner's word that there is no mail",
            grade=Grade.MEASURED,
            evidence="Postfix 3.7.11, case null-mx-in-company",
        ),
        Deviation(
            cell="T4",
            action=Action.NEXT,
            until=300.0,
            because="goes without TLS only with mail that has waited for its minimal backoff",
            grade=Grade.SOURCE,
            evidence="smtp_trouble.c, minimal_backoff_time = 300s",
        ),
        Deviation(
            cell="T17",
            action=Action.NEXT,
            until=300.0,
            because="goes without TLS only with mail that has waited for its minimal backoff",
            grade=Grade.SOURCE,
            evidence="smtp_trouble.c, minimal_backoff_time = 300s",
        ),
        Deviation(
            cell="Z5",
            action=Action.NEXT,
            because="asks the next host at once and logs a possible second copy",
            grade=Grade.SOURCE,
            evidence="smtp_trouble.c",
        ),
        Deviation(
            cell="Z6",
            action=Action.NEXT,
            because="asks the next host at once and logs a possible second copy",
            grade=Grade.SOURCE,
            evidence="smtp_trouble.c",
        ),
    ),
)
