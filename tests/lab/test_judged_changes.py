"""What a hijack looks like, told from what a renewal looks like: two looks at the lab's domain, a change between them.

Upkeep raises nothing above a note, of any rule that did not raise it before; what puts mail, or the word about it, in
other hands raises an error, once.
"""

from functools import cache

import pytest
from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.beside import Beside
from mxprobe.facts.change import Weight
from mxprobe.facts.dns import RecordType
from mxprobe.facts.finding import Finding, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.changes import compare_looks
from mxprobe.mx.mtasts import Mode, Policy
from mxprobe.rules import judge_snapshot
from mxprobe.scenario.reaction import CertificateKind
from tests.lab.test_judged import ALWAYS, DAY, NO_DANE, PLAIN, TWO, ZONE
from tests.support.judged import (
    EPOCH,
    FLAWLESS,
    MX1,
    MX2,
    NEXT_KEY,
    NS2,
    OTHER_AUTHORITY,
    Domain,
    MailHost,
    look_at,
    tlsa_of,
)

HIJACK = {"MX520", "MX521", "MX526", "MX529"}
FAR, NEAR_MX1, NEAR_MX2 = "198.97.190.53", "198.41.0.9", "199.9.14.77"
NEW_KEY = CertificateKind.NEW_KEY
TLSA1 = "_25._tcp.mx1.example.test"
STRANGER = "mx.stranger.test"
TENANT = "example-test.mail.protection.outlook.com"


class Pair(Struct, frozen=True, kw_only=True):
    """A domain, and what became of it by the next day."""

    now: Domain
    before: Domain = FLAWLESS


def _mx(domain: Domain, *records: str) -> Domain:
    return domain.without("example.test", "MX").plus("example.test", *records)


def _named(domain: Domain, host: str, address: str, **manners: object) -> Domain:
    """The domain with a host that answers at an address."""
    there = MailHost(name=host, **manners)  # type: ignore[arg-type]
    named = replace(domain, hosts={**domain.hosts, address: there}).named(address, f"PTR {host}.")
    return named.plus(host, f"A {address}") if host.endswith(".example.test") else named.beside(host, f"A {address}")


def _at(domain: Domain, host: str, address: str, **manners: object) -> Domain:
    """The domain whose host has this address alone."""
    there = MailHost(name=host, **manners)  # type: ignore[arg-type]
    moved = domain.at(host, f"A {address}", 'TXT "v=spf1 a -all"').named(address, f"PTR {host}.")
    return replace(moved, hosts={**moved.hosts, address: there})


def _id(domain: Domain, number: int) -> Domain:
    return domain.at("_mta-sts.example.test", f'TXT "v=STSv1; id={number}"')


def _policy(mode: Mode, *hosts: str, max_age: int = 604800) -> Policy:
    return Policy(mode=mode, mx=hosts or ("mx1.example.test", "mx2.example.test"), max_age=max_age)


def _servers(domain: Domain, *names: str) -> Domain:
    """The domain whose name servers have other names, and the addresses of those of before."""
    return domain.without("example.test", "NS").plus("example.test", *(f"NS {name}." for name in names))


STRANGE = _named(FLAWLESS, STRANGER, FAR, issuer=OTHER_AUTHORITY).beside("stranger.test", *ZONE)
"""The domain in a world where a stranger has a mail host."""

STRANGE_NS = _servers(STRANGE, "ns1.stranger.test", "ns2.stranger.test")
STRANGE_NS = STRANGE_NS.beside("ns1.stranger.test", "A 192.5.5.241").beside("ns2.stranger.test", f"A {NS2}")
ISP = _named(_mx(PLAIN, "MX 10 mx1.isp.test."), "mx1.isp.test", FAR).beside("isp.test", *ZONE)
OWN = _named(FLAWLESS, "mx9.example.test", FAR, issuer=OTHER_AUTHORITY)
THREE = _policy(Mode.ENFORCE, "mx1.example.test", "mx2.example.test", STRANGER)


def _provider(domain: Domain, host: str, zone: str) -> Domain:
    """The domain with one host, of a provider."""
    return _named(_mx(domain, f"MX 10 {host}."), host, FAR).beside(zone, *ZONE)


