"""What a change of a domain's delegation looks like: other servers of the same operator, new keys, or other hands.

A server in the domain's own zone proves nothing by its name; it is known by the network that it stands in.
Standards: RFC 1034 §4.2.1 (delegation), RFC 4035 §2.4 (DS).
"""

from msgspec import Struct

from mxprobe.facts.change import Weight
from mxprobe.facts.dns import Answers, Question, RecordType, index_answers
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import Difference, addresses_in, texts_in
from mxprobe.mx.kinship import is_own, operator_name
from mxprobe.mx.newcomers import ALARMING, CHANGE, RENEWAL, Weighed
from mxprobe.mx.tlsidentity import Near, nearness


class Served(Struct, frozen=True, kw_only=True):
    """The zone `apex`, who serves it in two looks (`before` may be none: then what is approved is compared), and in
    which look which names have which addresses."""

    apex: str
    before: Snapshot | None
    now: Snapshot
    wanted: frozenset[str]
    today: frozenset[str]


def names_then(before: Snapshot | None, apex: str) -> frozenset[str]:
    """The name servers in the earlier look, none where they are not known."""
    if before is None:
        return frozenset()
    texts = texts_in(index_answers(before.answers), Question(name=apex, rrtype=RecordType.NS))
    return frozenset() if isinstance(texts, str) else texts


def weigh_servers(served: Served) -> Weighed:
    """What it means that the name servers differ."""
    weight, because = _weigh_servers(served)
    return Weighed(subject=served.apex, weight=weight, because=because)


def _weigh_servers(served: Served) -> tuple[Weight, str]:
    coming, stay = served.today - served.wanted, served.today & served.wanted
    if not served.today:
        return CHANGE, f"no name server of {served.apex} was found"
    if not coming:
        return RENEWAL, "nobody new answers for the zone"
    if not served.wanted:
        return CHANGE, f"{served.apex} was no zone of its own before"
    strangers = sorted(name for name in coming if not _is_known(name, served))
    if strangers and not stay:
        return (
            ALARMING,
            f"none of those that served the zone does any more, and {strangers[0]} is not of their operator",
        )
    if strangers:
        return CHANGE, f"{strangers[0]} is not of the operator of the others"
    if not stay:
        return CHANGE, "all were replaced, by others of the same operator"
    return RENEWAL, "the new ones are of the same operator"


def _is_known(name: str, served: Served) -> bool:
    """Whether a new server is of an operator that served the zone, or stands in a network that did."""
    if not is_own(name, served.apex):
        return operator_name(name) in {operator_name(one) for one in served.wanted if not is_own(one, served.apex)}
    then = index_answers(served.before.answers) if served.before is not None else {}
    today = index_answers(served.now.answers)
    known = {address for one in served.wanted for address in _addresses(one, then, today)}
    return nearness(addresses_in(today, name), known) is not Near.ELSEWHERE


def _addresses(name: str, then: Answers, today: Answers) -> frozenset[str]:
    """Those of a server that was there before; where nobody asked then, those of today."""
    return addresses_in(then, name) or addresses_in(today, name)


def weigh_signers(apex: str, signers: Difference, is_signed: bool) -> Weighed:
    """What it means that the DS records differ, for themselves."""
    if not is_signed:
        return Weighed(subject=apex, weight=CHANGE, because="the zone above vouches for no key: DNSSEC is off")
    if not signers.gone:
        return Weighed(subject=apex, weight=RENEWAL, because="a key came, and none went")
    return Weighed(subject=apex, weight=RENEWAL, because="keys went by others, and the zone is still signed")


def weigh_first_server(apex: str, first: Difference) -> Weighed:
    """What it means that the SOA names another first server."""
    was = {operator_name(name) for name in first.gone}
    if all(not is_own(name, apex) and operator_name(name) in was for name in first.new):
        return Weighed(subject=apex, weight=RENEWAL, because="it is of the same operator")
    if all(is_own(name, apex) for name in (*first.gone, *first.new)):
        return Weighed(subject=apex, weight=RENEWAL, because="it is a name of the domain, as before")
    return Weighed(subject=apex, weight=CHANGE, because="it is not of the operator of the one before")


class Delegation(Struct, frozen=True, kw_only=True):
    """The three parts of a delegation's change, each weighed; None: it did not change."""

    servers: Weighed | None = None
    signers: Weighed | None = None
    first: Weighed | None = None


def weigh_together(parts: Delegation, mx: Weight | None, is_signed: bool) -> Weight:
    """The weight of all that changed in one interval; `mx` is that of the MX records (None: they did not change).

    Two doubtful changes at once, or signing that ends beside other servers, are what taking a domain over looks like.
    """
    there = [part.weight for part in (parts.servers, parts.signers, parts.first) if part is not None]
    worst = min(there, key=lambda weight: weight.rank, default=RENEWAL)
    records = mx if mx is not None else RENEWAL
    servers = parts.servers.weight if parts.servers is not None else RENEWAL
    if records is not RENEWAL and worst is not RENEWAL:
        return ALARMING
    if parts.signers is not None and not is_signed and servers is not RENEWAL:
        return ALARMING
    return min(worst, records, key=lambda weight: weight.rank)
