"""The TLS engine: many handshakes share a context, and each is judged by itself."""

import contextlib
import ssl
from pathlib import Path

import pytest
from OpenSSL import SSL

from mxprobe.facts.smtp import Phase
from mxprobe.facts.tls import StrictVerdict
from mxprobe.lab.certs import Authority
from mxprobe.rules.domain.transport.handshake import speaks_old_only
from mxprobe.scenario.reaction import TlsVersion
from mxprobe.wire.failures import failure_of
from mxprobe.wire.tls import TlsContext, TlsEngine

NAME = "mx1.example.test"
AUTHORITY = Authority(1)
YEAR = 365 * 86400.0
IN_2026 = 1_767_225_600.0


def shaken(context: TlsContext, now: float) -> StrictVerdict:
    """What a strict client says at `now` of a host with a certificate from 2020 to 2045."""
    return handshake(context, now, AUTHORITY.context(NAME)).facts(0.0).verdict


def handshake(context: TlsContext, now: float, of_host: ssl.SSLContext) -> TlsEngine:
    """The client's end, over memory."""
    engine = TlsEngine(context, NAME, now)
    to_host, from_host = ssl.MemoryBIO(), ssl.MemoryBIO()
    host = of_host.wrap_bio(to_host, from_host, server_side=True)
    while not engine.shake_hands():
        to_host.write(engine.pull())
        with contextlib.suppress(ssl.SSLWantReadError):
            host.do_handshake()
        engine.feed(from_host.read())
    return engine


def test_each_handshake_of_one_context_is_judged_at_its_own_moment() -> None:
    context = TlsContext(pem=AUTHORITY.pem)
    now, late, early, again = (shaken(context, IN_2026 + years * YEAR) for years in (0, 30, -10, 0))

    assert now == again
    assert now.is_valid
    assert [(problem.code, problem.depth) for problem in late.problems] == [(10, 1), (10, 0)]
    assert [(problem.code, problem.depth) for problem in early.problems] == [(9, 1), (9, 0)]
    assert (late.trusted, late.dates_valid, early.trusted, early.dates_valid) == (True, False, True, False)


def context_of(der: bytes, folder: Path) -> ssl.SSLContext:
    """A host of its own with that certificate, whose settings are nobody else's."""
    file = folder / "host.pem"
    file.write_bytes(AUTHORITY.issue(NAME).key_pem + ssl.DER_cert_to_PEM_cert(der).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.mark.parametrize("curve", ["X25519", "prime256v1", "secp384r1", "secp521r1"])
def test_a_host_that_has_one_group_alone_is_spoken_with(curve: str, tmp_path: Path) -> None:
    of_host = context_of(AUTHORITY.issue(NAME).der, tmp_path)
    of_host.set_ecdh_curve(curve)

    facts = handshake(TlsContext(pem=AUTHORITY.pem), IN_2026, of_host).facts(0.0)

    assert facts.group is not None
    assert facts.group.lower() in (curve.lower(), curve.replace("prime256v1", "secp256r1"))


def test_the_hello_is_one_segment_whatever_groups_the_library_prefers() -> None:
    engine = TlsEngine(TlsContext(pem=AUTHORITY.pem), "a-host-with-a-rather-long-name.mail.example.test", IN_2026)
    engine.shake_hands()

    assert 200 < len(engine.pull()) < 536  # what every host takes in one segment of TCP over IPv4 (RFC 9293 §3.7.1)


@pytest.mark.parametrize("name", ["SSL_CTX_set1_curves_list", "ERR_clear_error"])
def test_a_library_that_takes_no_groups_of_ours_keeps_its_own(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("mxprobe.wire.tls._GROUPS", b"no such group")
    monkeypatch.setattr(SSL, "_lib", _Without(vars(SSL)["_lib"], name))

    assert shaken(TlsContext(pem=AUTHORITY.pem), IN_2026).is_valid


class _Without:
    """A library that lacks one function."""

    def __init__(self, library: object, name: str) -> None:
        self._library, self._name = library, name

    def __getattr__(self, name: str) -> object:
        if name == self._name:
            raise AttributeError(name)
        return getattr(self._library, name)


def test_a_certificate_that_only_openssl_can_read_is_told_and_does_not_raise(tmp_path: Path) -> None:
    issued = AUTHORITY.issue(NAME)
    of_version_6 = issued.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05", 1)
    context = context_of(of_version_6, tmp_path)
    engine = handshake(TlsContext(pem=AUTHORITY.pem), IN_2026, context)
    facts = engine.facts(0.0)

    assert [certificate.der for certificate in facts.chain] == [of_version_6]
    assert facts.chain[0].names == ()
    assert facts.verdict.is_valid is False
    assert facts.verdict.name_problem is not None


@pytest.mark.parametrize("version", [TlsVersion.TLS_1_0, TlsVersion.TLS_1_1])
def test_a_host_with_old_versions_alone_says_so_in_words_that_the_rule_knows(version: TlsVersion) -> None:
    to_host, from_host = ssl.MemoryBIO(), ssl.MemoryBIO()
    host = AUTHORITY.context(NAME, version=version).wrap_bio(to_host, from_host, server_side=True)
    engine = TlsEngine(TlsContext(pem=AUTHORITY.pem), NAME, IN_2026)
    engine.shake_hands()
    to_host.write(engine.pull())
    with pytest.raises(ssl.SSLError):
        host.do_handshake()

    assert speaks_old_only(failure_of(_end(engine, from_host.read()), Phase.TLS, 0.0))


# A record of TLS 1.0 with a ServerHello of TLS 1.0: an old host that knows nothing of our list of versions.
_HELLO_OF_1_0 = bytes.fromhex("1603010031" + "0200002d" + "0301") + bytes(32) + bytes.fromhex("00002f000005ff01000100")


@pytest.mark.parametrize(
    ("heard", "is_old"),
    [
        (_HELLO_OF_1_0, True),
        (bytes.fromhex("15030300020246"), True),
        (bytes.fromhex("15030300020228"), False),
        (b"220 this is no TLS\r\n", False),
        (b"\0" * 60, False),
    ],
    ids=["hello of 1.0", "alert 70", "alert 40", "words", "zeros"],
)
def test_old_versions_are_told_from_other_failures_of_a_handshake(heard: bytes, is_old: bool) -> None:
    engine = TlsEngine(TlsContext(pem=AUTHORITY.pem), NAME, IN_2026)
    engine.shake_hands()

    assert speaks_old_only(failure_of(_end(engine, heard), Phase.TLS, 0.0)) is is_old


def _end(engine: TlsEngine, heard: bytes) -> SSL.Error:
    """The error in which a handshake ends on what was heard."""
    engine.feed(heard)
    with pytest.raises(SSL.Error) as raised:
        engine.shake_hands()
    return raised.value
