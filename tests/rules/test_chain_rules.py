"""Rules about the MX set and the zone's servers: each fault alone, what comes near, what is not known, what folds."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.dns import AuthorityAnswer
from mxprobe.facts.finding import Finding, Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules import judge_snapshot
from tests.support.examples import snapshot_of

ONE = "example.test MX 10 mx1.example.test\nmx1.example.test A 192.0.2.1\n"
PAIR = f"{ONE}example.test MX 20 mx2.example.test\nmx2.example.test A 192.0.2.2\n"
ROOTS = "test NS a.nic.test\ncom NS a.gtld.test\nuk NS a.nic.uk\n"
GONE = "example.test MX 30 {0}\n{0} NXDOMAIN\n"
UP1 = '192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"\n192.0.2.1 certificate valid\n'
UP2 = '192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 STARTTLS"\n192.0.2.2 certificate valid\n'
E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFO
ASKED = "MX1", "MX2", "MX3", "MX4", "MX5", "MX6", "MX7", "MX8"


def _zone(*servers: tuple[str, tuple[str, ...], int]) -> str:
    """What servers of the zone say: their names, MX records, serials."""
    lines = []
    for name, records, serial in servers:
        lines += [f"authority {name} example.test MX {record}" for record in records]
        lines.append(f"authority {name} example.test SOA ns1.example.test. h.example.test. {serial} 3600 900 604800 60")
    return "\n".join(lines) + "\n"


SAME = ("10 mx1.example.test", "20 mx2.example.test")
AGREE = _zone(("ns1.example.test", SAME, 7), ("ns2.example.test", SAME[::-1], 7))


def _findings(seen: Snapshot) -> list[Finding]:
    return [one for judgement in judge_snapshot(seen, wanted=ASKED) for one in judgement.findings]


def _fired(seen: str) -> dict[str, Severity]:
    return {one.code: one.severity for one in reversed(_findings(snapshot_of(seen)))}


def _one(seen: str, code: str) -> Finding:
    (found,) = (one for one in _findings(snapshot_of(seen)) if one.code == code)
    return found


def _open(seen: Snapshot) -> dict[str, str]:
    judged = judge_snapshot(seen)
    return {one.code: one.reason or "" for one in judged if one.status is Status.INCONCLUSIVE}


def test_a_sound_pair_with_servers_that_agree_raises_nothing() -> None:
    assert _fired(PAIR + UP1 + UP2 + AGREE) == {}


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (f"{PAIR}example.test MX 30 192.0.2.9\n", {"MX110": E}),
        (f"{PAIR}example.test MX 30 [192.0.2.9]\n", {"MX110": E}),
        (f"{PAIR}example.test MX 30 2001:db8::1\n", {"MX110": E}),
        ("example.test MX 10 192.0.2.9\n", {"MX204": E}),
        (PAIR + GONE.format("mail\\032x.example.test"), {"MX111": E}),
        (PAIR + GONE.format("-mx.example.test"), {"MX111": E}),
        (PAIR + GONE.format("mx-.example.test"), {"MX111": E}),
        (f"{PAIR}example.test MX 30 mx_3.example.test\nmx_3.example.test A 192.0.2.3\n", {"MX111": W}),
        (PAIR + GONE.format("mx_3.example.test"), {"MX201": E}),
        (f"{PAIR}example.test MX 30 {'a.' * 121}example.test\n{'a.' * 121}example.test A 192.0.2.3\n", {"MX111": E}),
        (PAIR + GONE.format("mx1.example.test.example.test"), {"MX112": E}),
        (PAIR + GONE.format("mail"), {"MX112": E}),
        (f"{PAIR}example.test MX 30 mail\nmail SERVFAIL\n", {"MX112": E}),
        (f"{PAIR}example.test MX 30 mx1.example.test\n", {"MX113": W}),
        (PAIR + _zone(("ns1.example.test", SAME, 7), ("ns2.example.test", SAME[:1], 6)), {"MX117": W}),
        (PAIR + _zone(("ns1.example.test", SAME, 7), ("ns2.example.test", ("10 a.test", SAME[1]), 7)), {"MX117": E}),
        (
            f"{PAIR}{_zone(('ns1.example.test', SAME, 7))}authority ns2.example.test example.test MX TIMEOUT\n",
            {"MX118": W},
        ),
        (
            f"{PAIR}{_zone(('ns1.example.test', SAME, 7))}authority ns2.example.test example.test MX REFUSED\n",
            {"MX118": W},
        ),
        (
            f"{PAIR}{AGREE}example.test NS ns9.test\nns9.test A NXDOMAIN\nns9.test AAAA NXDOMAIN\n",
            {"MX118": W},
        ),
        (f"{PAIR}example.test MX ttl 86401\n", {"MX401": W}),
        (f"{ONE}{AGREE}mx1.example.test A 192.0.2.9\n", {"MX301": N, "MX405": W}),
        (f"{PAIR}{ROOTS}old.test NS NXDOMAIN\n{GONE.format('mx.old.test')}", {"MX522": E}),
        (f"{PAIR}{ROOTS}co.uk NS a.nic.uk\nold.co.uk NS NXDOMAIN\n{GONE.format('mx.old.co.uk')}", {"MX522": E}),
        (f"{PAIR}{ROOTS}co.uk NS NODATA\nold.co.uk NS NXDOMAIN\n{GONE.format('mx.old.co.uk')}", {"MX522": E}),
    ],
)
def test_each_fault_of_the_set_is_named_and_nothing_else(seen: str, fires: dict[str, Severity]) -> None:
    assert _fired(seen) == fires


@pytest.mark.parametrize(
    "seen",
    [
        f"{PAIR}example.test MX 30 1.2.3.example.test\n1.2.3.example.test A 192.0.2.3\n",
        f"{PAIR}example.test MX 30 mx-3.example.test\nmx-3.example.test A 192.0.2.3\n",
        f"{PAIR}example.test MX 30 xn--mx-yka.example.test\nxn--mx-yka.example.test A 192.0.2.3\n",
        f"{PAIR}example.test MX 30 mx.notexample.test\nmx.notexample.test A 192.0.2.3\n",
        f"{PAIR}example.test MX 30 example.test\nexample.test A 192.0.2.3\n",
        f"{PAIR}example.test MX ttl 86400\n{AGREE}",
        PAIR + _zone(("ns1.example.test", SAME, 7), ("ns2.example.test", SAME, 6)),
        f"{PAIR}{AGREE}authority ns1.example.test other.test MX 10 elsewhere.test\n",
    ],
    ids=["digits", "hyphen", "a-label", "no-label-border", "apex", "a-day", "serials-alone", "another-question"],
)
def test_what_comes_near_is_no_fault_of_the_set(seen: str) -> None:
    assert _fired(seen) == {}


def test_a_doubled_name_that_takes_mail_is_meant_and_one_that_was_not_seen_is_open() -> None:
    doubled = f"{PAIR}example.test MX 30 mx.example.test.example.test\nmx.example.test.example.test A 192.0.2.3\n"
    answers = '192.0.2.3 "220 mx.example.test.example.test ESMTP" "250-x" "250 STARTTLS"\n192.0.2.3 certificate valid\n'
    refuses = "192.0.2.3 refuses connections\n"

    assert "MX112" not in _fired(doubled + UP1 + UP2 + answers)
    assert "was not seen" in _open(snapshot_of(doubled))["MX112"]
    assert _fired(doubled + UP1 + UP2 + refuses)["MX112"] is E


def test_the_host_that_was_meant_is_told_with_its_address() -> None:
    found = _one(f"{PAIR}{GONE.format('mx1.example.test.example.test')}", "MX112")

    assert "mx1.example.test: 192.0.2.1" in found.seen
    assert found.paste == (
        "; all MX records of example.test, with this mended",
        "example.test. 3600 IN MX 10 mx1.example.test.",
        "example.test. 3600 IN MX 20 mx2.example.test.",
    )
    assert found.also == ("MX201 mx-target-nxdomain",)


def test_an_alias_is_pasted_by_its_canonical_name_once() -> None:
    alias = "example.test MX 20 a.example.test\na.example.test CNAME {0}\n{0} A 192.0.2.9\n"
    own = _one(f"{ONE}{alias.format('r.example.test')}", "MX104")
    double = _one(f"{ONE}{alias.format('mx1.example.test').replace('192.0.2.9', '192.0.2.1')}", "MX104")

    assert own.paste[1:] == (
        "example.test. 3600 IN MX 10 mx1.example.test.",
        "example.test. 3600 IN MX 20 r.example.test.",
    )
    assert double.paste[1:] == ("example.test. 3600 IN MX 10 mx1.example.test.",)


def test_where_no_host_is_left_what_is_wrong_with_each_follows() -> None:
    assert _one("example.test MX 10 192.0.2.9\n", "MX204").also == ("MX110 mx-target-is-ip-address",)
    both = "example.test MX 10 192.0.2.9\n" + GONE.format("mx.example.test.example.test")
    assert set(_one(both, "MX204").also) >= {"MX110 mx-target-is-ip-address", "MX112 mx-target-not-absolute"}
    assert set(_fired(both)) == {"MX204"}


def test_an_unregistered_domain_is_the_cause_and_the_missing_host_follows() -> None:
    found = _one(f"{PAIR}{ROOTS}old.test NS NXDOMAIN\n{GONE.format('mx.old.test')}", "MX522")

    assert found.subject == "mx.old.test"
    assert found.also == ("MX201 mx-target-nxdomain",)
    assert "Whoever registers old.test" in found.means


@pytest.mark.parametrize(
    "names",
    [
        f"{ROOTS}old.test NS ns.old.test\nmx.old.test NS NXDOMAIN\n{GONE.format('mx.old.test')}",
        f"{ROOTS}{GONE.format('mx.example.test')}",
        f"local NS NXDOMAIN\n{GONE.format('mx.old.local')}",
    ],
    ids=["registered", "own-domain", "no-such-top-level"],
)
def test_a_missing_host_whose_domain_nobody_can_register_is_only_missing(names: str) -> None:
    assert _fired(PAIR + names) == {"MX201": E}
    assert "MX522" not in _open(snapshot_of(PAIR + names))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (GONE.format("mx.old.test"), "test NS was not asked for"),
        (f"test NS SERVFAIL\n{GONE.format('mx.old.test')}", "could not be looked up (servfail)"),
        (
            f"{ROOTS}priv.uk NS a.nic.uk\nold.priv.uk NS NXDOMAIN\n{GONE.format('mx.old.priv.uk')}",
            "register names under priv.uk is not known",
        ),
        ("example.test MX 30 mx.old.test\nmx.old.test SERVFAIL\n", "could not be looked up"),
    ],
)
def test_a_domain_of_which_too_little_is_known_is_left_open(names: str, reason: str) -> None:
    seen = snapshot_of(PAIR + names)

    assert reason in _open(seen)["MX522"]
    assert "MX522" not in _fired(PAIR + names)


def test_what_each_server_has_is_told_with_its_serial() -> None:
    found = _one(PAIR + _zone(("ns1.example.test", SAME, 7), ("ns2.example.test", SAME[:1], 6)), "MX117")

    assert found.seen == (
        "ns1.example.test/192.0.2.53: MX 10 mx1.example.test, MX 20 mx2.example.test; serial 7",
        "ns2.example.test/192.0.2.53: MX 10 mx1.example.test; serial 6",
    )
    assert "serials differ" in found.do


def test_an_older_probe_and_a_zone_file_leave_the_servers_open() -> None:
    seen = snapshot_of(PAIR)
    refused = snapshot_of(f"{PAIR}authority ns1.example.test example.test MX REFUSED\n")

    for code in ("MX117", "MX118", "MX401", "MX405"):
        assert "were not asked" in _open(seen)[code]
        assert "none of the zone's own name servers was heard" in _open(refused)[code]


def test_what_a_server_says_without_authority_does_not_count() -> None:
    seen = snapshot_of(PAIR + _zone(("ns1.example.test", SAME, 7), ("ns2.example.test", SAME[:1], 6)))

    def lame(one: AuthorityAnswer) -> AuthorityAnswer:
        return replace(one, answer=replace(one.answer, authoritative=one.server == "ns1.example.test"))

    codes = {one.code for one in _findings(replace(seen, authorities=tuple(map(lame, seen.authorities))))}

    assert codes == {"MX118"}


def test_one_server_that_was_heard_beside_one_that_was_not_is_no_agreement() -> None:
    lines = f"{PAIR}{_zone(('ns1.example.test', SAME, 7))}authority ns2.example.test example.test MX TIMEOUT\n"

    assert _open(snapshot_of(lines))["MX117"] == "only ns1.example.test was heard: ns2.example.test was not"


def test_the_ttl_is_that_of_the_zone_and_not_what_is_left_of_a_copy() -> None:
    seen = snapshot_of(PAIR + AGREE)
    long = tuple(
        replace(
            one, answer=replace(one.answer, records=tuple(replace(record, ttl=604800) for record in one.answer.records))
        )
        for one in seen.authorities
    )

    (found,) = (one for one in _findings(replace(seen, authorities=long)) if one.code == "MX401")
    assert "168 h" in found.means
    assert all("604800" in line for line in found.seen)


@pytest.mark.parametrize(
    "lines",
    [
        "example.test NXDOMAIN",
        "example.test SERVFAIL",
        "example.test MX 0 .",
        "example.test NODATA",
        "example.test MX 0 .\nexample.test MX 10 .",
    ],
)
def test_a_domain_without_hosts_has_no_faults_of_hosts(lines: str) -> None:
    wanted = {"MX110", "MX111", "MX112", "MX113", "MX208", "MX301", "MX302", "MX304", "MX305", "MX311", "MX522"}

    assert not wanted & set(_fired(lines))
    if "SERVFAIL" in lines:
        assert wanted <= set(_open(snapshot_of(lines)))
