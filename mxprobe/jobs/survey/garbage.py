"""How often a process that does nothing but survey looks for garbage.

Very much is made in a survey, and nearly all of it goes when the last reference does. What is left to the collector are
rings, of exceptions and tasks; to look for them as often as Python does takes 7 % of the processor's time.
"""

import gc

_NEW, _TIMES = 20_000, 20
"""Objects that came and did not go, and so many rounds of one generation make one of the next."""


def collect_seldom() -> None:
    """Have this process look for garbage seldom, from here on."""
    gc.set_threshold(_NEW, _TIMES, _TIMES)
