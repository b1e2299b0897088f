"""Rules about what changed and what nobody approved: a renewal is no change, a stranger always is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Severity, Status
from mxprobe.lab.certs import Authority
from mxprobe.mx.tlsidentity import key_digest
from mxprobe.rules import judge_snapshot
from tests.support.examples import beside_of, judged, snapshot_of

CERTIFICATE = "{0} certificate valid key {1} by CN=An authority\n"
SERVICE = '{0} "220 {1}.example.test ESMTP" "250-{1}.example.test" "250 STARTTLS"\n'
SOUND = (
    """\
looked 2026-03-10T12:00Z
example.test MX 10 mx1.example.test
example.test MX 20 mx2.example.test
example.test NS ns1.example.test.
example.test NS ns2.example.test.
example.test SOA ns1.example.test. hostmaster.example.test. 1 7200 900 1209600 300
example.test DS 4711 13 2 AAAA
mx1.example.test A 192.0.2.1
mx2.example.test A 192.0.2.2
_25._tcp.mx1.example.test TLSA 3 1 1 aa
_mta-sts.example.test TXT v=STSv1; id=1
policy "version: STSv1" "mode: enforce" "mx: *.example.test" "max_age: 604800"
_smtp._tls.example.test TXT v=TLSRPTv1; rua=mailto:a@example.test
1.2.0.192.in-addr.arpa PTR mx1.example.test
2.2.0.192.in-addr.arpa PTR mx2.example.test
"""
    + SERVICE.format("192.0.2.1", "mx1")
    + SERVICE.format("192.0.2.2", "mx2")
    + CERTIFICATE.format("192.0.2.1", 1)
    + CERTIFICATE.format("192.0.2.2", 1)
)
SAME = "before looked 2026-02-10T12:00Z\n"
OURS = ("MX406", "MX407", "MX408", "MX409", "MX411", "MX520", "MX521", "MX526", "MX529", "MX780")
MOVED = (  # mx1 at another address, in another network
    SOUND.replace("192.0.2.1", "203.0.113.1").replace("1.2.0.192", "1.113.0.203")
    + "before mx1.example.test A 192.0.2.1\n"
    + "before "
    + SERVICE.format("192.0.2.1", "mx1")
    + "before "
    + CERTIFICATE.format("192.0.2.1", 1)
)


def _found(block: str) -> list[Finding]:
    return [one for judgement in judged(SAME + block) for one in judgement.findings if one.code in OURS]


def _fired(block: str) -> dict[str, Severity]:
    return {one.code: one.severity for one in _found(block)}


def _open(block: str) -> dict[str, str]:
    """The rules that could not be judged, with their reasons."""
    return {one.code: one.reason or "" for one in judged(block) if one.status is Status.INCONCLUSIVE}


def _without(name: str) -> str:
    """The sound domain without its records of a name and type."""
    return "".join(f"{line}\n" for line in SOUND.splitlines() if not line.startswith(f"{name} "))


# -- what is renewed ---------------------------------------------------------------------------------------------------

RENEWALS = {
    "nothing": "",
    "key": "before " + CERTIFICATE.format("192.0.2.1", 7),
    "both keys": "before " + CERTIFICATE.format("192.0.2.1", 7) + "before " + CERTIFICATE.format("192.0.2.2", 8),
    "issuer": "before 192.0.2.1 certificate valid key 1 by CN=Another authority\n",
    "key and issuer at the same address": "before 192.0.2.1 certificate valid key 7 by CN=Another authority\n",
    "key and the TLSA record of it": "before _25._tcp.mx1.example.test TLSA 3 1 1 bb\nbefore "
    + CERTIFICATE.format("192.0.2.1", 7),
    "policy and its id": 'before policy "version: STSv1" "mode: testing" "mx: *.example.test" "max_age: 86400"\n'
    "before _mta-sts.example.test TXT v=STSv1; id=0\n",
    "id alone": "before _mta-sts.example.test TXT v=STSv1; id=0\n",
    "blanks of the policy": 'before policy "version: STSv1 " "mode:  enforce" "mx: *.example.test" "max_age: 604800"\n',
    "lines of the policy in another order": 'before policy "max_age: 604800" "version: STSv1" "mx: *.example.test" '
    '"mode: enforce"\n',
    "serial": "before example.test SOA ns1.example.test. hostmaster.example.test. 9 7200 900 1209600 300\n",
    "TTL": "before example.test MX ttl 300\n",
    "letters of names": "before example.test NS NS1.Example.Test.\nbefore example.test NS ns2.example.test\n",
    "key of the zone": "before example.test DS 4712 13 2 BBBB\n",
    "signing began": "before example.test DS NODATA\n",
}


@pytest.mark.parametrize("block", RENEWALS.values(), ids=RENEWALS)
def test_a_renewal_raises_nothing_above_a_note(block: str) -> None:
    assert set(_fired(SOUND + block).values()) <= {Severity.INFO}


def test_a_renewal_leaves_nothing_open() -> None:
    unknown = _open(SAME + SOUND + RENEWALS["key and the TLSA record of it"])

    assert set(unknown) & {"MX520", "MX526", "MX529", "MX780"} == set()


def test_a_new_key_of_the_zone_is_a_note() -> None:
    (found,) = _found(SOUND + RENEWALS["key of the zone"])

    assert (found.code, found.severity) == ("MX526", Severity.INFO)
    assert found.seen[:2] == ("gone: keys (DS) 4712 13 2 bbbb", "new: keys (DS) 4711 13 2 aaaa")


# -- what is forged ----------------------------------------------------------------------------------------------------

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
STRANGER = "before example.test MX 10 a.isp.test\nbefore example.test MX 20 b.isp.test\n"
FORGED: dict[str, tuple[Severity, str]] = {
    "host of a known network replaced": (
        INFO,
        "before example.test MX 10 mx9.example.test\nbefore example.test MX 20 mx2.example.test\n",
    ),
    "host of a known network added": (INFO, "before example.test MX 10 mx1.example.test\n"),
    "host taken away": (
        WARNING,
        "before example.test MX 10 mx1.example.test\nbefore example.test MX 20 mx2.example.test\n"
        "before example.test MX 30 mx3.example.test\n",
    ),
    "every host": (ERROR, STRANGER),
    "preferences swapped": (
        WARNING,
        "before example.test MX 20 mx1.example.test\nbefore example.test MX 10 mx2.example.test\n",
    ),
    "preference of one": (
        INFO,
        "before example.test MX 10 mx1.example.test\nbefore example.test MX 30 mx2.example.test\n",
    ),
    "none before": (WARNING, "before example.test MX NODATA\n"),
    "no domain before": (WARNING, "before example.test MX NXDOMAIN\n"),
    "null MX before": (WARNING, "before example.test MX 0 .\n"),
    "network of the address": (
        WARNING,
        "before mx1.example.test A 198.51.100.1\nbefore mx2.example.test A 198.51.100.1\n",
    ),
    "address next to others": (INFO, "before mx1.example.test A 198.51.100.1\n"),
    "second address gone": (INFO, "before mx1.example.test A 192.0.2.1\nbefore mx1.example.test A 192.0.2.7\n"),
    "family taken away": (INFO, "before mx1.example.test AAAA 2001:db8::1\n"),
    "family added": (WARNING, "mx2.example.test AAAA 2001:db8::2\nbefore mx2.example.test AAAA NODATA\n"),
}


@pytest.mark.parametrize(("severity", "block"), FORGED.values(), ids=FORGED)
def test_other_mx_records_or_addresses_are_a_drift(severity: Severity, block: str) -> None:
    assert _fired(SOUND + block) == {"MX520": severity}


DELEGATED: dict[str, tuple[Severity, str]] = {
    "every server": (ERROR, "before example.test NS a.dns.test\nbefore example.test NS b.dns.test\n"),
    "one of two": (WARNING, "before example.test NS ns1.example.test\nbefore example.test NS ns9.example.test\n"),
    "one more": (WARNING, "before example.test NS ns1.example.test\n"),
    "one more in a known network": (
        INFO,
        "before example.test NS ns1.example.test\nns1.example.test A 192.0.2.53\nns2.example.test A 192.0.2.54\n",
    ),
    "one less": (
        INFO,
        "before example.test NS ns1.example.test\nbefore example.test NS ns2.example.test\n"
        "before example.test NS ns3.example.test\n",
    ),
    "first server": (
        WARNING,
        "before example.test SOA ns9.dns.test. hostmaster.example.test. 1 7200 900 1209600 300\n",
    ),
    "servers and their keys": (ERROR, "before example.test NS a.dns.test\nbefore example.test DS 1 13 2 CC\n"),
}


@pytest.mark.parametrize(("severity", "block"), DELEGATED.values(), ids=DELEGATED)
def test_another_delegation_is_told_and_is_an_error_where_mail_went_to_strangers_too(
    severity: Severity, block: str
) -> None:
    assert _fired(SOUND + block) == {"MX526": severity}

    found = _found(SOUND + block + STRANGER)
    assert [(one.code, one.severity, one.also) for one in found] == [("MX526", Severity.ERROR, ("MX520 mx-drift",))]
    assert "gone: MX 10 a.isp.test" in found[0].seen


def test_signatures_given_up_are_no_renewal() -> None:
    unsigned = _without("example.test DS") + "example.test DS NODATA\nbefore example.test DS 1 13 2 CC\n"

    assert _fired(unsigned) == {"MX526": Severity.WARNING}


def test_servers_that_name_different_first_servers_at_one_time_are_no_change() -> None:
    two = SOUND + "before example.test SOA ns2.example.test. h.example.test. 1 7200 900 1209600 300\n"
    both = "authority ns2.example.test example.test SOA ns2.example.test. h.example.test. 1 7200 900 1209600 300\n"

    assert _fired(two) == {"MX526": Severity.INFO}
    assert _fired(two + both) == {}


def test_the_zone_above_is_compared_for_a_domain_that_is_none() -> None:
    below = _without("example.test NS") + "example.test NS NODATA\n"
    below = below.replace("example.test SOA", "test SOA").replace("example.test DS", "test DS")
    zone = below + "test NS ns1.example.test\n"

    assert _fired(zone) == {}
    assert _fired(zone + "before test NS ns9.example.test\n") == {"MX526": Severity.WARNING}


# -- operators ---------------------------------------------------------------------------------------------------------

SWAPPED = {
    "listed hosts": "approved mx: [10 mx1, 20 mx2.isp.test]\n",
    "listed operators": "approved operators: [isp.test]\n",
    "no host at all": "approved mx: []\n",
    "end of a name is no operator": "approved operators: [ple.test]\n",
    "a host below a listed one": "approved mx: [10 test, 20 le.test]\n",
}


@pytest.mark.parametrize("block", SWAPPED.values(), ids=SWAPPED)
def test_a_host_that_nobody_approved_is_an_error_and_the_drift_is_told_under_it(block: str) -> None:
    found = _found(SOUND + block + STRANGER)

    assert {one.code for one in found} == {"MX521"}
    assert {one.severity for one in found} == {Severity.ERROR}
    assert any("MX520 mx-drift" in one.also for one in found)


@pytest.mark.parametrize(
    "block",
    [
        "approved mx: [10 mx1, 20 mx2]\n",
        "approved operators: [example.test]\n",
        "approved operators: [EXAMPLE.test., isp.test]\n",
        "approved mx: [10 mx1, 20 mx2]\napproved nameservers: [ns1, ns2]\n",
    ],
)
def test_what_is_approved_is_no_drift(block: str) -> None:
    assert _fired(SOUND + block) == {}


def test_records_that_are_approved_are_no_drift_from_what_they_were() -> None:
    assert _fired(SOUND + STRANGER + "approved mx: [10 mx1, 20 mx2]\n") == {}


def test_records_that_are_not_as_approved_are_a_drift_without_any_earlier_probe() -> None:
    found = [one for judgement in judged(SOUND + "approved mx: [10 mx1, 30 mx2]\n") for one in judgement.findings]

    (told,) = (one for one in found if one.code in ("MX520", "MX531"))
    assert (told.code, told.severity, told.also) == ("MX531", Severity.ERROR, ("MX520 mx-drift",))
    assert told.seen[0] == "MX 20 mx2.example.test, by 192.0.2.53:53 (expected.yaml:2 expects preference 30)"


def test_an_approved_move_of_the_zone_is_none_and_another_is() -> None:
    moved = SOUND + DELEGATED["every server"][1]
    soa = "before example.test SOA a.dns.test. hostmaster.example.test. 1 7200 900 1209600 300\n"

    assert _fired(moved + soa + "approved nameservers: [ns1, ns2]\n") == {}
    for block in (moved + soa, SOUND):
        found = [one for one in judged(block + "approved nameservers: [a.dns.test]\n") if one.code == "MX539"]
        assert [(one.severity, one.also) for judgement in found for one in judgement.findings] == [
            (Severity.ERROR, ("MX526 delegation-drift",))
        ]


def test_one_server_with_a_forged_answer_is_enough() -> None:
    forged = "authority ns2.example.test example.test MX 10 mx.stranger.test\n"

    assert _fired(SOUND + forged) == {"MX520": Severity.ERROR}
    (found,) = _found(SOUND + forged + "approved operators: [example.test]\n")
    assert (found.code, found.subject) == ("MX521", "mx.stranger.test")
    assert found.seen[0] == "MX 10 mx.stranger.test, by ns2.example.test/192.0.2.53"


def test_addresses_of_a_large_provider_move_without_alarm() -> None:
    google = SOUND.replace("mx2.example.test", "aspmx.l.google.com")

    assert _fired(google + "before aspmx.l.google.com A 192.0.2.99\n") == {"MX520": Severity.INFO}


def test_a_change_around_a_planned_cut_over_is_the_plans() -> None:
    plan = "approved migration: {{old: [10 a.isp.test, 20 b.isp.test], new: [10 mx1, 20 mx2], {}, old-ttl: 1d}}\n"
    changed = SOUND + STRANGER + DELEGATED["every server"][1]
    intime, long_ago = plan.format("cut-over: 2026-03-09T12:00Z"), plan.format("cut-over: 2026-01-01")

    assert _fired(changed + intime) == {}
    assert _fired(changed + long_ago) == {"MX526": Severity.ERROR}
    stranger = changed.replace("example.test MX 20 mx2.example.test\n", "example.test MX 20 mx.stranger.test\n", 1)
    assert _fired(stranger + intime) == {"MX526": Severity.ERROR}


# -- keys and networks -------------------------------------------------------------------------------------------------


def test_another_key_of_another_issuer_in_another_network_is_another_machine() -> None:
    (found,) = _found(MOVED.replace("valid key 1 by CN=An authority", "valid key 2 by CN=Another authority", 1))

    assert (found.code, found.severity, found.also) == ("MX529", Severity.ERROR, ("MX520 mx-drift",))
    assert any(line.startswith("then: mx1.example.test/192.0.2.1: key ") for line in found.seen)


@pytest.mark.parametrize(
    ("severity", "block"),
    [
        (INFO, MOVED),
        (WARNING, MOVED.replace("valid key 1 by CN=An authority", "valid key 2 by CN=An authority", 1)),
        (INFO, MOVED.replace("valid key 1 by CN=An authority", "valid key 1 by CN=Another authority", 1)),
    ],
    ids=["address", "key", "issuer"],
)
def test_two_of_the_three_are_none(severity: Severity, block: str) -> None:
    assert _fired(block) == {"MX520": severity}


def test_a_promised_key_in_another_network_is_no_stranger() -> None:
    key = key_digest(Authority(2).issue("mx1.example.test").der)
    promised = f"before _25._tcp.mx1.example.test TLSA 3 1 1 {key}\n"
    other = MOVED.replace("valid key 1 by CN=An authority", "valid key 2 by CN=Another authority", 1)

    assert _fired(other)["MX529"] is ERROR
    assert _fired(promised + other) == {"MX520": INFO}


def test_hosts_of_other_operators_move_as_those_do() -> None:
    other = MOVED.replace("valid key 1 by CN=An authority", "valid key 2 by CN=Another authority", 1)

    assert _fired(other.replace("mx1.example.test", "mx1.isp.test"))["MX529"] is WARNING
    assert _fired(other.replace("mx1.example.test", "eu-smtp-inbound-1.mimecast.com")) == {"MX520": INFO}
    broken = other.replace("valid key 2 by CN=Another", "self-signed key 2 by CN=Another")
    assert _fired(broken.replace("mx1.example.test", "mx1.isp.test"))["MX529"] is ERROR


def test_within_one_block_the_network_is_not_known() -> None:
    near = MOVED.replace("203.0.113.1", "192.0.99.1")
    other = near.replace("valid key 1 by CN=An authority", "valid key 2 by CN=Another authority", 1)

    assert "MX529" not in _fired(other)
    assert "was not asked" in _open(SAME + other)["MX529"]


# -- the policy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    [
        '"version: STSv1" "mode: testing" "mx: *.example.test" "max_age: 604800"',
        '"version: STSv1" "mode: enforce" "mx: *.example.test" "max_age: 86400"',
        '"version: STSv1" "mode: enforce" "mx: mx1.example.test" "max_age: 604800"',
        '"version: STSv1" "mode: none" "max_age: 604800"',
    ],
)
def test_another_policy_under_the_same_id_is_an_error(before: str) -> None:
    assert _fired(f"{SOUND}before policy {before}\n") == {"MX780": Severity.ERROR}


@pytest.mark.parametrize(
    "block",
    [
        "before _mta-sts.example.test NXDOMAIN\n",
        "before _mta-sts.example.test TXT v=STSv1; id=a-b\n",
        'before policy "version: STSv1" "mode: always"\n',
        "before policy no-address\nbefore _mta-sts.example.test TXT v=STSv1; id=0\n",
    ],
    ids=["none", "no id", "not a policy", "another id"],
)
def test_a_policy_that_was_none_has_no_id_to_change(block: str) -> None:
    assert _fired(SOUND + block) == {}


# -- what is not known -------------------------------------------------------------------------------------------------


def test_without_anything_beside_it_every_rule_says_what_would_tell() -> None:
    unknown = {one.code: one.reason or "" for one in judge_snapshot(snapshot_of(SOUND))}

    assert all("--baseline FILE" in unknown[code] for code in ("MX520", "MX526", "MX529", "MX780"))
    assert all("--migration FILE" in unknown[code] for code in ("MX406", "MX407", "MX408", "MX409", "MX411"))
    assert "--expect FILE" in unknown["MX521"]
    assert len({unknown[code] for code in OURS}) == 3


@pytest.mark.parametrize(
    ("block", "code", "reason"),
    [
        (SOUND + "before example.test MX SERVFAIL\n", "MX520", "in the earlier probe the MX lookup"),
        (SOUND.replace("mx1.example.test A 192.0.2.1", "mx1.example.test SERVFAIL"), "MX520", "the A lookup of mx1"),
        (SOUND + "before mx1.example.test A TIMEOUT\n", "MX520", "in the earlier probe the A lookup of mx1"),
        (SOUND + "before example.test NS SERVFAIL\n", "MX526", "in the earlier probe the NS lookup"),
        (_without("example.test NS"), "MX526", "nobody asked for the NS records"),
        (_without("example.test DS"), "MX526", "nobody asked for the DS records"),
        (_without("192.0.2.1"), "MX529", "no handshake with mx1.example.test"),
        (SOUND + "before 192.0.2.1 certificate valid\n", "MX529", "seen in the earlier probe"),
        (SOUND + "before policy timeout\n", "MX780", "in the earlier probe the MTA-STS policy could not be had"),
        (_without("policy"), "MX780", "was not fetched"),
        (SOUND + "approved nameservers: [ns1]\n", "MX521", "lists no hosts"),
        (SOUND + "approved operators: [example.test]\n", "MX411", "plans no `migration`"),
    ],
)
def test_what_was_not_seen_is_no_change_and_is_left_open(block: str, code: str, reason: str) -> None:
    judgements = {one.code: one for one in judged(SAME + block)}

    assert judgements[code].status is Status.INCONCLUSIVE
    assert reason in (judgements[code].reason or "judged")


def test_a_failed_lookup_is_no_change_at_all() -> None:
    for failed in ("example.test MX", "example.test NS", "mx1.example.test A", "_mta-sts.example.test TXT"):
        silent = _without(failed) + f"{failed} SERVFAIL\n"

        assert _fired(silent + "before example.test MX 10 mx9.test\n" * (failed == "example.test MX")) == {}, failed


@given(
    st.lists(
        st.sampled_from(["MX 10 \\000.evil", "MX 65535 .", "MX 0 192.0.2.1", f"MX 5 {'a' * 4000}", "MX 10 \x1b[31m"]),
        max_size=4,
    ),
    st.lists(st.sampled_from(["NS \x1b", "NS .", f"NS {'b.' * 3000}", "SOA .", "SOA x", "DS junk"]), max_size=6),
)
def test_odd_records_of_anybody_never_raise(mx: list[str], others: list[str]) -> None:
    told = [*mx, *others] or ["MX NODATA"]
    odd = SOUND + "".join(f"before example.test {text}\n" for text in told)
    snapshot, beside = snapshot_of(SAME + odd), beside_of(SAME + odd)
    assert beside.before is not None

    judge_snapshot(snapshot, beside=beside)
    judge_snapshot(beside.before, beside=Beside(before=snapshot))
