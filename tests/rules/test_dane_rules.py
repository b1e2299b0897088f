"""Rules about DANE, and what DANE excuses: what raises each, what comes near, what is not known."""

import pytest
from msgspec.structs import replace

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
1.2.0.192.in-addr.arpa PTR mx1.example.test
2.2.0.192.in-addr.arpa PTR mx2.example.test
_mta-sts.example.test TXT NODATA
_smtp._tls.example.test TXT v=TLSRPTv1; rua=mailto:a@example.test
"""
VALID = "192.0.2.1 certificate valid\n192.0.2.2 certificate valid\n"
ZEROS = "00" * 32
NEXT = "".join(f"_25._tcp.mx{number}.example.test TLSA 3 1 1 {ZEROS}\n" for number in (1, 2))
OWN = "".join(f"_25._tcp.mx{number}.example.test TLSA 3 1 1 of 192.0.2.{number}\n" for number in (1, 2))
ADDRESSES = "validated mx1.example.test A\nvalidated mx2.example.test A\n"
RECORDS = "".join(f"validated _25._tcp.mx{number}.example.test TLSA\n" for number in (1, 2))
SIGNED = f"validated example.test MX\n{ADDRESSES}{RECORDS}"
SOUND = HOSTS + VALID + OWN + NEXT + SIGNED
OK, ERROR, WARNING, INFO = Severity.OK, Severity.ERROR, Severity.WARNING, Severity.INFO
LATER = 1.8e9
DANE = ("MX750", "MX751", "MX752", "MX753", "MX754", "MX755", "MX756", "MX757", "MX758", "MX759")


def _seen(text: str) -> Snapshot:
    """The saved probe, taken while certificates that are not expired are valid: examples happen in 1970."""
    seen = snapshot_of(text)
    later = [
        replace(visit, sessions=tuple(replace(one, started_at=one.started_at + LATER) for one in visit.sessions))
        for visit in seen.visits
    ]
    return replace(seen, visits=tuple(later))


def _fired(snapshot: Snapshot) -> dict[str, Severity]:
    """What is found, with the subject, and the severity."""
    found = [one for judgement in judge_snapshot(snapshot, unwanted=("MX0",)) for one in judgement.findings]
    return {f"{one.code} {one.subject.removesuffix('.example.test')}": one.severity for one in found}


def _open(snapshot: Snapshot) -> dict[str, str]:
    """The rules about DANE that could not be judged, with their reasons."""
    judged = judge_snapshot(snapshot, wanted=("MX75",))
    return {one.code: one.reason or "" for one in judged if one.status is Status.INCONCLUSIVE}


def _second(line: str) -> str:
    """The sound domain whose second host is told by these lines in place of its own TLSA records."""
    return SOUND.replace("".join(text for text in OWN.splitlines(True)[1:]), "").replace(NEXT.splitlines(True)[1], line)


def test_a_domain_that_keeps_its_promises_raises_nothing_but_that() -> None:
    seen = _seen(SOUND)

    assert _fired(seen) == {"MX750 mx1": OK, "MX750 mx2": OK}
    assert _open(seen) == {}


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (_second(f"_25._tcp.mx2.example.test TLSA 3 1 1 {ZEROS}\n" * 2), {"MX751 mx2": ERROR}),
        (_second("_25._tcp.mx2.example.test TLSA 3 1 1 of 192.0.2.2\n"), {"MX750 mx2": OK, "MX756 mx2": INFO}),
        (_second("_25._tcp.mx2.example.test TLSA 2 1 1 of 192.0.2.2\n"), {"MX750 mx2": OK}),
        (_second("_25._tcp.mx2.example.test TLSA 1 1 1 of 192.0.2.2\n"), {"MX754 mx2": WARNING}),
        (_second("_25._tcp.mx2.example.test TLSA 3 1 1 abcd\n"), {"MX754 mx2": WARNING}),
        (
            _second("".join(f"_25._tcp.mx2.example.test TLSA {use} 1 1 of 192.0.2.2\n" for use in (0, 2, 3))),
            {"MX750 mx2": OK, "MX755 mx2": WARNING},
        ),
        (_second("_25._tcp.mx2.example.test TLSA NODATA\n"), {"MX757 mx2": WARNING}),
        (_second("_25._tcp.mx2.example.test TLSA NXDOMAIN\n"), {"MX757 mx2": WARNING}),
        (_second("_25._tcp.mx2.example.test TLSA SERVFAIL\n"), {"MX758 mx2": ERROR}),
        (_second("_25._tcp.mx2.example.test TLSA TIMEOUT\n"), {"MX758 mx2": WARNING}),
        (SOUND + "bogus _25._tcp.mx2.example.test TLSA expired: it expired\n", {"MX503 mx2": ERROR}),
        (SOUND + "insecure _25._tcp.mx2.example.test TLSA\n", {"MX753 mx2": WARNING}),
        (SOUND + "insecure mx2.example.test A\n", {"MX753 mx2": WARNING}),
    ],
)
def test_each_fault_of_one_host_alone_raises_its_rule(seen: str, fires: dict[str, Severity]) -> None:
    assert _fired(_seen(seen)) == {"MX750 mx1": OK, **fires}


def test_the_domain_that_is_not_signed_is_told_once() -> None:
    assert _fired(_seen(SOUND + "insecure example.test MX\n")) == {"MX759 example.test": INFO}


@pytest.mark.parametrize(
    "lines",
    [
        '192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 SIZE"',
        '192.0.2.2 STARTTLS "454 4.7.0 not now"',
        '192.0.2.2 handshake "tls alert handshake failure"',
        '192.0.2.2 handshake "unsupported protocol"',
    ],
)
def test_a_promise_of_tls_covers_what_is_the_matter_with_it(lines: str) -> None:
    said = SOUND.replace("192.0.2.2 certificate valid\n", "").replace("3 1 1 of 192.0.2.2", f"3 1 1 {'11' * 32}")
    plain = '192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 STARTTLS"'
    text = said.replace(plain, lines) if "ESMTP" in lines else f"{said}{lines}\n"

    assert _fired(_seen(text)) == {"MX750 mx1": OK, "MX752 mx2": ERROR}


def test_tls_is_owed_where_no_record_is_usable_too() -> None:
    text = SOUND.replace("3 1 1 of 192.0.2.2", f"1 1 1 {ZEROS}").replace(NEXT.splitlines(True)[1], "")
    text = text.replace("192.0.2.2 certificate valid\n", '192.0.2.2 STARTTLS "454 4.7.0 not now"\n')

    assert _fired(_seen(text)) == {"MX750 mx1": OK, "MX752 mx2": ERROR, "MX754 mx2": WARNING}


@pytest.mark.parametrize(
    ("kind", "records", "fires"),
    [
        ("self-signed", "3 1 1", {"MX750 mx2": OK}),
        ("another name", "3 1 1", {"MX750 mx2": OK}),
        ("expired", "3 1 1", {"MX750 mx2": OK, "MX709 mx2": INFO}),
        ("another name", "2 1 1", {"MX751 mx2": ERROR, "MX707 mx2": WARNING}),
        ("expired", "2 1 1", {"MX751 mx2": ERROR, "MX709 mx2": ERROR}),
    ],
)
def test_what_dane_proves_needs_no_public_authority(kind: str, records: str, fires: dict[str, Severity]) -> None:
    text = SOUND.replace("192.0.2.2 certificate valid", f"192.0.2.2 certificate {kind}")
    text = text.replace("3 1 1 of 192.0.2.2", f"{records} of 192.0.2.2")

    assert _fired(_seen(text)) == {"MX750 mx1": OK, **fires}


def test_weaker_tls_is_an_error_where_a_host_has_records_that_count() -> None:
    text = HOSTS + "192.0.2.1 certificate valid\n192.0.2.2 certificate self-signed\n" + OWN.splitlines(True)[0]
    text += NEXT.splitlines(True)[0] + SIGNED + "_25._tcp.mx2.example.test TLSA NODATA\n"

    found = [one for judgement in judge_snapshot(_seen(text)) for one in judgement.findings]
    gaps = [one for one in found if one.code in ("MX708", "MX715")]
    assert [(one.code, one.severity) for one in gaps] == [("MX708", WARNING)]
    assert _severity_alone(text) is ERROR


def _severity_alone(text: str) -> Severity:
    [judgement] = judge_snapshot(_seen(text), wanted=("MX715",))
    return judgement.findings[0].severity


def test_without_any_record_there_is_nothing_to_say_and_nothing_open() -> None:
    none = "".join(f"_25._tcp.mx{number}.example.test TLSA NODATA\n" for number in (1, 2))
    seen = _seen(HOSTS + VALID + none)

    assert _fired(seen) == {}
    assert _open(seen) == {}


def test_a_resolver_that_does_not_validate_leaves_all_open() -> None:
    seen = _seen(HOSTS + VALID + OWN + NEXT)

    assert _fired(seen) == {}
    assert set(_open(seen)) == set(DANE)
    assert all("whether its TLSA records are secure is not known" in reason for reason in _open(seen).values())


def test_an_older_probe_leaves_all_open() -> None:
    seen = _seen(HOSTS + VALID + ADDRESSES + "validated example.test MX\n")

    assert _fired(seen) == {}
    assert set(_open(seen)) == set(DANE)
    assert all("nobody asked for its TLSA records" in reason for reason in _open(seen).values())


def test_insecure_records_are_no_pass() -> None:
    insecure = "".join(f"insecure _25._tcp.mx{number}.example.test TLSA\n" for number in (1, 2))
    judged = {one.code: one for one in judge_snapshot(_seen(SOUND + insecure), wanted=("MX75",))}

    assert [judged[code].status for code in ("MX750", "MX751", "MX752")] == [Status.INCONCLUSIVE] * 3
    assert all("not secure" in (judged[code].reason or "") for code in ("MX750", "MX751", "MX752"))
    assert [found.subject for found in judged["MX753"].findings] == ["mx1.example.test", "mx2.example.test"]


def test_an_address_without_a_handshake_leaves_the_verdict_open() -> None:
    seen = _seen(SOUND.replace("192.0.2.2 certificate valid\n", "").replace("of 192.0.2.2", ZEROS))

    assert _fired(seen) == {"MX750 mx1": OK, "MX715 mx2": ERROR}
    judged = {one.code: one for one in judge_snapshot(seen, wanted=("MX75",))}
    assert judged["MX751"].status is Status.INCONCLUSIVE
    assert judged["MX752"].status is Status.INCONCLUSIVE
    assert "mx2.example.test" in (judged["MX750"].reason or "")


def test_the_mismatch_shows_the_record_that_would_be_right() -> None:
    right = _seen(SOUND)
    [judgement] = judge_snapshot(_seen(SOUND.replace("of 192.0.2.2", "11" * 32)), wanted=("MX751",))
    record = next(one for one in right.answers if one.question.name == "_25._tcp.mx2.example.test").records[0]

    assert getattr(record, "text", "?") in judgement.findings[0].seen[0]
    assert f"_25._tcp.mx2.example.test TLSA 3 1 1 {ZEROS}" in judgement.findings[0].seen


THROTTLED = """\
example.test MX 10 mx1.example.test
mx1.example.test A 192.0.2.1
mx1.example.test A 192.0.2.2
192.0.2.1 {first}
192.0.2.2 {second}
"""
GREETS = '"220 mx1.example.test ESMTP" "250 mx1.example.test"'


@pytest.mark.parametrize(
    ("first", "second", "fires"),
    [
        (GREETS, '"421 4.7.0 Too many connections"', True),
        (GREETS, '"451 4.7.1 come back later"', True),
        (GREETS, '"421 Too many concurrent sessions"', True),
        (GREETS, '"421 4.3.2 system going down"', False),
        (GREETS, '"554 5.7.1 you are on a block list"', False),
        (GREETS, "hangs up", False),
        (GREETS, GREETS, False),
        ('"421 4.7.0 Too many connections"', '"421 4.7.0 Too many connections"', False),
        ("refuses connections", '"421 4.7.0 Too many connections"', False),
    ],
)
def test_a_host_that_answered_and_then_limits_us(first: str, second: str, fires: bool) -> None:
    seen = _seen(THROTTLED.format(first=first, second=second))
    judged = {one.code: one for one in judge_snapshot(seen)}

    assert [found.subject for found in judged["MX006"].findings] == ["mx1.example.test/192.0.2.2"] * fires
    assert not fires or "MX003" not in {found.code for one in judged.values() for found in one.findings}


def test_a_greylisted_recipient_is_no_limit() -> None:
    text = THROTTLED.format(first=GREETS, second=GREETS) + '192.0.2.2 good "451 4.7.1 Greylisted, try again later"\n'
    [judgement] = judge_snapshot(_seen(text), wanted=("MX006",))

    assert judgement.status is Status.PASSES
