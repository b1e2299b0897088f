"""Every rule that needs no recipient and no message, against the lab: a flawless domain with one fault raises it and no
other, and what comes near raises nothing."""

import errno
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.snapshot import Vantage
from mxprobe.lab.memory import SynAnswer
from mxprobe.lab.recursor import OWN_ADDRESS
from mxprobe.probe.snapshot import ControlHost
from mxprobe.scenario.reaction import CertificateKind, Page, Present, TlsVersion
from tests.support.judged import (
    FLAWLESS,
    MX1,
    MX2,
    NEXT_KEY,
    NS2,
    PROBE,
    PROBE_NAME,
    Domain,
    MailHost,
    look_at,
    tlsa_of,
)

ERROR, WARNING, INFO, OK = Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.OK
ALWAYS = {"MX007"}
"""Nobody has consented to more than a look, in any of these."""

DAY, Y2027, Y2045 = 86400.0, 1_798_761_600.0, 2_366_841_600.0
"""The lab's certificates and signatures end with the year 2044."""

NO_DANE = FLAWLESS.at("_25._tcp.mx1.example.test").at("_25._tcp.mx2.example.test")
NO_POLICY = replace(FLAWLESS.at("_mta-sts.example.test").at("mta-sts.example.test"), policy=None)
PLAIN = NO_POLICY.at("_25._tcp.mx1.example.test").at("_25._tcp.mx2.example.test")
"""Neither policy nor TLSA records: for faults that would break those, too."""

TWO = ("MX 10 mx1.example.test.", "MX 20 mx2.example.test.")
V6 = "2001:503:ba3e::2:30"
WITH_V6 = NO_DANE.plus("mx1.example.test", f"AAAA {V6}").named(V6, "PTR mx1.example.test.")


class Case(Struct, frozen=True, kw_only=True):
    """A fault, the findings that it raises, and what comes near to it and raises none."""

    code: str
    fault: Domain
    near: Domain
    raises: dict[str, Severity]
    wishes: dict[str, Any] = {}


def _case(code: str, severity: Severity, fault: Domain, near: Domain = FLAWLESS, **wishes: Any) -> Case:
    return Case(code=code, fault=fault, near=near, raises={code: severity}, wishes=wishes)


def _mx(*records: str) -> Domain:
    """A domain without policy and TLSA whose MX records are these."""
    return PLAIN.without("example.test", "MX").plus("example.test", *records)


def _both(**manners: Any) -> Domain:
    """A domain without policy and TLSA both of whose hosts are so."""
    return PLAIN.host(MX1, **manners).host(MX2, **manners)


def _second(**manners: Any) -> Domain:
    """A primary with a second address, where this happens."""
    return replace(WITH_V6, hosts={**WITH_V6.hosts, V6: MailHost(name="mx1.example.test", **manners)})


def _policy(*lines: str) -> Domain:
    """A domain whose policy host gives out these lines."""
    body = "".join(f"{line}\r\n" for line in lines).encode()
    return replace(FLAWLESS, react=lambda moment: (Page(body=body),) if moment.path is not None else ())


def _allowing(*patterns: str) -> Domain:
    """A domain whose policy names these hosts."""
    assert FLAWLESS.policy is not None
    return replace(FLAWLESS, policy=replace(FLAWLESS.policy, mx=patterns))


M365, NEW365 = "example-test.mail.protection.outlook.com", "example-test.a-v1.mx.microsoft"
MORE = ("198.97.190.53", "192.112.36.4")


def _hosted_by(*hosts: tuple[int, str], spf: str = "v=spf1 -all") -> Domain:
    """A domain whose hosts have these names and preferences, at providers of mail or its own."""
    domain = _mx(*(f"MX {preference} {name}." for preference, name in hosts))
    domain = domain.without("example.test", "TXT").plus("example.test", f'TXT "{spf}"')
    others: dict[str, tuple[str, ...]] = {}
    for address, (_, name) in zip((MX1, MX2, *MORE), hosts, strict=False):
        if name.endswith("example.test"):
            domain = domain.at(name, f"A {address}")
        else:
            others |= {".".join(name.split(".")[-2:]): ZONE, name: (f"A {address}",)}
        hosted = replace(domain, hosts={**domain.hosts, address: MailHost(name=name)})
        domain = hosted.named(address, f"PTR {name}.")
    return replace(domain, others={**domain.others, **others})


