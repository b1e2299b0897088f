"""What differs between two looks: every thing that does, nothing that one of them does not tell, and how it looks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.change import Area, Change, Changes, Weight
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.changes import compare_looks
from mxprobe.mx.kinship import is_own, is_rented, operator_name
from mxprobe.mx.registered import registered_part
from mxprobe.mx.tlsidentity import Near, nearness
from tests.rules.test_drift_rules import SOUND
from tests.support.examples import beside_of, snapshot_of

SAME = "before looked 2026-02-10T12:00Z\n"
RENEWAL, CHANGE, ALARMING = Weight.RENEWAL, Weight.CHANGE, Weight.ALARMING
MORE = """\
example.test TXT v=spf1 mx -all
_dmarc.example.test TXT v=DMARC1; p=reject
_25._tcp.mx2.example.test NODATA
192.0.2.1 good "250 2.1.5 ok"
192.0.2.2 good "250 2.1.5 ok"
"""
WHOLE = SOUND + MORE


def _compared(block: str) -> Changes:
    before = beside_of(SAME + WHOLE + block).before
    assert before is not None
    return compare_looks(before, snapshot_of(WHOLE + block))


def _told(block: str) -> list[tuple[Area, str, Weight]]:
    return [(one.area, f"{one.subject} {one.what}", one.weight) for one in _compared(block).changes]


THINGS: dict[str, tuple[str, list[tuple[Area, str, Weight]]]] = {
    "nothing": ("", []),
    "preference": (
        "before example.test MX 10 mx1.example.test\nbefore example.test MX 30 mx2.example.test\n",
        [(Area.MX, "mx2.example.test preference", RENEWAL)],
    ),
    "operators": (
        "before example.test MX 10 mx1.isp.test\n",
        [
            (Area.MX, "mx1.example.test MX record", ALARMING),
            (Area.MX, "mx2.example.test MX record", CHANGE),
            (Area.MX, "mx1.isp.test MX record", CHANGE),
            (Area.MX, "example.test operators", ALARMING),
        ],
    ),
    "addresses": (
        "before mx1.example.test A 192.0.2.1\nbefore mx1.example.test A 192.0.2.9\n",
        [(Area.ADDRESSES, "mx1.example.test addresses", RENEWAL)],
    ),
    "name servers": (
        "before example.test NS a.dns.test\n",
        [(Area.DELEGATION, "example.test name servers (NS)", ALARMING)],
    ),
    "keys": (
        "before example.test DS 4712 13 2 BBBB\n",
        [(Area.DELEGATION, "example.test keys (DS)", RENEWAL)],
    ),
    "first server": (
        "before example.test SOA ns9.dns.test. hostmaster.example.test. 1 7200 900 1209600 300\n",
        [(Area.DELEGATION, "example.test first server (SOA)", CHANGE)],
    ),
    "certificate": (
        "before 192.0.2.1 certificate valid key 7 by CN=Another authority\n",
        [(Area.TLS, "mx1.example.test/192.0.2.1 certificate", RENEWAL)],
    ),
    "no STARTTLS before": (
        'before 192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"\n',
        [(Area.TLS, "mx1.example.test/192.0.2.1 STARTTLS", RENEWAL)],
    ),
    "TLSA that SMTP cannot use": (
        f"before _25._tcp.mx1.example.test TLSA 3 1 1 {'b' * 64}\n",
        [(Area.POLICIES, "mx1.example.test TLSA records", CHANGE)],
    ),
    "policy under the old id": (
        'before policy "version: STSv1" "mode: testing" "mx: *.example.test" "max_age: 604800"\n',
        [(Area.POLICIES, "example.test MTA-STS policy", CHANGE)],
    ),
    "policy and id": (
        'before policy "version: STSv1" "mode: testing" "mx: *.example.test" "max_age: 604800"\n'
        "before _mta-sts.example.test TXT v=STSv1; id=0\n",
        [
            (Area.POLICIES, "example.test MTA-STS id", RENEWAL),
            (Area.POLICIES, "example.test MTA-STS policy", RENEWAL),
        ],
    ),
    "reports": (
        "before _smtp._tls.example.test TXT v=TLSRPTv1; rua=mailto:b@example.test\n",
        [(Area.POLICIES, "example.test TLSRPT record", CHANGE)],
    ),
    "SPF": ("before example.test TXT v=spf1 -all\n", [(Area.POLICIES, "example.test SPF record", CHANGE)]),
    "DMARC": (
        "before _dmarc.example.test TXT v=DMARC1; p=none\n",
        [(Area.POLICIES, "example.test DMARC record", CHANGE)],
    ),
    "name in the greeting": (
        'before 192.0.2.1 "220 other.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"\n',
        [(Area.ANSWERS, "mx1.example.test/192.0.2.1 name in the greeting", CHANGE)],
    ),
    "name in EHLO": (
        'before 192.0.2.1 "220 mx1.example.test ESMTP" "250-other.example.test" "250 STARTTLS"\n',
        [(Area.ANSWERS, "mx1.example.test/192.0.2.1 name in the reply to EHLO", CHANGE)],
    ),
    "words and the date of the greeting": (
        'before 192.0.2.1 "220 mx1.example.test Postfix Mon, 1 Jan" "250-mx1.example.test hi" "250 STARTTLS"\n',
        [],
    ),
    "a recipient": (
        'before 192.0.2.2 good "550 5.1.1 no such user"\n',
        [(Area.ANSWERS, "mx2.example.test/192.0.2.2 answer about alice@example.test", RENEWAL)],
    ),
}


@pytest.mark.parametrize(("block", "told"), THINGS.values(), ids=THINGS)
def test_each_thing_that_differs_is_one_change(block: str, told: list[tuple[Area, str, Weight]]) -> None:
    assert _told(block) == told


@pytest.mark.parametrize(("block", "told"), THINGS.values(), ids=THINGS)
def test_turned_round_the_same_things_differ_and_old_is_new(block: str, told: list[tuple[Area, str, Weight]]) -> None:
    before = beside_of(SAME + WHOLE + block).before
    assert before is not None
    back = compare_looks(snapshot_of(WHOLE + block), before)
    there = _compared(block)

    def of(changes: Changes) -> set[tuple[str, str]]:
        return {(one.subject, one.what) for one in changes.changes}

    def sides(changes: tuple[Change, ...]) -> dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]]:
        return {(one.subject, one.what): (one.old, one.new) for one in changes}

    assert of(back) == of(there)
    assert {key: (new, old) for key, (old, new) in sides(there.changes).items()} == sides(back.changes)


def test_losses_weigh_more_than_gains() -> None:
    lost = _told('before 192.0.2.2 good "250 2.1.5 ok"\n')
    assert lost == []

    back = snapshot_of(WHOLE.replace('192.0.2.2 good "250 2.1.5 ok"', '192.0.2.2 good "550 5.1.1 no such user"'))
    (change,) = compare_looks(snapshot_of(WHOLE), back).changes
    assert (change.weight, change.old, change.new) == (CHANGE, ("250 2.1.5 ok",), ("550 5.1.1 no such user",))


def _session(version: str) -> Snapshot:
    snapshot = snapshot_of(WHOLE)
    first = snapshot.visits[0]
    (session,) = first.sessions
    assert session.tls is not None
    changed = replace(session, tls=replace(session.tls, version=version))
    visit: Visit = replace(first, sessions=(changed,))
    return replace(snapshot, visits=(visit, *snapshot.visits[1:]))


def test_an_older_version_of_tls_is_a_change_and_a_newer_one_upkeep() -> None:
    (older,) = compare_looks(_session("TLSv1.3"), _session("TLSv1.2")).changes
    (newer,) = compare_looks(_session("TLSv1.2"), _session("TLSv1.3")).changes

    assert (older.what, older.weight, older.old, older.new) == ("version of TLS", CHANGE, ("TLSv1.3",), ("TLSv1.2",))
    assert newer.weight is RENEWAL


def test_a_host_that_refuses_connections_is_a_change_and_one_that_answers_again_is_not() -> None:
    down = re.sub(r"^192\.0\.2\.2 .*\n", "", WHOLE, flags=re.MULTILINE) + "192.0.2.2 refuses connections\n"
    (lost,) = compare_looks(snapshot_of(WHOLE), snapshot_of(down)).changes
    (back,) = compare_looks(snapshot_of(down), snapshot_of(WHOLE)).changes

    assert (lost.what, lost.old, lost.new, lost.weight) == ("state", ("answers",), ("refuses connections",), CHANGE)
    assert (back.weight, back.because) == (RENEWAL, "it answers again")


def test_a_server_of_the_zone_that_lies_alone_is_named() -> None:
    forged = "authority ns2.example.test example.test MX 10 mx.stranger.test\n"
    (change,) = compare_looks(snapshot_of(WHOLE), snapshot_of(WHOLE + forged)).changes

    assert (change.subject, change.weight) == ("ns2.example.test/192.0.2.53", ALARMING)
    assert change.new == ("10 mx.stranger.test",)


UNKNOWN = {
    "MX": ("example.test MX", "example.test MX SERVFAIL", "MX records"),
    "addresses": ("mx1.example.test A", "mx1.example.test A TIMEOUT", "A records"),
    "NS": ("example.test NS", "example.test NS SERVFAIL", "name servers (NS)"),
    "DS": ("example.test DS", "", "keys (DS)"),
    "id": ("_mta-sts.example.test TXT", "_mta-sts.example.test TXT SERVFAIL", "MTA-STS policy"),
    "policy": ("policy", "policy timeout", "MTA-STS policy"),
    "SPF": ("example.test TXT", "example.test TXT SERVFAIL", "SPF record"),
    "TLSA": ("_25._tcp.mx1.example.test TLSA", "_25._tcp.mx1.example.test TLSA SERVFAIL", "TLSA records"),
}


@pytest.mark.parametrize(("lines", "instead", "what"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_one_look_does_not_tell_is_said_and_is_no_change(lines: str, instead: str, what: str) -> None:
    kept = "".join(f"{line}\n" for line in WHOLE.splitlines() if not line.startswith(f"{lines} "))
    known, unknown = snapshot_of(WHOLE), snapshot_of(f"{kept}{instead}\n" if instead else kept)

    for before, now, said in ((known, unknown, ""), (unknown, known, "in the earlier probe ")):
        changes = compare_looks(before, now)
        assert changes.changes == ()
        assert what in [one.what for one in changes.unknown]
        assert all(one.why.startswith(said) and one.why for one in changes.unknown if one.what == what)


@given(
    st.lists(st.sampled_from(["MX 10 \\000.evil", "MX 65535 .", "MX 0 192.0.2.1", f"MX 5 {'a' * 4000}"]), max_size=4),
    st.lists(st.sampled_from(["NS \x1b", "NS .", "SOA .", "SOA x", "DS junk", "TXT v=spf1"]), max_size=6),
)
def test_odd_records_of_anybody_are_compared(mx: list[str], others: list[str]) -> None:
    told = [*mx, *others] or ["MX NODATA"]
    before = beside_of(SAME + WHOLE + "".join(f"before example.test {text}\n" for text in told)).before
    now = snapshot_of(WHOLE)
    assert before is not None

    compare_looks(before, now)
    compare_looks(now, before)
    assert compare_looks(before, before).changes == ()


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("mx.a.example.test", "example.test"),
        ("mx.example.co.uk", "example.co.uk"),
        ("mx.example.com", "example.com"),
        ("Example.Test.", "example.test"),
        ("test", "test"),
    ],
)
def test_a_registered_domain_is_the_end_of_a_name(name: str, domain: str) -> None:
    assert registered_part(name) == domain


def test_a_look_alike_is_no_host_of_the_operator() -> None:
    assert operator_name("aspmx.l.google.com") == operator_name("alt1.aspmx.l.google.com") == "Google"
    assert operator_name("aspmx.l.google.com.evil.test") == "evil.test"
    assert is_own("mx.example.co.uk", "example.co.uk")
    assert not is_own("mx.other.co.uk", "example.co.uk")
    assert not is_own("badexample.test", "example.test")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("vps-1a2b3c.vps.ovh.net", True),
        ("ip-203-0-113-9.ip.secureserver.net", True),
        ("ec2-203-0-113-9.eu-west-1.compute.amazonaws.com", True),
        ("static.9.113.0.203.clients.your-server.de", True),
        ("mx1.mail.ovh.net", False),
        ("aspmx.l.google.com", False),
        ("inbound-smtp.eu-west-1.amazonaws.com", False),
        ("mxa-00123456.gslb.pphosted.com", False),
        ("route1.mx.cloudflare.net", False),
        ("example-com.mail.protection.outlook.com", False),
        ("vps.test", False),
    ],
)
def test_names_of_rented_machines_are_told(host: str, expected: bool) -> None:
    assert is_rented(host) is expected


def test_a_machine_of_another_customer_is_no_host_of_the_operator() -> None:
    ours = WHOLE.replace("mx1.example.test", "mx1.mail.hoster.test").replace(
        "MX 20 mx2.example.test", "MX 20 mx2.mail.hoster.test"
    )
    rented = ours.replace("MX 10 mx1.mail.hoster.test", "MX 5 vps-1a2b3c.vps.hoster.test")
    changes = compare_looks(snapshot_of(ours), snapshot_of(rented)).changes
    (came,) = (one for one in changes if one.subject.startswith("vps-"))

    assert came.weight is ALARMING
    assert came.because.endswith("given to machines of customers, and mail goes there first")


def test_nearness_is_that_of_the_farthest_and_of_no_address_none() -> None:
    assert nearness(["192.0.2.9"], ["192.0.2.1"]) is Near.SAME
    assert nearness(["192.0.2.9", "192.0.77.1"], ["192.0.2.1"]) is Near.NEIGHBOUR
    assert nearness(["192.0.2.9", "203.0.113.1"], ["192.0.2.1"]) is Near.ELSEWHERE
    assert nearness([], ["192.0.2.1"]) is nearness(["192.0.2.1"], []) is Near.ELSEWHERE
    assert nearness(["2001:db8:1:2::1"], ["2001:db8:1:9::1"]) is Near.SAME
