"""OpenSMTPD as shipped: what a host says before the transaction is the host's trouble, never the last word."""

from mxprobe.mx.profile import Profile, Timeouts
from mxprobe.mx.retry import DAY, RetryStep, Schedule

PROFILE = Profile(
    name="opensmtpd",
    title="OpenSMTPD",
    version="6.8.0p2",
    # One limit for every wait of a session (mta_session.c), which no setting changes.
    timeouts=Timeouts(connect=300.0, data=300.0, body=300.0, dot=300.0),
    schedule=Schedule(steps=(RetryStep(first=400.0, factor=2.0),), lifetime=4 * DAY),
)
