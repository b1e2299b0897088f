"""A message that went straight to the primary came by way of a backup.

What it sees. The trace of the copy names a host of a worse preference, although the primary itself took the message
and was up.
Why it matters. Mail takes a way that it need not take: slower, and past another filter.
Example. The primary hands everything to the backup, which keeps it:
    hosts: {mx1: {hands-on: mx2}, mx2: {store: second}}
    steps:
      - {at: 0m, prove: drill, to: alice}
What to do. Look at the routes of the primary.
Standards. RFC 5321 §4.4, §5.1."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import names_of
from mxprobe.rules.proof.reading import NOBODY_LOOKED, hindrance, over_primaries
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX816",
    name="delivered-via-backup",
    severity=Severity.INFO,
    references=("RFC 5321 §4.4", "RFC 5321 §5.1"),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each primary whose message a worse host has stamped."""
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    found, unknown = [], []
    best = {name for host in proof.primaries for name in names_of(proof, host)}
    worse = {name: host for number, host in proof.chain if number != proof.best for name in names_of(proof, host)}
    for route in over_primaries(proof):
        hops = [hop for copy in route.copies for hop in copy.hops if hop.by.lower() in worse.keys() - best]
        if not hops:
            continue
        if reason := hindrance(route, proof):
            unknown.append(reason)
            continue
        words = Words(
            says=f"the message that {route.via} took came by way of {worse[hops[0].by.lower()]}",
            seen=(hops[0].raw[:200],),
            means="Mail passes a host that it need not pass.",
            do=f"Look at where {route.via} hands mail on to.",
        )
        found.append(finding(RULE, route.via, words))
    if not any(route.copies for route in over_primaries(proof)):
        unknown.append("no copy of a message that went straight to a primary has come")
    return decide(RULE, found, unknown)
