"""What a visited address is worth to a sender: answers, refuses, does not answer, refuses only us, cannot be told.

The four answers of a report come from here: yes, no, later, could not tell. A refusal about the probe's own address and
a network that blocks port 25 are standings of their own, and never "the host is down".

Standards: RFC 5321 §4.2.1; RFC 3463 §3.8 (enhanced codes x.7.z are about policy).
"""

import re
from enum import StrEnum

from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.reading import classify

_ABOUT_US = re.compile(
    r"dnsbl|\brbl\b|blacklist|blocklist|block list|blocked|spamhaus|spamcop|barracuda|reverse dns|\bptr\b|rdns"
    r"|dynamic|residential|banned|client host rejected|poor reputation|your ip|sender ip|helo command rejected",
    re.IGNORECASE,
)
_ABOUT_MAILBOX = re.compile(r"no such user|user unknown|unknown user|mailbox|does not exist|recipient", re.IGNORECASE)
_THROTTLE = re.compile(r"too many|\brate\b|throttl|connection limit|try again later.*limit|concurren", re.IGNORECASE)


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
_CONNECTING = {
    FailureKind.REFUSED: Standing.REFUSES_CONNECTIONS,
    FailureKind.TIMEOUT: Standing.DOES_NOT_ANSWER,
    FailureKind.UNREACHABLE: Standing.UNREACHABLE,
    FailureKind.LOCAL: Standing.LOCAL_FAILURE,
}


def judge_visit(visit: Visit, snapshot: Snapshot) -> Standing:
    """The standing of one visited address, by its last attempt."""
    if visit.not_visited is not None or not visit.sessions:
        return Standing.NOT_VISITED
    standing = _judge_session(visit.sessions[-1])
    cut_off = (Standing.DOES_NOT_ANSWER, Standing.REFUSES_CONNECTIONS, Standing.UNREACHABLE)
    if standing in cut_off and is_blocked_here(snapshot):
        return Standing.BLOCKED_HERE
    return standing


def is_blocked_here(snapshot: Snapshot) -> bool:
    """Whether this network blocks port 25: no address greeted, and two or more control hosts of others failed too."""
    greeted = any(session.banner for visit in snapshot.visits for session in visit.sessions)
    controls = [control.session for control in snapshot.controls]
    return not greeted and len(controls) >= 2 and not any(session.banner for session in controls)


def _judge_session(session: Session) -> Standing:
    failure, banner = session.failure, session.banner
    if failure is not None and failure.kind is FailureKind.NO_FAMILY:
        return Standing.NO_IPV6_HERE if session.endpoint.is_ipv6 else Standing.NO_IPV4_HERE
    if failure is not None and failure.phase is Phase.CONNECT:
        return _CONNECTING.get(failure.kind, Standing.UNREACHABLE)
    if banner is None or (failure is not None and failure.phase is Phase.BANNER):
        if failure is not None and failure.kind is FailureKind.TIMEOUT:
            return Standing.SILENT
        ended = failure is not None and failure.kind in (FailureKind.CLOSED, FailureKind.RESET)
        return Standing.HANGS_UP if ended else Standing.GARBAGE
    refusal = refusal_of_probe(session)
    if refusal is not None:
        return Standing.THROTTLED if _THROTTLE.search(refusal.text) else Standing.REFUSES_PROBE
    if banner.severity == 4:
        return Standing.GREETS_LATER
    if banner.severity == 5:
        return Standing.GREETS_NO
    if banner.severity != 2:
        return Standing.GARBAGE
    return Standing.ANSWERS


def refusal_of_probe(session: Session) -> Reply | None:
    """The first reply that refuses our address and not the mailbox: by its enhanced code x.7.z, or by its words."""
    for turn in session.turns:
        reply = turn.reply
        if reply is None or reply.severity not in (4, 5) or turn.phase is Phase.STARTTLS:
            continue
        about_policy = reply.enhanced is not None and reply.enhanced.split(".")[1] == "7"
        about_us = _ABOUT_US.search(reply.text) is not None
        if turn.phase is Phase.RCPT and _ABOUT_MAILBOX.search(reply.text) and not about_us:
            continue
        if about_us or (about_policy and turn.phase is not Phase.RCPT):
            return reply
        if reply.severity == 4 and turn.phase is Phase.BANNER and _THROTTLE.search(reply.text):
            return reply
    return None


def cell_of(visit: Visit, snapshot: Snapshot) -> str | None:
    """The cell that a sender would meet at this address now; None where nothing is known of the host.

    A host that answers counts as one that takes the mail (Z1), unless a recipient was asked for and refused.
    """
    if not judge_visit(visit, snapshot).is_known:
        return None
    session = visit.sessions[-1]
    for turn in session.turns:
        if turn.phase in (Phase.RSET, Phase.QUIT):
            continue
        if turn.phase in (Phase.EHLO, Phase.HELO) and turn.reply is not None and classify(turn) == "H2":
            continue
        refused = turn.failure is not None or (turn.reply is not None and turn.reply.severity != 2)
        if refused:
            return classify(turn)
    return "Z1"