RENEWALS: dict[str, Pair] = {
    "a new key, and its TLSA record": Pair(
        now=FLAWLESS.host(MX1, kind=NEW_KEY).at(TLSA1, f"TLSA {tlsa_of('mx1.example.test', NEW_KEY)}", NEXT_KEY)
    ),
    "a certificate of another authority": Pair(
        now=FLAWLESS.host(MX1, issuer=OTHER_AUTHORITY).at(
            TLSA1,
            f"TLSA {tlsa_of('mx1.example.test', issuer=OTHER_AUTHORITY)}",
            NEXT_KEY,
        )
    ),
    "a new id of the policy": Pair(now=_id(FLAWLESS, 20260102)),
    "the policy begins to enforce, with a new id": Pair(
        before=replace(FLAWLESS, policy=_policy(Mode.TESTING)), now=_id(FLAWLESS, 20260102)
    ),
    "a longer age of the policy, with a new id": Pair(
        now=_id(replace(FLAWLESS, policy=_policy(Mode.ENFORCE, max_age=1209600)), 20260102)
    ),
    "another TTL": Pair(now=_mx(FLAWLESS, *(f"7200 {record}" for record in TWO))),
    "a second address in the same network": Pair(
        now=_named(FLAWLESS, "mx1.example.test", NEAR_MX1),
    ),
    "a host more, which the policy named": Pair(before=_mx(FLAWLESS, TWO[0]), now=FLAWLESS),
    "a host more of the operator of the others": Pair(
        before=ISP,
        now=_named(_mx(ISP, "MX 10 mx1.isp.test.", "MX 10 mx2.isp.test."), "mx2.isp.test", MX2),
    ),
    "keys of the zone": Pair(now=replace(FLAWLESS, keys=2)),
    "one of two name servers": Pair(
        now=_servers(FLAWLESS, "ns1.example.test", "ns3.example.test").at("ns3.example.test", f"A {NS2}"),
    ),
    "another address in the same network": Pair(now=_at(FLAWLESS, "mx2.example.test", NEAR_MX2)),
    "another network, with the key that it had": Pair(now=_at(FLAWLESS, "mx2.example.test", FAR)),
    "a host more of the domain's own, in the same network": Pair(
        before=PLAIN,
        now=_named(PLAIN, "mx9.example.test", NEAR_MX1).plus("example.test", "MX 10 mx9.example.test."),
    ),
    "the signed name that the same provider makes of the domain": Pair(
        before=_provider(PLAIN, TENANT, "outlook.com"),
        now=_provider(PLAIN, "example-test.a-v1.mx.microsoft", "mx.microsoft"),
    ),
    "the other name of the same customer of a gateway": Pair(
        before=_provider(PLAIN, "mx0a-00112201.pphosted.com", "pphosted.com"),
        now=_provider(PLAIN, "mxa-00112201.gslb.pphosted.com", "pphosted.com"),
    ),
    "other numbers of preference in the same order": Pair(
        now=_mx(FLAWLESS, "MX 5 mx1.example.test.", "MX 50 mx2.example.test.")
    ),
}

HIJACKS: dict[str, Pair] = {
    "all MX records forged": Pair(now=_mx(STRANGE, f"MX 10 {STRANGER}.")),
    "a stranger before the others": Pair(now=STRANGE.plus("example.test", f"MX 5 {STRANGER}.")),
    "a stranger as the last backup": Pair(now=STRANGE.plus("example.test", f"MX 90 {STRANGER}.")),
    "another provider": Pair(
        before=_provider(PLAIN, "aspmx.l.google.com", "google.com"),
        now=_provider(PLAIN, TENANT, "outlook.com"),
    ),
    "another customer of the same provider": Pair(
        before=_provider(PLAIN, TENANT, "outlook.com"),
        now=_provider(PLAIN, "stranger-test.mail.protection.outlook.com", "outlook.com"),
    ),
    "another customer of the same gateway": Pair(
        before=_provider(PLAIN, "mx0a-00112201.pphosted.com", "pphosted.com"),
        now=_provider(PLAIN, "mx0a-00665501.pphosted.com", "pphosted.com"),
    ),
    "all name servers replaced": Pair(now=STRANGE_NS),
    "name servers and MX records": Pair(now=_mx(STRANGE_NS, f"MX 10 {STRANGER}.")),
    "a host of the zone's own takes over, with a valid certificate": Pair(now=_mx(OWN, "MX 10 mx9.example.test.")),
    "a host of the zone's own, and the policy is given up": Pair(
        now=_id(replace(OWN, policy=_policy(Mode.NONE)), 20260102).plus("example.test", "MX 30 mx9.example.test.")
    ),
    "the policy names the stranger": Pair(
        now=_id(replace(STRANGE, policy=THREE), 20260102).plus("example.test", f"MX 5 {STRANGER}.")
    ),
    "another machine under the name of the first host": Pair(
        before=NO_DANE, now=_at(NO_DANE, "mx1.example.test", FAR, issuer=OTHER_AUTHORITY)
    ),
    "another machine that has no TLS": Pair(before=NO_DANE, now=_at(NO_DANE, "mx1.example.test", FAR, kind=None)),
    "DNSSEC ends beside a stranger's name server": Pair(
        now=replace(_servers(STRANGE_NS, "ns1.example.test", "ns2.stranger.test"), unsigned=frozenset({"example.test"}))
    ),
    "one name server alone lies": Pair(
        now=replace(
            STRANGE,
            of_server={
                NS2: {
                    "example.test": (
                        *(text for text in FLAWLESS.records["example.test"] if not text.startswith("MX")),
                        f"MX 10 {STRANGER}.",
                    )
                }
            },
        )
    ),
    "no MX record, so that the web server gets the mail": Pair(
        before=PLAIN,
        now=_named(_mx(PLAIN), "example.test", FAR, issuer=OTHER_AUTHORITY).plus("example.test", f"A {FAR}"),
    ),
}


