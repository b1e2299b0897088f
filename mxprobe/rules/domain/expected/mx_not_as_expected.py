"""The MX records are not those that the operator expects.

What it sees. With --expect FILE: a record that the file lists (`mx`) is missing, has another preference, or one of an
approved operator stands there beside the list; a provider that it names (`providers`) has none of the hosts; the TTL
lies outside `mx-ttl`. Every server's answer counts. A host that nobody approved is told by MX521. Around the cut-over
of a planned migration the records of its plan are right, and its TTL is.
Why it matters. The file is what was agreed on. Somebody changed the zone and not the file.
Example. The backup is gone, and the primary has another preference:
    approved mx: [10 mx1, 20 mx2]
    example.test MX 5 mx1.example.test
    mx1.example.test A 192.0.2.1
What to do. Restore the records, or have the change of the file reviewed.
Standards. RFC 5321 §5.1.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import Published, differ, mx_unknown, published_mx, texts_of_records
from mxprobe.mx.expected import is_expected_host
from mxprobe.mx.migration import is_approved_change, is_in_window
from mxprobe.mx.providers import provider_of
from mxprobe.rules.domain.expected.reading import Broken, or_change, silent, tell_broken
from mxprobe.rules.moments import say_left
from mxprobe.rules.rule import Rule, decide, inconclusive

RULE = Rule(
    code="MX531",
    name="mx-not-as-expected",
    severity=Severity.ERROR,
    covers=("MX520",),
    references=("RFC 5321 §5.1",),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the domain, with every record that is not as it should be."""
    approved = beside.approved
    if approved is None or (approved.mx is None and not approved.providers and approved.mx_ttl is None):
        return inconclusive(RULE, silent(beside))
    reason = mx_unknown(snapshot)
    if reason:
        return inconclusive(RULE, reason)
    given, unknown = published_mx(snapshot), list[str]()
    told = [one for published in given for one in _records(snapshot, beside, approved, published)]
    broken = _by_server(told)
    if not is_in_window(beside, snapshot):
        broken += [*_providers(approved, given), *_by_server(list(_ttls(snapshot, approved, given, unknown)))]
    if not broken:
        return decide(RULE, [], unknown)
    says = f"the MX records of {snapshot.domain} are not as expected"
    do = f"Restore them; {or_change(approved)}."
    return decide(RULE, [tell_broken(RULE, snapshot.domain, says, broken, do)], unknown)


def _by_server(told: list[tuple[Broken, str]]) -> list[Broken]:
    """What several servers say alike is told once, with the first of them."""
    servers: dict[Broken, list[str]] = {}
    for one, by in told:
        servers.setdefault(one, []).append(by)
    return [
        replace(one, seen=f"{one.seen}, by {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""))
        for one, names in servers.items()
    ]


def _records(
    snapshot: Snapshot, beside: Beside, approved: Approved, published: Published
) -> Iterator[tuple[Broken, str]]:
    """How one server's records differ from the list, without what nobody approved, and which server it is."""
    if approved.mx is None:
        return
    wanted = {record.host: record.preference for record in approved.mx}
    today = texts_of_records(published.records)
    difference = differ(texts_of_records(approved.mx), today)
    if not difference or is_approved_change(difference, today, beside, snapshot):
        return
    there = {record.host for record in published.records}
    for record in approved.mx:
        if record.host not in there:
            seen = f"no MX record names {record.host}" if record.host != "." else "there is no null MX"
            place = approved.place(f"mx {record.host}", "mx")
            yield Broken(seen=seen, expected=f"{record.preference} {record.host}", place=place), published.by
    for record in published.records:
        is_stranger = record.host != "." and not is_expected_host(record.host, approved)
        if wanted.get(record.host) == record.preference or is_stranger:
            continue
        expected = f"preference {wanted[record.host]}" if record.host in wanted else "no such record"
        place = approved.place(f"mx {record.host}", "mx")
        seen = f"MX {record.preference} {record.host}"
        yield Broken(seen=seen, expected=expected, place=place), published.by


def _providers(approved: Approved, given: tuple[Published, ...]) -> Iterator[Broken]:
    """Providers of whom no host is named, by the answer that was believed."""
    named = {provider_of(record.host) for published in given[:1] for record in published.records}
    for name in approved.providers or ():
        if name not in named:
            place = approved.place(f"providers {name}", "providers")
            yield Broken(seen=f"no MX host is one of {name}", expected=f"provider {name}", place=place)


def _ttls(
    snapshot: Snapshot, approved: Approved, given: tuple[Published, ...], unknown: list[str]
) -> Iterator[tuple[Broken, str]]:
    """TTLs outside the range. What a cache gives has counted down: it can only be too long."""
    span = approved.mx_ttl
    if span is None:
        return
    expected = say_left(span.least) if span.least == span.most else f"{say_left(span.least)} to {say_left(span.most)}"
    told = [one for one in given if one.records]
    for published in told:
        is_own = published.authoritative or snapshot.zone is not None
        if published.ttl > span.most or (is_own and published.ttl < span.least):
            seen = f"TTL {say_left(published.ttl)}"
            yield Broken(seen=seen, expected=expected, place=approved.place("mx-ttl")), published.by
    if told and snapshot.zone is None and not any(one.authoritative for one in told):
        unknown.append("the TTL of the MX records: none of the zone's own servers told it")
