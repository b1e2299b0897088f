"""All that differs between two looks at one domain, thing by thing, and how each difference looks.

MX records, addresses and delegation are weighed by `mx.newcomers`, `mx.moved` and `mx.delegated`, as the rules do; what
hosts show and say is in `mx.changedhosts`, what policies say in `mx.changedpolicies`. What one of the looks does not
tell is kept apart, and is never a change.
Standards: RFC 5321 §5.1, RFC 1034 §4.2.1.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from mxprobe.facts.beside import Beside
from mxprobe.facts.change import Area, Change, Changes, NotCompared, Weight
from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.changedhosts import host_changes
from mxprobe.mx.changedpolicies import policy_changes
from mxprobe.mx.delegated import (
    Delegation,
    Served,
    names_then,
    weigh_first_server,
    weigh_servers,
    weigh_signers,
    weigh_together,
)
from mxprobe.mx.drift import (
    Difference,
    address_questions,
    addresses_in,
    compare,
    compare_delegation,
    mx_question,
    published_mx,
    texts_in,
)
from mxprobe.mx.kinship import operator_name
from mxprobe.mx.moved import Looks, hosts_of_both, looks_of, weigh_addresses
from mxprobe.mx.newcomers import NULL, Sets, Weighed, heaviest, weigh_records

_AREAS = tuple(Area)
_MOST_NAMES = 8


def compare_looks(before: Snapshot, now: Snapshot) -> Changes:
    """Everything that differs, area by area; in one area as a sender walks the chain."""
    looks = looks_of(before, now)
    records = tuple(_mx_changes(looks))
    found = [
        *records,
        *_address_changes(looks),
        *_delegation_changes(looks, [one.weight for one in records if isinstance(one, Change)]),
        *host_changes(looks),
        *policy_changes(looks),
    ]
    changes = [one for one in found if isinstance(one, Change)]
    unknown = [one for one in found if isinstance(one, NotCompared)]
    return Changes(
        changes=tuple(sorted(changes, key=lambda one: _AREAS.index(one.area))),
        unknown=tuple(sorted(unknown, key=lambda one: _AREAS.index(one.area))),
    )


# -- MX records --------------------------------------------------------------------------------------------------------


def _mx_changes(looks: Looks) -> Iterator[Change | NotCompared]:
    domain = looks.now.domain
    difference = compare(looks.then, looks.today, mx_question(domain))
    if difference.unknown:
        yield NotCompared(area=Area.MX, subject=domain, what="MX records", why=difference.unknown)
        return
    then, today = (published_mx(look)[0].records for look in (looks.before, looks.now))
    sets = Sets(then=frozenset(then), today=frozenset(today), now=looks.now, beside=Beside(before=looks.before))
    weighed = {one.subject: one for one in weigh_records(sets)} if difference else {}
    yield from _records(sets, weighed)
    yield from _operators(sets, weighed)
    yield from _of_single_servers(sets, looks)
    yield from _ttl(looks)


def _records(sets: Sets, weighed: dict[str, Weighed]) -> Iterator[Change]:
    """A change for each host whose records differ, as senders try them."""
    hosts = dict.fromkeys(one.host for one in (*sorted(sets.today), *sorted(sets.then)))
    lines_then, lines_today = _lines(sets.then), _lines(sets.today)
    for host in hosts:
        old, new = lines_then.get(host, ()), lines_today.get(host, ())
        if old == new:
            continue
        whole = weighed.get(sets.now.domain)
        one = weighed.get(host) or whole
        what = "preference" if old and new else "MX record"
        weight, because = (one.weight, one.because) if one is not None else _null(host, sets)
        yield Change(area=Area.MX, subject=host, what=what, old=old, new=new, weight=weight, because=because)


def _null(host: str, sets: Sets) -> tuple[Weight, str]:
    """The null MX, beside hosts that came or stay."""
    return Weight.CHANGE, f"{sets.now.domain} takes mail" if host == NULL else ""


def _lines(records: frozenset[ApprovedMx]) -> dict[str, tuple[str, ...]]:
    """The records of each host."""
    found: dict[str, tuple[str, ...]] = {}
    for one in sorted(records):
        found[one.host] = (*found.get(one.host, ()), f"{one.preference} {one.host}")
    return found


def _operators(sets: Sets, weighed: dict[str, Weighed]) -> Iterator[Change]:
    """Whose the hosts are, where that is not whose they were."""
    old, new = (tuple(sorted({operator_name(host) for host in hosts})) for hosts in (sets.hosts_then, sets.hosts))
    if old == new or not old or not new:
        return
    came = sorted(set(new) - set(old))
    concerned = {*came, *old}
    about = tuple(one for host, one in weighed.items() if operator_name(host) in concerned)
    because = f"{', '.join(came[:_MOST_NAMES])} had no part in it before" if came else "fewer have a part in it"
    domain = sets.now.domain
    weight = heaviest(about)
    yield Change(area=Area.MX, subject=domain, what="operators", old=old, new=new, weight=weight, because=because)


def _of_single_servers(sets: Sets, looks: Looks) -> Iterator[Change]:
    """MX records that a server of the zone gives, and neither the others nor the earlier look."""
    known = {published.records for published in (*published_mx(looks.before), *published_mx(looks.now)[:1])}
    for published in published_mx(looks.now)[1:]:
        if published.records in known:
            continue
        weighed = weigh_records(replace(sets, today=frozenset(published.records)))
        yield Change(
            area=Area.MX,
            subject=published.by,
            what="MX records of this name server",
            old=tuple(f"{one.preference} {one.host}" for one in sorted(sets.then)),
            new=tuple(f"{one.preference} {one.host}" for one in published.records),
            weight=heaviest(weighed),
            because="; ".join(f"{one.subject}: {one.because}" for one in weighed[:1]),
        )


def _ttl(looks: Looks) -> Iterator[Change]:
    """The TTL, where the zone's own servers gave it in both looks: a cache counts it down."""
    then, today = (
        {one.ttl for one in published_mx(look) if one.authoritative and one.records}
        for look in (looks.before, looks.now)
    )
    if then and today and not then & today:
        old, new = (tuple(f"{ttl} s" for ttl in sorted(ttls)) for ttls in (then, today))
        because = "it says how long caches keep the records, and not who gets mail"
        domain = looks.now.domain
        yield Change(area=Area.MX, subject=domain, what="TTL", old=old, new=new, weight=Weight.RENEWAL, because=because)


