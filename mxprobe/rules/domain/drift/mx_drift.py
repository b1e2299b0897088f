"""The MX records, or the addresses of the hosts that they name, are not those that they were.

What it sees. A host or a preference came, went or changed since the earlier probe (--baseline), or differs from what is
approved (--expect); or a host that stayed has other addresses. What is approved, and what a planned migration brings
about, is no drift. Addresses of the large providers move without notice: there it is a note.
Why it matters. Who changes the MX records of a domain, or the addresses behind them, gets its mail.
Example. The record of mx1 was replaced:
    before example.test MX 10 mx1.example.test
    example.test MX 10 mx9.example.test
    mx9.example.test A 203.0.113.9
What to do. If the change was yours, save a new probe as the baseline. If it was not, restore the records, then change
the passwords and keys of the DNS account.
Standards. RFC 5321 §5.1.
"""

from collections.abc import Iterator

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import Answers, index_answers
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import address_questions, addresses_in, compare, mx_unknown, published_mx
from mxprobe.mx.providers import provider_of
from mxprobe.rules.domain.drift.reading import (
    NO_BASELINE,
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
    """The first finding of each subject: what another server says besides is the same drift."""
    return list({one.subject: one for one in reversed(found)}.values())[::-1]


def _changed_records(snapshot: Snapshot, change: MxChange) -> Finding:
    words = Words(
        says=f"the MX records of {snapshot.domain} are not {change.against}",
        seen=change.lines,
        means="Mail goes to whoever the new records name.",
        do=_DO,
    )
    return finding(RULE, snapshot.domain, words)


def _moved(snapshot: Snapshot, before: Snapshot) -> tuple[list[Finding], list[str]]:
    """Hosts of both looks whose addresses differ, and what could not be compared."""
    then, today = index_answers(before.answers), index_answers(snapshot.answers)
    found, unknown = list[Finding](), list[str]()
    for host in _hosts_of_both(before, snapshot):
        changes = [compare(then, today, question) for question in address_questions(host)]
        unknown += [change.unknown for change in changes if change.unknown]
        lines = tuple(line for change in changes for line in lines_of(change))
        if lines and addresses_in(today, host):  # that it has none is for other rules to say
            found.append(_other_addresses(host, lines, before, then))
    return found, unknown


def _hosts_of_both(before: Snapshot, now: Snapshot) -> Iterator[str]:
    """The hosts that the MX records of both looks name, each once."""
    known = {record.host for published in published_mx(before)[:1] for record in published.records}
    today = dict.fromkeys(record.host for published in published_mx(now)[:1] for record in published.records)
    return (host for host in today if host in known and host != ".")


def _other_addresses(host: str, lines: tuple[str, ...], before: Snapshot, then: Answers) -> Finding:
    provider = provider_of(host)
    had = len(addresses_in(then, host))
    words = Words(
        says=f"{host} has other addresses than in {said_before(before)}" if had else f"{host} has addresses now",
        seen=lines,
        means="Mail for the host goes to other machines." if provider is None else f"{provider} moves its addresses.",
        do=_DO if provider is None else "",
    )
    return finding(RULE, host, words, None if provider is None else Severity.INFO)
