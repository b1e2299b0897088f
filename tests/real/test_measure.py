"""Every mailer does today, in a part of the suite, what its shipped measurement and its profile say."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.measured import Copy, Measured, Measurement
from mxprobe.jobs.measure import MeasureOptions, agree, load_measurement, measure, shipped
from mxprobe.mx.measuring import essence
from mxprobe.mx.senders import find_profile
from tests.support.mailers import Tree

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

PARTS = {
    "postfix": (40, "replies or all"),
    "exim": (40, "replies or all"),
    "opensmtpd": (20, "replies"),
    "sendmail": (20, "replies"),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_mailer_does_what_was_measured_and_what_its_profile_predicts(name: str, tree: Tree) -> None:
    least, groups = PARTS[name]
    recorded = {one.case: one for path in shipped() for one in load_measurement(path).cases if path.stem == name}

    measured = measure(f"real:{name}", MeasureOptions(only=groups, quick=True, pace=50.0, jobs=4))
    measured = _without_haste(measured, recorded)

    assert len(measured.cases) >= least
    assert _others(measured, recorded) == {}
    apart = {case for case, _ in find_profile(name).apart}
    assert {one.case for one in agree(measured).disagreements} <= apart


def _others(measured: Measurement, recorded: dict[str, Measured]) -> dict[str, tuple[Copy, ...]]:
    """What became of mail in the cases that went otherwise than was recorded."""
    return {one.case: one.copies for one in measured.cases if essence(one.copies) != essence(recorded[one.case].copies)}


def _without_haste(measured: Measurement, recorded: dict[str, Measured]) -> Measurement:
    """The measurement, where those cases that went otherwise were measured again one by one, at a slower pace: on a
    busy machine a mailer takes minutes of the story's time to start a process."""
    others = _others(measured, recorded)
    if not others:
        return measured
    options = MeasureOptions(only=" or ".join(others), quick=True, pace=20.0, jobs=1)
    slow = {one.case: one for one in measure(f"real:{measured.mailer}", options).cases}
    return replace(measured, cases=tuple(slow.get(one.case, one) for one in measured.cases))
