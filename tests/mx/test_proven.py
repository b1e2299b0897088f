"""When each host was last proven, over many proofs."""

from msgspec.structs import replace

from mxprobe.facts.proof import Proof
from mxprobe.mx.proven import HostProven, last_proven
from tests.support.proofs import BEGAN, MX1, MX2, copy, proof, route, taken

DAY = 86400.0
UP = (route(MX1, taken(MX1), copies=(copy(2),)), route(MX2, taken(MX2), copies=(copy(40),)))
OUTAGE = (route(MX2, taken(MX2), copies=(copy(900),), down=(MX1,)),)
NOTHING = (route(MX1, taken(MX1)), route(MX2, taken(MX2)))


def _on(day: float, known: Proof) -> Proof:
    return replace(known, began_at=BEGAN + day * DAY)


def test_the_last_date_of_each_grade_counts_in_whatever_order_proofs_are_read() -> None:
    proofs = [_on(9, proof(*UP)), _on(1, proof(*OUTAGE)), _on(4, proof(*UP)), _on(0, proof(*OUTAGE))]

    (domain,) = last_proven(proofs)
    (backwards,) = last_proven(reversed(proofs))

    assert domain == backwards
    assert (domain.proofs, domain.newest) == (4, BEGAN + 9 * DAY)
    assert domain.hosts == (
        HostProven(host=MX1, is_primary=True, while_up=BEGAN + 9 * DAY),
        HostProven(host=MX2, is_primary=False, while_up=BEGAN + 9 * DAY, in_outage=BEGAN + DAY),
    )


def test_a_proof_of_nothing_is_newest_and_proves_nothing() -> None:
    (domain,) = last_proven([_on(5, proof(*NOTHING)), _on(1, proof(*UP))])

    assert domain.newest == BEGAN + 5 * DAY
    assert [host.while_up for host in domain.hosts] == [BEGAN + DAY, BEGAN + DAY]


def test_the_chain_is_that_of_the_newest_proof() -> None:
    moved = _on(5, proof(UP[1], chain=((10, MX2), (20, "mx3.example.test"))))
    (domain,) = last_proven([_on(1, proof(*UP)), moved])

    assert [(host.host, host.is_primary, host.while_up is None) for host in domain.hosts] == [
        (MX2, True, False),
        ("mx3.example.test", False, True),
    ]


def test_a_message_for_nobody_proves_nothing() -> None:
    (domain,) = last_proven([proof(replace(UP[1], is_unknown=True))])

    assert domain.hosts[1].proven_at() is None


def test_domains_stay_apart() -> None:
    domains = last_proven([proof(*UP), replace(proof(*NOTHING), domain="another.test")])

    assert [(one.domain, one.proofs) for one in domains] == [("another.test", 1), ("example.test", 1)]


def test_what_has_grown_old_depends_on_what_counts() -> None:
    (domain,) = last_proven([_on(9, proof(*UP)), _on(1, proof(*OUTAGE))])

    def old(day: float, *, in_outage: bool = False) -> list[str]:
        return [host.host for host in domain.grown_old(BEGAN + day * DAY, in_outage=in_outage)]

    assert old(9) == []
    assert old(9.5) == [MX1, MX2]
    assert old(1, in_outage=True) == []
    assert old(5, in_outage=True) == [MX2]


def test_an_outage_counts_for_a_backup_that_was_never_proven_otherwise() -> None:
    (domain,) = last_proven([proof(*OUTAGE)])

    assert [host.host for host in domain.grown_old(BEGAN)] == [MX1]