def _elsewhere(first: int, second: int) -> Domain:
    """A domain whose two hosts are those of two mailbox providers, at these preferences."""
    return _hosted_by((first, "aspmx.l.google.com"), (second, M365), spf="v=spf1 mx -all")


def _renamed(first: str, second: str) -> Domain:
    """A domain whose hosts have other names."""
    domain = _mx(f"MX 10 {first}.example.test.", f"MX 20 {second}.example.test.")
    for address, name in ((MX1, first), (MX2, second)):
        whole = f"{name}.example.test"
        domain = domain.at(whole, f"A {address}").host(address, name=whole).named(address, f"PTR {whole}.")
    return domain


ZONE = ("SOA ns1.example.test. hostmaster.example.test. 1 3600 900 1209600 300", "NS ns1.example.test.")
COM = replace(_mx(*TWO, "MX 30 mx.old-provider.com."), others={**PLAIN.others, "com": ZONE})
ONE_HOST = _mx(TWO[0]).plus("mx1.example.test", f"A {MX2}").host(MX2, name="mx1.example.test")


def _of_second(*records: str) -> Domain:
    """The flawless domain whose second name server has these MX records."""
    others = tuple(text for text in PLAIN.records["example.test"] if not text.startswith("MX"))
    return replace(PLAIN, of_server={NS2: {"example.test": (*others, *records)}})


_FAILURE, _VERSION = bytes.fromhex("15030300020228"), bytes.fromhex("15030300020246")
"""The alerts handshake_failure and protocol_version (RFC 8446 §6)."""

CONTROLS = (ControlHost(host="198.97.190.53"), ControlHost(host="192.112.36.4"))
OTHER_NAME = CertificateKind.WRONG_NAME


def _spf(*records: str) -> Domain:
    """The flawless domain with these SPF records."""
    return FLAWLESS.without("example.test", "TXT").plus("example.test", *(f'TXT "{record}"' for record in records))


_TLSA2 = "_25._tcp.mx2.example.test"


def _tlsa(*records: str) -> Domain:
    """The flawless domain whose backup has these TLSA records."""
    return FLAWLESS.at(_TLSA2, *(f"TLSA {record}" for record in records))


def _hosted(*unsigned: str) -> Domain:
    """A domain whose hosts are at a provider, which signs its zone and has TLSA records."""
    domain = _mx("MX 10 mx1.elsewhere.test.", "MX 20 mx2.elsewhere.test.")
    for address, name in ((MX1, "mx1.elsewhere.test"), (MX2, "mx2.elsewhere.test")):
        domain = domain.beside(name, f"A {address}").beside(f"_25._tcp.{name}", f"TLSA {tlsa_of(name)}", NEXT_KEY)
        domain = domain.host(address, name=name).named(address, f"PTR {name}.")
    return replace(domain, unsigned=frozenset(unsigned))


OWN2, OTHER = tlsa_of("mx2.example.test"), f"3 1 1 {'a5' * 32}"


def _google(record: str) -> Domain:
    """A domain whose mailboxes are at an operator that sends, too."""
    names = {
        "google.com": (FLAWLESS.others["elsewhere.test"][0], "NS ns1.example.test."),
        "smtp.google.com": (f"A {MX1}",),
        "_spf.google.com": ('TXT "v=spf1 ip4:198.97.190.0/24 ~all"',),
    }
    domain = _mx("MX 1 smtp.google.com.").without("example.test", "TXT").plus("example.test", f'TXT "{record}"')
    domain = domain.named(MX1, "PTR smtp.google.com.").host(MX1, name="smtp.google.com")
    return replace(domain, others={**domain.others, **names})


def _pool(size: int) -> Domain:
    """A domain whose SPF means a pool of so many hosts."""
    records = (f"MX 10 m{number}.pool.example.test." for number in range(size))
    domain = _spf("v=spf1 mx mx:pool.example.test -all").at("pool.example.test", *records)
    for number in range(size):
        domain = domain.at(f"m{number}.pool.example.test", f"A {MX2}")
    return domain


