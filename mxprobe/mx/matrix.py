"""What each host said about each recipient that a look asked about: accepted, refused, later, or nothing that tells.

Greylisting, throttling, a refusal of the probe itself and a backup that sends us to the primary are told apart, since
none of them says anything about the recipient. Works on a saved probe; which questions were put is in its facts.

Standards: RFC 5321 §3.6.2, §4.2.1; RFC 3463 §3.8; RFC 6647 §2.1 (greylisting).
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from mxprobe.facts.matrix import AskedAbout, Form, RcptQuestion, Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.session import Endpoint, Session, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.once import once
from mxprobe.mx.standing import is_about_probe, is_throttling, judge_visit, names_probe, refusal_of_probe

DEFAULT_WAIT = 300.0
LONGEST_WAIT = 1800.0
"""How long a patient look waits where nothing is stated, and the longest stated wait that it waits for (seconds)."""

_GREYLIST = re.compile(r"gr[ae]y-?list", re.IGNORECASE)
_GREYLIST_CODES = frozenset({"4.7.1", "4.2.0"})
_OF_MAILBOX = re.compile(r"mailbox|\buser\b|unverified|quota|insufficient", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"\b(primary|main|preferred|first) (mx|mail ?server|mail ?host|mail ?exchanger|server|host)\b"
    r"|\bprimary\b.{0,40}\b(up|online|available|reachable|working|there)\b|\bdeliver\w* (it )?direct"
    r"|\b(better|higher|lower)[- ](preference|priority)|\bbackup (mx|server|host)? ?only",
    re.IGNORECASE,
)
_NOT_SERVED = re.compile(
    r"\brelay|not (a )?local (domain|host)|unknown domain|no such domain|domain (is )?(not|isn't) \w+"
    r"|not (hosted|served) here|we do not (accept|take) mail for",
    re.IGNORECASE,
)
_NOT_SERVED_CODES = frozenset({"5.1.2", "5.7.64"})
_NO_SUCH_NAME = re.compile(
    r"(domain|host)( name)?( was| is)? (not found|unknown|unresolvable)|does(n't| not) (resolve|exist)|null ?mx"
    r"|no (mx|mail exchanger|such domain|such host)|unresolvable|nxdomain",
    re.IGNORECASE,
)
_WAIT = re.compile(r"\b(\d{1,5})\s*(seconds?|secs?|s|minutes?|mins?|m)\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b(\d{1,2}):([0-5]\d)(?::([0-5]\d))?\b")


class Why(StrEnum):
    """What a reply that accepts nothing is about; PLAIN: the recipient, as far as anybody can tell."""

    PLAIN = ""
    GREYLISTED = "greylisting"
    THROTTLED = "it limits this probe"
    POLICY = "it refuses this probe"
    ELSEWHERE = "it sends to the primary"
    NOT_SERVED = "it does not relay to that domain"
    NO_SUCH_NAME = "it cannot find that domain"
    SILENT = "no reply"
    NOT_ASKED = "not asked"


class Given(Struct, frozen=True, kw_only=True):
    """The answer of one address to one question, at a moment (seconds since 1970 UTC).

    `number` is that of the question; recipients may look alike in a file that cuts them. `said` is the reply in the
    host's words, or what stood in its way. `earlier` is the first answer where it was asked twice.
    """

    endpoint: Endpoint
    preference: int
    number: int
    question: RcptQuestion
    answer: Answer
    why: Why = Why.PLAIN
    said: str = ""
    at: float = 0.0
    earlier: "Given | None" = None

    @property
    def first(self) -> "Given":
        """The answer when it was asked for the first time."""
        return self.earlier or self

    @property
    def words(self) -> str:
        """The answer as a report says it: "later (greylisting)", "unknown (refuses connections)"."""
        if self.why is Why.NOT_ASKED and self.said:
            return f"{self.answer} ({self.said})"
        return f"{self.answer} ({self.why})" if self.why else self.answer.value


def asked_about(snapshot: Snapshot) -> AskedAbout:
    """What was asked; of a look that did not write it down, its recipients."""
    if snapshot.asked_about is not None:
        return snapshot.asked_about
    sender = snapshot.vantage.mail_from
    questions = (RcptQuestion(role=Role.GOOD, recipient=name, sender=sender) for name in snapshot.recipients)
    return AskedAbout(questions=tuple(questions), sender=sender)


def numbers_for(asked: AskedAbout, host: str) -> tuple[int, ...]:
    """The numbers of the questions that a host is asked."""
    everything = tuple(range(len(asked.questions)))
    if not asked.shared or host not in dict(asked.shared):
        return everything
    return tuple(number for number in everything if _is_plain_good(asked, number))


def _is_plain_good(asked: AskedAbout, number: int) -> bool:
    question = asked.questions[number]
    return question.role is Role.GOOD and question.sender == asked.sender


def envelopes(asked: AskedAbout, numbers: Sequence[int]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Questions as envelopes: the sender, and the numbers of what is asked under it."""
    if len(numbers) == 1:
        return ((asked.questions[numbers[0]].sender, tuple(numbers)),)
    groups = groupby(numbers, key=lambda number: asked.questions[number].sender)
    return tuple((sender, tuple(group)) for sender, group in groups)


