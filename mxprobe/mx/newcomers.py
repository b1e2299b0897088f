"""What a change of MX records looks like: upkeep by whoever runs the mail, or mail in the hands of somebody else.

A new host is no stranger where its name is of an operator whose hosts were published before, and of no other customer
of it, where the MTA-STS policy
of the earlier look names it, or where it is approved. A name in the domain's own zone proves nothing, since whoever can
change MX records can give it any address: such a host is known by its addresses or its key.
Standards: RFC 5321 §5.1 (who gets mail), RFC 8461 §3.2 (policies name hosts).
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.beside import Beside
from mxprobe.facts.change import Weight
from mxprobe.facts.dns import Answers, index_answers
from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import addresses_in, published_mx
from mxprobe.mx.expected import is_expected_host
from mxprobe.mx.kinship import customer_of, is_made_of, is_own, is_rented, operator_name
from mxprobe.mx.migration import is_in_window
from mxprobe.mx.mtasts import Mode, Policy, RecordStatus
from mxprobe.mx.policyseen import PolicySeen, policy_of
from mxprobe.mx.tlsidentity import Near, identity_of, nearness, promised_keys

NULL = "."

RENEWAL, CHANGE, ALARMING = Weight.RENEWAL, Weight.CHANGE, Weight.ALARMING


class Weighed(Struct, frozen=True, kw_only=True):
    """How much one thing weighs: of which host or name, and why. `anybody`: nothing speaks for whose it is."""

    subject: str
    weight: Weight
    because: str
    anybody: bool = False


def heaviest(weighed: tuple[Weighed, ...]) -> Weight:
    """The worst of several; a renewal where there is nothing."""
    return min((one.weight for one in weighed), key=lambda weight: weight.rank, default=RENEWAL)


class Sets(Struct, frozen=True, kw_only=True):
    """The MX records that were wanted or were there, and those of today, beside what is known of both looks."""

    then: frozenset[ApprovedMx]
    today: frozenset[ApprovedMx]
    now: Snapshot
    beside: Beside

    @property
    def hosts_then(self) -> frozenset[str]:
        """Hosts before, the null MX left out."""
        return frozenset(record.host for record in self.then) - {NULL}

    @property
    def hosts(self) -> frozenset[str]:
        """Hosts of today, the null MX left out."""
        return frozenset(record.host for record in self.today) - {NULL}

    @property
    def coming(self) -> tuple[str, ...]:
        """New hosts, as a sender tries them."""
        new = self.hosts - self.hosts_then
        return tuple(dict.fromkeys(one.host for one in sorted(self.today) if one.host in new))

    @property
    def leaving(self) -> tuple[str, ...]:
        """Hosts that are gone."""
        gone = self.hosts_then - self.hosts
        return tuple(dict.fromkeys(one.host for one in sorted(self.then) if one.host in gone))

    @property
    def best(self) -> frozenset[str]:
        """The hosts of today's best preference."""
        first = min((record.preference for record in self.today), default=0)
        return frozenset(record.host for record in self.today if record.preference == first)


def weigh_records(sets: Sets) -> tuple[Weighed, ...]:
    """A reason for each host that came, went or stands elsewhere in the order; the worst first."""
    found = tuple(_weigh(sets))
    return tuple(sorted(found, key=lambda one: one.weight.rank))


def _weigh(sets: Sets) -> Iterator[Weighed]:
    domain = sets.now.domain
    if not sets.hosts:
        yield _without_hosts(sets)
        return
    if not sets.hosts_then:
        for host in sets.coming:
            yield Weighed(subject=host, weight=CHANGE, because=f"{domain} named no mail host before")
        return
    known = known_of(sets)
    weighed = [weigh_host(host, known) for host in sets.coming]
    open_ones = {one.subject for one in weighed if one.anybody}
    takes_over = sets.best <= open_ones or not sets.hosts & sets.hosts_then
    for one in weighed:
        if one.anybody and takes_over and one.subject in sets.best:
            one = replace(one, weight=ALARMING, because=f"{one.because}, and mail goes there first")
        elif one.anybody and known.loosened:
            one = replace(one, weight=ALARMING, because=f"{one.because}, and {known.loosened}")
        yield one
    yield from _gone(sets)
    yield from _reordered(sets)


