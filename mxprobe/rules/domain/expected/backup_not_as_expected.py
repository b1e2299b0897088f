"""A host that is to be a backup is none, or does not take the mail.

What it sees. With --expect FILE, which says who is a backup (`backups`): such a host has the best preference in any
server's answer, or no MX record names it; or, where a recipient was asked for (--to), it refuses him.
Why it matters. At the best preference a backup gets all mail, or its share, while the primary is up. Without its
record, or when it refuses, there is no backup on the day of the outage.
Example. The backup was given the preference of the primary:
    approved backups: [mx2]
    example.test MX 10 mx1.example.test
    example.test MX 10 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
What to do. Give the backup a number that is larger than that of every primary.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_unknown, published_mx
from mxprobe.rules.domain.asked import answers_about, line_of, not_asked
from mxprobe.rules.domain.expected.reading import Broken, or_change, silent, some, tell_broken
from mxprobe.rules.rule import Rule, decide, inconclusive

RULE = Rule(
    code="MX532",
    name="backup-not-as-expected",
    severity=Severity.ERROR,
    covers=("MX802",),
    references=("RFC 5321 §5.1",),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each backup that is none."""
    approved = beside.approved
    if approved is None or not approved.backups:
        return inconclusive(RULE, silent(beside))
    reason = mx_unknown(snapshot)
    if reason:
        return inconclusive(RULE, reason)
    found, unknown = list[Finding](), list[str]()
    for host in approved.backups:
        place = approved.place(f"backups {host}", "backups")
        broken = [Broken(seen=seen, expected="a backup", place=place) for seen in _standing(snapshot, host)]
        if approved.mx is not None and not broken and not _is_named(snapshot, host):
            continue  # the missing record is told by mx-not-as-expected
        if not _is_named(snapshot, host):
            broken.append(Broken(seen=f"no MX record names {host}", expected="a backup", place=place))
        refused, doubts = _refusals(snapshot, host)
        broken += [Broken(seen=line, expected="a backup that takes the mail", place=place) for line in refused]
        unknown += doubts
        if broken:
            do = f"Give {host} a preference behind the primary's, and have it take the domain's mail; "
            says = f"{host} is not the backup that is expected"
            found.append(tell_broken(RULE, host, says, broken, f"{do}{or_change(approved)}."))
    return decide(RULE, found, some(unknown))


def _is_named(snapshot: Snapshot, host: str) -> bool:
    return any(record.host == host for published in published_mx(snapshot) for record in published.records)


def _standing(snapshot: Snapshot, host: str) -> list[str]:
    """Where a server gives it the best preference."""
    lines = []
    for published in published_mx(snapshot):
        best = min((record.preference for record in published.records), default=0)
        if any(record.host == host and record.preference == best for record in published.records):
            lines.append(f"{host} has the best preference, {best}, by {published.by}")
    return lines


def _refusals(snapshot: Snapshot, host: str) -> tuple[list[str], list[str]]:
    """What it refused, and what it left open; a recipient that nobody asked for is no question."""
    if not_asked(snapshot, Role.GOOD):
        return [], []
    refused, doubts = [], []
    for given in answers_about(snapshot, Role.GOOD):
        if given.endpoint.host != host or given.answer is Answer.ACCEPTED:
            continue
        if given.answer is Answer.REFUSED:
            refused.append(line_of(given))
        else:
            doubts.append(f"whether {given.endpoint.id} takes the mail: {given.words}")
    return refused, doubts
