"""Rules about how many ways mail has: each fault alone, what comes near, what is not known, what is folded."""

import pytest

from mxprobe.facts.finding import Finding, Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules import judge_snapshot
from tests.support.examples import snapshot_of

ONE = "example.test MX 10 mx1.example.test\nmx1.example.test A 192.0.2.1\n"
PAIR = f"{ONE}example.test MX 20 mx2.example.test\nmx2.example.test A 192.0.2.2\n"
UP1 = '192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"\n192.0.2.1 certificate valid\n'
UP2 = '192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 STARTTLS"\n192.0.2.2 certificate valid\n'
E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFO
ASKED = "MX1", "MX2", "MX3", "MX4", "MX5"


def _hosts(*hosts: tuple[int, str, str]) -> str:
    """MX records of hosts, and their addresses."""
    return "".join(f"example.test MX {at} {name}\n{name} A {address}\n" for at, name, address in hosts)


def _findings(seen: Snapshot, wanted: tuple[str, ...] = ASKED) -> list[Finding]:
    return [one for judgement in judge_snapshot(seen, wanted=wanted) for one in judgement.findings]


def _fired(seen: str) -> dict[str, Severity]:
    return {one.code: one.severity for one in reversed(_findings(snapshot_of(seen)))}


def _open(seen: str) -> dict[str, str]:
    judged = judge_snapshot(snapshot_of(seen))
    return {one.code: one.reason or "" for one in judged if one.status is Status.INCONCLUSIVE}


GOOGLE, ALT = "aspmx.l.google.com", "alt1.aspmx.l.google.com"
M365, ZOHO = "example-test.mail.protection.outlook.com", "mx.zoho.com"
FILTER, OLD = "mx0a-00000000.pphosted.com", "mx00.kundenserver.de"


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (ONE, {"MX302": W}),
        (f"{ONE}mx1.example.test AAAA 2001:db8::1\n", {"MX302": W}),
        (f"{ONE}mx1.example.test A 192.0.2.9\n", {"MX301": N}),
        (_hosts((10, "a.example.test", "192.0.2.1"), (20, "b.example.test", "192.0.2.1")), {"MX208": W}),
        (f"{PAIR}{_hosts((30, 'mx3.example.test', '192.0.2.1'))}", {"MX208": W}),
        (_hosts((10, GOOGLE, "192.0.2.1"), (10, M365, "192.0.2.2")), {"MX304": E}),
        (_hosts((10, GOOGLE, "192.0.2.1"), (10, OLD, "192.0.2.2")), {"MX304": N}),
        (_hosts((10, GOOGLE, "192.0.2.1"), (20, M365, "192.0.2.2")), {"MX305": W}),
        (_hosts((10, "mx1.example.test", "192.0.2.1"), (20, M365, "192.0.2.2")), {"MX305": N}),
        (_hosts((10, GOOGLE, "192.0.2.1"), (20, OLD, "192.0.2.2")), {"MX305": N}),
        (_hosts((10, "backup.example.test", "192.0.2.1"), (20, "mx1.example.test", "192.0.2.2")), {"MX311": W}),
        (_hosts((10, "mx-bak.example.test", "192.0.2.1"), (20, "mx1.example.test", "192.0.2.2")), {"MX311": W}),
        (_hosts((10, "fb.mail.gandi.net", "192.0.2.1"), (20, "spool.mail.gandi.net", "192.0.2.2")), {"MX311": W}),
    ],
)
def test_each_fault_is_named_and_nothing_else(seen: str, fires: dict[str, Severity]) -> None:
    assert _fired(seen) == fires


@pytest.mark.parametrize(
    "seen",
    [
        PAIR,
        _hosts((1, "smtp.google.com", "192.0.2.1")),
        _hosts((0, M365, "192.0.2.1")),
        _hosts((10, "inbound-smtp.eu-west-1.amazonaws.com", "192.0.2.1")),
        "example.test MX 10 a.example.test\nexample.test MX 20 b.example.test\n"
        "a.example.test A 192.0.2.1\nb.example.test AAAA 2001:db8::1\n",
        _hosts((1, GOOGLE, "192.0.2.1"), (5, ALT, "192.0.2.1")),
        _hosts((10, GOOGLE, "192.0.2.1"), (10, ALT, "192.0.2.2")),
        _hosts((10, FILTER, "192.0.2.1"), (20, M365, "192.0.2.2")),
        _hosts((10, GOOGLE, "192.0.2.1"), (20, "tertiary-mx.co.uk", "192.0.2.2")),
        _hosts((10, GOOGLE, "192.0.2.1"), (20, "mx2.example.test", "192.0.2.2")),
        _hosts((10, "mx1.example.test", "192.0.2.1"), (20, "backup.example.test", "192.0.2.2")),
        _hosts((10, "backup1.example.test", "192.0.2.1"), (20, "backup2.example.test", "192.0.2.2")),
        _hosts((10, "mx1.backup-experts.test", "192.0.2.1"), (20, "mx1.example.test", "192.0.2.2")),
        _hosts((10, "feedback.example.test", "192.0.2.1"), (20, "mx1.example.test", "192.0.2.2")),
        _hosts((10, "backup.example.test", "192.0.2.1"), (10, "mx1.example.test", "192.0.2.2")),
        f"{ONE}example.test MX 20 gone.example.test\ngone.example.test NXDOMAIN\n",
    ],
)
def test_what_comes_near_is_no_lack_of_ways(seen: str) -> None:
    assert set(_fired(seen)) <= {"MX201"}