def _without_hosts(sets: Sets) -> Weighed:
    """No MX record, or the null MX."""
    domain = sets.now.domain
    if NULL in {record.host for record in sets.today}:
        return Weighed(subject=domain, weight=CHANGE, because=f"{domain} says now that it takes no mail (null MX)")
    if addresses_in(index_answers(sets.now.answers), domain):
        because = f"without MX records, mail goes to the addresses of {domain} itself"
        return Weighed(subject=domain, weight=ALARMING, because=because)
    return Weighed(subject=domain, weight=CHANGE, because="there is no MX record any more")


def _gone(sets: Sets) -> Iterator[Weighed]:
    stay = {operator_name(host) for host in sets.hosts}
    for host in sets.leaving:
        whose = operator_name(host)
        if whose in stay and (sets.coming or not is_own(host, sets.now.domain)):
            yield Weighed(subject=host, weight=RENEWAL, because=f"other hosts of {whose} stay or take its place")
        else:
            yield Weighed(subject=host, weight=CHANGE, because="it gets no mail any more")


def _reordered(sets: Sets) -> Iterator[Weighed]:
    """Hosts of both looks whose preference is another."""
    stay = sets.hosts & sets.hosts_then
    then = {record.host: record.preference for record in sorted(sets.then, reverse=True)}
    today = {record.host: record.preference for record in sorted(sets.today, reverse=True)}
    moved = sorted(host for host in stay if then[host] != today[host])
    if not moved:
        return
    same = _ranks(then, stay) == _ranks(today, stay)
    operators = {operator_name(host) for host in stay}
    alike = len(operators) == 1 and not any(is_own(host, sets.now.domain) for host in stay)
    for host in moved:
        if same:
            yield Weighed(subject=host, weight=RENEWAL, because="the hosts are tried in the order in which they were")
        elif alike:
            yield Weighed(subject=host, weight=RENEWAL, because="all hosts are those of one operator, as before")
        else:
            yield Weighed(subject=host, weight=CHANGE, because="mail goes to another host first")


def _ranks(preferences: Mapping[str, int], hosts: frozenset[str]) -> dict[str, int]:
    """The place of each host in the order, equals in one place."""
    places = {number: place for place, number in enumerate(sorted({preferences[host] for host in hosts}))}
    return {host: places[preferences[host]] for host in hosts}


# -- one host ----------------------------------------------------------------------------------------------------------


class Known(Struct, frozen=True, kw_only=True):
    """By what a new host is known: what the earlier look saw, what is approved, and the look of today.

    `operators`, `customers`, `addresses` and `keys` are those of the hosts of the earlier look (`customers`: the words
    that stand for one customer of a provider, by its name), `policy` is its policy; `loosened` says how the policy
    became weaker since, empty where it did not. `replaced`: no host of before stays.
    """

    domain: str
    operators: frozenset[str]
    customers: frozenset[tuple[str, str | None]]
    then: Answers
    now: Snapshot
    addresses: frozenset[str]
    keys: frozenset[str]
    beside: Beside
    policy: Policy | None = None
    loosened: str = ""
    replaced: bool = False


def known_of(sets: Sets) -> Known:
    """By what hosts are known here."""
    before = sets.beside.before
    hosts = set(sets.hosts_then)
    if before is not None:
        hosts |= {record.host for published in published_mx(before)[:1] for record in published.records} - {NULL}
    then = index_answers(before.answers) if before is not None else {}
    seen = [identity_of(before, host) for host in sorted(hosts)] if before is not None else []
    return Known(
        domain=sets.now.domain,
        operators=frozenset(operator_name(host) for host in hosts),
        customers=frozenset((operator_name(host), customer_of(host)) for host in hosts),
        then=then,
        now=sets.now,
        addresses=frozenset(address for host in hosts for address in addresses_in(then, host)),
        keys=frozenset(key for one in seen if one is not None for key in one.keys),
        beside=sets.beside,
        policy=policy_of(before).in_force if before is not None else None,
        loosened=loosened(policy_of(before), policy_of(sets.now)) if before is not None else "",
        replaced=not hosts & sets.hosts,
    )


