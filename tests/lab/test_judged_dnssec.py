"""Rules about DNSSEC against the lab: a flawless domain with one fault raises it and no other, whether the resolver is
believed or the look validates itself."""

import dns.zone
import pytest
from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import Question, RecordType, Security
from mxprobe.facts.finding import Severity
from mxprobe.facts.snapshot import Vantage
from mxprobe.lab.recursor import OWN_ADDRESS
from tests.support.islands import Edit, drop_all, put, sign_again
from tests.support.judged import DOMAIN, EPOCH, FLAWLESS, MX2, PROBE, PROBE_NAME, SOA, Domain, Looked, look_at, serve
from tests.support.judged import _anchor as anchor_of

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
ALWAYS = {"MX007"}
DAY = 86400.0
LONG_AGO = (EPOCH - 900 * DAY, EPOCH - 800 * DAY)
PLAIN = replace(FLAWLESS.at("_mta-sts.example.test").at("mta-sts.example.test"), policy=None)
BARE = PLAIN.at("_25._tcp.mx1.example.test").at("_25._tcp.mx2.example.test")
OTHER_ZONE = BARE.at("mx2.example.test", SOA, "NS ns1.example.test.", f"A {MX2}", 'TXT "v=spf1 a -all"')


def edited(domain: Domain, edit: Edit, origin: str = DOMAIN) -> Domain:
    """The domain with something wrong behind the signing of a zone."""

    def change(zones: dict[str, str]) -> None:
        zone = dns.zone.from_text(zones[origin], origin=origin, relativize=False, check_origin=False)
        edit(zone)
        zones[origin] = zone.to_text(relativize=False)

    return replace(domain, change=change)


class Case(Struct, frozen=True, kw_only=True):
    """A fault, the findings that it raises, and what comes near and raises none."""

    fault: Domain
    raises: dict[str, Severity]
    near: Domain = FLAWLESS


SOON = (EPOCH - 20 * DAY, EPOCH + 2 * DAY)
LATER = (EPOCH - 20 * DAY, EPOCH + 4 * DAY)
CASES = {
    "expired": Case(fault=edited(BARE, sign_again("@", "MX", *LONG_AGO)), raises={"MX501": ERROR}),
    "tampered": Case(fault=edited(BARE, put("@", "MX", "10 evil.example.test.")), raises={"MX501": ERROR}),
    "wrong-key": Case(
        fault=edited(BARE, sign_again("@", "MX", EPOCH - DAY, EPOCH + 90 * DAY, by="elsewhere.test")),
        raises={"MX501": ERROR},
        near=edited(FLAWLESS, sign_again("@", "MX", EPOCH - DAY, EPOCH + 90 * DAY)),
    ),
    "no-keys": Case(fault=edited(BARE, drop_all("DNSKEY")), raises={"MX501": ERROR}),
    "unsigned": Case(fault=replace(BARE, unsigned=frozenset({DOMAIN})), raises={"MX502": INFO}),
    "bogus-host": Case(fault=edited(BARE, sign_again("mx2", "A", *LONG_AGO)), raises={"MX503": ERROR}),
    "unsigned-host": Case(
        fault=replace(OTHER_ZONE, unsigned=frozenset({"mx2.example.test"})), raises={"MX504": INFO}, near=OTHER_ZONE
    ),
}


def _found(looked: Looked) -> dict[str, Severity]:
    return {code: severity for code, severity in looked.found.items() if code not in ALWAYS}


def _own(domain: Domain) -> Looked:
    return look_at(domain, anchor=anchor_of(domain))


@pytest.mark.parametrize("name", list(CASES))
def test_one_fault_raises_its_finding_and_no_other_in_both_modes(name: str) -> None:
    case = CASES[name]

    assert _found(look_at(case.fault)) == case.raises
    assert _found(_own(case.fault)) == case.raises


@pytest.mark.parametrize("name", list(CASES))
def test_what_comes_near_raises_nothing(name: str) -> None:
    assert _found(look_at(CASES[name].near)) == _found(_own(CASES[name].near)) == {}


def test_signatures_that_run_out_are_seen_by_who_reads_them() -> None:
    ends, lasts = (edited(FLAWLESS, sign_again("@", "MX", *dates)) for dates in (SOON, LATER))

    assert _found(_own(ends)) == {"MX505": WARNING}
    assert _found(_own(lasts)) == _found(look_at(ends)) == {}


@pytest.mark.parametrize("silent", [".", DOMAIN])
def test_a_link_that_cannot_be_had_leaves_it_open(silent: str) -> None:
    failing = replace(BARE, failing=frozenset({f"{silent} DNSKEY"}))
    looked = _own(failing)

    assert not {"MX501", "MX502", "MX503"} & set(looked.found)


def test_what_was_judged_is_kept_with_its_dates() -> None:
    looked = _own(FLAWLESS)
    told = {one.question: one for one in looked.snapshot.validations}
    mx = told[Question(name=DOMAIN, rrtype=RecordType.MX)]

    assert {one.security for one in told.values()} == {Security.SECURE}
    assert {one.rrtype for one in told} == {RecordType.MX, RecordType.A, RecordType.AAAA, RecordType.TLSA}
    assert mx.valid_from is not None
    assert mx.valid_until is not None
    assert mx.valid_from < EPOCH < mx.valid_until
    assert "dnssec" in looked.snapshot.asked_for
    assert "MX TTL 1 h, signed, validated here" in looked.text


def test_a_budget_that_is_spent_accuses_nobody() -> None:
    vantage = Vantage(helo=PROBE_NAME, nameservers=(OWN_ADDRESS,), source=PROBE, budget=8)
    looked = look_at(FLAWLESS, anchor=anchor_of(FLAWLESS), vantage=vantage)

    assert not set(looked.found) & {"MX501", "MX502", "MX503", "MX504", "MX505"}
    assert looked.snapshot.queries <= look_at(FLAWLESS, vantage=vantage).snapshot.queries
    assert looked.snapshot.unasked


@pytest.mark.parametrize(("name", "codes"), [("mx1.example.test", {"MX004"}), ("", set())])
def test_a_name_that_should_fail_and_does_not_tells_on_the_resolver(name: str, codes: set[str]) -> None:
    vantage = Vantage(helo=PROBE_NAME, nameservers=(OWN_ADDRESS,), source=PROBE, bogus_name=name)

    assert set(_found(look_at(FLAWLESS, vantage=vantage))) == codes


def test_no_more_is_asked_than_the_chain_needs() -> None:
    believed, own = look_at(FLAWLESS).snapshot, _own(FLAWLESS).snapshot

    assert own.queries - believed.queries <= 20
    assert len(serve(FLAWLESS)) == 2
