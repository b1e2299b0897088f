"""What the rules about STARTTLS and its handshake share: how far each address came, and why it is not known.

Standards: RFC 3207 §4 (the dialogue), RFC 8446 §6.2 (the alert of a peer that speaks no version of ours).
"""

import re
from functools import partial

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.session import Failure, FailureKind, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import once
from mxprobe.mx.standing import is_throttling, names_probe
from mxprobe.rules.domain.reading import answering, offers_starttls
from mxprobe.rules.domain.transport.address import Address, Trait, judge_addresses, no_connection_tried
from mxprobe.rules.rule import Rule, inconclusive

_BY_THE_PEER = frozenset({FailureKind.TLS, FailureKind.CLOSED, FailureKind.MALFORMED, FailureKind.TOO_LONG})
"""Ends of a handshake that are the peer's own doing. A timeout or a reset may come from the way, or from this side."""

_ADDRESSES = 256
"""So many addresses are remembered."""

_NO_COMMON_VERSION = re.compile(r"unsupported protocol|alert protocol version", re.IGNORECASE)
"""OpenSSL's words: the peer chose a version older than any that we offer, or says by its alert that it has none."""


def judge_handshakes(rule: Rule, snapshot: Snapshot, trait: Trait) -> Judgement:
    """The judgement over all addresses; where no host offers STARTTLS there is nothing to judge."""
    sessions = answering(snapshot)
    if sessions and not any(offers_starttls(session) for session in sessions):
        return inconclusive(rule, "no host offers STARTTLS")
    return judge_addresses(rule, snapshot, trait)


def always(rule: Rule, _address: Address) -> Severity:
    """The rule's own severity at every preference: senders come to the weakest host."""
    return rule.severity


def turn_of(address: Address, phase: Phase) -> Turn | None:
    """The last turn of a phase in the last session."""
    return None if address.session is None else address.session.last_turn(phase)


def refusal_of_starttls(address: Address) -> Reply | None:
    """The reply that refuses STARTTLS; None where it is about this probe."""
    turn = turn_of(address, Phase.STARTTLS)
    reply = turn.reply if turn is not None else None
    if reply is None or reply.severity not in (4, 5) or names_probe(reply) or is_throttling(reply):
        return None
    return reply


def failure_of_handshake(address: Address) -> Failure | None:
    """How the handshake failed by the peer's doing, None where it did not."""
    turn = turn_of(address, Phase.TLS)
    failure = turn.failure if turn is not None else None
    return failure if failure is not None and failure.kind in _BY_THE_PEER else None


def speaks_old_only(failure: Failure) -> bool:
    """Whether a handshake failed because the peer has no version from TLS 1.2 on."""
    return failure.kind is FailureKind.TLS and _NO_COMMON_VERSION.search(failure.detail) is not None


@partial(once, most=_ADDRESSES)
def not_offered_or_asked(address: Address) -> str | None:
    """Why it is not known how the address answers STARTTLS; an address that does not offer it has nothing to answer."""
    session = address.session
    hello = [] if session is None else [turn for turn in session.turns if turn.phase is Phase.EHLO]
    if session is None or not any(turn.reply is not None and turn.reply.is_positive for turn in hello):
        return no_connection_tried(address) or "answered no EHLO"
    if not offers_starttls(session):
        return None
    turn = turn_of(address, Phase.STARTTLS)
    if session.tls is None and (turn is None or turn.reply is None):
        return "offers STARTTLS, and no answer to it was heard"
    about_us = turn is not None and turn.reply is not None and turn.reply.severity in (4, 5)
    return "refuses STARTTLS to this probe" if about_us and refusal_of_starttls(address) is None else None


@partial(once, most=_ADDRESSES)
def not_shaken(address: Address) -> str | None:
    """Why it is not known how the address shakes hands."""
    doubt = not_offered_or_asked(address)
    if doubt is not None or address.session is None or not offers_starttls(address.session):
        return doubt
    if address.session.tls is not None or failure_of_handshake(address) is not None:
        return None
    turn = turn_of(address, Phase.TLS)
    if turn is not None and turn.failure is not None:
        return f"{turn.failure.kind.value} in the handshake, which may lie with the way or with this side"
    return "offers STARTTLS, and no handshake was begun"
