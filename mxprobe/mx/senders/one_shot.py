"""A client that tries once and never again: scripts, devices, bad applications. No mailer of its own name."""

from mxprobe.mx.profile import Profile, Timeouts
from mxprobe.mx.retry import DAY, RetryStep, Schedule

PROFILE = Profile(
    name="one-shot",
    title="a client that never tries again",
    version="no queue",
    timeouts=Timeouts(connect=30.0),
    schedule=Schedule(steps=(RetryStep(first=1.0),), lifetime=DAY, rounds=1),
)
