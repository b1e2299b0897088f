"""A host that answered this probe begins to limit it.

What it sees. A host that greeted and accepted EHLO, and in a later session with one of its addresses says 421, 450 or
451 with an enhanced code 4.7.z or in words of a limit; or an address that answered, and then resets new connections.
Who fails so at first contact is told by other rules; an answer about a recipient counts by its words alone, as it may
be greylisting.
Why it matters. What it says from then on is about the probe, and not about the domain's mail.
Example. The second connection is one too many:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "421 4.7.0 Too many connections from 203.0.113.9"
What to do. Ask the host less often, and read what came later as unknown.
Standards. RFC 5321 §4.5.4.2, §7.8.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import limiting_replies
from mxprobe.rules.domain.reading import unique, was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX006",
    name="probe-throttled",
    severity=Severity.INFO,
    covers=("MX003",),
    references=("RFC 5321 §4.5.4.2", "RFC 5321 §7.8"),
)

_ENDS = (FailureKind.RESET, FailureKind.CLOSED)
_BEFORE_WORDS = (Phase.CONNECT, Phase.BANNER)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each address that limits us behind a session in which its host answered."""
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    found = []
    answered: dict[str, list[Session]] = {}
    for session in _in_order(snapshot):
        endpoint, before = session.endpoint, answered.setdefault(session.endpoint.host, [])
        limit = _limit(session, before)
        if limit is None:
            before += [session] if _has_answered(session) else []
            continue
        if not before:
            continue
        words = Words(
            says=f"{endpoint.host} limits this probe",
            seen=(
                *(f"{one.endpoint.id}: answered" for one in before[:3]),
                f"{endpoint.id}: {limit}, behind {len(before)} that answered",
            ),
            means="What it says from then on is about the probe, not about the domain's mail.",
            do="Ask it less often, and read what came later as unknown.",
        )
        found.append(finding(RULE, endpoint.id, words))
    return conclude(RULE, unique(found))


def _in_order(snapshot: Snapshot) -> list[Session]:
    """All sessions with the hosts of the chain, as they began; those of one moment in the order of the chain."""
    return sorted(snapshot.sessions, key=lambda session: session.started_at)


def _has_answered(session: Session) -> bool:
    turns = (turn for turn in session.turns if turn.phase in (Phase.EHLO, Phase.HELO))
    return any(turn.reply is not None and turn.reply.is_positive for turn in turns)


def _limit(session: Session, before: list[Session]) -> str | None:
    """The reply that limits us, or the reset of a connection to an address that answered; None without either."""
    reply = next(limiting_replies(session), None)
    if reply is not None:
        return f'"{reply.text}"'
    failure = session.failure
    if failure is None or failure.kind not in _ENDS or failure.phase not in _BEFORE_WORDS:
        return None
    same = any(one.endpoint.address == session.endpoint.address for one in before)
    return f"{failure.kind} at {failure.phase}" if same else None
