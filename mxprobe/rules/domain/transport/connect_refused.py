"""An address of an MX host refuses connections.

What it sees. Every attempt to connect to port 25 of an address is refused, while the rest of its preference is up or
could not be judged. Where a whole preference is down, that is told instead.
Why it matters. Nothing listens there, or a firewall rejects it: senders lose an attempt, and some try few addresses.
Example. Nothing listens at mx1; its other address cannot be tried from here:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test AAAA 2001:db8::1
    192.0.2.1 refuses connections
    2001:db8::1 no way for its family
What to do. Start what should listen there, mend the firewall, or take the address out of the DNS.
Standards. RFC 5321 §4.5.4.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.transport.address import (
    Trait,
    by_place_and_attempts,
    judge_addresses,
    no_connection_tried,
    showing,
)
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX601", name="connect-refused", covers=("MX310",), severity=Severity.ERROR, references=("RFC 5321 §4.5.4.2",)
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host; a warning at a worse preference, and for a single attempt."""
    trait = Trait(
        proof=showing(Standing.REFUSES_CONNECTIONS),
        doubt=no_connection_tried,
        words=_words,
        severity=by_place_and_attempts,
    )
    return judge_addresses(RULE, snapshot, trait)


def _words(host: str) -> Words:
    return Words(
        says=f"{host} refuses connections to port 25",
        means="Nothing listens there, or a firewall rejects it; mail goes to another address, or waits.",
        do=f"Start what should listen at {host}, mend the firewall, or take the address out of the DNS.",
    )