def _dmarc(record: str) -> Domain:
    return FLAWLESS.at("_dmarc.example.test", f'TXT "{record}"')


def _key(selector: str, record: str) -> Domain:
    return FLAWLESS.at(f"{selector}._domainkey.example.test", f'TXT "{record}"')


def _named_by(**names: Any) -> Vantage:
    """Who looks, and names selectors or lists."""
    return Vantage(helo=PROBE_NAME, nameservers=(OWN_ADDRESS,), source=PROBE, **names)


LIST = FLAWLESS.beside("2.0.0.127.bl.elsewhere.test", "A 127.0.0.2")


def _swapped(records: tuple[str, ...]) -> tuple[str, ...]:
    """The records with the preferences of the two hosts the other way round."""
    swap = {"MX 10": "MX 20", "MX 20": "MX 10"}
    return tuple(swap.get(text[:5], text[:5]) + text[5:] for text in records)


ELSEWHERE = {
    "MX004": "is about the resolver; tests/lab/test_judged_dnssec.py, by a test of its own",
    "MX505": "needs our own validator; tests/lab/test_judged_dnssec.py, by a test of its own",
    "MX007": "fires in every case here, for nobody consents",
    "MX106": "is good, and stands in tests/rules/test_domain_rules.py",
    "MX317": "sums up what other findings say of a backup; tests/lab/test_planted.py",
    "MX413": "tests/lab/test_judged_beside.py, by a test of its own",
    "MX526": "tests/lab/test_judged_beside.py, by a test of its own",
    **{f"MX53{n}": "needs a file of expectations; tests/lab/test_judged_expected.py" for n in range(1, 10)},
    "MX750": "is good, and stands in tests/lab/test_planted.py",
    "MX770": "is good, and stands in tests/lab/test_planted.py",
}
"""Rules that need no recipient and no message, and have no case here, with the reason."""

NEED_A_RECIPIENT = ("MX315", "MX525", "MX660", "MX662", "MX80", "MX81", "MX905", "MX909")

