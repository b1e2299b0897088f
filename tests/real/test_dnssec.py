"""Our validator and Unbound agree: zones that are secure, insecure or bogus in every way that mail can meet.

The root and three zones below it (with NSEC, with NSEC3, and with NSEC3 and opt-out) are signed by the lab; below them
are islands with anything wrong, served by NSD, and zones signed and served by BIND. Unbound validates them, and we do,
over the same Unbound told not to check. AD is secure, SERVFAIL where an unchecked query is answered is bogus, and all
else insecure.

Where the two differ on purpose:
- Unbound lets signatures count a tenth of their span, an hour to a day, beyond their end (val-sig-skew-min), for the
  sake of wrong clocks; we take them at their word. Here they are years over.
- A SHA-1 digest beside one of SHA-256 is passed over by us, as RFC 4509 §3 wants it (and BIND does); Unbound takes any
  digest that fits unless it is told to be strict (harden-algo-downgrade). DIFFERS has the question.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from msgspec import Struct

from mxprobe.facts.dns import Question, RecordType, Security, Validation
from mxprobe.facts.finding import Finding
from mxprobe.jobs.look import Look, LookOptions, look
from mxprobe.lab.signing import Hashing, SignedZones, sign_zones
from mxprobe.probe.validate import Validator
from mxprobe.wire.exchange import ask_over_sockets, join_server
from mxprobe.wire.resolver import Resolver
from tests.support.islands import (
    SEED,
    YEAR,
    Edit,
    also,
    digest_of,
    drop,
    drop_all,
    key_tag,
    put,
    sign_again,
    sign_island,
)
from tests.support.mailers import Bind, Nsd, Tree, Unbound, free_address, free_port, sign_with_bind

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

NOW = time.time()
HOUR = 3600.0
OVER = (NOW - 3 * YEAR, NOW - 2 * YEAR)
TO_COME = (NOW + 2 * YEAR, NOW + 3 * YEAR)
TOP = "@ 300 IN SOA a.root-servers.net. nobody.invalid. 1 3600 900 604800 60\n@ 300 IN NS a.root-servers.net.\n"
ZONE = f"""\
{TOP}@ 300 IN MX 10 mx1
mx1 300 IN A 192.0.2.1
_25._tcp.mx1 300 IN TLSA 3 1 1 {"ab" * 32}
a.deep 300 IN A 192.0.2.2
*.wild 300 IN TXT "any"
www 300 IN CNAME mx1
"""
WRONG = "00" * 32


class Island(Struct, frozen=True, kw_only=True):
    """A zone: how it is signed, what is wrong with it, and the DS records above it (None: the right one)."""

    text: str = ZONE
    hashing: Hashing | None = None
    edit: Edit | None = None
    ds: tuple[str, ...] | None = None


def _own(origin: str, kind: str = "SHA256") -> str:
    return digest_of(origin, kind)


def _wrong(origin: str, kind: int) -> str:
    return f"{key_tag(origin)} 15 {kind} {WRONG if kind == 2 else WRONG[:40]}"


def _child(origin: str, digest: str = "") -> str:
    """The delegation of a zone in the one above."""
    return f"{origin}. 300 IN NS a.root-servers.net.\n" + (f"{origin}. 300 IN DS {digest}\n" if digest else "")


PLAIN, HASHED, OUT = Hashing(), Hashing(salt=b"\xaa\xbb", iterations=5), Hashing(opt_out=True)
ISLANDS = {
    "plain.test": Island(text=ZONE + _child("sub.plain.test", _own("sub.plain.test"))),
    "sub.plain.test": Island(hashing=PLAIN),
    "nsec3.test": Island(hashing=HASHED, text=ZONE + _child("sub.nsec3.test", _own("sub.nsec3.test"))),
    "sub.nsec3.test": Island(),
    "open.nsec3.test": Island(ds=()),
    "unsigned.test": Island(ds=()),
    "sub.unsigned.test": Island(),
    "quiet.test": Island(ds=(), text="".join(line for line in ZONE.splitlines(keepends=True) if "TLSA" not in line)),
    "unsigned.hashed": Island(ds=()),
    "unsigned.optout": Island(ds=()),
    "signed.hashed": Island(),
    "signed.optout": Island(hashing=OUT),
    "wrongds.test": Island(ds=(_wrong("wrongds.test", 2),)),
    "wrongds.hashed": Island(ds=(_wrong("wrongds.hashed", 2),)),
    "nokeys.test": Island(edit=drop_all("DNSKEY")),
    "bare.test": Island(edit=also(*(drop_all(kind) for kind in ("DNSKEY", "NSEC", "RRSIG")))),
    "expired.test": Island(edit=sign_again("@", "MX", *OVER)),
    "expiredkeys.test": Island(edit=sign_again("@", "DNSKEY", *OVER)),
    "future.test": Island(edit=sign_again("@", "MX", *TO_COME)),
    "stranger.test": Island(edit=sign_again("@", "MX", NOW - HOUR, NOW + YEAR, by="another.test")),
    "missing.test": Island(edit=drop("@", "RRSIG", "MX")),
    "tampered.test": Island(edit=put("mx1", "A", "198.51.100.66")),
    "proofless.test": Island(edit=drop_all("NSEC")),
    "expiredproof.test": Island(edit=sign_again("mx1", "NSEC", *OVER)),
    "iterated.test": Island(hashing=Hashing(iterations=150)),
    "dear.test": Island(hashing=Hashing(iterations=151)),
    "dearest.test": Island(hashing=Hashing(iterations=2500)),
    "sha1.test": Island(ds=(_own("sha1.test", "SHA1"),)),
    "sha384.test": Island(ds=(_own("sha384.test", "SHA384"),)),
    "bothgood.test": Island(ds=(_own("bothgood.test", "SHA1"), _own("bothgood.test"))),
    "sha1wrong.test": Island(ds=(_wrong("sha1wrong.test", 1), _own("sha1wrong.test"))),
    "sha256wrong.test": Island(ds=(_own("sha256wrong.test", "SHA1"), _wrong("sha256wrong.test", 2))),
    "unknown.test": Island(ds=(f"{key_tag('unknown.test')} 200 2 {WRONG}",)),
    "unknowndigest.test": Island(ds=(f"{key_tag('unknowndigest.test')} 15 200 {WRONG}",)),
    "mixed.test": Island(ds=(f"4711 200 2 {WRONG}", _own("mixed.test"))),
    "spare.test": Island(ds=(f"4711 15 2 {WRONG}", _own("spare.test"))),
    "alias.test": Island(
        text=ZONE
        + "good 300 IN CNAME mx1.plain.test.\nopen 300 IN CNAME mx1.unsigned.test.\n"
        + "bad 300 IN CNAME mx1.tampered.test.\nnone 300 IN CNAME nobody.nsec3.test.\n"
        + "*.many 300 IN CNAME mx1.plain.test.\nold 300 IN DNAME plain.test.\n"
    ),
    "outside.test": Island(text=ZONE + "good 300 IN CNAME mx1.plain.test.\n", ds=()),
}
BIND_SIGNED = {
    "ecdsa.test": ("ECDSAP256SHA256", ()),
    "rsa.test": ("RSASHA256", ("-3", "-", "-H", "0")),
    "rsasha1.test": ("NSEC3RSASHA1", ("-3", "aabbcc", "-H", "10")),
    "out.hashed": ("ECDSAP384SHA384", ("-3", "-", "-A")),
    "ed448.test": ("ED448", ()),
    "late.test": ("ECDSAP256SHA256", ("-P", "-s", "20200101000000", "-e", "20210101000000")),
}

SECURE, INSECURE, BOGUS = Security.SECURE, Security.INSECURE, Security.BOGUS
CASES = [
    ("plain.test MX", SECURE, ""),
    ("mx1.plain.test A", SECURE, ""),
    ("_25._tcp.mx1.plain.test TLSA", SECURE, ""),
    ("mx1.plain.test AAAA", SECURE, ""),
    ("deep.plain.test A", SECURE, ""),
    ("_25._tcp.mx9.plain.test TLSA", SECURE, ""),
    ("some.wild.plain.test TXT", SECURE, ""),
    ("a.b.wild.plain.test TXT", SECURE, ""),
    ("some.wild.plain.test A", SECURE, ""),
    ("www.plain.test A", SECURE, ""),
    ("nobody.test A", SECURE, ""),
    ("plain.test DS", SECURE, ""),
    ("sub.plain.test MX", SECURE, ""),
    ("nobody.sub.plain.test A", SECURE, ""),
    ("nsec3.test MX", SECURE, ""),
    ("mx1.nsec3.test AAAA", SECURE, ""),
    ("deep.nsec3.test A", SECURE, ""),
    ("_25._tcp.mx9.nsec3.test TLSA", SECURE, ""),
    ("some.wild.nsec3.test TXT", SECURE, ""),
    ("some.wild.nsec3.test A", SECURE, ""),
    ("sub.nsec3.test MX", SECURE, ""),
    ("unsigned.test DS", SECURE, ""),
    ("signed.hashed MX", SECURE, ""),
    ("nobody.hashed A", SECURE, ""),
    ("signed.optout MX", SECURE, ""),
    ("mx1.signed.optout AAAA", SECURE, ""),
    ("unsigned.test MX", INSECURE, "not-signed"),
    ("nobody.unsigned.test A", INSECURE, "not-signed"),
    ("sub.unsigned.test MX", INSECURE, "not-signed"),
    ("unsigned.hashed MX", INSECURE, "not-signed"),
    ("open.nsec3.test MX", INSECURE, "not-signed"),
    ("unsigned.optout MX", INSECURE, "opt-out"),
    ("nobody.optout A", INSECURE, "opt-out"),
    ("unsigned.optout DS", INSECURE, "opt-out"),
    ("some.wild.signed.optout TXT", INSECURE, "opt-out"),
    ("wrongds.test MX", BOGUS, "untrusted-keys"),
    ("wrongds.hashed MX", BOGUS, "untrusted-keys"),
    ("nokeys.test MX", BOGUS, "no-keys"),
    ("bare.test MX", BOGUS, "no-keys"),
    ("expired.test MX", BOGUS, "expired"),
    ("mx1.expired.test A", SECURE, ""),
    ("expiredkeys.test MX", BOGUS, "expired"),
    ("future.test MX", BOGUS, "not-yet-valid"),
    ("stranger.test MX", BOGUS, "wrong-key"),
    ("missing.test MX", BOGUS, "unsigned"),
    ("tampered.test MX", SECURE, ""),
    ("mx1.tampered.test A", BOGUS, "bad-signature"),
    ("mx1.proofless.test AAAA", BOGUS, "no-proof"),
    ("nobody.proofless.test A", BOGUS, "no-proof"),
    ("some.wild.proofless.test TXT", BOGUS, "no-proof"),
    ("mx1.expiredproof.test AAAA", BOGUS, "expired"),
    ("mx1.iterated.test AAAA", SECURE, ""),
    ("nobody.iterated.test A", SECURE, ""),
    ("dear.test MX", SECURE, ""),
    ("mx1.dear.test AAAA", INSECURE, "too-many-iterations"),
    ("nobody.dear.test A", INSECURE, "too-many-iterations"),
    ("some.wild.dear.test TXT", INSECURE, "too-many-iterations"),
    ("nobody.dearest.test A", INSECURE, "too-many-iterations"),
    ("sha1.test MX", SECURE, ""),
    ("sha384.test MX", SECURE, ""),
    ("bothgood.test MX", SECURE, ""),
    ("sha1wrong.test MX", SECURE, ""),
    ("sha256wrong.test MX", BOGUS, "untrusted-keys"),
    ("unknown.test MX", INSECURE, "unknown-algorithm"),
    ("unknowndigest.test MX", INSECURE, "unknown-algorithm"),
    ("mixed.test MX", SECURE, ""),
    ("spare.test MX", SECURE, ""),
    ("good.alias.test A", SECURE, ""),
    ("open.alias.test A", INSECURE, "not-signed"),
    ("bad.alias.test A", BOGUS, "bad-signature"),
    ("none.alias.test A", SECURE, ""),
    ("one.many.alias.test A", SECURE, ""),
    ("mx1.old.alias.test A", SECURE, ""),
    ("good.outside.test A", INSECURE, "not-signed"),
    ("ecdsa.test MX", SECURE, ""),
    ("nobody.ecdsa.test A", SECURE, ""),
    ("rsa.test MX", SECURE, ""),
    ("nobody.rsa.test A", SECURE, ""),
    ("rsasha1.test MX", SECURE, ""),
    ("mx1.rsasha1.test AAAA", SECURE, ""),
    ("out.hashed MX", SECURE, ""),
    ("nobody.out.hashed A", INSECURE, "opt-out"),
    ("ed448.test MX", SECURE, ""),
    ("late.test MX", BOGUS, "expired"),
]

DIFFERS = {"sha256wrong.test MX": SECURE}
"""What Unbound says where it differs; the reasons are above."""


class World(Struct, frozen=True, kw_only=True):
    """Where Unbound is, and what it trusts."""

    unbound: Unbound
    anchor: tuple[str, ...]


def _above(name: str) -> str:
    return name.partition(".")[2]


def _tops(root: str, digests: dict[str, str]) -> SignedZones:
    """The root and the three zones below it, with the delegations of all islands."""
    tops = {"test": TOP, "hashed": TOP, "optout": TOP}
    for name, island in ISLANDS.items():
        if _above(name) in tops:
            lines = (_own(name),) if island.ds is None else island.ds
            tops[_above(name)] += _child(name) + "".join(f"{name}. 300 IN DS {digest}\n" for digest in lines)
    for name, digest in digests.items():
        tops[_above(name)] += _child(name, digest)
    addresses = f"a.root-servers.net. 300 IN A {root}\n"
    hashed = {"hashed": PLAIN, "optout": OUT}
    return sign_zones({".": TOP + addresses, **tops}, SEED, frozenset(), hashed)


@pytest.fixture(scope="module")
def world(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All zones served, and an Unbound that validates them."""
    folder = tmp_path_factory.mktemp("dnssec")
    folder.chmod(0o755)
    root, own = free_address(), free_address()
    islands = {}
    for name, island in ISLANDS.items():
        text = island.text + (_child("open.nsec3.test") if name == "nsec3.test" else "")
        islands[name] = sign_island(name, text, island.hashing, island.edit).to_text(relativize=False)
    theirs, digests = {}, {}
    for name, (algorithm, options) in BIND_SIGNED.items():
        theirs[name], digests[name] = sign_with_bind(tree, folder / name, name, ZONE, *options, algorithm=algorithm)
    tops = _tops(root, digests)
    zones = {name or ".": text for name, text in tops.zones.items()} | islands
    nsd, bind = Nsd(tree, folder, zones, root, 53), Bind(tree, folder, theirs, "127.0.0.1", free_port("127.0.0.1"))
    unbound = Unbound(tree, folder, own, free_port(own))
    unbound.anchor, unbound.root = tops.anchor, root
    unbound.stubs = dict.fromkeys(theirs, f"{bind.address}@{bind.port}")
    with nsd, bind, unbound:
        yield World(unbound=unbound, anchor=tops.anchor)


