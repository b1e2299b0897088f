"""Every mailer does today, in a part of the suite, what its shipped measurement and its profile say."""

import pytest

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

    assert len(measured.cases) >= least
    other = {
        one.case: one.copies for one in measured.cases if essence(one.copies) != essence(recorded[one.case].copies)
    }
    assert other == {}
    apart = {case for case, _ in find_profile(name).apart}
    assert {one.case for one in agree(measured).disagreements} <= apart
