"""The address of an MX host has no name.

What it sees. No PTR record at the address.
Why it matters. Nothing for mail that comes in. Mail that the host sends, what it hands on or gives back, is refused by
many receivers: for a backup that is all that it is for.
Example. A backup without a name:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    1.2.0.192.in-addr.arpa NXDOMAIN
What to do. Have the network's operator publish a PTR record with the host's name.
Standards. RFC 1035 §3.5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.reverse import Reverse
from mxprobe.rules.domain.reputation.names import judge_names
from mxprobe.rules.rule import Rule, Words

RULE = Rule(code="MX880", name="ptr-missing", severity=Severity.WARNING, references=("RFC 1035 §3.5",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host with such an address."""
    return judge_names(
        RULE,
        snapshot,
        Reverse.MISSING,
        lambda host, address: Words(
            says=f"the address {address} of {host} has no name (no PTR record)",
            means=f"Mail that {host} hands on or gives back is refused by many.",
            do=f"Have a PTR record published for {address}: {host}.",
        ),
    )