def answers_of(snapshot: Snapshot, visit: Visit) -> tuple[Given, ...]:
    """What an address said to each question that it was to be asked, in their order."""
    asked = asked_about(snapshot)
    numbers = numbers_for(asked, visit.endpoint.host)
    if not visit.sessions:
        reason = visit.not_visited.value if visit.not_visited else "not visited"
        said = _Said(Answer.UNKNOWN, Why.NOT_ASKED, reason)
        return tuple(_give(visit, asked, number, said) for number in numbers)
    first = _heard(snapshot, visit, visit.sessions[-1], numbers)
    if visit.again is None:
        return tuple(first.values())
    again = _heard(snapshot, visit, visit.again, visit.asked_again)
    return tuple(_later_of(given, again.get(number)) for number, given in first.items())


@once
def all_answers(snapshot: Snapshot) -> tuple[Given, ...]:
    """What every address said to every question."""
    return tuple(given for visit in snapshot.visits for given in answers_of(snapshot, visit))


def foreign_answers(givens: Sequence[Given]) -> list[Given]:
    """What one address said to recipients of another domain, of all that it said.

    A name that hides the other domain in a local part is one of them only where the host looks at local parts, that is,
    refuses a recipient of the domain who is not there.
    """
    knows_its_own = any(one.question.role is Role.RANDOM and one.answer is Answer.REFUSED for one in givens)
    foreign = [one for one in givens if one.question.role is Role.FOREIGN]
    return [one for one in foreign if knows_its_own or one.question.form not in _HIDDEN]


_HIDDEN = (Form.PERCENT, Form.BANG)
"""Forms that a host may take for a local part of its own domain."""


def is_worth_asking_again(given: Given) -> bool:
    """Whether a patient look asks again: by 4yz, and not because we come too often or are told to go elsewhere."""
    if given.answer is Answer.UNKNOWN:
        return given.why is Why.POLICY and given.said.startswith("4")
    return given.answer is Answer.LATER and given.why in (Why.PLAIN, Why.GREYLISTED)


def stated_wait(text: str) -> float | None:
    """The seconds that a reply asks to wait: "in 300 seconds", "5 minutes", "04:59"; None where it states none."""
    if match := _WAIT.search(text):
        return float(match[1]) * (60 if match[2].lower().startswith("m") else 1)
    if match := _CLOCK.search(text):
        hours, minutes, seconds = ("0", *match.groups()[:2]) if match[3] is None else match.groups()
        return float(hours) * 3600 + float(minutes) * 60 + float(seconds)
    return None


def wait_for(givens: Sequence[Given]) -> float:
    """How long to wait before all of these are asked again: the longest stated wait, a second more, or the default."""
    return max(DEFAULT_WAIT if (wait := stated_wait(given.said)) is None else wait + 1 for given in givens)


def _later_of(first: Given, second: Given | None) -> Given:
    """The second answer where there is one that tells anything, and the first behind it."""
    if second is None:
        return first
    fields = {name: getattr(second, name) for name in second.__struct_fields__}
    return Given(**{**fields, "earlier": first})


class _Said(NamedTuple):
    answer: Answer
    why: Why
    said: str
    at: float = 0.0


def _give(visit: Visit, asked: AskedAbout, number: int, said: _Said) -> Given:
    return Given(
        endpoint=visit.endpoint,
        preference=visit.preference,
        number=number,
        question=asked.questions[number],
        answer=said.answer,
        why=said.why,
        said=said.said,
        at=said.at,
    )


def _heard(snapshot: Snapshot, visit: Visit, session: Session, numbers: Sequence[int]) -> dict[int, Given]:
    """The answers in one session. Turns are told apart by their places: local parts may be cut in a saved probe."""
    asked = asked_about(snapshot)
    known_fine = refusal_of_probe(session) is None and any(_took(turn) for turn in session.recipients)
    found: dict[int, _Said] = {}
    for (_, group), turns in zip(envelopes(asked, numbers), _envelope_turns(session), strict=False):
        mail, *rcpts = turns
        if not _took(mail):
            rcpts = [mail] * len(group)
        for number, turn in zip(group, rcpts, strict=False):
            found[number] = _said_in(turn, session, known_fine)
    if any(number not in found for number in numbers):
        otherwise = _not_reached(snapshot, visit, session)
        found = {number: found.get(number, otherwise) for number in numbers}
    return {number: _give(visit, asked, number, found[number]) for number in numbers}


