"""A host greets by "later".

What it sees. A greeting with a code of 4yz, in every attempt, that is not about this probe. A backup that does so while
the best preference is up is not judged: some take mail in an outage alone, and only an outage tells.
Why it matters. No mail is taken there for now; senders go to the next host, or wait.
Example. mx1 has too little memory left; its other address cannot be tried from here:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test AAAA 2001:db8::1
    192.0.2.1 "421 4.3.2 mx1.example.test system not accepting network messages"
    2001:db8::1 no way for its family
What to do. Find the overload or the limit that the host has run into.
Standards. RFC 5321 §3.8, §4.2.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.reading import attempts_of
from mxprobe.rules.domain.transport.address import Address, Place, Trait, by_place, judge_addresses, not_greeted
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX607",
    name="banner-4xx",
    covers=("MX310",),
    severity=Severity.WARNING,
    references=("RFC 5321 §3.8", "RFC 5321 §4.2.2"),
)

_TOLD_BY_AN_OUTAGE = (Place.BACKUP_BEHIND_UP, Place.BACKUP_BEHIND_UNKNOWN)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host; a note at a worse preference."""
    return judge_addresses(RULE, snapshot, Trait(proof=_proof, doubt=_doubt, words=_words, severity=by_place))


def _proof(address: Address) -> str | None:
    if address.standing is not Standing.GREETS_LATER or address.place in _TOLD_BY_AN_OUTAGE:
        return None
    return f"greeting {attempts_of(address.visit)}"


def _doubt(address: Address) -> str | None:
    if address.standing is Standing.GREETS_LATER:
        return "says later as a backup; only an outage tells what it does then"
    return not_greeted(address)


def _words(host: str) -> Words:
    return Words(
        says=f"{host} greets by later, and takes no mail",
        means="Senders go to the next host, or keep the mail and try again.",
        do=f"Find the overload or the limit that {host} has run into.",
    )
