"""A host accepted the recipient and refused or put off the message itself.

What it sees. RCPT was accepted; DATA or the final dot was answered 4yz or 5yz. Or the message was accepted, and given
back for a reason that lies in it or in its mailbox, and that no other rule tells. Where the recipient is there, it is a
warning: nothing is proven of such a host.
Why it matters. What a host says to RCPT is then no sign of what it takes.
Example. The backup refuses content:
    steps:
      - {at: 0m, break: mx2, with: {reply: 554 5.7.1 Rejected by policy}, phase: dot}
      - {at: 1m, prove: drill, to: alice}
What to do. Look at the host's content filter; on a backup it should be that of the primary.
Standards. RFC 5321 §4.2.5, §4.3.2."""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.proof import Proof, Route
from mxprobe.rules.proof.reading import NOTHING_SENT, known_routes, quote, was_sent
from mxprobe.rules.proof.returned import Cause, told_by
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX812",
    name="session-accepted-but-policy-after-data",
    severity=Severity.INFO,
    references=("RFC 5321 §4.2.5", "RFC 5321 §4.3.2"),
)

CONTENT_CELLS = ("X2", "X3", "Z2", "Z3")
"""The cells in which a host refuses or puts off a message whose recipient it has accepted."""


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that refused a message whose recipient it had accepted."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    found: dict[str, Finding] = {}
    for route in sorted(proof.routes, key=lambda one: one.is_unknown):
        if route.last is not None and route.last.cell in CONTENT_CELLS:
            found.setdefault(route.via, _refused(route))
    for route in known_routes(proof):
        if told := told_by(route, proof, Cause.OTHER):
            words = Words(
                says=f"{route.via} accepted a message for {route.recipient}, and it was given back",
                seen=told,
                means="What this host says to a message does not tell whether it arrives.",
                do="Do what the notification says; it is the host in it that refused.",
            )
            found[route.via] = finding(RULE, route.via, words, Severity.WARNING)
    return conclude(RULE, list(found.values()))


def _refused(route: Route) -> Finding:
    words = Words(
        says=f"{route.via} accepted {route.recipient} and not the message",
        seen=(quote(route),),
        means="What this host says to RCPT does not tell what it takes.",
        do=f"Look at what {route.via} filters.",
    )
    return finding(RULE, route.via, words, None if route.is_unknown else Severity.WARNING)
