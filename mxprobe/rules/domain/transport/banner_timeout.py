"""A host takes the connection, and says nothing.

What it sees. The connection is there, and no whole line of a greeting comes in the time that a look waits (60 s). Where
a whole preference is down, that is told instead.
Why it matters. The standard lets a sender wait five minutes; many give up sooner, and mail goes elsewhere or waits.
Example. The mailer behind mx1 hangs; its other address cannot be tried from here:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test AAAA 2001:db8::1
    192.0.2.1 says nothing
    2001:db8::1 no way for its family
What to do. Greet within seconds; look at what the mailer waits for (its DNS, its lists, its limits).
Standards. RFC 5321 §4.5.3.2.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.reading import attempts_of
from mxprobe.rules.domain.transport.address import (
    Address,
    Trait,
    by_place_and_attempts,
    judge_addresses,
    not_connected,
)
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX605", name="banner-timeout", covers=("MX310",), severity=Severity.ERROR, references=("RFC 5321 §4.5.3.2.1",)
)

_PATIENT = 60.0
"""Seconds of waiting from which on silence may be an error; a host may greet slowly on purpose, to sort out spam."""


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host; a warning at a worse preference, for a single attempt, and after a short wait."""
    is_patient = snapshot.vantage.timeout >= _PATIENT

    def severity(rule: Rule, address: Address) -> Severity:
        own = by_place_and_attempts(rule, address)
        return own if is_patient or own is not Severity.ERROR else Severity.WARNING

    return judge_addresses(RULE, snapshot, Trait(proof=_proof, doubt=not_connected, words=_words, severity=severity))


def _proof(address: Address) -> str | None:
    if address.standing is not Standing.SILENT or address.session is None:
        return None
    turn = address.session.last_turn(Phase.BANNER)
    failure = turn.failure if turn is not None else None
    waited = "" if failure is None else f", waited {failure.after:.0f} s for the last"
    heard = len(turn.reply.raw) if turn is not None and turn.reply is not None else 0
    part = f", and {heard} octets came" if heard else ""
    return f"{attempts_of(address.visit)}{waited}{part}"


def _words(host: str) -> Words:
    return Words(
        says=f"{host} takes the connection and does not greet",
        means="Senders that wait less than five minutes go elsewhere, or keep the mail.",
        do=f"Find out what the mailer at {host} waits for before it greets.",
    )
