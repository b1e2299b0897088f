"""Exchange Online: how long it keeps mail is documented, how it walks a chain is not."""

from mxprobe.mx.profile import Grade, Known, Profile, Timeouts
from mxprobe.mx.retry import DAY, HOUR, MINUTE, RetryStep, Schedule

PROFILE = Profile(
    name="exchange-online",
    title="Exchange Online",
    version="as documented",
    # Nothing is published about its timeouts.
    timeouts=Timeouts(connect=60.0),
    # A quarter of an hour or less at first, later up to an hour; an administrator may make the day as short as 12 h.
    schedule=Schedule(steps=(RetryStep(first=15 * MINUTE, until=2 * HOUR), RetryStep(first=HOUR)), lifetime=DAY),
    known=Known(
        cells=frozenset({"E3"}),
        grade=Grade.DOCUMENTATION,
        evidence="Exchange Online Protection: deferred mail is kept for a day; message center MC441064",
    ),
)
