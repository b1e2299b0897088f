"""What a visited address is worth to a sender: answers, refuses, does not answer, refuses only us, cannot be told.

The four answers of a report come from here: yes, no, later, could not tell. A refusal about the probe's own address and
a network that blocks port 25 are standings of their own, and never "the host is down".

Standards: RFC 5321 §4.2.1; RFC 3463 §3.8 (enhanced codes x.7.z are about policy).
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial

from mxprobe.facts.session import Endpoint, FailureKind, Session, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.once import once
from mxprobe.mx.reading import classify

_ABOUT_US = re.compile(
    r"dnsbl|\brbl\b|blacklist|blocklist|block list|blocked|spamhaus|spamcop|barracuda|reverse dns|\bptr\b|rdns"
    r"|dynamic|residential|banned|client host rejected|poor reputation|your ip|sender ip|helo command rejected",
    re.IGNORECASE,
)
_NAMES_THE_CLIENT = re.compile(
    r"dnsbl|\brbl\b|blacklist|blocklist|block list|spamhaus|spamcop|barracuda|reverse dns|\bptr\b|rdns"
    r"|client host|your ip|sender ip|\[?\d{1,3}(\.\d{1,3}){3}\]?",
    re.IGNORECASE,
)
_ABOUT_MAILBOX = re.compile(
    r"no such user|user unknown|unknown user|mailbox|does not exist|recipient|relay|gr[ae]ylist", re.IGNORECASE
)
"""What an answer to RCPT may be about: the mailbox, the domain, the wait that everybody has."""

_ASKS_EVERYBODY = frozenset({530, 534, 535, 538})
"""Replies that ask every client for TLS or a login: a trait of the host, not a judgement of this probe."""
_THROTTLE = re.compile(r"too many|\brate\b|throttl|connection limit|try again later.*limit|concurren", re.IGNORECASE)

_REFUSING = 400
_LIMITING_CODES = frozenset({421, 450, 451})
_NOT_ABOUT_LIMITS = (Phase.RCPT, Phase.STARTTLS, Phase.QUIT)


class Standing(StrEnum):
    """The state of one address after all attempts."""

    ANSWERS = "answers"
    REFUSES_CONNECTIONS = "refuses connections"
    DOES_NOT_ANSWER = "does not answer"
    UNREACHABLE = "unreachable"
    GREETS_LATER = "greets with 4yz"
    GREETS_NO = "greets with 5yz"
    SILENT = "connects, then says nothing"
    HANGS_UP = "ends the connection before it greets"
    GARBAGE = "greets with something that is no SMTP"
    STUCK = "greets, and answers no EHLO"
    REFUSES_PROBE = "refuses this probe"
    THROTTLED = "limits this probe"
    BLOCKED_HERE = "blocked here"
    NO_IPV6_HERE = "no IPv6 here"
    NO_IPV4_HERE = "no IPv4 here"
    LOCAL_FAILURE = "could not be dialled from here"
    NOT_VISITED = "not visited"

    @property
    def is_known(self) -> bool:
        """Something was learnt about the host itself."""
        return self not in _UNKNOWN

    @property
    def is_down(self) -> bool:
        """A sender would have to go elsewhere."""
        return self.is_known and self is not Standing.ANSWERS


_UNKNOWN = frozenset(
    {
        Standing.REFUSES_PROBE,
        Standing.THROTTLED,
        Standing.BLOCKED_HERE,
        Standing.NO_IPV6_HERE,
        Standing.NO_IPV4_HERE,
        Standing.LOCAL_FAILURE,
        Standing.NOT_VISITED,
    }
)
_ON_THE_WAY = frozenset(
    {
        Standing.REFUSES_CONNECTIONS,
        Standing.DOES_NOT_ANSWER,
        Standing.UNREACHABLE,
        Standing.SILENT,
        Standing.HANGS_UP,
    }
)
"""What a filter between the probe and a host can bring about."""

_SESSIONS = 256
"""Sessions whose standing is remembered: domains that have a host in common have a session with it in common."""

SMTP_PORT = 25
LEAST_CONTROLS = 2
"""So many hosts of other operators have to fail as well before our own side is suspected."""

_CONNECTING = {
    FailureKind.REFUSED: Standing.REFUSES_CONNECTIONS,
    FailureKind.TIMEOUT: Standing.DOES_NOT_ANSWER,
    FailureKind.UNREACHABLE: Standing.UNREACHABLE,
    FailureKind.LOCAL: Standing.LOCAL_FAILURE,
}


def judge_visit(visit: Visit, snapshot: Snapshot) -> Standing:
    """The standing of one visited address, by its last attempt: the others failed, or there would be no further one."""
    if visit.not_visited is not None or not visit.sessions:
        return Standing.NOT_VISITED
    standing = judge_session(visit.sessions[-1])
    if standing in _ON_THE_WAY and visit.sessions[-1].banner is None and is_blocked_here(visit.endpoint, snapshot):
        return Standing.BLOCKED_HERE
    return standing


def is_blocked_here(endpoint: Endpoint, snapshot: Snapshot) -> bool:
    """Whether the way to an address may be closed on our side: to port 25, in its family.

    Nobody in this family greeted, and two or more hosts of other operators, which could be dialled, did not either.
    """
    sessions = [session for visit in snapshot.all_visits for session in visit.sessions]
    controls = [control.session for control in snapshot.controls]
    family = [session for session in (*sessions, *controls) if session.endpoint.is_ipv6 == endpoint.is_ipv6]
    if endpoint.port != SMTP_PORT or any(session.banner for session in family):
        return False
    return sum(1 for control in controls if control in family and _was_dialled(control)) >= LEAST_CONTROLS


def _was_dialled(session: Session) -> bool:
    return session.failure is None or session.failure.kind not in (FailureKind.NO_FAMILY, FailureKind.LOCAL)


@partial(once, most=_SESSIONS)
def judge_session(session: Session) -> Standing:
    """The standing that one session shows, whatever else is known of the way to its address."""
    failure, banner = session.failure, session.banner
    if failure is not None and failure.kind is FailureKind.NO_FAMILY:
        return Standing.NO_IPV6_HERE if session.endpoint.is_ipv6 else Standing.NO_IPV4_HERE
    if failure is not None and failure.kind is FailureKind.LOCAL:
        return Standing.LOCAL_FAILURE
    if failure is not None and failure.phase is Phase.CONNECT:
        return _CONNECTING.get(failure.kind, Standing.UNREACHABLE)
    if banner is None or (failure is not None and failure.phase is Phase.BANNER):
        if failure is not None and failure.kind is FailureKind.TIMEOUT:
            return Standing.SILENT
        ended = failure is not None and failure.kind in (FailureKind.CLOSED, FailureKind.RESET, FailureKind.UNREACHABLE)
        return Standing.HANGS_UP if ended else Standing.GARBAGE
    refusal = refusal_of_probe(session)
    if refusal is not None:
        return Standing.THROTTLED if is_throttling(refusal) else Standing.REFUSES_PROBE
    if banner.severity == 4:
        return Standing.GREETS_LATER
    if banner.severity == 5:
        return Standing.GREETS_NO
    if banner.severity != 2:
        return Standing.GARBAGE
    hello = [turn for turn in session.turns if turn.phase in (Phase.EHLO, Phase.HELO)]
    if hello and not any(turn.reply is not None and turn.reply.is_positive for turn in hello):
        return Standing.STUCK
    return Standing.ANSWERS


@partial(once, most=_SESSIONS)
def refusal_of_probe(session: Session) -> Reply | None:
    """The first reply that refuses our address and not the mailbox: by its enhanced code x.7.z, or by its words.

    A host that took a recipient of us does not; what it refuses behind that is about other things.
    """
    for turn in _own_turns(session):
        reply = turn.reply
        if reply is None or reply.code is None:
            continue
        if reply.code >= _REFUSING:
            if is_about_probe(turn):
                return reply
        elif turn.phase is Phase.RCPT and reply.is_positive:
            return None
    return None


def _own_turns(session: Session) -> Sequence[Turn]:
    """The turns before a second envelope: what is said to that is about its sender, or about relaying."""
    mails = [place for place, turn in enumerate(session.turns) if turn.phase is Phase.MAIL]
    return session.turns if len(mails) < 2 else session.turns[: mails[1]]


def is_about_probe(turn: Turn) -> bool:
    """Whether the reply of a turn refuses our address, and not the mailbox."""
    reply = turn.reply
    if reply is None or reply.severity not in (4, 5) or turn.phase is Phase.STARTTLS or reply.code in _ASKS_EVERYBODY:
        return False
    if turn.phase is Phase.RCPT and _ABOUT_MAILBOX.search(reply.text) and not _NAMES_THE_CLIENT.search(reply.text):
        return False
    about_policy = reply.enhanced is not None and reply.enhanced.split(".")[1] == "7"
    if about_policy or _ABOUT_US.search(reply.text):
        return True
    return reply.severity == 4 and turn.phase is Phase.BANNER and is_throttling(reply)


def names_probe(reply: Reply) -> bool:
    """Whether the words of a reply are about a client's address or name."""
    return _ABOUT_US.search(reply.text) is not None


