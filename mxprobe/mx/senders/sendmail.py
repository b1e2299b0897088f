"""sendmail as Debian ships it: what the last host tried said is what counts."""

from mxprobe.mx.profile import Profile, Timeouts
from mxprobe.mx.retry import DAY, MINUTE, RetryStep, Schedule

PROFILE = Profile(
    name="sendmail",
    title="sendmail",
    version="8.17.1.9",
    timeouts=Timeouts(connect=300.0, mail=600.0, rcpt=3600.0, data=300.0, body=3600.0, dot=3600.0),
    schedule=Schedule(steps=(RetryStep(first=30 * MINUTE),), lifetime=5 * DAY),
)
