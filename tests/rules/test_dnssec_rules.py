"""Rules about DNSSEC: what raises each, what comes near, what is not known."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules import judge_snapshot
from tests.support.examples import snapshot_of

ABOUT = ("MX004", "MX102", "MX203", "MX50")
HOSTS = """\
example.test MX 10 mx1.example.test
example.test MX 20 mx.provider.test
mx1.example.test A 192.0.2.1
mx.provider.test A 192.0.2.2
"""
SECURE = HOSTS + "secure example.test MX\nsecure mx1.example.test A\nsecure mx1.example.test AAAA\n"
SOUND = SECURE + "secure mx.provider.test A\nsecure mx.provider.test AAAA\n"
ROOT = ". SOA a.root-servers.net. nobody.invalid. 1 3600 900 604800 60\n"
WHY = "not-signed: the zone above proves that it has none"
INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR


def _fired(snapshot: Snapshot) -> dict[str, Severity]:
    judged = judge_snapshot(snapshot, wanted=ABOUT)
    return {one.code: one.severity for judgement in judged for one in judgement.findings}


def _open(snapshot: Snapshot) -> dict[str, str]:
    judged = judge_snapshot(snapshot, wanted=ABOUT)
    return {one.code: one.reason or "" for one in judged if one.status is Status.INCONCLUSIVE}


def _own(text: str) -> Snapshot:
    """What our own validator saw."""
    return replace(snapshot_of(text), asked_for=("resolver", "dnssec"))


def test_a_domain_whose_signatures_hold_raises_nothing() -> None:
    assert (_fired(_own(SOUND)), _open(_own(SOUND))) == ({}, {})


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (HOSTS + "bogus example.test MX expired: it expired", {"MX501": ERROR}),
        ("example.test SERVFAIL\nbogus example.test MX servfail: the resolver fails", {"MX501": ERROR}),
        (HOSTS + f"insecure example.test MX {WHY}", {"MX502": INFO}),
        (SECURE + "bogus mx.provider.test A expired: it expired", {"MX503": ERROR}),
        (SOUND + "bogus _25._tcp.mx1.example.test TLSA no-proof: nothing proves it", {"MX503": ERROR}),
        (SECURE + "mx.provider.test SERVFAIL\nbogus mx.provider.test A servfail: it fails", {"MX503": ERROR}),
        (SECURE + f"insecure mx.provider.test A {WHY}", {"MX504": INFO}),
        (SOUND.replace("secure example.test MX", "secure example.test MX for 2 of 14 days"), {"MX505": WARNING}),
        (SOUND + "secure mx.provider.test A for 1 of 30 days", {"MX505": WARNING}),
        (SOUND + "secure _25._tcp.mx1.example.test TLSA for 1 of 30 days", {"MX505": WARNING}),
    ],
)
def test_each_fault_is_named_and_nothing_else(seen: str, fires: dict[str, Severity]) -> None:
    assert _fired(_own(seen)) == fires


@pytest.mark.parametrize(
    "seen",
    [
        SOUND.replace("secure example.test MX", "secure example.test MX for 3 of 14 days"),
        SOUND.replace("secure example.test MX", "secure example.test MX for 1 of 2 days"),
        SOUND + "secure _25._tcp.mx1.example.test TLSA",
        SECURE + f"secure mx.provider.test A\ninsecure mx.provider.test AAAA {WHY}",
    ],
    ids=["three-days", "short-by-design", "tlsa", "an-absence-that-is-not-signed"],
)
def test_what_comes_near_is_no_fault(seen: str) -> None:
    assert _fired(_own(seen)) == {}


def test_what_ends_at_the_same_link_or_in_the_same_zone_is_told_once() -> None:
    bogus = _own(
        HOSTS + "bogus example.test MX expired: the signature expired\n"
        "bogus mx1.example.test A expired: the signature expired\nsecure mx.provider.test A\n"
    )
    unsigned = _own(HOSTS + f"insecure example.test MX {WHY}\ninsecure mx1.example.test A {WHY}\n")
    both = _own(HOSTS + f"insecure example.test MX {WHY}\ninsecure mx.provider.test A {WHY}\n")

    (finding,) = [one for judged in judge_snapshot(bogus, wanted=ABOUT) for one in judged.findings]
    assert (finding.code, finding.also) == ("MX501", ("MX503 dnssec-bogus-mx-target",))
    assert "Sign the zone again" in finding.do
    assert _fired(unsigned) == {"MX502": INFO}
    assert _fired(both) == {"MX502": INFO, "MX504": INFO}


def test_a_failure_that_is_one_of_signatures_is_not_told_twice() -> None:
    failed = replace(snapshot_of("example.test SERVFAIL"), asked_for=("resolver",))
    bogus = snapshot_of("example.test SERVFAIL\nbogus example.test MX servfail: it fails")

    assert (_fired(failed), _fired(bogus)) == ({"MX102": ERROR}, {"MX501": ERROR})


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (ROOT, {"MX004": INFO}),
        (ROOT + "validated . SOA\nbogus-name bad.test\nbad.test A 192.0.2.9", {"MX004": INFO}),
        (ROOT + "validated . SOA\nbogus-name bad.test\nbad.test A NODATA", {"MX004": INFO}),
        (ROOT + "validated . SOA\nbogus-name bad.test\nbad.test SERVFAIL", {}),
        (ROOT + "validated . SOA", {}),
    ],
)
def test_the_resolver_is_told_by_what_is_signed_and_what_is_bogus(seen: str, fires: dict[str, Severity]) -> None:
    snapshot = snapshot_of(HOSTS + seen)

    assert {code: one for code, one in _fired(snapshot).items() if code == "MX004"} == fires
    assert "MX004" not in _open(snapshot)
    assert "MX004" not in _fired(replace(snapshot, asked_for=("dnssec",)))


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        ("validated . SOA\nvalidated example.test MX", {"MX504": INFO}),
        ("validated . SOA", {"MX502": INFO, "MX504": INFO}),
    ],
)
def test_the_word_of_a_resolver_that_validates_is_believed(seen: str, fires: dict[str, Severity]) -> None:
    assert _fired(snapshot_of(HOSTS + ROOT + seen)) == fires


@pytest.mark.parametrize(
    ("seen", "codes", "reason"),
    [
        (HOSTS, ("MX501", "MX502", "MX503", "MX504"), "--dnssec makes this probe one"),
        (HOSTS, ("MX505",), "no signature was read"),
        (HOSTS, ("MX004",), "was not asked about the root"),
        (HOSTS + ". SOA REFUSED", ("MX004",), "no answer about the root"),
        (
            HOSTS + ROOT + "validated . SOA\nbogus-name bad.test\nbad.test TIMEOUT",
            ("MX004",),
            "neither yes nor no",
        ),
        ("example.test SERVFAIL", ("MX501", "MX502"), "the lookup failed"),
        ("example.test MX TIMEOUT", ("MX501", "MX502", "MX503", "MX504"), ""),
        (
            SOUND.replace("secure example.test MX", "secure example.test MX for 0 of 3 days"),
            ("MX505",),
            "may be new each time",
        ),
    ],
)
def test_what_was_not_seen_is_left_open(seen: str, codes: tuple[str, ...], reason: str) -> None:
    unknown = _open(snapshot_of(seen))

    assert set(codes) <= set(unknown)
    assert all(reason in unknown[code] for code in codes)


def test_who_validates_does_not_believe_the_bit() -> None:
    seen = _own(HOSTS + ROOT + "validated . SOA\nvalidated example.test MX\n")

    assert _fired(seen) == {}
    assert {"MX501", "MX502", "MX503", "MX504"} <= set(_open(seen))


def test_a_link_that_could_not_be_had_accuses_nobody() -> None:
    seen = _own(
        HOSTS + "unknown example.test MX no-answer: example.test DNSKEY: nobody says what the zone's keys are\n"
    )

    assert not {"MX501", "MX502"} & set(_fired(seen))
    assert "nobody says" in _open(seen)["MX501"]
