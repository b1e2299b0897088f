"""What we say of DANE is what Postfix says: `posttls-finger -l dane` beside a look, at the same hosts and records."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from mxprobe.jobs.look import Look, LookOptions, look
from mxprobe.lab.certs import Authority
from mxprobe.lab.mta.tree import give_resolver
from mxprobe.mx.dane import tlsa_record
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.policies import Passage
from mxprobe.scenario.reaction import CertificateKind
from tests.support.mailers import Tree, free_address, free_port
from tests.support.tls_hosts import Names, TlsHost, tls_hosts

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

OURS, OTHERS = Authority(1), Authority(2)


class Case(Struct, frozen=True, kw_only=True):
    """A domain whose one host shows a certificate, and its TLSA records: whose certificate, usage, selector, type; or
    their text.

    `unsigned`: the zone is not signed; `mx_unsigned`: the host's is, the domain's own is not. `alias`: the host's name
    is one, and the records stand at its `end` or at the `host`. `fails`: there is no answer for TLSA.
    """

    says: Passage
    records: tuple[str, ...] = ()
    kind: CertificateKind = CertificateKind.VALID
    sends_anchor: bool = True
    unsigned: bool = False
    mx_unsigned: bool = False
    alias: str = ""
    fails: bool = False

    @property
    def is_odd(self) -> bool:
        """Whether its answer is none that a zone of ours can give."""
        return self.fails or any(text.startswith("text 3 1 ") for text in self.records)


VERIFIED, UNVERIFIED, REFUSES = Passage.VERIFIED, Passage.UNVERIFIED, Passage.REFUSES
EXPIRED, WRONG_NAME, ALONE = CertificateKind.EXPIRED, CertificateKind.WRONG_NAME, CertificateKind.SELF_SIGNED
CASES = {
    "ee-key": Case(records=("own 3 1 1",), says=VERIFIED),
    "ee-key-mismatch": Case(records=("other 3 1 1",), says=REFUSES),
    "ee-certificate": Case(records=("own 3 0 1",), says=VERIFIED),
    "ee-certificate-mismatch": Case(records=("other 3 0 1",), says=REFUSES),
    "ee-sha512": Case(records=("own 3 1 2",), says=VERIFIED),
    "ee-whole-key": Case(records=("own 3 1 0",), says=VERIFIED),
    "ee-whole-certificate": Case(records=("own 3 0 0",), says=VERIFIED),
    "ee-expired": Case(records=("own 3 1 1",), kind=EXPIRED, says=VERIFIED),
    "ee-wrong-name": Case(records=("own 3 1 1",), kind=WRONG_NAME, says=VERIFIED),
    "ee-self-signed": Case(records=("own 3 1 1",), kind=ALONE, sends_anchor=False, says=VERIFIED),
    "ee-of-the-authority": Case(records=("anchor 3 1 1",), says=REFUSES),
    "ta-key": Case(records=("anchor 2 1 1",), says=VERIFIED),
    "ta-certificate": Case(records=("anchor 2 0 1",), says=VERIFIED),
    "ta-not-sent": Case(records=("anchor 2 1 1",), sends_anchor=False, says=REFUSES),
    "ta-whole-not-sent": Case(records=("anchor 2 0 0",), sends_anchor=False, says=VERIFIED),
    "ta-mismatch": Case(records=("stranger 2 1 1",), says=REFUSES),
    "ta-wrong-name": Case(records=("anchor 2 1 1",), kind=WRONG_NAME, says=REFUSES),
    "ta-expired": Case(records=("anchor 2 0 1",), kind=EXPIRED, says=REFUSES),
    "ta-of-the-leaf": Case(records=("own 2 1 1",), says=REFUSES),
    "pkix-ta": Case(records=("anchor 0 1 1",), says=UNVERIFIED),
    "pkix-ee": Case(records=("own 1 1 1",), says=UNVERIFIED),
    "too-short": Case(records=("text 3 1 1 abcd",), says=UNVERIFIED),
    "too-short-sha512": Case(records=(f"text 3 1 2 {'ab' * 32}",), says=UNVERIFIED),
    "unknown-usage": Case(records=(f"text 4 1 1 {'ab' * 32}",), says=UNVERIFIED),
    "unknown-selector": Case(records=(f"text 3 2 1 {'ab' * 32}",), says=UNVERIFIED),
    "unknown-type": Case(records=(f"text 3 1 9 {'ab' * 32}",), says=UNVERIFIED),
    "unusable-beside-mismatch": Case(records=("text 3 1 1 abcd", "other 3 1 1"), says=REFUSES),
    "rollover": Case(records=("other 3 1 1", "own 3 1 1"), says=VERIFIED),
    "ee-beside-ta": Case(records=("stranger 2 1 1", "own 3 1 1"), says=VERIFIED),
    "agility": Case(records=("own 3 1 1", "other 3 1 2"), says=REFUSES),
    "agility-whole": Case(records=("own 3 1 0", "other 3 1 2"), says=VERIFIED),
    "agility-other-selector": Case(records=("own 3 1 1", "other 3 0 2"), says=VERIFIED),
    "no-records": Case(says=UNVERIFIED),
    "insecure-mismatch": Case(records=("other 3 1 1",), unsigned=True, says=UNVERIFIED),
    "insecure-match": Case(records=("own 3 1 1",), unsigned=True, says=UNVERIFIED),
    "mx-insecure": Case(records=("own 3 1 1",), mx_unsigned=True, says=VERIFIED),
    "mx-insecure-mismatch": Case(records=("other 3 1 1",), mx_unsigned=True, says=REFUSES),
    "lookup-fails": Case(fails=True, says=Passage.PASSES_OVER),
    "alias": Case(records=("own 3 1 1",), alias="end", says=VERIFIED),
    "alias-mismatch": Case(records=("other 3 1 1",), alias="end", says=REFUSES),
    "alias-records-at-the-host": Case(records=("own 3 1 1",), alias="host", says=VERIFIED),
}


DIFFERENT = {
    "alias-mismatch": (
        Passage.UNKNOWN,
        "a look asks for the host's own name (SNI), a sender for the one at the end of the alias; another certificate "
        "may be shown to that",
    ),
}
"""What we say otherwise on purpose, and why."""


def said_by_finger(text: str) -> Passage:
    """The words of posttls-finger in ours, in this one place.

    It says how the handshake ended, and which records it has; that a sender goes on without a match where there were
    none to match is said of neither.
    """
    if "TLSA lookup error" in text or "TLSA lookup failed" in text:
        return Passage.PASSES_OVER
    ended = re.search(r"(Verified|Trusted|Untrusted|Anonymous) TLS connection established", text)
    if ended is None:
        return Passage.UNKNOWN
    # The host is proved; where the MX records are not secure, that it is the right one is not.
    if ended[1] == "Verified" or ("MX RRset insecure: log verified as trusted" in text and ended[1] == "Trusted"):
        return Passage.VERIFIED
    had_to_match = "DNSSEC-signed TLSA record" in text and "all TLSA records unusable" not in text
    return Passage.REFUSES if had_to_match and ended[1] == "Untrusted" else Passage.UNVERIFIED


class Rig(Struct, frozen=True, kw_only=True):
    """Where the hosts of all cases are."""

    tree: Tree
    home: Path
    resolver: str
    port: int


@pytest.fixture(scope="module")
def rig(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    home = tmp_path_factory.mktemp("dane")
    home.chmod(0o755)  # posttls-finger takes on another user before it asks for names
    resolver = free_address()
    addresses = {name: free_address() for name in CASES}
    port = free_port(resolver)
    give_resolver(home, resolver)
    names = Names(
        zones={
            **{f"{name}.test": _zone(name, case, addresses[name], port) for name, case in CASES.items()},
            **{_domain(name): _MAIL.format(name=name) for name, case in CASES.items() if case.mx_unsigned},
        },
        unsigned=frozenset(_domain(name) for name, case in CASES.items() if case.unsigned or case.mx_unsigned),
        odd={
            f"_{port}._tcp.mx.{name}.test": tuple(_data(_record(name, case, text)) for text in case.records)
            for name, case in CASES.items()
            if case.is_odd
        },
    )
    hosts = tuple(TlsHost(address=addresses[name], chain=_chain(name, case, home)) for name, case in CASES.items())
    with tls_hosts(names, resolver, hosts, port):
        yield Rig(tree=tree, home=home, resolver=resolver, port=port)


_MAIL = "$TTL 300\n@ SOA ns hostmaster 1 3600 900 604800 300\n@ NS ns\nns A 127.0.0.1\n@ MX 10 mx.{name}.test.\n"


def _domain(name: str) -> str:
    """The domain that mail of a case is for."""
    return f"{name}-mail.test" if CASES[name].mx_unsigned else f"{name}.test"


def _zone(name: str, case: Case, address: str, port: int) -> str:
    host = "real" if case.alias else "mx"
    base = "real" if case.alias == "end" else "mx"
    lines = [
        "$TTL 300",
        "@ SOA ns hostmaster 1 3600 900 604800 300",
        "@ NS ns",
        "@ MX 10 mx",
        f"ns A {address}",
        f"{host} A {address}",
        *(["mx CNAME real"] if case.alias else []),
        *(f"_{port}._tcp.{base} TLSA {_record(name, case, text)}" for text in case.records if not case.is_odd),
    ]
    return "\n".join(lines) + "\n"


def _data(record: str) -> bytes:
    """The octets of a record."""
    *numbers, data = record.split()
    return bytes(map(int, numbers)) + bytes.fromhex(data)


def _record(name: str, case: Case, text: str) -> str:
    whose, _, rest = text.partition(" ")
    if whose == "text":
        return rest
    usage, selector, mtype = map(int, rest.split())
    ders = {
        "own": OURS.issue(f"mx.{name}.test", case.kind).der,
        "other": OTHERS.issue(f"mx.{name}.test").der,
        "anchor": OURS.der,
        "stranger": OTHERS.der,
    }
    return tlsa_record(ders[whose], usage, selector, mtype)


def _chain(name: str, case: Case, home: Path) -> Path:
    issued = OURS.issue(f"mx.{name}.test", case.kind)
    path = home / f"{name}.pem"
    path.write_bytes(issued.key_pem + issued.chain_pem + (OURS.pem if case.sends_anchor else b""))
    return path


def _finger(rig: Rig, name: str) -> str:
    command = ("posttls-finger", "-c", "-t", "5", "-T", "5", "-L", "verbose,summary", "-l", "dane")
    return rig.tree.run(rig.home, *command, f"{_domain(name)}:{rig.port}").stdout


def _look(rig: Rig, name: str) -> Look:
    options = LookOptions(
        helo="probe.example.org", port=rig.port, nameservers=(rig.resolver,), allow_special=True, attempts=1
    )
    return asyncio.run(look(_domain(name), options))


def _said_by_us(seen: Look) -> Passage:
    assert seen.forecast is not None
    dane = next(one for one in seen.forecast.policies if one.policy is TlsPolicy.DANE)
    [at] = dane.addresses
    return at.passage


_CODES = {Passage.VERIFIED: "MX750", Passage.REFUSES: "MX751", Passage.PASSES_OVER: "MX758"}
"""The rule that tells a verdict."""


@pytest.mark.parametrize("name", CASES)
def test_our_verdict_is_that_of_postfix(rig: Rig, name: str) -> None:
    text, seen = _finger(rig, name), _look(rig, name)

    ours, reason = DIFFERENT.get(name, (CASES[name].says, ""))
    print(name, text)
    assert _said_by_us(seen) is ours, seen.forecast
    if not reason:
        assert said_by_finger(text) is ours, text
    found = {one.code for judgement in seen.judgements for one in judgement.findings}
    told = {code for verdict, code in _CODES.items() if verdict is ours}
    if CASES[name].mx_unsigned:
        told = told - {"MX750"} | {"MX759"}
    assert found & {*_CODES.values(), "MX752", "MX759"} == told


def test_what_we_say_otherwise_is_otherwise(rig: Rig) -> None:
    told = {name: said_by_finger(_finger(rig, name)) for name in DIFFERENT}

    assert all(told[name] is not ours for name, (ours, _) in DIFFERENT.items())
