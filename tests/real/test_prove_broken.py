"""Pairs of real mailers that are broken, each in one way: the proof names the cause, and nothing else."""

import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mxprobe.facts.finding import Severity
from mxprobe.jobs.prove import Proved
from mxprobe.mx.proving import Grade
from tests.support.beside import policy_host, policy_service
from tests.support.mailers import Certificate
from tests.support.pairs import BACKUP, POLICY_HOST, PRIMARY, STRICT, Make, codes_of, grades_of

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(120)]

Issue = Callable[[str], Certificate]
MX1, MX2 = "mx1.kept.test", "mx2.kept.test"


def _severity(proved: Proved, code: str) -> Severity:
    (found,) = (one for judgement in proved.judgements for one in judgement.findings if one.code == code)
    return found.severity


@pytest.mark.parametrize(
    ("kind", "primary"),
    [
        (
            "postfix",
            {
                "smtpd_restriction_classes": "from_backup",
                "from_backup": "check_sender_access inline:{{probe.test = 550 5.7.23 SPF validation failed}}",
                "smtpd_sender_restrictions": f"check_client_access inline:{{{{{BACKUP} = from_backup}}}}",
            },
        ),
        (
            "exim",
            {
                "acl_smtp_mail": f"${{if and{{{{eq{{$sender_host_address}}{{{BACKUP}}}}}{{def:sender_address}}}}"
                "{deny message = 5.7.23 SPF validation failed}{accept}}"
            },
        ),
    ],
    ids=["postfix", "exim"],
)
def test_a_primary_that_refuses_its_own_backup(kind: str, primary: dict[str, str], make: Make) -> None:
    proved = make((kind, "postfix"), primary={"extra": primary}).prove()

    assert codes_of(proved) == ["MX856"]
    assert _severity(proved, "MX856") is Severity.ERROR
    assert grades_of(proved) == {MX1: Grade.WHILE_UP, MX2: Grade.NOT}


@pytest.mark.parametrize("itself", [{}, {"proxy_interfaces": ""}], ids=["knows-itself", "behind-nat"])
def test_a_backup_whose_route_leads_to_itself(itself: dict[str, str], make: Make) -> None:
    route = {"transport_maps": "inline:{{kept.test = relay:[mx2.kept.test]}}", **itself}
    proved = make(backup={"extra": route}).prove()

    assert codes_of(proved) == ["MX967"]
    assert grades_of(proved) == {MX1: Grade.WHILE_UP, MX2: Grade.NOT}


def test_a_backup_that_keeps_what_it_takes(make: Make) -> None:
    proved = make(backup={"extra": {"defer_transports": "relay"}}).prove(watch=9.0, overdue=6.0)

    assert codes_of(proved) == ["MX813"]
    assert grades_of(proved) == {MX1: Grade.WHILE_UP, MX2: Grade.OPEN}


def test_a_backup_that_greylists(make: Make) -> None:
    known: dict[tuple[str, ...], float] = {}

    def greylist(asked: Mapping[str, str]) -> str:
        triplet = (asked["client_address"], asked["sender"], asked["recipient"])
        first = known.setdefault(triplet, time.monotonic())
        return "dunno" if time.monotonic() - first > 2 else "defer_if_permit 4.2.0 Greylisted, see you later"

    with policy_service(greylist) as service:
        proved = make(
            backup={"extra": {"smtpd_recipient_restrictions": f"reject_unauth_destination, {service}"}}
        ).prove(again=3.0)

    assert codes_of(proved) == ["MX809"]
    assert grades_of(proved) == {MX1: Grade.WHILE_UP, MX2: Grade.WHILE_UP}


@pytest.mark.parametrize("kinds", [("postfix", "postfix"), ("exim", "postfix"), ("postfix", "exim")], ids="-".join)
def test_a_backup_whose_certificate_bears_another_name(
    kinds: tuple[str, str], make: Make, certificate: Issue, tmp_path: Path
) -> None:
    first, second, third = (certificate(name) for name in (MX1, "relay3.isp.test", "mta-sts.strict.test"))
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(b"".join(one.authority.read_bytes() for one in (first, second, third)))
    policy = f"version: STSv1\nmode: enforce\nmx: {MX1}\nmx: {MX2}\nmax_age: 604800\n"
    with policy_host(POLICY_HOST, third, policy):
        pair = make(kinds, primary={"certificate": first}, backup={"certificate": second})
        proved = pair.prove(STRICT, cafile=trusted)

    assert codes_of(proved) == ["MX777"]
    assert grades_of(proved) == {MX1: Grade.WHILE_UP, MX2: Grade.NOT}


def test_a_backup_that_throws_away_what_it_takes(make: Make) -> None:
    drops = {"transport_maps": "inline:{{kept.test = discard:}}"}
    proved = make(backup={"extra": drops}).prove(watch=9.0, deadline=6.0)

    assert codes_of(proved) == ["MX817"]
    assert grades_of(proved) == {MX1: Grade.WHILE_UP, MX2: Grade.NOT}


def test_a_backup_that_takes_mail_in_an_outage_alone(make: Make) -> None:
    def send_elsewhere(_: Mapping[str, str]) -> str:
        with socket.socket() as knocking:
            knocking.settimeout(2)
            is_up = knocking.connect_ex((PRIMARY, 25)) == 0
        return "450 4.3.2 the primary server is up, deliver directly" if is_up else "dunno"

    with policy_service(send_elsewhere) as service:
        restrictions = f"reject_unauth_destination, {service}"
        pair = make(backup={"extra": {"smtpd_recipient_restrictions": restrictions}})
        while_up = pair.prove()
        outage = pair.prove_in_an_outage()

    assert codes_of(while_up) == ["MX315"]
    assert grades_of(while_up) == {MX1: Grade.WHILE_UP, MX2: Grade.NOT}
    assert codes_of(outage) == []
    assert grades_of(outage) == {MX2: Grade.IN_OUTAGE}