@cache
def _looks(name: str) -> tuple[Snapshot, Snapshot]:
    pair = {**RENEWALS, **HIJACKS}[name]
    before = look_at(replace(pair.before, epoch=EPOCH - DAY)).snapshot
    return before, look_at(pair.now).snapshot


def _findings(snapshot: Snapshot, before: Snapshot | None) -> list[Finding]:
    judged = judge_snapshot(snapshot, beside=Beside(before=before))
    return [
        one
        for judgement in judged
        for one in judgement.findings
        if one.severity in (Severity.ERROR, Severity.WARNING) and one.code not in ALWAYS
    ]


def test_there_are_twelve_of_each_kind_at_least() -> None:
    assert len(RENEWALS) >= 12
    assert len(HIJACKS) >= 12


@pytest.mark.parametrize("name", RENEWALS)
def test_upkeep_raises_nothing_above_a_note(name: str) -> None:
    before, now = _looks(name)
    known = {one.id for one in _findings(before, None)}

    assert [(one.id, one.says, one.seen) for one in _findings(now, before) if one.id not in known] == []


@pytest.mark.parametrize("name", RENEWALS)
def test_upkeep_is_told_as_a_renewal(name: str) -> None:
    changes = compare_looks(*_looks(name))

    assert changes.changes
    assert {one.weight for one in changes.changes} == {Weight.RENEWAL}, changes.changes
    assert all(one.because for one in changes.changes)


@pytest.mark.parametrize("name", HIJACKS)
def test_mail_in_other_hands_is_an_error_told_once(name: str) -> None:
    before, now = _looks(name)
    found = [one for one in _findings(now, before) if one.code in HIJACK]

    assert [one.severity for one in found] == [Severity.ERROR], found


@pytest.mark.parametrize("name", HIJACKS)
def test_mail_in_other_hands_is_told_as_alarming(name: str) -> None:
    assert compare_looks(*_looks(name)).count(Weight.ALARMING)


@pytest.mark.parametrize("name", [*RENEWALS, *HIJACKS])
def test_a_look_beside_itself_shows_no_change(name: str) -> None:
    for look in _looks(name):
        assert compare_looks(look, look).changes == ()


# -- what may be either ------------------------------------------------------------------------------------------------

DOUBTFUL: dict[str, tuple[str, Pair]] = {
    "a host is gone": ("MX520", Pair(before=PLAIN, now=_mx(PLAIN, TWO[0]))),
    "the order is another": ("MX520", Pair(now=_mx(FLAWLESS, "MX 20 mx1.example.test.", "MX 10 mx2.example.test."))),
    "other names in the same network, with other keys": (
        "MX520",
        Pair(before=PLAIN, now=_mx(_named(PLAIN, "mx9.example.test", NEAR_MX1), "MX 10 mx9.example.test.")),
    ),
    "a host moved, and has a new key of its authority": (
        "MX520",
        Pair(before=NO_DANE, now=_at(NO_DANE, "mx2.example.test", FAR, kind=NEW_KEY)),
    ),
    "DNSSEC ends": ("MX526", Pair(before=PLAIN, now=replace(PLAIN, unsigned=frozenset({"example.test"})))),
    "one name server of a stranger": (
        "MX526",
        Pair(now=_servers(STRANGE_NS, "ns1.example.test", "ns2.stranger.test")),
    ),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_may_be_either_is_a_warning(name: str) -> None:
    code, pair = DOUBTFUL[name]
    before = look_at(replace(pair.before, epoch=EPOCH - DAY)).snapshot
    found = [one for one in _findings(look_at(pair.now).snapshot, before) if one.code in HIJACK]

    assert [(one.code, one.severity) for one in found] == [(code, Severity.WARNING)]


def test_the_keys_of_the_zone_are_asked_for_and_their_change_is_a_note() -> None:
    before, now = _looks("keys of the zone")
    (found,) = (
        one
        for judgement in judge_snapshot(now, beside=Beside(before=before))
        for one in judgement.findings
        if one.code == "MX526"
    )

    assert [one.question.name for one in now.answers if one.question.rrtype is RecordType.DS] == ["example.test"]
    assert found.severity is Severity.INFO
    assert found.says.startswith("the keys (DS) of example.test are not those of the probe of 2025-12-31")
