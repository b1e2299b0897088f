"""An MX record names a host that nobody approved.

What it sees. With --expect FILE, which lists the MX records (`mx`), the domains of the operators (`operators`) or the
names of the providers (`providers`): a host in any server's answer that is none of theirs. Backups, and hosts of a
planned migration, count as listed.
Why it matters. Whoever runs the host gets mail of the domain, all of it or what the other hosts do not take.
Example. A second record leads to a stranger:
    approved operators: [isp.test]
    example.test MX 10 mx1.isp.test
    example.test MX 20 mx.stranger.test
    mx1.isp.test A 192.0.2.1
    mx.stranger.test A 203.0.113.9
What to do. Remove the record, or approve the host. If nobody here made it, change the keys of the DNS account.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_unknown, published_mx
from mxprobe.mx.expected import is_expected_host
from mxprobe.rules.domain.drift.reading import NOTHING_APPROVED, names_hosts
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX521",
    name="mx-not-approved",
    severity=Severity.ERROR,
    covers=("MX520",),
    references=("RFC 5321 §5.1",),
)

_MOST_NAMES = 8


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each host that is not approved."""
    approved = beside.approved
    if approved is None:
        return inconclusive(RULE, NOTHING_APPROVED)
    if not names_hosts(approved):
        return inconclusive(RULE, f"{approved.path} lists no hosts: `mx`, `operators` or `providers`")
    given: dict[str, list[str]] = {}
    for published in published_mx(snapshot):
        for record in published.records:
            if record.host != "." and not is_expected_host(record.host, approved):
                given.setdefault(record.host, []).append(f"MX {record.preference} {record.host}, by {published.by}")
    hosts = (record.host for record in approved.mx or ())
    names = dict.fromkeys((*hosts, *(approved.operators or ()), *(approved.providers or ())))
    place = approved.place("mx", "operators", "providers")
    listed = ", ".join(list(names)[:_MOST_NAMES]) or "no host at all"
    found = []
    for host, lines in given.items():
        words = Words(
            says=f"nobody approved the MX host {host} of {snapshot.domain} ({place})",
            about=(snapshot.domain,),
            seen=(*lines[:_MOST_NAMES], f"{place} approves {listed}"),
            means=f"Whoever runs {host} gets mail of {snapshot.domain}.",
            do=f"Remove the record, or add {host} to {approved.path}.",
            places=(place,),
        )
        found.append(finding(RULE, host, words))
    reason = mx_unknown(snapshot)
    return decide(RULE, found, [reason]) if reason else conclude(RULE, found)
