"""Zones that mean harm: each ends in bounded time, within the budget of queries, with a finding, and nothing raises."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Status
from mxprobe.scenario.reaction import Page
from tests.support.judged import FLAWLESS, Domain, look_at

LONGEST = 120.0
"""Seconds of the story's clock within which every look ends: three attempts at hosts that are away among them."""


def _spf(*records: str) -> Domain:
    return FLAWLESS.without("example.test", "TXT").plus("example.test", *(f'TXT "{record}"' for record in records))


def _many_hosts() -> Domain:
    domain = FLAWLESS.without("example.test", "MX")
    return domain.plus("example.test", *(f"MX {number} host{number}.example.test." for number in range(300)))


def _circle() -> Domain:
    domain = FLAWLESS.without("example.test", "MX").plus("example.test", "MX 10 a.example.test.")
    return domain.at("a.example.test", "CNAME b.example.test.").at("b.example.test", "CNAME a.example.test.")


def _thousand_hops() -> Domain:
    domain = _spf("v=spf1 include:hop1.example.test -all")
    for number in range(1, 1000):
        domain = domain.at(f"hop{number}.example.test", f'TXT "v=spf1 include:hop{number + 1}.example.test -all"')
    return domain


def _huge_text() -> Domain:
    terms = "".join(f" a:h{number:04}.example.test" for number in range(2400))
    record = f"v=spf1{terms} -all"
    strings = " ".join(f'"{record[at : at + 250]}"' for at in range(0, len(record), 250))
    return FLAWLESS.without("example.test", "TXT").plus("example.test", f"TXT {strings}")


def _endless_policy() -> Domain:
    page = Page(body=b"version: STSv1\r\n" * 64, endless=True)
    return replace(FLAWLESS, react=lambda moment: (page,) if moment.path is not None else ())


ZONES: dict[str, tuple[Callable[[], Domain], str]] = {
    "aliases-in-a-circle": (_circle, "MX203"),
    "300-mx": (_many_hosts, "MX201"),
    "50-kb-of-text": (_huge_text, "MX854"),
    "1000-includes": (_thousand_hops, "MX854"),
    "includes-itself": (lambda: _spf("v=spf1 include:example.test -all"), "MX854"),
    "redirects-to-itself": (lambda: _spf("v=spf1 redirect=example.test"), "MX854"),
    "endless-policy": (_endless_policy, "MX772"),
}


@pytest.mark.parametrize("name", ZONES)
def test_a_hostile_zone_is_bounded_and_told(name: str) -> None:
    make, code = ZONES[name]
    looked = look_at(make())
    snapshot = looked.snapshot

    assert snapshot.complete
    assert snapshot.elapsed <= LONGEST
    assert snapshot.queries <= snapshot.vantage.budget
    assert {one.code: one.status for one in looked.judgements}[code] is Status.FIRES
    assert all(len(line) <= 100 for line in looked.text.splitlines())
