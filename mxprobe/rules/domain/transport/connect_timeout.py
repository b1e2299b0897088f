"""An address of an MX host does not answer.

What it sees. No attempt to connect to port 25 of an address is answered in time, while the rest of its preference is up
or could not be judged. Where a whole preference is down, that is told instead.
Why it matters. Silence costs each sender its full wait for a connection: half a minute for Postfix, five for Exim.
Example. A firewall drops what comes to mx1; its other address cannot be tried from here:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test AAAA 2001:db8::1
    192.0.2.1 does not answer
    2001:db8::1 no way for its family
What to do. Bring the host up, mend the firewall, or take the address out of the DNS.
Standards. RFC 5321 §4.5.4.1, §4.5.4.2.
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
    code="MX602",
    name="connect-timeout",
    covers=("MX310",),
    severity=Severity.ERROR,
    references=("RFC 5321 §4.5.4.1", "RFC 5321 §4.5.4.2"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host; a warning at a worse preference, and for a single attempt."""
    trait = Trait(
        proof=showing(Standing.DOES_NOT_ANSWER),
        doubt=no_connection_tried,
        words=_words,
        severity=by_place_and_attempts,
    )
    return judge_addresses(RULE, snapshot, trait)


def _words(host: str) -> Words:
    return Words(
        says=f"{host} does not answer connections to port 25",
        means="Each sender waits there in vain, half a minute to five, before it tries another address.",
        do=f"Bring {host} up, mend the firewall, or take the address out of the DNS.",
    )
