"""A host speaks no version of TLS that is still in use.

What it sees. A handshake in TLS 1.1 or older; or one that fails because the host has nothing from TLS 1.2 on, by its
own choice of version or by its alert.
Why it matters. Today's senders do not speak the old versions any more: they come in clear, or not at all.
Example. The mailer at mx1 is fifteen years old:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 handshake "unsupported protocol"
What to do. Switch on TLS 1.2 and 1.3.
Standards. RFC 8996 §4, §5; RFC 9325 §3.1.1.
"""

from msgspec.structs import replace

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.transport.address import Address, Trait
from mxprobe.rules.domain.transport.handshake import (
    always,
    failure_of_handshake,
    judge_handshakes,
    not_shaken,
    speaks_old_only,
)
from mxprobe.rules.pasting import setting
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX704",
    name="tls-too-old",
    severity=Severity.ERROR,
    covers=("MX715",),
    references=("RFC 8996 §4", "RFC 8996 §5", "RFC 9325 §3.1.1"),
)

_OLD = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"})


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host whose newest version is older than TLS 1.2."""
    postfix = ("smtpd_tls_protocols = >=TLSv1.2", "smtpd_tls_mandatory_protocols = >=TLSv1.2")

    def words(host: str) -> Words:
        return replace(_words(host), paste=setting(snapshot, host, postfix))

    return judge_handshakes(RULE, snapshot, Trait(proof=_proof, doubt=not_shaken, words=words, severity=always))


def _proof(address: Address) -> str | None:
    tls = address.session.tls if address.session is not None else None
    if tls is not None:
        return f"the handshake ends in {tls.version}" if tls.version in _OLD else None
    failure = failure_of_handshake(address)
    if failure is None or not speaks_old_only(failure):
        return None
    return f"TLS 1.2 and 1.3 were offered in the handshake: {failure.detail}"


def _words(host: str) -> Words:
    return Words(
        says=f"{host} has no version of TLS newer than 1.1",
        means="Today's senders come to it in clear, or not at all.",
        do=f"Switch on TLS 1.2 and 1.3 at {host}.",
    )
