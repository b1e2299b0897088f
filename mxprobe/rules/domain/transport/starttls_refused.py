"""A host offers STARTTLS, and then refuses it.

What it sees. The EHLO reply has STARTTLS, and the command is answered by 4yz or 5yz.
Why it matters. Most senders go on in clear, or come back later; those that insist on TLS do not deliver at all.
Example. mx1 cannot read its key:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 STARTTLS "454 4.7.0 TLS not available due to local problem"
What to do. Look at the host's certificate and key: can the mailer read them, and do they belong together?
Standards. RFC 3207 §4.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import offers_starttls
from mxprobe.rules.domain.transport.address import Address, Trait
from mxprobe.rules.domain.transport.handshake import (
    always,
    judge_handshakes,
    not_offered_or_asked,
    refusal_of_starttls,
)
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX702",
    name="starttls-refused",
    severity=Severity.WARNING,
    covers=("MX715",),
    references=("RFC 3207 §4",),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that offers it and says no to it."""
    trait = Trait(proof=_proof, doubt=not_offered_or_asked, words=_words, severity=always)
    return judge_handshakes(RULE, snapshot, trait)


def _proof(address: Address) -> str | None:
    reply = refusal_of_starttls(address)
    offered = address.session is not None and offers_starttls(address.session)
    return f'offers STARTTLS, and answers it by "{reply.text}"' if reply is not None and offered else None


def _words(host: str) -> Words:
    return Words(
        says=f"{host} offers STARTTLS and refuses it",
        means="Mail comes to it in clear; from senders that insist on TLS it does not come.",
        do=f"Look at the certificate and key of {host}: can the mailer read them, and do they belong together?",
    )