def _envelope_turns(session: Session) -> list[list[Turn]]:
    """MAIL and the RCPTs behind it, for each envelope."""
    found: list[list[Turn]] = []
    mail, rcpt = Phase.MAIL, Phase.RCPT
    for turn in session.turns:
        phase = turn.phase
        if phase is mail:
            found.append([turn])
        elif phase is rcpt and found:
            found[-1].append(turn)
    return found


def _took(turn: Turn) -> bool:
    return turn.reply is not None and turn.reply.is_positive


def _said_in(turn: Turn, session: Session, known_fine: bool) -> _Said:
    """What was said in a turn of MAIL or RCPT."""
    answer, why = classify_turn(turn, known_fine=known_fine)
    silence = f"{turn.failure.kind} at {turn.phase}" if turn.failure else ""
    said = turn.reply.text if turn.reply is not None else silence
    return _Said(answer, why, said, session.started_at + turn.ended)


def _not_reached(snapshot: Snapshot, visit: Visit, session: Session) -> _Said:
    """What stood in the way of a question that was not put: a reply to something before it, or none."""
    policy = refusal_of_probe(session)
    at = session.started_at + (session.turns[-1].ended if session.turns else 0.0)
    if policy is not None:
        return _Said(Answer.UNKNOWN, Why.THROTTLED if is_throttling(policy) else Why.POLICY, policy.text, at)
    refused = next((turn.reply for turn in session.turns if turn.reply and turn.reply.severity in (4, 5)), None)
    if refused is not None and sends_elsewhere(refused):
        return _Said(Answer.UNKNOWN, Why.ELSEWHERE, refused.text, at)
    if session.failure is not None and session.banner is not None:
        said = f"{session.failure.kind} at {session.failure.phase}"
    else:
        said = refused.text if refused is not None else judge_visit(visit, snapshot).value
    return _Said(Answer.UNKNOWN, Why.NOT_ASKED, said, at)


def sends_elsewhere(reply: Reply) -> bool:
    """Whether a 4yz sends the client to a better host."""
    return reply.severity == 4 and _ELSEWHERE.search(reply.text) is not None


def classify_turn(turn: Turn, *, known_fine: bool = False) -> tuple[Answer, Why]:
    """The answer in a turn of MAIL or RCPT. `known_fine`: the host took another recipient of us, and cannot mean us."""
    reply = turn.reply
    if reply is None or reply.severity not in (2, 4, 5):
        return Answer.UNKNOWN, Why.SILENT
    if reply.is_positive:
        return Answer.ACCEPTED, Why.PLAIN
    if reply.severity == 4:
        return _classify_later(turn, reply, known_fine)
    if is_about_probe(turn) and not known_fine:
        return Answer.UNKNOWN, Why.POLICY
    if _NO_SUCH_NAME.search(reply.text) and not _OF_MAILBOX.search(reply.text):
        return Answer.REFUSED, Why.NO_SUCH_NAME
    return Answer.REFUSED, Why.NOT_SERVED if _is_not_served(reply) else Why.PLAIN


def _is_not_served(reply: Reply) -> bool:
    """Whether the domain is meant, and not the mailbox ("User unknown in relay recipient table")."""
    if reply.enhanced in _NOT_SERVED_CODES:
        return True
    return _NOT_SERVED.search(reply.text) is not None and not _OF_MAILBOX.search(reply.text)


def _classify_later(turn: Turn, reply: Reply, known_fine: bool) -> tuple[Answer, Why]:
    text = reply.text
    if _GREYLIST.search(text):
        return Answer.LATER, Why.GREYLISTED
    if is_throttling(reply):
        return Answer.LATER, Why.THROTTLED
    if sends_elsewhere(reply):
        return Answer.LATER, Why.ELSEWHERE
    if _is_not_served(reply):  # Postfix as it is shipped: 454 4.7.1 Relay access denied
        return Answer.LATER, Why.NOT_SERVED
    looks_so = reply.code in (450, 451) and reply.enhanced in _GREYLIST_CODES
    if looks_so and not names_probe(reply) and not _OF_MAILBOX.search(text):
        return Answer.LATER, Why.GREYLISTED
    if is_about_probe(turn) and not known_fine:
        return Answer.UNKNOWN, Why.POLICY
    return Answer.LATER, Why.PLAIN
