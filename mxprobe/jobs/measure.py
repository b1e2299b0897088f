"""Measures a real mailer case by case, and holds what was measured against its profile. Prints nothing."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import msgspec
from msgspec import Struct

from mxprobe.errors import InputError, MxprobeError, Place
from mxprobe.facts.measured import MEASURED_SCHEMA, Copy, Measured, Measurement
from mxprobe.jobs.pace import check_pace
from mxprobe.jobs.select import read_expression
from mxprobe.lab.mta.described import describe_real
from mxprobe.lab.mta.network import end_with
from mxprobe.lab.mta.play import PACE, Wanted, play_real
from mxprobe.lab.play import play_story
from mxprobe.mx.measuring import copies_of, essence
from mxprobe.mx.profile import Profile
from mxprobe.mx.senders import NoSuchSender, find_profile, fingerprint
from mxprobe.scenario.drawn import draw_pairs
from mxprobe.scenario.load import load
from mxprobe.scenario.model import REAL
from mxprobe.scenario.suite import Case, suite

_AT_A_TIME = 8
"""So many plays at once: most of their time they wait."""

_WATCHED, _WATCHED_LONG = 1800.0, 7200.0
_UNSETTABLE = {"opensmtpd": 45000.0}
"""Seconds of story time after which a case is given up: the mailer that waits longest, and whose waits are fixed."""

_SEEDS = 24

_SHIPPED = Path(__file__).parents[1] / "mx" / "measured"
_PAIRS = "-pairs"
_NO_POLICY = {"opensmtpd": ("dane",), "sendmail": ("encrypt", "dane")}
"""The TLS policies that a mailer does not have: cases of them are left out."""


class MeasureOptions(Struct, frozen=True, kw_only=True):
    """`only` names cases by words of their name and group ("tls and not encrypt"); `quick` leaves out those that wait
    for a timeout. `pairs` so many cases are drawn in place of the suite, two hosts with a fault each."""

    only: str = ""
    quick: bool = False
    pairs: int = 0
    pace: float = PACE
    jobs: int = _AT_A_TIME


def measure(
    mailer: str, options: MeasureOptions | None = None, progress: Callable[[Measured], None] | None = None
) -> Measurement:
    """What the mailer ("real:postfix") does in every case. Raises MxprobeError where it is not here or not known."""
    options = options or MeasureOptions()
    kind = mailer.removeprefix(REAL)
    check_pace(options.pace)
    described = describe_real(kind, options.pace)
    cases, drawn = choose_cases(kind, options)
    measured = []
    with _pool(options.jobs) as pool:
        for found in pool.map(_measure, [(case, kind, options.pace) for case in cases]):
            measured.append(found)
            if progress is not None:
                progress(found)
    return Measurement(
        mailer=kind,
        version=described.version,
        settings=described.settings,
        pace=options.pace,
        drawn=drawn,
        cases=tuple(measured),
    )


def choose_cases(kind: str, options: MeasureOptions) -> tuple[tuple[Case, ...], str]:
    """The cases that are wanted, and the seed by which they were drawn. Raises InputError where there is none."""
    drawn = ""
    cases: Iterable[Case] = suite()
    if options.pairs:
        drawn = fingerprint(find_profile(kind))
        cases = draw_pairs(drawn, options.pairs)
    wanted = read_expression(options.only) if options.only else None
    chosen = tuple(
        case
        for case in cases
        if case.policy not in _NO_POLICY.get(kind, ())
        and not (options.quick and case.waits)
        and (wanted is None or wanted(f"{case.name} {case.group}"))
    )
    if not chosen:
        raise InputError(f"-k {options.only!r}: no case has a name or a group like this")
    return chosen, drawn


def _measure(item: tuple[Case, str, float]) -> Measured:
    case, kind, pace = item
    policy = f"+{case.policy}" if case.policy else ""
    horizon = _WATCHED_LONG if case.waits else _WATCHED
    wanted = Wanted(
        scenario=load(case.text, case.name),
        sender=f"{REAL}{kind}{policy}",
        pace=pace,
        horizon=_UNSETTABLE.get(kind, horizon) if case.waits else horizon,
        rounds=case.rounds,
    )
    run = play_real(wanted)
    return Measured(
        case=case.name,
        group=case.group,
        policy=case.policy,
        rounds=case.rounds,
        copies=copies_of(run, case.rounds),
    )


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("fork"), initializer=end_with, initargs=(os.getpid(),)
    ) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


# -- agreement ---------------------------------------------------------------------------------------------------------


class Disagreement(Struct, frozen=True, kw_only=True):
    """A case in which a mailer did what its profile does not predict: what was measured, what was predicted, and
    `because` why, where that is known."""

    case: str
    measured: tuple[Copy, ...]
    predicted: tuple[Copy, ...]
    because: str = ""


class Agreement(Struct, frozen=True, kw_only=True):
    """How far a profile predicts a measurement: of so many cases, in which it does not."""

    mailer: str
    drawn: str
    cases: int
    disagreements: tuple[Disagreement, ...]

    @property
    def share(self) -> float:
        """The share of cases in which it does, from 0 to 1."""
        return 1.0 - len(self.disagreements) / self.cases if self.cases else 0.0


def agree(measurement: Measurement) -> Agreement:
    """Whether the mailer's profile predicts each case: its outcome, the accepting host, the order of attempts.

    Raises MxprobeError for cases that were drawn before the profile's last change.
    """
    try:
        profile = find_profile(measurement.mailer)
    except NoSuchSender as error:
        raise MxprobeError(
            f"no profile is called {measurement.mailer}: nothing to hold this measurement against"
        ) from error
    known = {case.name: case for case in suite()}
    if measurement.drawn:
        if measurement.drawn != fingerprint(profile):
            raise MxprobeError(f"the pairs of {profile.name} were drawn before its profile changed: measure them anew")
        known = {case.name: case for case in draw_pairs(measurement.drawn, _highest(measurement))}
    strange = [one.case for one in measurement.cases if one.case not in known]
    if strange:
        says = f"{len(strange)} of its cases are not in the suite of this version ({strange[0]}): measure anew"
        raise MxprobeError(f"the measurement of {measurement.mailer}: {says}")
    found = [_compare(known[one.case], one, profile) for one in measurement.cases]
    return Agreement(
        mailer=measurement.mailer,
        drawn=measurement.drawn,
        cases=len(found),
        disagreements=tuple(one for one in found if one is not None),
    )


def _highest(measurement: Measurement) -> int:
    """The number of pairs that were drawn, as far as the last one tells: pair-70 is of 70."""
    numbers = [one.case.rpartition("-")[2] for one in measurement.cases]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _compare(case: Case, measured: Measured, profile: Profile) -> Disagreement | None:
    """None where one of the roads that the profile may take is the measured one."""
    wanted = essence(measured.copies)
    first: tuple[Copy, ...] = ()
    for copies in predict(case, profile):
        if essence(copies) == wanted:
            return None
        first = first or copies
    because = dict(profile.apart).get(case.name, "")
    return Disagreement(case=case.name, measured=measured.copies, predicted=first, because=because)


def predict(case: Case, profile: Profile) -> Iterator[tuple[Copy, ...]]:
    """What the profile's sender does in a case, by one seed after the other; the same road is told once."""
    scenario = load(case.text, case.name)
    label = f"{profile.name}+{case.policy}" if case.policy else profile.name
    told = set()
    for seed in range(1, _SEEDS + 1):
        copies = copies_of(play_story(scenario, label, seed), case.rounds)
        if essence(copies) not in told:
            told.add(essence(copies))
            yield copies


def shipped(*, pairs: bool = False) -> tuple[Path, ...]:
    """The measurements that come with mxprobe, a file a mailer; with those of drawn `pairs` where that is said."""
    found = sorted(_SHIPPED.glob("*.json"))
    return tuple(path for path in found if pairs or not path.stem.endswith(_PAIRS))


def load_measurement(path: str | Path) -> Measurement:
    """A measurement that was saved. Raises InputError for any other file."""
    try:
        found = msgspec.json.decode(Path(path).read_bytes(), type=Measurement)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(path))) from error
    except msgspec.DecodeError as error:
        raise InputError(f"no measurement: {error}", place=Place(str(path))) from error
    if found.schema != MEASURED_SCHEMA or found.kind != "measured":
        raise InputError(f"no measurement of schema {MEASURED_SCHEMA}", place=Place(str(path)))
    return found