def is_throttling(reply: Reply) -> bool:
    """Whether a reply says that we come too often."""
    return _THROTTLE.search(reply.text) is not None


def limiting_replies(session: Session) -> Iterator[Reply]:
    """The replies by which a host may limit us: for now, by their words or as a matter of policy.

    An answer about a recipient counts by its words alone, as it may be greylisting.
    """
    for turn in session.turns:
        reply = turn.reply
        if reply is None or reply.code not in _LIMITING_CODES:
            continue
        about_policy = reply.enhanced is not None and reply.enhanced.startswith("4.7.")
        if is_throttling(reply) or (about_policy and turn.phase not in _NOT_ABOUT_LIMITS):
            yield reply


def cell_of(visit: Visit, snapshot: Snapshot) -> str | None:
    """The cell that a sender would meet at this address now; None where nothing is known of the host.

    A host that answers counts as one that takes the mail (Z1), unless a recipient was asked for and refused.
    """
    if not judge_visit(visit, snapshot).is_known:
        return None
    asked = 0
    for turn in _own_turns(visit.sessions[-1]):
        asked += turn.phase is Phase.RCPT
        if turn.failure is None and (turn.reply is None or turn.reply.is_positive):
            continue
        if turn.phase in (Phase.RSET, Phase.QUIT) or asked > max(1, len(snapshot.recipients)):
            continue
        cell = classify(turn)
        if cell == "H2" and turn.phase in (Phase.EHLO, Phase.HELO) and turn.reply is not None:
            continue
        return cell
    return "Z1"
