"""The story library with a real Exim as sender: every verdict is that of the `exim` profile, or a listed difference.

CI plays a part. The whole, which takes three quarters of an hour:

    pytest tests/real/test_library.py --whole-library

A story that differs is played again at a slower pace first: where a second is five minutes, what Exim takes to start a
process is half a minute, and comes too late for a bound that a profile keeps.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

from mxprobe.facts.run import Run
from mxprobe.jobs.gather import find_stories
from mxprobe.jobs.play import PlayOptions, play
from tests.support.mailers import Tree

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(7200)]

LIBRARY = Path(__file__).parents[2] / "scenarios"
PART = (
    "ambiguity/broken-off",
    "content/refused",
    "content/too-large",
    "dns/domain-gone",
    "dns/mx-lost",
    "dns/mx-without-a-host",
    "dns/null-mx",
    "equal/one-of-three-down",
    "recipients/partly",
    "standard/greylisted",
    "standard/quiet-day",
    "tls/certificate-expired",
)
"""Stories of at most twenty minutes, of several themes."""

QUICK, SLOW = 300.0, 30.0
LONGEST = 4 * 3600.0
"""Story time up to which a story is played again slowly, in seconds."""

STATUS = "Exim puts 5.0.0 into every notification, whatever the host said"
OTHERWISE = {
    "content/refused": STATUS,
    "content/too-large": STATUS,
    "content/too-large-for-the-backup": STATUS,
    "dns/domain-gone": STATUS,
    "dns/mx-without-a-host": STATUS,
    "dns/null-mx": STATUS,
    "equal/two-operators": STATUS,
    "greeting/all-554": STATUS,
    "migration/domain-retired": STATUS,
    "migration/new-host-lacks-a-user": STATUS,
    "recipients/backup-lacks-a-user": STATUS,
    "recipients/backup-relays-nothing": STATUS,
    "recipients/backup-stricter": STATUS,
    "recipients/one-unknown": STATUS,
    "recipients/partly": STATUS,
    "dane/unusable-record": "Exim does DANE unasked where its resolver validates; the profile's policy is another",
    "dns/signatures-cached": "Exim does DANE unasked, and a TLSA lookup that fails puts mail off",
    "greeting/primary-never-ends": "Exim waits anew for each line of an endless greeting",
    "greylisting/primary-throttles": "two messages at the same moment: which comes first is up to Exim's processes",
    "outage/flapping-primary": "a bound of one second, which no process starts and ends within at this pace",
    "outage/primary-half-unanswered": "which of two addresses comes first is chance, and the profile's is another one",
    "relay/forwarding-loop": "a real sender writes a Received line, so the circle is cut one host earlier",
    "relay/loop-between-backups": "a real sender writes a Received line, so the circle is cut one host earlier",
    "standard/flapping": "the outage lasts as long as Exim's retry interval, to the second: chance decides",
    "tls/injected-reply": "Exim takes bytes behind the 220 for a failed STARTTLS, and goes on in clear",
    "tls/old-version": "its TLS library still speaks version 1.0; the lab's sender does not",
}
"""Where the verdict is another one, or may be, and why."""


def _names(runs: Iterable[Run]) -> dict[str, bool]:
    """Whether each story went as written."""
    return {Path(run.path).relative_to(LIBRARY).with_suffix("").as_posix(): not run.went_wrong for run in runs}


def _play(names: Iterable[str], sender: str, pace: float, jobs: int) -> dict[str, bool]:
    paths = [LIBRARY / f"{name}.yaml" for name in names]
    return _names(play(paths, PlayOptions(senders=(sender,), pace=pace, jobs=jobs, brief=True))) if paths else {}


def test_a_real_exim_ends_every_story_as_its_profile_does(tree: Tree, whole_library: bool) -> None:
    shipped = [path.relative_to(LIBRARY).with_suffix("").as_posix() for path in find_stories([LIBRARY])]
    names = shipped if whole_library else PART
    assert set(OTHERWISE) <= set(shipped)

    foreseen = play([LIBRARY / f"{name}.yaml" for name in names], PlayOptions(senders=("exim",), jobs=2))
    lasts = dict(zip(_names(foreseen), (run.ended for run in foreseen), strict=True))
    found = _play(names, "real:exim", QUICK, 10)
    apart = [name for name, went_well in _names(foreseen).items() if found[name] != went_well]
    found |= _play([name for name in apart if lasts[name] <= LONGEST and name not in OTHERWISE], "real:exim", SLOW, 8)

    assert {name: found[name] for name in apart if found[name] != _names(foreseen)[name]}.keys() <= OTHERWISE.keys()
