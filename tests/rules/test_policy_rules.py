"""Rules about MTA-STS, its reports and names of addresses: what raises each, what comes near, what is not known."""

import pytest

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules import judge_snapshot
from tests.support.examples import snapshot_of

HOSTS = """\
example.test MX 10 mx1.example.test
example.test MX 20 mx2.example.test
mx1.example.test A 192.0.2.1
mx2.example.test A 192.0.2.2
192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 STARTTLS"
"""
VALID = "192.0.2.1 certificate valid\n192.0.2.2 certificate valid\n"
OTHER = "192.0.2.1 certificate valid\n192.0.2.2 certificate another name\n"
RECORD = "_mta-sts.example.test TXT v=STSv1; id=1\n"
REPORTS = "_smtp._tls.example.test TXT v=TLSRPTv1; rua=mailto:a@example.test\n"
NAMES = """\
1.2.0.192.in-addr.arpa PTR mx1.example.test
2.2.0.192.in-addr.arpa PTR mx2.example.test
"""


def _policy(mode: str = "enforce", *mx: str) -> str:
    patterns = " ".join(f'"mx: {name}"' for name in mx or ("mx1.example.test", "mx2.example.test"))
    return f'policy "version: STSv1" "mode: {mode}" {patterns} "max_age: 604800"\n'


SOUND = HOSTS + VALID + RECORD + REPORTS + NAMES


def _fired(snapshot: Snapshot) -> dict[str, Severity]:
    """The codes of what is found, with the severity of the first finding of each."""
    found = [one for judgement in judge_snapshot(snapshot, unwanted=("MX0",)) for one in judgement.findings]
    return {one.code: one.severity for one in reversed(found)}


def _open(snapshot: Snapshot) -> dict[str, str]:
    """The rules that could not be judged, with their reasons."""
    judged = judge_snapshot(snapshot)
    return {one.code: one.reason or "" for one in judged if one.status is Status.INCONCLUSIVE}


def test_a_domain_whose_policy_works_raises_nothing_but_that() -> None:
    seen = snapshot_of(SOUND + _policy())

    assert _fired(seen) == {"MX770": Severity.OK}


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (HOSTS + VALID + NAMES + REPORTS + "_mta-sts.example.test TXT v=STSv1; id=a-b\n", {"MX771": Severity.ERROR}),
        (HOSTS + VALID + NAMES + REPORTS + RECORD + RECORD, {"MX771": Severity.ERROR}),
        (SOUND + "policy http-status 404", {"MX772": Severity.ERROR}),
        (SOUND + "policy redirect to www", {"MX772": Severity.ERROR}),
        (SOUND + "policy no-address", {"MX772": Severity.ERROR}),
        (SOUND + "policy timeout", {"MX772": Severity.WARNING}),
        (SOUND + "policy bad-certificate expired", {"MX773": Severity.ERROR}),
        (SOUND + 'policy "version: STSv1" "mode: always" "max_age: 1"', {"MX774": Severity.ERROR}),
        (SOUND + _policy("enforce", "mx1.example.test"), {"MX775": Severity.ERROR}),
        (SOUND + _policy("testing", "mx1.example.test"), {"MX775": Severity.WARNING}),
        (HOSTS + OTHER + RECORD + REPORTS + NAMES + _policy(), {"MX777": Severity.ERROR}),
        (HOSTS + OTHER + RECORD + REPORTS + NAMES + _policy("testing"), {"MX777": Severity.WARNING}),
        (
            HOSTS + VALID + RECORD + NAMES + _policy() + "_smtp._tls.example.test NXDOMAIN",
            {"MX770": Severity.OK, "MX783": Severity.INFO},
        ),
        (
            SOUND.replace("2.2.0.192.in-addr.arpa PTR mx2.example.test", "2.2.0.192.in-addr.arpa NODATA") + _policy(),
            {"MX770": Severity.OK, "MX880": Severity.WARNING},
        ),
        (
            SOUND.replace("PTR mx2.example.test", "PTR mx1.example.test") + _policy(),
            {"MX770": Severity.OK, "MX881": Severity.WARNING},
        ),
    ],
)
def test_each_fault_is_named_and_nothing_else(seen: str, fires: dict[str, Severity]) -> None:
    assert _fired(snapshot_of(seen)) == fires


@pytest.mark.parametrize(
    "seen",
    [
        SOUND + _policy("enforce", "*.example.test"),
        SOUND + 'policy "version: STSv1" "mode: none" "max_age: 86400"',
        HOSTS + VALID + NAMES + "_mta-sts.example.test NXDOMAIN\n",
        HOSTS + VALID + NAMES + "_mta-sts.example.test TXT something else\n",
    ],
    ids=["pattern", "mode-none", "no-record", "another-text"],
)
def test_what_comes_near_is_no_fault(seen: str) -> None:
    assert set(_fired(snapshot_of(seen))) <= {"MX770"}


@pytest.mark.parametrize(
    ("seen", "codes", "reason"),
    [
        (HOSTS + VALID, ("MX771", "MX772", "MX774", "MX775", "MX777", "MX783", "MX770"), "nobody asked"),
        (HOSTS + VALID + "_mta-sts.example.test SERVFAIL\n", ("MX770", "MX771", "MX772", "MX775"), "lookup failed"),
        (SOUND, ("MX770", "MX772", "MX774", "MX775", "MX777"), "was not fetched"),
        (SOUND + "policy local port 443 is blocked here", ("MX772", "MX775"), "blocked here"),
        (SOUND + "policy lookup-failed", ("MX772", "MX770"), "could not be had"),
        (SOUND + "policy wrong-type text/html", ("MX772",), "text/html"),
        (HOSTS + RECORD + _policy(), ("MX770", "MX777"), "no handshake was seen"),
        (HOSTS + VALID + RECORD + _policy(), ("MX783",), "not known"),
        (
            SOUND.replace("2.2.0.192.in-addr.arpa PTR mx2.example.test", "2.2.0.192.in-addr.arpa SERVFAIL"),
            ("MX880", "MX881"),
            "the PTR lookup failed",
        ),
    ],
)
def test_what_was_not_seen_is_left_open(seen: str, codes: tuple[str, ...], reason: str) -> None:
    unknown = _open(snapshot_of(seen))

    for code in codes:
        assert reason in unknown.get(code, "judged"), code


def test_one_cause_is_told_once() -> None:
    judged = judge_snapshot(snapshot_of(HOSTS + OTHER + RECORD + REPORTS + NAMES + _policy()), unwanted=("MX0",))
    (found,) = (one for judgement in judged for one in judgement.findings)

    assert found.code == "MX777"
    assert set(found.also) == {"MX707 cert-name-mismatch", "MX715 tls-parity-gap"}
    assert "certificate for relay.isp.example" in found.seen[0]
