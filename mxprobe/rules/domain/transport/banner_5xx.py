"""A host greets by "no".

What it sees. A greeting with a code of 5yz, in every attempt, that is not about this probe.
Why it matters. A host that never takes mail must not stand in the MX records: some senders go on to the next host,
others give the mail back at once.
Example. mx1 was turned into a host that only sends; its other address cannot be tried from here:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test AAAA 2001:db8::1
    192.0.2.1 "554 mx1.example.test takes no mail"
    2001:db8::1 no way for its family
What to do. Take its MX record out, or let the host take mail.
Standards. RFC 5321 §3.1; RFC 7504 §3.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.reading import attempts_of
from mxprobe.rules.domain.transport.address import (
    Address,
    Trait,
    by_place_and_attempts,
    judge_addresses,
    not_greeted,
)
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX608",
    name="banner-5xx",
    covers=("MX310",),
    severity=Severity.ERROR,
    references=("RFC 5321 §3.1", "RFC 7504 §3"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host; a warning at a worse preference, and for a single attempt."""
    trait = Trait(proof=_proof, doubt=not_greeted, words=_words, severity=by_place_and_attempts)
    return judge_addresses(RULE, snapshot, trait)


def _proof(address: Address) -> str | None:
    return f"greeting {attempts_of(address.visit)}" if address.standing is Standing.GREETS_NO else None


def _words(host: str) -> Words:
    return Words(
        says=f"{host} greets by no: it takes no mail from anybody",
        means="Some senders go on to the next host; others give the mail back at once.",
        do=f"Take the MX record of {host} out, or let it take mail.",
    )
