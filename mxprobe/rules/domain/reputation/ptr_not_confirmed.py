"""The address of an MX host has a name that does not lead back to it.

What it sees. A PTR record, and no address record of that name with the address.
Why it matters. Anybody can give an address any name; receivers that look believe only those that lead back, and refuse
mail that comes from others.
Example. The name was moved elsewhere:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    1.2.0.192.in-addr.arpa PTR old.example.test
    old.example.test A 192.0.2.77
What to do. Let the PTR record name the host itself.
Standards. RFC 8499 §2; RFC 1035 §3.5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.reverse import Reverse
from mxprobe.rules.domain.reputation.names import judge_names
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX881", name="ptr-not-confirmed", severity=Severity.WARNING, references=("RFC 8499 §2", "RFC 1035 §3.5")
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host with such an address."""
    return judge_names(
        RULE,
        snapshot,
        Reverse.NOT_CONFIRMED,
        lambda host, address: Words(
            says=f"the address {address} of {host} has a name that does not lead back to it",
            means=f"Mail that {host} hands on or gives back is refused by many.",
            do=f"Let the PTR record of {address} name {host}.",
        ),
    )
