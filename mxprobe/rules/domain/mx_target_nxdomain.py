"""An MX names a host that does not exist.

What it sees. NXDOMAIN for the name of an MX host.
Why it matters. Senders skip it; where no other host is left, mail bounces (MX204). A name that anybody may register is
an open door.
Example. The provider is gone, the record stayed:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    example.test MX 20 mx.old-provider.test
    mx.old-provider.test NXDOMAIN
What to do. Create the host's addresses, or remove the record.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import HostProblem
from mxprobe.rules.domain.target import judge_left_out
from mxprobe.rules.rule import Rule

RULE = Rule(
    code="MX201",
    name="mx-target-nxdomain",
    severity=Severity.ERROR,
    covers=("MX104", "MX524"),
    references=("RFC 5321 §5.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such host."""
    return judge_left_out(RULE, snapshot, HostProblem.NXDOMAIN, "does not exist")
