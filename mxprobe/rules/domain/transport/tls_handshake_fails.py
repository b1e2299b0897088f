"""A host begins TLS, and the handshake fails.

What it sees. STARTTLS is answered by 220, and then the host ends the handshake, by an alert, by hanging up or by what
is no TLS. A timeout or a reset is not counted: it may come from the way. One client was tried (TLS 1.2 and 1.3, as
OpenSSL offers them), so that this is a warning: another client may come through.
Why it matters. Some senders come again in clear at once, some after minutes; those that insist on TLS wait.
Example. mx1 has no cipher in common with today's clients:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 handshake "tls alert handshake failure"
What to do. Mend the host's TLS: its certificate, its ciphers, its versions.
Standards. RFC 3207 §4.1; RFC 9325 §3.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import span_of
from mxprobe.rules.domain.transport.address import Address, Trait
from mxprobe.rules.domain.transport.handshake import (
    always,
    failure_of_handshake,
    judge_handshakes,
    not_shaken,
    speaks_old_only,
)
from mxprobe.rules.rule import Rule, Words

# An error needs a second kind of client that fails as well, and a look has one.
RULE = Rule(
    code="MX703",
    name="tls-handshake-fails",
    severity=Severity.WARNING,
    covers=("MX715",),
    references=("RFC 3207 §4.1", "RFC 9325 §3.1"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host; one that has old versions only is told by another rule."""
    return judge_handshakes(RULE, snapshot, Trait(proof=_proof, doubt=not_shaken, words=_words, severity=always))


def _proof(address: Address) -> str | None:
    failure = failure_of_handshake(address)
    if failure is None or speaks_old_only(failure):
        return None
    detail = f": {failure.detail}" if failure.detail else ""
    span = f"the last of {span_of(address.visit)}" if address.was_asked_twice else span_of(address.visit)
    return f"220 to STARTTLS, then {failure.kind.value} in the handshake{detail} ({span}, one client)"


def _words(host: str) -> Words:
    return Words(
        says=f"the TLS handshake with {host} fails",
        means="Some senders come again in clear, others wait. One kind of client was tried; another may come through.",
        do=f"Mend TLS at {host}: its certificate, its ciphers, its versions.",
    )
