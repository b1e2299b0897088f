"""The reference: the outcome table without a deviation, the standard's own timeouts, its advice on retries."""

from mxprobe.mx.profile import Profile, Timeouts
from mxprobe.mx.retry import DAY, HOUR, MINUTE, RetryStep, Schedule

PROFILE = Profile(
    name="rfc5321",
    title="the reference",
    version="RFC 5321",
    # The standard has no time for a connection; a minute lies between what mailers do.
    timeouts=Timeouts(connect=60.0),
    # RFC 5321 §4.5.4.1: two tries in the first hour, then every two or three hours, for four to five days.
    schedule=Schedule(steps=(RetryStep(first=30 * MINUTE, until=HOUR), RetryStep(first=2 * HOUR)), lifetime=5 * DAY),
)
