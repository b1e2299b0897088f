"""The MX records, or the addresses of the hosts that they name, are not those that they were.

What it sees. A host or a preference came, went or changed since the earlier probe (--baseline), or differs from what is
approved (--expect); or a host that stayed has other addresses. What is approved, and what a planned migration brings
about, is no drift. How bad it is follows from the evidence.
It is an error where mail goes to somebody else: a new host, also a backup, of a provider or a registered domain that no
host was of, that no MTA-STS policy named and nobody approved; a name that the same provider gives to another customer,
where it takes the mail over; a new host in the domain's own zone, from a network and with a key that were not seen,
that takes the mail over, or that an enforced policy had no room for or was given up for; a host all of whose addresses
moved to other networks and lost TLS, a valid certificate or its TLSA records.
It is a note where it is upkeep: hosts of the same operator came or went, the order stayed, a host of the domain stands
in a known network, shows a key that was seen or promised (TLSA) before, or was named by the policy; addresses of a
provider moved. It is a warning where it may be either: a host is gone, all hosts got other names with other keys in
their network, another is tried first, a host moved and has a valid certificate with a new key, which anybody can get
who holds the DNS. Hosts are of one operator by its known names or by the domain that was registered; names that hosters
give to customers' machines prove nothing.
Why it matters. Who changes the MX records of a domain, or the addresses behind them, gets its mail.
Example. The record of mx1 was replaced:
    before example.test MX 10 mx1.example.test
    before mx1.example.test A 192.0.2.1
    example.test MX 10 mx9.other.test
    mx9.other.test A 203.0.113.9
What to do. If the change was yours, save a new probe as the baseline. If it was not, restore the records, then change
the passwords and keys of the DNS account.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import address_questions, addresses_in, compare, mx_unknown
from mxprobe.mx.moved import Looks, hosts_of_both, looks_of, weigh_addresses
from mxprobe.rules.domain.drift.reading import (
    NO_BASELINE,
    SEVERITY,
    MxChange,
    is_comparable,
    lines_of,
    mx_changes,
    said_before,
)
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX520",
    name="mx-drift",
    severity=Severity.WARNING,
    references=("RFC 5321 §5.1",),
)

_MEANS = {
    Severity.INFO: "Mail goes to whom it went before.",
    Severity.WARNING: "Mail goes other ways than before.",
    Severity.ERROR: "Mail goes to somebody that nothing was known of.",
}
_DO = "If the change was not yours, restore the records, then change the keys of the DNS account."


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for the domain where its records differ, and one for each host that has other addresses."""
    reason = is_comparable(beside) or mx_unknown(snapshot)
    if reason:
        return inconclusive(RULE, reason)
    found = [_changed_records(snapshot, change) for change in mx_changes(snapshot, beside)]
    unknown = []
    if beside.before is None:
        unknown.append(f"addresses: {NO_BASELINE}")
    else:
        moved, unknown = _moved(snapshot, beside.before)
        found += moved
    return decide(RULE, _by_subject(found), unknown)


def _by_subject(found: list[Finding]) -> list[Finding]:
    """The worst finding of each subject: what another server says besides is the same drift."""
    kept: dict[str, Finding] = {}
    for one in found:
        known = kept.get(one.subject)
        if known is None or one.severity.rank < known.severity.rank:
            kept[one.subject] = one
    return list(kept.values())


def _changed_records(snapshot: Snapshot, change: MxChange) -> Finding:
    severity = SEVERITY[change.weight]
    words = Words(
        says=f"the MX records of {snapshot.domain} are not {change.against}",
        seen=change.lines,
        means=_MEANS[severity],
        do="" if severity is Severity.INFO else _DO,
    )
    return finding(RULE, snapshot.domain, words, severity)


def _moved(snapshot: Snapshot, before: Snapshot) -> tuple[list[Finding], list[str]]:
    """Hosts of both looks whose addresses differ, and what could not be compared."""
    looks = looks_of(before, snapshot)
    found, unknown = list[Finding](), list[str]()
    for host in hosts_of_both(before, snapshot):
        changes = [compare(looks.then, looks.today, question) for question in address_questions(host)]
        unknown += [change.unknown for change in changes if change.unknown]
        lines = tuple(line for change in changes for line in lines_of(change))
        if lines and addresses_in(looks.today, host):  # that it has none is for other rules to say
            found.append(_other_addresses(host, lines, looks))
    return found, unknown


def _other_addresses(host: str, lines: tuple[str, ...], looks: Looks) -> Finding:
    weighed = weigh_addresses(host, looks)
    severity = SEVERITY[weighed.weight]
    had = len(addresses_in(looks.then, host))
    words = Words(
        says=f"{host} has other addresses than in {said_before(looks.before)}" if had else f"{host} has addresses now",
        seen=(*lines, f"{host}: {weighed.because}"),
        means="" if severity is Severity.INFO else "Mail for the host goes to other machines.",
        do="" if severity is Severity.INFO else _DO,
    )
    return finding(RULE, host, words, severity)