def _ask(world: World, text: str, flags: int) -> dns.message.Message:
    name, rrtype = text.split()
    query = dns.message.make_query(name, rrtype, want_dnssec=True)
    query.flags |= flags
    answer, _ = dns.query.udp_with_fallback(query, world.unbound.address, timeout=10, port=world.unbound.port)
    return answer


def unbounds_verdict(world: World, text: str) -> Security:
    """What Unbound makes of a question; UNKNOWN where it fails unchecked, too."""
    answer = _ask(world, text, dns.flags.AD)
    if answer.rcode() == dns.rcode.SERVFAIL:
        unchecked = _ask(world, text, dns.flags.CD)
        return BOGUS if unchecked.rcode() != dns.rcode.SERVFAIL else Security.UNKNOWN
    return SECURE if answer.flags & dns.flags.AD else INSECURE


def our_verdict(world: World, text: str) -> Validation:
    """What the probe's validator makes of it, over the same Unbound."""

    async def judge() -> Validation:
        name, rrtype = text.split()
        question = Question(name=name, rrtype=RecordType(rrtype))
        resolver = Resolver(ask_over_sockets, (join_server(world.unbound.address, world.unbound.port),))
        validator = Validator(resolver, 200, world.anchor, NOW)
        await validator.judge_answer(question)
        assert resolver.sent < 20
        return validator.validations[question]

    return asyncio.run(judge())


