"""Domains as there are many, at large providers and at home: nobody is accused of what is usual."""

import dns.reversename
import pytest
from msgspec.structs import replace

from mxprobe.facts.dns import Alias, Answer, AnswerStatus, AuthorityAnswer, Question, RecordType
from mxprobe.facts.finding import Severity
from mxprobe.mx.drift import published_mx
from tests.support.judged import FLAWLESS, NS1, NS2, SOA, Domain, MailHost, look_at

TO = "alice@example.test"
V6 = "2001:503:ba3e::2:30"
PROVIDER_SOA = SOA.replace("2026010101", "1")
GOOGLE = {
    "142.250.1.26": "aspmx.l.google.com",
    "142.251.2.26": "alt1.aspmx.l.google.com",
    "172.253.3.26": "alt2.aspmx.l.google.com",
    "74.125.4.26": "alt3.aspmx.l.google.com",
    "64.233.5.26": "alt4.aspmx.l.google.com",
}
MICROSOFT = {f"52.101.{number}.7": "example-test.mail.protection.outlook.com" for number in range(1, 5)}
HOME = {"198.41.0.4": "mail.example.test", V6: "mail.example.test"}


def _domain(mx: tuple[str, ...], spf: str, hosts: dict[str, str], zone: str, banner: str | None = None) -> Domain:
    """A domain without signatures and policies, its MX records at a provider's zone, or in its own."""
    records: dict[str, tuple[str, ...]] = {
        "example.test": (SOA, "NS ns1.example.test.", "NS ns2.example.test.", *mx, f'TXT "{spf}"'),
        "ns1.example.test": (f"A {NS1}",),
        "ns2.example.test": (f"A {NS2}",),
        "_dmarc.example.test": ('TXT "v=DMARC1; p=none"',),
    }
    others = dict(FLAWLESS.others)
    if zone != "example.test":
        others |= {
            zone: (PROVIDER_SOA, "NS ns1.example.test."),
            f"_spf.{zone}": ('TXT "v=spf1 ip4:142.250.0.0/15 ip4:52.100.0.0/14 ~all"',),
        }
    for number, (address, name) in enumerate(hosts.items()):
        record = f"{'AAAA' if ':' in address else 'A'} {address}"
        machine = name if zone == "example.test" else f"machine{number}.{zone}"
        for owner in {name, machine}:
            home = records if owner.endswith("example.test") else others
            home[owner] = (*home.get(owner, ()), record)
        others[dns.reversename.from_address(address).to_text(omit_final_dot=True)] = (f"PTR {machine}.",)
    return Domain(
        records=records,
        others=others,
        hosts={address: MailHost(name=name, banner=banner) for address, name in hosts.items()},
        policy=None,
        unsigned=frozenset({"example.test", zone}),
    )


ORDINARY = {
    "google": _domain(
        tuple(f"MX {preference} {name}." for preference, name in zip((1, 5, 5, 10, 10), GOOGLE.values(), strict=True)),
        "v=spf1 include:_spf.google.com ~all",
        GOOGLE,
        "google.com",
        "220 mx.google.com ESMTP a1-20020a05 - gsmtp",
    ),
    "microsoft": _domain(
        ("MX 0 example-test.mail.protection.outlook.com.",),
        "v=spf1 include:_spf.outlook.com -all",
        MICROSOFT,
        "outlook.com",
        "220 AM1EUR05.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready",
    ),
    "at-home": _domain(("MX 10 mail.example.test.",), "v=spf1 mx ~all", HOME, "example.test"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_what_is_usual_is_no_more_than_a_note(name: str) -> None:
    looked = look_at(ORDINARY[name], recipients=(TO,))

    alone = {"MX302"} if name == "at-home" else set()  # all of its mail comes in at one machine
    assert {code for code, severity in looked.found.items() if severity is not Severity.INFO} == alone
    assert set(looked.found) - alone <= {"MX301", "MX502", "MX504", "MX900"}
    assert looked.good == {"MX800"}


def test_hosts_without_ipv6_use_up_nobodys_spf() -> None:
    domain = FLAWLESS.without("example.test", "TXT").plus("mx1.example.test", f"AAAA {V6}")
    terms = ""
    for number, name in enumerate(("web", "shop", "desk"), start=1):
        domain = domain.at(f"{name}.example.test", f"A 198.41.7.{number}")
        terms += f" a:{name}.example.test"
    domain = domain.plus("example.test", f'TXT "v=spf1{terms} mx -all"').named(V6, "PTR mx1.example.test.")
    domain = replace(domain, hosts={**domain.hosts, V6: MailHost(name="mx1.example.test")})

    assert look_at(domain, recipients=(TO,)).found == {}


def _asked_itself(server: str, **otherwise: object) -> AuthorityAnswer:
    """What a name server says of the MX records when it is asked itself."""
    question = Question(name="example.test", rrtype=RecordType.MX)
    plain = Answer(question=question, status=AnswerStatus.NODATA, server=f"{NS1}:53", authoritative=True)
    return AuthorityAnswer(zone="example.test", server=server, address=NS1, answer=replace(plain, **otherwise))


@pytest.mark.parametrize(
    "answer",
    [
        _asked_itself("ns1.example.test", authoritative=False),
        _asked_itself("ns1.example.test", aliases=(Alias(name="example.test", points_to="other.test", ttl=60),)),
        _asked_itself("ns1.example.test", status=AnswerStatus.TIMEOUT, authoritative=None),
    ],
    ids=["has-not-the-zone", "names-another", "silent"],
)
def test_what_a_server_does_not_say_is_gone_from_nowhere(answer: AuthorityAnswer) -> None:
    seen = look_at(FLAWLESS).snapshot

    assert len(published_mx(replace(seen, authorities=(answer,)))) == 1