def test_one_machine_under_two_names_is_why_there_is_one_address() -> None:
    lines = _hosts((10, "a.example.test", "192.0.2.1"), (20, "b.example.test", "192.0.2.1"))
    (found,) = _findings(snapshot_of(lines))

    assert found.also == ("MX302 single-mail-address",)
    assert found.says == "a.example.test and b.example.test have the same address 192.0.2.1"
    (single,) = _findings(snapshot_of(ONE))
    assert single.also == ("MX301 single-mx",)


@pytest.mark.parametrize("code", ["MX208", "MX302", "MX304", "MX305"])
def test_hosts_that_could_not_be_looked_up_are_no_pass(code: str) -> None:
    assert (
        "could not be looked up"
        in _open(f"{PAIR}example.test MX 30 mx3.example.test\nmx3.example.test SERVFAIL\n")[code]
    )


EQUAL = PAIR.replace("MX 20", "MX 10")


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (f"{EQUAL}{UP1}192.0.2.2 hangs up\n", {"MX310": W}),
        (f"{EQUAL}{UP1}192.0.2.2 refuses connections\n", {"MX601": E}),
        (f"{EQUAL}{UP1}192.0.2.2 does not answer\n", {"MX602": E}),
        (f"{PAIR}mx2.example.test A 192.0.2.3\n{UP1}{UP2}192.0.2.3 hangs up\n", {"MX310": N}),
        (f"{EQUAL}{UP1}{UP2}", {}),
        (f"{EQUAL}{UP1}192.0.2.2 no way for its family\n", {}),
        (f'{PAIR}mx2.example.test A 192.0.2.3\n{UP1}{UP2}192.0.2.3 "421 4.3.2 the primary is up"\n', {}),
        (f"{EQUAL}192.0.2.1 hangs up\n192.0.2.2 hangs up\n", {}),
    ],
    ids=["half", "refused", "unanswered", "backup", "up", "unknown", "later", "whole"],
)
def test_a_part_of_a_preference_that_is_down_is_told_once(seen: str, fires: dict[str, Severity]) -> None:
    found = _findings(snapshot_of(seen), ("MX310", "MX60"))

    assert {one.code: one.severity for one in found} == fires
    if "MX601" in fires or "MX602" in fires:
        assert found[0].also == ("MX310 tier-partly-down",)
    if not fires and "no way" in seen:
        assert "MX310" in _open(seen)


RECIPIENTS = f'{PAIR}{UP1}{UP2}192.0.2.1 good "250 2.1.5 ok"\n'


def test_a_backup_that_does_harm_is_told_with_its_harms() -> None:
    seen = snapshot_of(f'{RECIPIENTS}192.0.2.2 good "550 5.1.1 no such user"\n')
    (found,) = _findings(seen, ("MX317",))

    assert (found.subject, found.severity) == ("mx2.example.test", N)
    assert "MX802 recipient-divergence" in found.says


def test_a_backup_without_harm_passes_and_one_of_which_nobody_asked_is_open() -> None:
    sound = (
        f'{RECIPIENTS}192.0.2.2 good "250 2.1.5 ok"\n192.0.2.1 random "550 5.1.1 no"\n192.0.2.2 random "550 5.1.1 no"\n'
    )
    harmed = snapshot_of(f'{RECIPIENTS}192.0.2.1 good "550 5.1.1 no such user"\n192.0.2.2 good "250 2.1.5 ok"\n')

    assert _findings(snapshot_of(sound), ("MX317",)) == []
    assert _findings(harmed, ("MX317",)) == []
    assert "no recipient was asked for" in _open(f"{PAIR}{UP1}{UP2}")["MX317"]
