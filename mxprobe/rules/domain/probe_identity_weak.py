"""The probe's own name and address do not fit together.

What it sees. Whether the probe's address has a name that leads back to it.
Why it matters. Many hosts refuse or limit clients without one; a refusal then says nothing about the domain.
Example. A cloud machine without a PTR record is refused with 550 5.7.25.
What to do. Give the probing host a forward-confirmed PTR and say that name with --helo.
Standards. RFC 5321 §4.1.4.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.rule import Rule, inconclusive

RULE = Rule(code="MX002", name="probe-identity-weak", severity=Severity.INFO, references=("RFC 5321 §4.1.4",))


def find(snapshot: Snapshot) -> Judgement:
    """This probe does not look its own address up yet."""
    return inconclusive(RULE, "the probe's own address was not looked up")
