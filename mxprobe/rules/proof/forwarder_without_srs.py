"""The message was forwarded to another domain under its original envelope sender, and failed SPF there.

What it sees. The copy has left the MX hosts of the domain for another host, which noted a failed SPF check, and its
return path is still the original sender.
Why it matters. Forwarded mail of strict domains is refused or put with the unwanted mail.
Example. A copy's last hops and notes, as a forwarder leaves them:
    Return-Path: <mxprobe@probe.example.net>
    Received: from mx1.example.com by mx.other.example; spf=fail
What to do. Rewrite the envelope sender when forwarding (SRS), or deliver locally.
Standards. RFC 7208 §2.4, §D.2."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import names_of
from mxprobe.rules.proof.reading import NOBODY_LOOKED, known_routes
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX922",
    name="forwarder-without-srs",
    severity=Severity.WARNING,
    references=("RFC 7208 §2.4", "RFC 7208 §D.2"),
)

_BAD = ("spf=fail", "spf=softfail")


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each message that was forwarded so."""
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    found = []
    own = {name for _, host in proof.chain for name in names_of(proof, host)}
    for route in known_routes(proof):
        for copy in route.copies[:1]:
            behind = [hop for hop in copy.hops if hop.source.lower() in own and hop.by.lower() not in own]
            bad = [note for note in copy.notes if any(word in note.lower() for word in _BAD)]
            if behind and bad and copy.return_path.strip("<>") == proof.mail_from:
                words = Words(
                    says=f"mail for {proof.recipient} is forwarded to {behind[-1].by} under its original sender",
                    seen=(bad[0], f"Return-Path: {copy.return_path}"),
                    means="The next host takes the forwarder for a forger of the sender's domain.",
                    do="Rewrite the envelope sender when forwarding (SRS), or deliver locally.",
                )
                found.append(finding(RULE, route.via, words))
    return conclude(RULE, found)
