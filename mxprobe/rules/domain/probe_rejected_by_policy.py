"""A host refuses this probe, not the domain's mail.

What it sees. A greeting or reply that is about the client's address: an enhanced code x.7.z, or words of block lists
and reverse names.
Why it matters. It says nothing about how the host treats others: it is never a fact about the host.
Example. The address of the probe is on a block list:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "554 5.7.1 203.0.113.9 is on a block list"
What to do. Repeat from an address with a good name; read the rest about this host as unknown.
Standards. RFC 5321 §4.2.1; RFC 3463 §3.8.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import refusal_of_probe
from mxprobe.rules.domain.reading import was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX003",
    name="probe-rejected-by-policy",
    severity=Severity.INFO,
    references=("RFC 5321 §4.2.1", "RFC 3463 §3.8"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each address that refuses us."""
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    found = []
    for visit in snapshot.visits:
        reply = refusal_of_probe(visit.sessions[-1]) if visit.sessions else None
        if reply is None:
            continue
        words = Words(
            says=f"{visit.endpoint.host} refuses this probe, not your mail",
            seen=(f'{visit.endpoint.id}: "{reply.text}"',),
            means="What it does with the mail of others is not known.",
            do="Probe from an address with a good name.",
        )
        found.append(finding(RULE, visit.endpoint.id, words))
    return conclude(RULE, found)
