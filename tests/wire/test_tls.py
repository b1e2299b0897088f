"""The TLS engine: many handshakes share a context, and each is judged by itself."""

import contextlib
import ssl

from mxprobe.facts.tls import StrictVerdict
from mxprobe.lab.certs import Authority
from mxprobe.wire.tls import TlsContext, TlsEngine

NAME = "mx1.example.test"
AUTHORITY = Authority(1)
YEAR = 365 * 86400.0
IN_2026 = 1_767_225_600.0


def shaken(context: TlsContext, now: float) -> StrictVerdict:
    """What a strict client says at `now` of a host with a certificate from 2020 to 2045."""
    engine = TlsEngine(context, NAME, now)
    to_host, from_host = ssl.MemoryBIO(), ssl.MemoryBIO()
    host = AUTHORITY.context(NAME).wrap_bio(to_host, from_host, server_side=True)
    while not engine.shake_hands():
        to_host.write(engine.pull())
        with contextlib.suppress(ssl.SSLWantReadError):
            host.do_handshake()
        engine.feed(from_host.read())
    return engine.facts(0.0).verdict


def test_each_handshake_of_one_context_is_judged_at_its_own_moment() -> None:
    context = TlsContext(pem=AUTHORITY.pem)
    now, late, early, again = (shaken(context, IN_2026 + years * YEAR) for years in (0, 30, -10, 0))

    assert now == again
    assert now.is_valid
    assert [(problem.code, problem.depth) for problem in late.problems] == [(10, 1), (10, 0)]
    assert [(problem.code, problem.depth) for problem in early.problems] == [(9, 1), (9, 0)]
    assert (late.trusted, late.dates_valid, early.trusted, early.dates_valid) == (True, False, True, False)
