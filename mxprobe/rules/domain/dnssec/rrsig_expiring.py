"""Signatures over the records that mail needs run out within three days.

What it sees. The signature over MX records, or over addresses or TLSA records of a host, that the probe itself checked
(--dnssec) and that ends within three days. Signatures that are made for no more than three days are new each time they
are asked for, and count only where most of their time is over.
Why it matters. When they run out, senders whose resolver validates can no longer deliver.
Example. A signer that stopped:
    example.test MX 10 mx1.example.test
    secure example.test MX for 2 of 14 days
What to do. Repair the signer, so that the zone is signed again in time.
Standards. RFC 4035 §5.3.1.
"""

import math
from datetime import UTC, datetime

from mxprobe.facts.dns import Security, Validation
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.dnssec.reading import NOT_IN_A_FILE, Word, goes_with, validates_itself, words_of
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(code="MX505", name="rrsig-expiring", severity=Severity.WARNING, references=("RFC 4035 §5.3.1",))

_DAY = 86400.0
SOON = 3 * _DAY
"""Three days: what an operator needs on a weekend. A choice of this project."""

_OVER = 0.75
"""Of its time, behind which a signature that is short by design should have been made anew."""


def find(snapshot: Snapshot) -> Judgement:
    """A finding for the domain, with those of its hosts that are signed with it, and one for each other host."""
    if not validates_itself(snapshot) and not snapshot.validations:
        told = "no signature was read: --dnssec reads them" if snapshot.zone is None else NOT_IN_A_FILE
        return inconclusive(RULE, told)
    words, now = words_of(snapshot), snapshot.started_at
    ends = {host: [one for one in said if _runs_out(one.said, now)] for host, said in words.hosts.items()}
    overdue = [
        f"{_tell(one, now)}: it was made for no more than three days, and may be new each time"
        for one in (words.mx, *(one for said in words.hosts.values() for one in said))
        if _is_overdue(one.said, now)
    ]
    found = []
    if _runs_out(words.mx.said, now):
        own = [host for host in ends if ends[host] and goes_with(words.mx, ends[host][0], snapshot.domain)]
        said = [words.mx, *(one for host in own for one in ends.pop(host))]
        found.append(_finding(snapshot.domain, said, now))
    found += [_finding(host, said, now) for host, said in ends.items() if said]
    return decide(RULE, found, overdue)


def _runs_out(said: Validation | None, now: float) -> bool:
    """Whether a signature that is made for longer ends soon."""
    left = _left(said, now)
    return left is not None and left < SOON and _span(said) > SOON


def _is_overdue(said: Validation | None, now: float) -> bool:
    """Whether a signature that is short by design is near its end."""
    left, span = _left(said, now), _span(said)
    return left is not None and span <= SOON and left < (1 - _OVER) * span


def _left(said: Validation | None, now: float) -> float | None:
    """Seconds for which the signatures of a secure answer hold; None where that is not known."""
    if said is None or said.security is not Security.SECURE or said.valid_until is None:
        return None
    return said.valid_until - now


def _span(said: Validation | None) -> float:
    """Seconds from the beginning of the signatures to their end."""
    if said is None or said.valid_until is None or said.valid_from is None:
        return math.inf
    return said.valid_until - said.valid_from


def _finding(subject: str, ends: list[Word], now: float) -> Finding:
    told = Words(
        says=f"signatures over records of {subject} run out within three days",
        seen=tuple(_tell(one, now) for one in ends),
        means="When they do, senders whose resolver validates can no longer deliver.",
        do="Repair the signer, so that the zone is signed again in time.",
    )
    return finding(RULE, subject, told)


def _tell(word: Word, now: float) -> str:
    """Which signature ends when."""
    until = word.said.valid_until if word.said is not None else None
    end = f"{datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC" if until is not None else "?"
    left = ((until or now) - now) / 3600
    return f"RRSIG {word.question.rrtype} {word.question.name} ends {end}, in {left:.0f} h"
