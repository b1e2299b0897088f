"""The address of an MX host is on a list of bad senders.

What it sees. A list that you named (--dnsbl) lists the address. Answers that say that the question was refused, and
lists that do not list their own test entry or list everybody, are no listing. For hosts of large providers it is a
note.
Why it matters. Nothing for mail that comes in. What the host sends is refused by those who ask that list: what a backup
hands on, forwards, or gives back.
Example. The backup's address is listed:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    dnsbl bl.example
    2.0.0.127.bl.example A 127.0.0.2
    1.0.0.127.bl.example NXDOMAIN
    1.2.0.192.bl.example A 127.0.0.4
    1.2.0.192.bl.example TXT open relay, see bl.example
What to do. Find out what the host sends and end it; then ask the list to take the address out.
Standards. RFC 5782 §2.1, §5.
"""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dnsbl import Listed, listing_of
from mxprobe.mx.once import known_answers
from mxprobe.mx.plan import special_use
from mxprobe.mx.providers import provider_of
from mxprobe.rules.domain.reading import chain_of, not_resolved, unique
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(code="MX884", name="dnsbl-listed", severity=Severity.WARNING, references=("RFC 5782 §2.1", "RFC 5782 §5"))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each address that a list has, whichever."""
    lists = snapshot.vantage.dnsbls
    if not lists:
        return inconclusive(RULE, "no list was named; --dnsbl ZONE would tell")
    plan, answers = chain_of(snapshot), known_answers(snapshot)
    doubt = not_resolved(plan)
    found, unknown = list[Finding](), [doubt] if doubt else []
    for host in plan.hosts:
        for address in host.addresses:
            for zone in lists:
                seen = listing_of(zone, address, answers)
                if seen.listed is Listed.UNKNOWN and special_use(address) is None:
                    unknown.append(seen.reason)
                if seen.listed is not Listed.YES:
                    continue
                words = Words(
                    says=f"{host.name} {address} is on the list {zone}",
                    seen=(f"{zone}: {', '.join(seen.codes[:8])}", *(f"{zone}: {text}" for text in seen.texts)),
                    means=f"Mail that {host.name} hands on or gives back is refused by those who ask {zone}.",
                    do="End what it is listed for, then ask the list to take it out.",
                )
                severity = Severity.INFO if provider_of(host.name) is not None else None
                found.append(finding(RULE, f"{host.name}/{address}", words, severity))
    return decide(RULE, unique(found), unknown)