def loosened(was: PolicySeen, now: PolicySeen) -> str:
    """How the MTA-STS policy that enforced became weaker; empty where it did not, or where that is not known."""
    if was.in_force is None or was.in_force.mode is not Mode.ENFORCE:
        return ""
    if now.record is not None and now.record.status in (RecordStatus.ABSENT, RecordStatus.INVALID):
        return "the MTA-STS policy that enforced is gone"
    if isinstance(now.policy, Policy) and now.policy.mode is not Mode.ENFORCE:
        return f"the MTA-STS policy went from enforce to {now.policy.mode}"
    return ""


def weigh_host(host: str, known: Known) -> Weighed:
    """Whether a new host is no stranger (a renewal), one (alarming), or may be either (a change)."""

    def renewal(because: str) -> Weighed:
        return Weighed(subject=host, weight=RENEWAL, because=because)

    approved = known.beside.approved
    if approved is not None and is_expected_host(host, approved):
        return renewal(f"{approved.path} approves it")
    plan = known.beside.migration
    if plan is not None and is_in_window(known.beside, known.now) and host in (*plan.coming, *plan.leaving):
        return renewal("the migration that is planned names it")
    policy = known.policy
    if policy is not None and host in policy.mx:
        return renewal("the MTA-STS policy of the earlier probe names it")
    if is_own(host, known.domain):
        return _weigh_own(host, known)
    whose = operator_name(host)
    if whose in known.operators and is_rented(host):
        because = f"it is of {whose} as others before, and has a name that is given to machines of customers"
        return Weighed(subject=host, weight=CHANGE, because=because, anybody=True)
    if whose in known.operators and _is_of_another_customer(host, known):
        because = f"it is of {whose} as others before, and of another customer by its name"
        return Weighed(subject=host, weight=CHANGE, because=because, anybody=True)
    if whose in known.operators:
        return renewal(f"it is of {whose}, as hosts of the earlier probe are")
    if policy is not None and policy.allows(host):
        return renewal("the MTA-STS policy of the earlier probe allows it")
    return Weighed(subject=host, weight=ALARMING, because=f"it is of {whose}, and nothing in the earlier probe is")


def _is_of_another_customer(host: str, known: Known) -> bool:
    """Whether a provider's name has a word in it that is a customer's, and neither the domain's nor one of before."""
    word = customer_of(host)
    return (
        word is not None and not is_made_of(word, known.domain) and (operator_name(host), word) not in known.customers
    )


def _weigh_own(host: str, known: Known) -> Weighed:
    """A host in the domain's own zone."""
    today = addresses_in(index_answers(known.now.answers), host)
    near = nearness(today, known.addresses)
    shows_key = identity_of(known.now, host) is not None
    is_known = _shows_known_key(host, known)
    if near is Near.SAME and known.replaced and shows_key and known.keys and not is_known:
        because = f"it stands {near}, but shows no key that was seen, and no host of before stays"
        return Weighed(subject=host, weight=CHANGE, because=because)
    if near is Near.SAME:
        return Weighed(subject=host, weight=RENEWAL, because=f"it stands {near}")
    if is_known:
        return Weighed(subject=host, weight=RENEWAL, because="it shows a key of the earlier probe")
    if not today:
        return Weighed(subject=host, weight=CHANGE, because="no address of it was found")
    said = f"it stands {near}"
    if near is Near.NEIGHBOUR:
        return Weighed(subject=host, weight=CHANGE, because=f"{said}, and shows no key that was seen")
    policy, new = known.policy, policy_of(known.now).policy
    if policy is None or policy.mode is not Mode.ENFORCE or policy.allows(host):
        return Weighed(subject=host, weight=CHANGE, because=f"{said}, and shows no key that was seen", anybody=True)
    grew = isinstance(new, Policy) and new.mode is Mode.ENFORCE and new.allows(host) and set(policy.mx) <= set(new.mx)
    if grew:
        because = f"{said}, and came into the MTA-STS policy with it"
        return Weighed(subject=host, weight=CHANGE, because=because, anybody=True)
    return Weighed(subject=host, weight=ALARMING, because=f"{said}, and the enforced MTA-STS policy had no room for it")


def _shows_known_key(host: str, known: Known) -> bool:
    shown = identity_of(known.now, host)
    return shown is not None and shown.keys <= known.keys | promised_keys(known.then, host)
