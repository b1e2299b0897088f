"""The MX records named a host for less than a day, or one resolver names a host that the zone never had.

What it sees. Looks that were kept (--history) show a host in the MX records that was not there before, and was gone
again within 24 hours, in the last seven days. Or: a resolver gives a host that none of the zone's own servers gives,
and none gave in any look that was kept, over a day or more. Hosts that are approved (--expect), and those of a planned
migration, are no such hosts; nor is a host that went away for a while and came back.
Why it matters. Who diverts mail seldom does it for long: for those hours its mail was taken by somebody else. A
resolver with records of its own may have been lied to.
Example. For half an hour, mail went to mx9:
    looked 2026-03-02T12:00Z
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    history 2026-03-02T08:00Z same
    history 2026-03-02T08:30Z example.test MX 10 mx9.other.test
    history 2026-03-02T09:00Z same
What to do. If nobody here made the change, treat it as an interception: keep the logs, look who changed the records in
the DNS account and at the registrar, change the keys of both. If it was yours, waive it until it is a week old.
Standards. RFC 5321 §5.1.
"""

from collections.abc import Iterator

from msgspec import Struct

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_unknown, published_mx
from mxprobe.mx.expected import is_expected_host
from mxprobe.mx.migration import is_in_window
from mxprobe.rules.domain.drift.reading import NO_HISTORY
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX527",
    name="transient-mx-change",
    severity=Severity.ERROR,
    covers=("MX405",),
    references=("RFC 5321 §5.1",),
)

_DAY = 86400.0
_TOLD_FOR = 7 * _DAY
_DO = (
    "If nobody here made it: keep the logs, look who changed the records in the DNS account and at the registrar, "
    "change the keys of both."
)


class _Stay(Struct, frozen=True, kw_only=True):
    """A host that came and went: the last look without it before, the first with it, and the first without it again."""

    before: float
    came: float
    gone: float


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each host."""
    reason = mx_unknown(snapshot)
    if reason:
        return inconclusive(RULE, reason)
    if not beside.history:
        return inconclusive(RULE, NO_HISTORY)
    looks = (*(one for one in beside.history if not mx_unknown(one)), snapshot)
    hosts = dict.fromkeys(host for look in looks for host in sorted(_hosts(look)))
    found = []
    for host in hosts:
        if _is_expected(host, beside, snapshot):
            continue
        stay = _last_stay(host, looks)
        if stay is not None and snapshot.started_at - stay.gone <= _TOLD_FOR:
            found.append(_came_and_went(snapshot, host, stay, looks))
    found += [
        _of_one_resolver(snapshot, host, looks[0].started_at)
        for host in _never_authoritative(snapshot, looks)
        if not _is_expected(host, beside, snapshot)
    ]
    return conclude(RULE, found)


def _hosts(look: Snapshot) -> frozenset[str]:
    """The hosts that any server named."""
    return frozenset(record.host for one in published_mx(look) for record in one.records if record.host != ".")


def _is_expected(host: str, beside: Beside, snapshot: Snapshot) -> bool:
    if beside.approved is not None and is_expected_host(host, beside.approved):
        return True
    plan = beside.migration
    return plan is not None and host in (*plan.coming, *plan.leaving) and is_in_window(beside, snapshot)


def _last_stay(host: str, looks: tuple[Snapshot, ...]) -> _Stay | None:
    """The last time that a host came and was gone within a day; None where it is there, or stayed longer."""
    if host in _hosts(looks[-1]):
        return None
    return max(_stays(host, looks), key=lambda one: one.gone, default=None)


def _stays(host: str, looks: tuple[Snapshot, ...]) -> Iterator[_Stay]:
    before, came = None, None
    for look in looks:
        at, is_there = look.started_at, host in _hosts(look)
        if is_there and before is not None and came is None:
            came = at
        if not is_there:
            if before is not None and came is not None and at - before < _DAY:
                yield _Stay(before=before, came=came, gone=at)
            before, came = at, None


def _came_and_went(snapshot: Snapshot, host: str, stay: _Stay, looks: tuple[Snapshot, ...]) -> Finding:
    moments = (stay.before, stay.came, stay.gone)
    words = Words(
        says=f"the MX records of {snapshot.domain} named {host} for less than {say_left(stay.gone - stay.before)}",
        about=(snapshot.domain,),
        seen=tuple(f"{say_moment(look.started_at)}: {_records(look)}" for look in looks if look.started_at in moments),
        means=f"Mail of {snapshot.domain} went to {host} in that time, and until copies of the record ran out.",
        do=_DO,
    )
    return finding(RULE, host, words)


def _records(look: Snapshot) -> str:
    """What servers gave, alike answers once."""
    sets = dict.fromkeys(one.records for one in published_mx(look))
    texts = [", ".join(f"{record.preference} {record.host}" for record in records) or "none" for records in sets]
    return f"MX {'; or '.join(texts)}"


def _never_authoritative(snapshot: Snapshot, looks: tuple[Snapshot, ...]) -> Iterator[str]:
    """Hosts that a resolver gives, and that no look has seen at all, where looks reach back further than its copy."""
    now = published_mx(snapshot)
    copies = [one for one in now if not one.authoritative]
    if len(copies) == len(now) or len(looks) == 1:
        return
    known = {host for look in looks[:-1] for host in _hosts(look)}
    known |= {record.host for one in now if one.authoritative for record in one.records}
    for copy in copies:
        if snapshot.started_at - looks[0].started_at < max(_DAY, copy.ttl):
            continue
        yield from (record.host for record in copy.records if record.host != "." and record.host not in known)


def _of_one_resolver(snapshot: Snapshot, host: str, since: float) -> Finding:
    words = Words(
        says=f"a resolver names {host} as an MX host of {snapshot.domain}, and the zone never did",
        about=(snapshot.domain,),
        seen=(
            *(
                f"{one.by}: {record.preference} {record.host}"
                for one in published_mx(snapshot)
                for record in one.records
            ),
            f"no look since {say_moment(since)} has seen {host}",
        ),
        means=f"Senders behind that resolver give mail of {snapshot.domain} to {host}.",
        do="Look whether the resolver was lied to (its log, its way to the name servers); flush its cache.",
    )
    return finding(RULE, host, words)
