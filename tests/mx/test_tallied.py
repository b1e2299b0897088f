"""What is counted of a chain: its hosts, and what of it falls together."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.survey import Depth
from mxprobe.facts.tally import Known, Tally
from mxprobe.mx.tallied import tally_of
from tests.support.snapshots import host, mx, snapshot

YES, NO, UNKNOWN = Known.YES, Known.NO, Known.UNKNOWN
NOT_KNOWN = ("mx9.other.test", None)
Host = tuple[str, Sequence[str] | None]


def _look(*hosts: Host) -> Snapshot:
    """A look at a domain with these hosts, the best first; None: their addresses could not be looked up."""
    answers = [mx(*((10 * place, name) for place, (name, _) in enumerate(hosts, 1)))]
    for name, addresses in hosts:
        for rrtype, is_six in ((RecordType.A, False), (RecordType.AAAA, True)):
            fitting = [one for one in addresses or () if (":" in one) is is_six]
            answer = host(name, *fitting, status=AnswerStatus.TIMEOUT if addresses is None else None)
            answers.append(replace(answer, question=Question(name=name, rrtype=rrtype)))
    return snapshot(answers)


def _together(tally: Tally) -> tuple[Known, Known, Known]:
    return tally.one_operator, tally.one_address, tally.one_network


@pytest.mark.parametrize(
    ("hosts", "together"),
    [
        ([("mx1.host.test", ["198.51.100.1"])], (YES, YES, YES)),
        ([("mx1.host.test", ["198.51.100.1", "2001:db8::1"])], (YES, YES, YES)),
        ([("mx1.host.test", ["198.51.100.1"]), ("mx2.host.test", ["198.51.100.1"])], (YES, YES, YES)),
        ([("mx1.host.test", ["198.51.100.1"]), ("mx2.host.test", ["198.51.100.9"])], (YES, NO, YES)),
        ([("mx1.host.test", ["198.51.100.1"]), ("mx2.host.test", ["203.0.113.1"])], (YES, NO, NO)),
        ([("mx1.host.test", ["2001:db8::1"]), ("mx2.host.test", ["2001:db8:0:ffff::1"])], (YES, NO, YES)),
        ([("mx1.host.test", ["2001:db8::1"]), ("mx2.host.test", ["2001:db8:1::1"])], (YES, NO, NO)),
        ([("mx1.host.test", ["198.51.100.1"]), ("mx1.other.test", ["198.51.100.1"])], (NO, YES, YES)),
        ([("mx1.host.test", ["198.51.100.1"]), NOT_KNOWN], (UNKNOWN, UNKNOWN, UNKNOWN)),
        ([("mx1.host.test", ["198.51.100.1", "203.0.113.1"]), NOT_KNOWN], (UNKNOWN, NO, NO)),
        ([("mx1.host.test", ["198.51.100.1"]), ("mx1.other.test", ["198.51.100.9"]), NOT_KNOWN], (NO, NO, UNKNOWN)),
        ([("mx1.host.test", ["198.51.100.1"]), ("mx2.other.test", [])], (YES, YES, YES)),
        ([NOT_KNOWN], (UNKNOWN, UNKNOWN, UNKNOWN)),
    ],
)
def test_what_falls_together_is_told_apart_from_what_may(
    hosts: list[Host], together: tuple[Known, Known, Known]
) -> None:
    assert _together(tally_of(_look(*hosts), Depth.DNS)) == together


@pytest.mark.parametrize(
    ("hosts", "has_backup"),
    [
        ([("mx1.host.test", ["198.51.100.1"])], NO),
        ([("mx1.host.test", ["198.51.100.1"]), ("mx2.other.test", ["203.0.113.1"])], YES),
        ([("mx1.host.test", ["198.51.100.1"]), ("mx2.other.test", [])], NO),
        ([("mx1.host.test", ["198.51.100.1"]), NOT_KNOWN], UNKNOWN),
    ],
)
def test_a_host_whose_addresses_are_not_known_may_be_a_backup(hosts: list[Host], has_backup: Known) -> None:
    assert tally_of(_look(*hosts), Depth.DNS).has_backup is has_backup


def test_hosts_and_addresses_are_counted_and_the_first_host_says_whose_it_is() -> None:
    hosts: list[Host] = [("mx1.one.test", ["198.51.100.1", "2001:db8::1"]), ("mx1.two.test", ["198.51.100.1"])]
    tally = tally_of(_look(*hosts), Depth.DNS)

    assert (tally.hosts, tally.tiers, tally.endpoints, tally.operator) == (2, 2, 3, "one.test")
    assert tally_of(_look(*reversed(hosts)), Depth.DNS).operator == "two.test"


def test_chains_of_one_length_are_counted_each_for_itself() -> None:
    together = _look(("mx1.one.test", ["198.51.100.1"]), ("mx2.one.test", ["198.51.100.1"]))
    apart = _look(("mx1.one.test", ["198.51.100.1"]), ("mx2.two.test", ["203.0.113.1"]))

    for look, expected in ((together, (YES, YES, YES)), (apart, (NO, NO, NO))) * 2:
        assert _together(tally_of(look, Depth.DNS)) == expected
        assert _together(tally_of(replace(look, asked="again"), Depth.DNS)) == expected


def test_a_domain_that_takes_no_mail_has_nothing_that_falls_together() -> None:
    null = snapshot([mx((0, "."))])
    tally = tally_of(null, Depth.DNS)

    assert (tally.hosts, tally.endpoints, tally.operator) == (0, 0, "")
    assert _together(tally) == (UNKNOWN, UNKNOWN, UNKNOWN)
