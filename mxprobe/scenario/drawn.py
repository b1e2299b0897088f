"""Cases that are drawn, not written: three hosts, the first two with a fault each, by a seed.

They are what a profile is tried on after it was fitted to the suite: nobody chose them.
"""

from collections.abc import Sequence
from typing import TypeVar

from mxprobe.scenario.suite import Case
from mxprobe.scenario.timeline import chance

T = TypeVar("T")

_REPLIES = {4: "4.3.0 Not now", 5: "5.3.0 Never"}
_PHASES = ("banner", "ehlo", "mail", "rcpt", "data", "dot")
_ENDS = ("banner", "ehlo", "mail", "rcpt", "data", "dot")


def draw_pairs(seed: str, count: int) -> tuple[Case, ...]:
    """So many cases of two faults; the same seed gives the same, and more of them begin with the same."""
    cases = []
    for number in range(1, count + 1):
        first, second = _draw(f"{seed}/{number}/1"), _draw(f"{seed}/{number}/2")
        lines = [
            f"story: The first two hosts have a fault each, number {number}.",
            "domain: example.test",
            "mx: [10 mx1, 20 mx2, 30 mx3]",
            "recipients: [alice]",
            "hosts:",
            "  mx2: {store: second}",
            "  mx3: {store: third}",
            "senders: [rfc5321]",
            "steps:",
            f"  - {{at: 0m, break: mx1, {first}}}",
            f"  - {{at: 0m, break: mx2, {second}}}",
            "  - {at: 1m, send: letter, to: alice}",
            "expect:",
            "  letter: {arrived: mailbox}",
        ]
        cases.append(Case(name=f"pair-{number}", group=f"mx1 {first}; mx2 {second}", text="\n".join(lines) + "\n"))
    return tuple(cases)


def _choose(words: str, things: Sequence[T]) -> T:
    """One of several, as the words have it."""
    return things[int(chance(words) * len(things))]


def _draw(seed: str) -> str:
    """One fault, of those that no timeout belongs to."""
    kind = _choose(
        f"{seed}/kind", ("refused", "unreachable", "reply", "reply", "reply", "reply", "close", "reset", "tls")
    )
    match kind:
        case "refused":
            return "with: tcp-refuse"
        case "unreachable":
            return "with: tcp-unreachable"
        case "reply":
            code = _choose(f"{seed}/code", (421, 450, 451, 550, 554))
            return f"with: {{reply: {code} {_REPLIES[code // 100]}}}, phase: {_choose(f'{seed}/phase', _PHASES)}"
        case "tls":
            return "with: tls-handshake-failure"
        case _:
            return f"with: {kind}, phase: {_choose(f'{seed}/phase', _ENDS)}"
