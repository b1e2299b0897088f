"""A probe inside a story asks each of its name servers itself: in memory, and on loopback sockets."""

import pytest

from mxprobe.facts.run import WorldKind
from mxprobe.jobs.play import play_one
from mxprobe.scenario.load import load

STAGE = """
story: x
domain: example.test
mx: [10 mx1, 20 mx2]
nameservers: [ns1, ns2]
recipients: [alice]
steps:
  - {at: 0m, send: letter, to: alice}
"""
TOLD = "expect:\n  letter: {accepted: mx1, arrived: mailbox}\n"


@pytest.mark.parametrize("world", [WorldKind.MEMORY, WorldKind.LOOPBACK])
@pytest.mark.parametrize(
    ("steps", "finds"),
    [
        ("  - {at: 1m, probe: look}\n", "[]"),
        (
            "  - {at: 1m, break: ns2, with: dns-stale}\n  - {at: 2m, publish: {mx: [10 mx1, 30 mx2]}}\n"
            "  - {at: 3h, probe: look}\n",
            "[MX117 mx-inconsistent-between-authorities]",
        ),
        (
            "  - {at: 1m, publish: {mx: [10 mx1, 30 mx2]}, on: ns1}\n  - {at: 3h, probe: look}\n",
            "[MX117 mx-inconsistent-between-authorities]",
        ),
        (
            "  - {at: 1m, break: ns2, with: dns-lame}\n  - {at: 2m, probe: look}\n",
            "[MX118 authority-fails-mx-query]",
        ),
        (
            "  - {at: 1m, break: ns1, with: dns-refused}\n  - {at: 2m, probe: look}\n",
            "[MX118 authority-fails-mx-query]",
        ),
        (
            "  - {at: 1m, break: ns1, with: dns-timeout}\n  - {at: 2m, probe: look}\n",
            "[MX118 authority-fails-mx-query]",
        ),
        (
            "  - {at: 1m, publish: {mx: [10 mx1, 20 mx2], ttl: 2d}}\n  - {at: 3h, probe: look}\n",
            "[MX401 mx-ttl-too-high]",
        ),
    ],
    ids=["sound", "stale", "split", "lame", "refused", "silent", "ttl"],
)
def test_what_name_servers_say_themselves_is_found_and_nothing_else(steps: str, finds: str, world: WorldKind) -> None:
    run = play_one(load(f"{STAGE}{steps}{TOLD}  look: {{findings: {finds}}}\n", "story.yaml"), "rfc5321", 1, world)

    assert run.verdict is not None
    assert run.verdict.passed, run.verdict.misses
