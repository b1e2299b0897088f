"""How fast a story with real mailers may go."""

from mxprobe.errors import InputError

SLOWEST, FASTEST = 1.0, 1000.0


def check_pace(pace: float) -> None:
    """Raise InputError for a pace at which a mailer could not be watched: what it does takes real time."""
    if not SLOWEST <= pace <= FASTEST:
        hint = "The usual is 100: a wait of five minutes takes three seconds. 20 blurs less."
        raise InputError(f"--pace {pace:g}: it is {SLOWEST:.0f} to {FASTEST:.0f} story seconds a real one", hint=hint)
