"""An MX host has a loopback address.

What it sees. An address that no sender elsewhere can reach, by its special-use block.
Why it matters. Senders fail, or talk to themselves.
Example. An address left over from a test:
    example.test MX 10 mx1.example.test
    mx1.example.test A 127.0.0.1
What to do. Publish the public address; where no mail is wanted, a null MX.
Standards. RFC 6890 §2.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.target import judge_addresses
from mxprobe.rules.rule import Behind, Rule

RULE = Rule(
    code="MX206",
    name="mx-address-loopback",
    severity=Severity.ERROR,
    references=("RFC 6890 §2.2",),
    behind=(Behind.MX, Behind.ALIAS, Behind.ADDRESS),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such address."""
    return judge_addresses(RULE, snapshot, ("loopback",))
