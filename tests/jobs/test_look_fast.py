"""A look with every rule on waits for names no longer than it has to, and says how many it asked."""

from msgspec.structs import replace

from tests.support.judged import FLAWLESS, Domain, MailHost, look_at

EACH = 0.02
"""Seconds that every DNS answer takes."""


def _wide() -> Domain:
    """Four MX hosts with two addresses each, of the kinds that senders meet."""
    names = [f"mx{number}.example.test" for number in range(1, 5)]
    domain = FLAWLESS.without("example.test", "MX")
    hosts: dict[str, MailHost] = {}
    for number, name in enumerate(names, start=1):
        four, six = f"198.41.{number}.4", f"2001:503:ba3e::{number}:30"
        domain = domain.plus("example.test", f"MX {number * 10} {name}.").at(name, f"A {four}", f"AAAA {six}")
        hosts |= {address: MailHost(name=name) for address in (four, six)}
    return replace(domain, hosts=hosts, answer_after=EACH)


def test_sessions_wait_for_the_names_that_they_need_alone() -> None:
    looked = look_at(_wide())

    assert len(looked.dialled) == 8
    assert max(looked.dialled) <= 6 * EACH
    assert max(looked.dialled) <= 2.05 * EACH + 1e-9  # MX, then all addresses


def test_the_last_line_counts_the_queries() -> None:
    looked = look_at(_wide())

    assert f"{looked.snapshot.queries} DNS queries" in looked.text.replace("\n", " ")
    assert looked.snapshot.queries <= looked.snapshot.vantage.budget
