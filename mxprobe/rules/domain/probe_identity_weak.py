"""The probe's own name and address do not fit together.

What it sees. Whether the probe's address has a name that leads back to it.
Why it matters. Many hosts refuse or limit clients without one; a refusal then says nothing about the domain.
Example. A cloud machine without a PTR record looks:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    helo probe.example.test from 192.0.43.8
    probe.example.test A 192.0.43.8
    8.43.0.192.in-addr.arpa NXDOMAIN
What to do. Give the probing host a forward-confirmed PTR and say that name with --helo.
Standards. RFC 5321 §4.1.4.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.identity import identity_problems
from mxprobe.mx.once import known_answers
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX002", name="probe-identity-weak", severity=Severity.INFO, references=("RFC 5321 §4.1.4",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each address of the probe that does not fit; an address behind NAT cannot be judged."""
    sources = sorted({one.source for visit in snapshot.visits for one in visit.sessions if one.source})
    answers = known_answers(snapshot)
    judged = {source: identity_problems(source, snapshot.vantage.helo, answers) for source in sources}
    if not judged or all(problems is None for problems in judged.values()):
        return inconclusive(RULE, "the address that hosts see this probe come from is not known, or not public")
    found = []
    for source, problems in judged.items():
        if problems:
            words = Words(
                says=f"the probe's own address {source} and its name do not fit together",
                seen=problems,
                means="Read every refusal as possibly about the probe.",
                do="Give the probing host a forward-confirmed PTR and say that name with --helo.",
            )
            found.append(finding(RULE, source, words))
    return conclude(RULE, found)