@pytest.mark.parametrize(("question", "security", "reason"), CASES, ids=[case[0] for case in CASES])
def test_our_validator_says_what_unbound_says(world: World, question: str, security: Security, reason: str) -> None:
    ours = our_verdict(world, question)

    said = unbounds_verdict(world, question)

    assert (said, ours.security) == (DIFFERS.get(question, security), security), world.unbound.log()[-2000:]
    assert ours.reason == reason, ours.detail


def test_there_are_more_than_thirty_questions_of_each_kind_some() -> None:
    assert len({question for question, _, _ in CASES}) == len(CASES) >= 30
    assert {security for _, security, _ in CASES} == {SECURE, INSECURE, BOGUS}


def _look(world: World, domain: str, **options: Any) -> Look:
    server = join_server(world.unbound.address, world.unbound.port)
    wishes = LookOptions(dns_only=True, allow_special=True, **{"nameservers": (server,), **options})
    return asyncio.run(look(domain, wishes))


def _found(seen: Look) -> dict[str, Finding]:
    return {one.code: one for judgement in seen.judgements for one in judgement.findings if one.code in _ABOUT}


_ABOUT = ("MX004", "MX102", "MX501", "MX502", "MX503", "MX504", "MX505", "MX753")


@pytest.mark.parametrize(
    ("domain", "codes"),
    [
        ("plain.test", set()),
        ("rsa.test", set()),
        ("quiet.test", {"MX502"}),
        ("unsigned.test", {"MX753"}),
        ("dear.test", set()),
        ("expired.test", {"MX501"}),
        ("wrongds.test", {"MX501"}),
        ("tampered.test", {"MX503"}),
    ],
)
@pytest.mark.parametrize("own", [False, True], ids=["resolver", "own"])
def test_a_look_says_the_same_whether_it_believes_unbound_or_validates_itself(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domain: str, codes: set[str], own: bool
) -> None:
    monkeypatch.setenv("MXPROBE_BOGUS_NAME", "mx1.tampered.test")
    anchor = tmp_path / "anchor"
    anchor.write_text("".join(f". IN DS {digest}\n" for digest in world.anchor))

    seen = _look(world, domain, dnssec=own, trust_anchor=anchor if own else None)

    assert set(_found(seen)) == codes
    assert seen.snapshot.queries < 60
    if "MX501" in codes:
        words = {"expired.test": "expired 20", "wrongds.test": "DNSKEY: no key is one"}[domain]
        (evidence,) = _found(seen)["MX501"].seen
        assert (words if own else "answers when it is told not to check") in evidence


def test_a_server_that_does_not_validate_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXPROBE_BOGUS_NAME", "mx1.tampered.test")

    seen = _look(world, "plain.test", nameservers=(join_server(world.unbound.root, 53),))

    assert set(_found(seen)) == {"MX004"}
    assert len(_found(seen)["MX004"].seen) == 2


def test_any_server_will_do_for_our_own_validator(world: World, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    anchor.write_text("".join(f". IN DS {digest}\n" for digest in world.anchor))
    servers = (join_server(world.unbound.root, 53),)

    bogus = _look(world, "stranger.test", nameservers=servers, dnssec=True, trust_anchor=anchor)
    sound = _look(world, "nsec3.test", nameservers=servers, dnssec=True, trust_anchor=anchor)

    assert (set(_found(bogus)), set(_found(sound))) == ({"MX501"}, set())