# -- addresses ---------------------------------------------------------------------------------------------------------


def _address_changes(looks: Looks) -> Iterator[Change | NotCompared]:
    for host in hosts_of_both(looks.before, looks.now):
        parts = [(question, compare(looks.then, looks.today, question)) for question in address_questions(host)]
        for question, part in parts:
            if part.unknown:
                what = f"{question.rrtype} records"
                yield NotCompared(area=Area.ADDRESSES, subject=host, what=what, why=part.unknown)
        if any(part for _, part in parts):
            old, new = (tuple(sorted(addresses_in(answers, host))) for answers in (looks.then, looks.today))
            weighed = weigh_addresses(host, looks)
            yield Change(
                area=Area.ADDRESSES,
                subject=host,
                what="addresses",
                old=old,
                new=new,
                weight=Weight.CHANGE if not new else weighed.weight,
                because="it has none any more" if not new else weighed.because,
            )


# -- the delegation ----------------------------------------------------------------------------------------------------


def _delegation_changes(looks: Looks, records: list[Weight]) -> Iterator[Change | NotCompared]:
    """What differs; a doubtful part beside other doubtful ones, `records` among them, is alarming as they are."""
    change = compare_delegation(looks.before, looks.now)
    apex = change.apex
    signed = texts_in(looks.today, Question(name=apex, rrtype=RecordType.DS))
    is_signed = not isinstance(signed, str) and bool(signed)
    today = texts_in(looks.today, Question(name=apex, rrtype=RecordType.NS))
    served = Served(
        apex=apex,
        before=looks.before,
        now=looks.now,
        wanted=names_then(looks.before, apex),
        today=frozenset() if isinstance(today, str) else today,
    )
    together = Delegation(
        servers=weigh_servers(served) if change.nameservers else None,
        signers=weigh_signers(apex, change.signers, is_signed) if change.signers else None,
        first=weigh_first_server(apex, change.first_server) if change.first_server else None,
    )
    worst = min(records, key=lambda weight: weight.rank, default=None)
    whole = weigh_together(together, worst, is_signed)
    parts: tuple[tuple[str, Difference, Weighed | None], ...] = (
        ("name servers (NS)", change.nameservers, together.servers),
        ("keys (DS)", change.signers, together.signers),
        ("first server (SOA)", change.first_server, together.first),
    )
    for what, part, weighed in parts:
        if part.unknown:
            yield NotCompared(area=Area.DELEGATION, subject=apex, what=what, why=part.unknown)
        elif weighed is not None:
            raised = whole is Weight.ALARMING and weighed.weight is Weight.CHANGE
            yield Change(
                area=Area.DELEGATION,
                subject=apex,
                what=what,
                old=part.gone,
                new=part.new,
                weight=whole if raised else weighed.weight,
                because=f"{weighed.because}, and more changed with it" if raised else weighed.because,
            )
