"""What other addresses of a mail host look like: room for more, a move, or another machine under its name.

A new address is known where it lies in a network of the earlier look, or shows a key that was seen or promised by a
TLSA record before. The network is told by the block of the address; nobody is asked whose it is.
Standards: RFC 7671 §5.1 (a key outlives its certificate), RFC 7672 §2.2.
"""

from msgspec import Struct

from mxprobe.facts.change import Weight
from mxprobe.facts.dns import Answers, AnswerStatus, index_answers
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import tlsa_question, tlsa_records
from mxprobe.mx.drift import addresses_in, published_mx
from mxprobe.mx.kinship import is_own
from mxprobe.mx.newcomers import ALARMING, CHANGE, RENEWAL, Weighed
from mxprobe.mx.providers import provider_of
from mxprobe.mx.tlsidentity import Identity, Near, identity_at, identity_of, nearness, promised_keys


class Looks(Struct, frozen=True, kw_only=True):
    """Two looks, and their answers; `known` are the addresses that the hosts of both had in the first."""

    before: Snapshot
    now: Snapshot
    then: Answers
    today: Answers
    known: frozenset[str]


def looks_of(before: Snapshot, now: Snapshot) -> Looks:
    """Both, with their answers in order."""
    then = index_answers(before.answers)
    known = frozenset(address for host in hosts_of_both(before, now) for address in addresses_in(then, host))
    return Looks(before=before, now=now, then=then, today=index_answers(now.answers), known=known)


def hosts_of_both(before: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """The hosts that the MX records of both looks name, each once, as a sender tries them."""
    known = {record.host for published in published_mx(before)[:1] for record in published.records}
    today = dict.fromkeys(record.host for published in published_mx(now)[:1] for record in published.records)
    return tuple(host for host in today if host in known and host != ".")


def weigh_addresses(host: str, looks: Looks) -> Weighed:
    """What it means that the addresses of a host differ."""
    weight, because = _weigh(host, looks)
    return Weighed(subject=host, weight=weight, because=because)


def _weigh(host: str, looks: Looks) -> tuple[Weight, str]:
    then, today = addresses_in(looks.then, host), addresses_in(looks.today, host)
    new = today - then
    if not new:
        return RENEWAL, "none of its addresses is new"
    if not then:
        return CHANGE, "it had none before"
    provider = provider_of(host)
    if provider is not None and is_valid(looks.now, host) is not False:
        return RENEWAL, f"{provider} moves its addresses"
    near = {address: _nearness(host, address, looks) for address in new}
    if all(one is Near.SAME for one in near.values()):
        return RENEWAL, "the new addresses are in networks of the earlier probe, or show a key that was known"
    if Near.ELSEWHERE not in near.values():
        return CHANGE, f"it has addresses {Near.NEIGHBOUR}"
    if any(near.get(address) is not Near.ELSEWHERE for address in today):
        return CHANGE, "some of its addresses are in networks that were not seen before"
    return _other_machines(host, looks)


def _nearness(host: str, address: str, looks: Looks) -> Near:
    """How near a new address is to those of before; one that shows a key of before is at home."""
    shown = identity_at(looks.now, host, address)
    if shown is not None and shown.keys <= keys_known(host, looks):
        return Near.SAME
    return nearness([address], looks.known)


def keys_known(host: str, looks: Looks) -> frozenset[str]:
    """Digests of the keys that a host showed, or promised to show, in the earlier look."""
    was = identity_of(looks.before, host)
    return (was.keys if was is not None else frozenset()) | promised_keys(looks.then, host)


def _other_machines(host: str, looks: Looks) -> tuple[Weight, str]:
    """A host all of whose addresses are in other networks, and show no key that was known."""
    was, shown = identity_of(looks.before, host), identity_of(looks.now, host)
    moved = "all its addresses are in other networks"
    if was is None:
        return CHANGE, f"{moved}; no certificate was seen in the earlier probe"
    if shown is None:
        if lost_tls(host, looks):
            return ALARMING, f"{moved}, and it offers no TLS any more"
        return CHANGE, f"{moved}; no certificate could be seen"
    if not was.issuers & shown.issuers and is_stranger(host, looks):
        return ALARMING, f"{moved}, and it shows another key of another issuer"
    if is_valid(looks.before, host) and is_valid(looks.now, host) is False:
        return ALARMING, f"{moved}, and its certificate does not hold any more"
    if _lost_promise(host, looks):
        return ALARMING, f"{moved}, and its TLSA records are gone"
    return CHANGE, f"{moved}, with a new key and a valid certificate"


def is_stranger(host: str, looks: Looks) -> bool:
    """Whether a host with another key, issuer and network can be somebody else's: names in the domain's own zone lead
    wherever its holder likes; another operator's host moves when that operator does, while its certificate holds."""
    return is_own(host, looks.now.domain) or is_valid(looks.now, host) is False


def is_other_identity(was: Identity, shown: Identity, known: frozenset[str]) -> bool:
    """Whether neither a key nor an issuer is one that was seen or promised before."""
    return not (was.keys | known) & shown.keys and not was.issuers & shown.issuers


def is_valid(snapshot: Snapshot, host: str) -> bool | None:
    """Whether each certificate that a host showed holds for a strict client; None where that is not known."""
    said = [
        visit.sessions[-1].tls.verdict.is_valid
        for visit in snapshot.visits
        if visit.endpoint.host == host and visit.sessions and visit.sessions[-1].tls is not None
    ]
    if False in said:
        return False
    return None if not said or None in said else True


def lost_tls(host: str, looks: Looks) -> bool:
    """Whether a host that had TLS answers EHLO everywhere without offering it."""
    if identity_of(looks.before, host) is None:
        return False
    sessions = [visit.sessions[-1] for visit in looks.now.visits if visit.endpoint.host == host and visit.sessions]
    heard = [session for session in sessions if has_said_ehlo(session)]
    return bool(heard) and not any(session.offers("STARTTLS") for session in heard)


def has_said_ehlo(session: Session) -> bool:
    """Whether the host took an EHLO, so that what it does not offer is known."""
    return any(turn.phase is Phase.EHLO and turn.reply and turn.reply.is_positive for turn in session.turns)


def _lost_promise(host: str, looks: Looks) -> bool:
    """Whether a host had TLSA records that SMTP uses, and has none now."""
    then, today = looks.then.get(tlsa_question(host)), looks.today.get(tlsa_question(host))
    had = then is not None and any(one.is_usable for one in tlsa_records(then))
    return (
        had
        and today is not None
        and (today.status.is_absence or today.status is AnswerStatus.FOUND)
        and not any(one.is_usable for one in tlsa_records(today))
    )