CLOUDFLARE = tuple((10 * n, f"route{n}.mx.cloudflare.net") for n in (1, 2, 3))
BARRACUDA = ((10, "d12345a.ess.barracudanetworks.com"), (20, "d12345b.ess.barracudanetworks.com"))
FASTMAIL = ((10, "in1-smtp.messagingengine.com"), (20, "in2-smtp.messagingengine.com"))
WORKMAIL = _hosted_by((10, "inbound-smtp.eu-west-1.amazonaws.com"))
OWN = "mail.example.test"
TURNED = tuple(zip((20, 10), (name for _, name in FASTMAIL), strict=True))
PROVIDER_CASES = [
    _case("MX524", WARNING, _hosted_by((9, OWN), (20, "mx.exmaple.test")), _hosted_by((9, OWN), (20, "mx.ample.test"))),
    _case("MX900", INFO, _hosted_by(*FASTMAIL), _hosted_by((10, f"{FASTMAIL[0][1]}.example.test"), (20, OWN))),
    _case("MX901", WARNING, _hosted_by(FASTMAIL[0], (10, OWN)), _hosted_by(*FASTMAIL)),
    _case("MX902", INFO, _hosted_by(*TURNED), _hosted_by(*((preference // 2, name) for preference, name in FASTMAIL))),
    _case(
        "MX903",
        INFO,
        _hosted_by((1, "aspmx2.googlemail.com"), (5, "aspmx3.googlemail.com")),
        _hosted_by((1, "smtp.google.com")),
    ),
    _case("MX904", ERROR, _hosted_by(*CLOUDFLARE, (5, OWN)), _hosted_by(*CLOUDFLARE)),
    _case("MX906", WARNING, _hosted_by(*BARRACUDA, (30, M365)), _hosted_by(*BARRACUDA, (30, OWN))),
    _case("MX907", INFO, _hosted_by((0, NEW365), (30, M365)), _hosted_by((0, NEW365))),
    _case("MX908", INFO, replace(WORKMAIL, epoch=Y2027), WORKMAIL),
    _case("MX910", ERROR, _hosted_by((10, "feedback-smtp.eu-west-1.amazonses.com")), WORKMAIL),
    _case("MX920", INFO, _hosted_by(*CLOUDFLARE), _hosted_by(*BARRACUDA)),
    _case("MX921", ERROR, _hosted_by((10, "mx1.improvmx.com"), (20, "mx2.improvmx.com"), (30, M365))),
]
"""The rules about providers; what else a look notes of these domains is that it knows the provider."""

CASES = [
    _case("MX001", INFO, _both(syn=SynAnswer.DROP), controls=CONTROLS),
    _case("MX002", INFO, FLAWLESS.named(PROBE)),
    _case(
        "MX003",
        INFO,
        FLAWLESS.host(MX2, banner="554 5.7.1 202.12.27.33 is listed by dnsbl.example"),
        FLAWLESS.host(MX2, banner="220 mx2.example.test listed by nobody"),
    ),
    _case("MX005", INFO, _second(local_error=errno.EAFNOSUPPORT), _second()),
    _case(
        "MX006",
        INFO,
        _second(banner="421 4.7.0 Too many connections from you"),
        _second(banner="220 mx1.example.test Too many connections are not welcome"),
    ),
    _case("MX101", ERROR, replace(FLAWLESS, records={}, policy=None)),
    _case(
        "MX102",
        ERROR,
        replace(FLAWLESS, failing=frozenset({"example.test MX"})),
        replace(FLAWLESS, failing=frozenset({"other.example.test MX"})),
    ),
    _case("MX103", WARNING, _mx(f"A {MX1}").host(MX1, name="example.test")),
    _case(
        "MX104",
        WARNING,
        _mx(TWO[0], "MX 20 alias.example.test.")
        .at("alias.example.test", "CNAME mx2.example.test.")
        .host(MX2, name="alias.example.test"),
        PLAIN.at("alias.example.test", "CNAME mx2.example.test."),
    ),
    _case("MX105", INFO, _mx()),
    _case("MX107", ERROR, _mx("MX 0 .", *TWO)),
    _case("MX110", ERROR, _mx(*TWO, "MX 30 192.0.2.9.")),
    _case("MX111", ERROR, _mx(*TWO, "MX 30 mail\\032x.example.test.")),
    _case("MX112", ERROR, _mx(*TWO, "MX 30 mx1.example.test.example.test.")),
    _case("MX113", WARNING, _mx(*TWO, "MX 30 mx1.example.test.")),
    _case("MX117", ERROR, _of_second(TWO[0], "MX 30 mx2.example.test."), _of_second(*TWO[::-1])),
    _case("MX118", WARNING, replace(PLAIN, silent=frozenset({NS2}))),
    _case("MX201", ERROR, _mx(TWO[0], "MX 20 gone.example.test.")),
    _case("MX202", ERROR, _mx(TWO[0], "MX 20 bare.example.test.").at("bare.example.test", 'TXT "x"')),
    _case("MX203", WARNING, replace(PLAIN, failing=frozenset({"mx2.example.test A", "mx2.example.test AAAA"}))),
    _case("MX204", ERROR, _mx("MX 10 gone.example.test.")),
    _case("MX205", ERROR, PLAIN.plus("mx2.example.test", "A 192.168.7.7")),
    _case("MX206", ERROR, PLAIN.plus("mx2.example.test", "A 127.0.0.1")),
    Case(
        code="MX208",
        fault=PLAIN.plus("mx2.example.test", f"A {MX1}"),
        near=PLAIN,
        raises={"MX208": WARNING, "MX707": WARNING},
    ),
    _case("MX301", INFO, ONE_HOST.named(MX2, "PTR mx1.example.test.")),
    _case("MX302", WARNING, _mx(TWO[0])),
    *PROVIDER_CASES,
    Case(code="MX304", fault=_elsewhere(10, 10), near=PLAIN, raises={"MX304": ERROR, "MX852": WARNING}),
    Case(
        code="MX305", fault=_elsewhere(10, 20), near=PLAIN, raises={"MX305": WARNING, "MX852": WARNING, "MX901": INFO}
    ),
    _case("MX310", WARNING, _second(banner="350 what"), _second()),
    _case("MX311", WARNING, _renamed("backup", "mail"), _renamed("mail", "backup")),
    _case("MX401", WARNING, _mx(*(f"86401 {one}" for one in TWO)), _mx(*(f"86400 {one}" for one in TWO))),
    _case("MX522", ERROR, COM),
    _case("MX306", ERROR, FLAWLESS.host(MX2, syn=SynAnswer.REFUSE)),
    _case("MX308", ERROR, FLAWLESS.host(MX1, syn=SynAnswer.REFUSE)),
    _case("MX309", ERROR, _both(syn=SynAnswer.REFUSE)),
    _case("MX601", ERROR, _second(syn=SynAnswer.REFUSE), _second()),
    _case("MX602", ERROR, _second(syn=SynAnswer.DROP), _second()),
    _case("MX605", ERROR, _second(silent=True), _second()),
    _case("MX607", WARNING, _second(banner="421 4.3.2 not now"), _second()),
    _case("MX608", ERROR, _second(banner="554 5.3.2 no mail here"), _second()),
    _case(
        "MX610",
        INFO,
        FLAWLESS.host(MX2, banner="220 localhost ESMTP"),
        FLAWLESS.host(MX2, banner="220 other.example.test ESMTP"),
    ),
    _case("MX701", WARNING, _both(kind=None)),
    _case("MX702", WARNING, _both(starttls="454 4.7.0 TLS not available")),
    _case("MX703", WARNING, _both(alert=_FAILURE)),
    _case("MX704", ERROR, _both(alert=_VERSION), _both(version=TlsVersion.TLS_1_2)),
    _case("MX707", WARNING, PLAIN.host(MX2, kind=OTHER_NAME)),
    _case("MX708", WARNING, PLAIN.host(MX2, kind=CertificateKind.SELF_SIGNED)),
    _case("MX709", ERROR, PLAIN.host(MX2, kind=CertificateKind.EXPIRED)),
    _case(
        "MX710",
        INFO,
        replace(FLAWLESS, epoch=Y2045 - 10 * DAY),
        replace(FLAWLESS, epoch=Y2045 - 20 * DAY),
    ),
    _case("MX715", WARNING, PLAIN.host(MX2, kind=None)),
    _case("MX751", ERROR, _tlsa(OTHER, "3 1 1 " + "5a" * 32), _tlsa(OTHER, OWN2)),
    _case("MX752", ERROR, FLAWLESS.host(MX2, kind=None)),
    _case("MX753", WARNING, replace(FLAWLESS, unsigned=frozenset({"example.test"}))),
    _case("MX754", WARNING, _tlsa(f"1 1 1 {'a5' * 32}"), _tlsa(f"3 2 1 {'a5' * 32}", OWN2, OTHER)),
    _case("MX755", WARNING, _tlsa(f"0 1 1 {'a5' * 32}", OWN2, OTHER), _tlsa(f"2 1 1 {'a5' * 32}", OWN2, OTHER)),
    _case("MX756", INFO, _tlsa(OWN2), _tlsa(OWN2, OTHER)),
    _case("MX757", WARNING, FLAWLESS.at(_TLSA2), NO_DANE),
    _case(
        "MX758",
        ERROR,
        replace(FLAWLESS, failing=frozenset({f"{_TLSA2} TLSA"})),
        replace(FLAWLESS, failing=frozenset({f"{_TLSA2} TXT"})),
    ),
    _case("MX759", INFO, _hosted("example.test"), _hosted()),
    _case(
        "MX771",
        ERROR,
        FLAWLESS.at("_mta-sts.example.test", 'TXT "v=STSv1; id=a-b"'),
        FLAWLESS.at("_mta-sts.example.test", 'TXT "v=STSv1; id=ab; other=1"'),
    ),
    _case("MX772", ERROR, FLAWLESS.at("mta-sts.example.test")),
    _case("MX773", ERROR, replace(FLAWLESS, react=lambda moment: (Present(kind=CertificateKind.EXPIRED),))),
    _case(
        "MX774",
        ERROR,
        _policy("version: STSv1", "mode: always", "max_age: 86400"),
        _policy("version: STSv1", "mode: none", "max_age: 86400"),
    ),
    _case("MX775", ERROR, _allowing("mx1.example.test"), _allowing("*.example.test")),
    _case(
        "MX777",
        ERROR,
        FLAWLESS.host(MX2, kind=OTHER_NAME).at(
            "_25._tcp.mx2.example.test", f"TLSA {tlsa_of('mx2.example.test', OTHER_NAME)}", NEXT_KEY
        ),
    ),
    _case("MX783", INFO, FLAWLESS.at("_smtp._tls.example.test")),
    _case("MX850", INFO, _spf(), _spf("v=spf1 -all")),
    _case("MX851", INFO, _google("v=spf1 ip4:198.41.0.4 -all"), _google("v=spf1 include:_spf.google.com -all")),
    _case(
        "MX852",
        WARNING,
        _google("v=spf1 mx include:_spf.google.com -all"),
        _google("v=spf1 ?mx include:_spf.google.com -all"),
    ),
    _case("MX853", ERROR, _pool(11), _pool(10)),
    _case(
        "MX854",
        ERROR,
        _spf("v=spf1 mx a:a.example.test a:b.example.test a:c.example.test -all"),
        _spf("v=spf1 mx a:a.example.test a:b.example.test -all"),
    ),
    _case("MX855", ERROR, _spf("v=spf1 mx -all", "v=spf1 -all"), _spf("v=spf1 mx -all", "v=spf10 -all")),
    _case("MX857", INFO, _dmarc("v=DMARC2; p=none"), _dmarc("v=DMARC1; p=none")),
    _case(
        "MX858",
        WARNING,
        _dmarc("v=DMARC1; p=none; rua=mailto:a@elsewhere.test"),
        _dmarc("v=DMARC1; p=none; rua=mailto:a@probe.elsewhere.test!10m").beside(
            "example.test._report._dmarc.probe.elsewhere.test", 'TXT "v=DMARC1"'
        ),
    ),
    _case("MX860", WARNING, FLAWLESS, _key("s1", "p=MIIB"), vantage=_named_by(dkim_selectors=("s1",))),
    _case(
        "MX405",
        WARNING,
        replace(FLAWLESS, cached={"example.test": _swapped(FLAWLESS.records["example.test"])}),
        replace(FLAWLESS, cached={"example.test": FLAWLESS.records["example.test"]}),
    ),
    _case(
        "MX884",
        WARNING,
        LIST.beside("4.0.41.198.bl.elsewhere.test", "A 127.0.0.4"),
        LIST.beside("4.0.41.198.bl.elsewhere.test", "A 127.255.255.254"),
        vantage=_named_by(dnsbls=("bl.elsewhere.test",)),
    ),
    _case("MX880", WARNING, FLAWLESS.named(MX2)),
    _case(
        "MX881",
        WARNING,
        FLAWLESS.named(MX2, "PTR mx1.example.test."),
        FLAWLESS.named(MX2, "PTR mx1.example.test.", "PTR mx2.example.test."),
    ),
]


def _named(case: Case) -> str:
    return case.code


def _left_out(case: Case) -> set[str]:
    """What is told of many domains: that nobody consented, and whose their hosts are."""
    return ALWAYS | ({"MX900", "MX920"} - {case.code})


@pytest.mark.parametrize("case", CASES, ids=_named)
def test_one_fault_raises_its_finding_and_no_other(case: Case) -> None:
    found = look_at(case.fault, **case.wishes).found

    assert {code: severity for code, severity in found.items() if code not in _left_out(case)} == case.raises


@pytest.mark.parametrize("case", CASES, ids=_named)
def test_what_comes_near_raises_nothing(case: Case) -> None:
    assert set(look_at(case.near, **case.wishes).found) <= _left_out(case)


def test_the_flawless_domains_own_servers_are_heard_and_agree() -> None:
    judged = {one.code: one.status for one in look_at(FLAWLESS).judgements}

    for code in ("MX117", "MX118", "MX401", "MX405"):
        assert judged[code] is Status.PASSES, code
