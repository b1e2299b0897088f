"""A provider ends its service.

What it sees. The MX hosts are those of a service whose last day is announced, or past. Where another service has the
same names, it is a note, from a year before the day to a year after it.
Why it matters. After that day mail comes back, and there is nobody to ask for the mailboxes.
Example. The inbound endpoint of Amazon, which WorkMail has in common with SES:
    looked 2026-11-01T08:00Z
    example.test MX 10 inbound-smtp.eu-west-1.amazonaws.com
    inbound-smtp.eu-west-1.amazonaws.com A 192.0.2.1
What to do. Move before the day.
Standards. RFC 5321 §5.1.
"""

from datetime import UTC, datetime

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import Grade, Provider
from mxprobe.mx.providers.provider import EndOfLife
from mxprobe.mx.providers.published import Party
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import line_of, published
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX908", name="provider-end-of-life", severity=Severity.WARNING, references=("RFC 5321 §5.1",))

_YEAR = 365 * 86400.0


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such service."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    found: dict[str, Finding] = {}
    for party in parties:
        for provider in (party.known.provider, *party.known.also) if party.known is not None else ():
            if provider.ends is not None and provider.id not in found:
                one = _tell(snapshot, party, provider, provider.ends)
                found |= {provider.id: one} if one is not None else {}
    return conclude(RULE, list(found.values()))


def _tell(snapshot: Snapshot, party: Party, provider: Provider, ends: EndOfLife) -> Finding | None:
    """The finding about a service; None where it is too far from its last day to be told of a name in common."""
    last, now = moment_of(ends.day), snapshot.started_at
    first = party.known.provider if party.known is not None else provider
    in_common = first.id != provider.id
    if in_common and abs(now - last) > _YEAR:
        return None
    over = now >= last + 86400.0
    ended = f"ended on {ends.day}" if over else f"ends on {ends.day}"
    which = f"; {first.name} has the same name, and goes on" if in_common else ""
    words = Words(
        says=f"{provider.name}, which takes mail at {party.host}, {ended}{which}",
        about=(snapshot.domain,),
        seen=(line_of(party), f"last day: {ends.day} ({ends.grade})"),
        means=f"If the mailboxes are at {provider.name}, they {'are gone' if over else 'go with it'}.",
        do=f"If they are, move them{'' if over else ' before that day'}.",
    )
    note = in_common or party.is_remembered or ends.grade is Grade.REMEMBERED
    return finding(RULE, party.host, words, Severity.INFO if note else None)


def moment_of(day: str) -> float:
    """The beginning of a day, as seconds since 1970 UTC."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
