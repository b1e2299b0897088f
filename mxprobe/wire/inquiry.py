"""One question from its first query to its answer, as `wire.resolver` would ask it, without a task of its own.

What comes next follows from what was heard: another server, no EDNS, TCP, or the name that an alias leads to. Who
sends, waits and remembers is `wire.stub`.

Standards: RFC 1035 §7.2, RFC 6891 §6.2 (EDNS), RFC 7766 §5 (TCP).
"""

from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from mxprobe.facts.dns import Alias, Answer, AnswerStatus, Question
from mxprobe.wire.failures import describe
from mxprobe.wire.plain import query_behind_its_number, question_section, read_plain
from mxprobe.wire.resolver import TELLING
from mxprobe.wire.responses import LONGEST_CHAIN, NotAsked, Response, is_answer_to, make_query, read_response
from mxprobe.wire.waits import Waits
from mxprobe.wire.way import Ear, Way

Told = Callable[[Answer, int], None]
"""Whom the answer is told, with how many queries were sent for whoever is told; it must not raise."""

_ANSWERS = frozenset({AnswerStatus.FOUND, AnswerStatus.NODATA, AnswerStatus.NXDOMAIN, AnswerStatus.ALIAS_LOOP})


class Desk(Protocol):
    """Who makes inquiries."""

    each: float
    recursion: bool
    waits: Waits

    def order(self, now: float) -> tuple[Way, ...]:
        """The servers, as often as they may be asked, in the order in which they are."""

    def carry(self, inquiry: "Inquiry") -> None:
        """Ask the server that the inquiry is at over TCP, and let it `hear_stream` or `fail`."""

    def conclude(self, inquiry: "Inquiry", answer: Answer, now: float) -> None:
        """The inquiry is over."""


class Inquiry:
    """One question. `told` are those who want to know, `sent` counts the queries, `answer` is there when it is over."""

    __slots__ = (
        "_aliases",
        "_asked",
        "_began",
        "_desk",
        "_edns",
        "_failures",
        "_order",
        "_place",
        "_proved",
        "_section",
        "_tries",
        "_truncated",
        "answer",
        "ear",
        "ends",
        "number",
        "query",
        "question",
        "sent",
        "slot",
        "told",
    )

    def __init__(self, desk: Desk, question: Question, now: float, ends: float) -> None:
        self.question, self.ends = question, ends
        self.told: list[Told] = []
        self.sent = 0
        self.answer: Answer | None = None
        self.query = self.number = b""
        self.ear: Ear | None = None
        self.slot = 0
        self._desk, self._began = desk, now
        self._aliases: tuple[Alias, ...] = ()
        self._tries, self._proved = 0, True
        self._ask(question, now)

    # -- what is sent --------------------------------------------------------------------------------------------------

    @property
    def way(self) -> Way:
        """To the server that is asked."""
        return self._order[self._place]

    @property
    def asked(self) -> Question:
        """What is asked now: the question, or the same about the name that an alias leads to."""
        return self._asked

    def leave(self, now: float) -> bool:
        """The query is to be sent."""
        if self.answer is not None:
            return False
        self._desk.waits.add(self, min(self.ends, now + self._desk.each))
        self.sent += 1
        return True

    def stay(self) -> None:
        """The query could not be sent after all."""
        self._desk.waits.clear(self)
        self.sent -= 1

    def _ask(self, asked: Question, now: float) -> None:
        self._asked = asked
        self._section = question_section(asked)
        self._failures: tuple[Answer, ...] = ()
        self._order, self._place = self._desk.order(now), -1
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        """The next server, as long as there is one and there is time."""
        self._place += 1
        self._edns, self._truncated = True, False
        if self._place >= len(self._order) or now >= self.ends:
            self._give_up(now)
        else:
            self._send(now)

    def _send(self, now: float) -> None:
        section, recursion = self._section, self._desk.recursion
        if section is not None:
            self.query = query_behind_its_number(section, edns=self._edns, recursion=recursion)
        else:
            try:
                self.query = make_query(self._asked, edns=self._edns, recursion=recursion)[2:]
            except NotAsked as error:
                self._note(AnswerStatus.MALFORMED, str(error), now)
                return
        if self._truncated:
            self._desk.carry(self)
        else:
            self._order[self._place].take(self)

    # -- what is heard -------------------------------------------------------------------------------------------------

    def hear(self, wire: bytes, now: float) -> None:
        """Take the answer, and pass over what is none."""
        section = self._section
        response = read_plain(wire, self._asked, section) if section is not None else None
        if response is None:
            query = self.number + self.query
            if not is_answer_to(wire, query):
                return
            response = read_response(wire, query, self._asked)
        self._desk.waits.clear(self)
        self._order[self._place].land(self, now)
        if response.answer.truncated:
            self._truncated = True
            self._desk.carry(self)
        else:
            self._weigh(response, now)

    def hear_stream(self, wire: bytes, query: bytes, now: float) -> None:
        """What the server said over TCP; nobody else can have said it."""
        if self.answer is None:
            self._weigh(read_response(wire, query, self._asked), now)

    def expire(self, now: float) -> None:
        """No answer in time, or no time even to send."""
        if self.answer is not None:
            return
        if self.ear is None:
            self._give_up(now)
        else:
            way = self._order[self._place]
            way.land(self, now, lost=True)
            self._note(AnswerStatus.TIMEOUT, f"no answer from {way.server}", now)

    def fail(self, error: OSError, now: float) -> None:
        """The way does not lead there."""
        if self.answer is not None:
            return
        self._desk.waits.clear(self)
        server = self.way.server
        if isinstance(error, TimeoutError):
            self._note(AnswerStatus.TIMEOUT, f"no answer from {server}", now)
        else:
            self._note(AnswerStatus.UNREACHABLE, f"{server}: {describe(error)}", now)

    # -- what follows --------------------------------------------------------------------------------------------------

    def _weigh(self, response: Response, now: float) -> None:
        answer = response.answer
        if response.fears_edns and self._edns:
            self._edns = False
            self._send(now)
        elif answer.status in _ANSWERS:
            self._close(answer, response.open_end, len(self._failures) + 1, now)
        else:
            self._fall_short(answer, now)

    def _note(self, status: AnswerStatus, detail: str, now: float) -> None:
        """There was no answer from the server that could be read."""
        self._failures += (Answer(question=self._asked, status=status, detail=detail, server=self.way.server),)
        self._go_on(now)

    def _fall_short(self, answer: Answer, now: float) -> None:
        """The server says nothing about the name."""
        self._failures += (replace(answer, server=self.way.server, truncated=self._truncated),)
        self._go_on(now)

    def _give_up(self, now: float) -> None:
        """No server said anything about the name: what they said of themselves is told."""
        failures = self._failures
        if failures:
            told = min(failures, key=lambda answer: TELLING.index(answer.status))
        else:
            told = Answer(question=self._asked, status=AnswerStatus.TIMEOUT, detail="no time left to ask")
        self._close(told, None, len(failures), now)

    def _close(self, answer: Answer, open_end: str | None, tries: int, now: float) -> None:
        """What was said of the name that was asked for last; an alias that it leaves open is followed."""
        self._tries += tries
        if answer.aliases:
            self._aliases += answer.aliases
        authenticated = answer.authenticated
        if authenticated is not None:  # an answer at the end of an alias is no more secure than the alias
            authenticated = authenticated and self._proved
        self._proved = bool(authenticated)
        status, detail = answer.status, answer.detail
        if open_end is not None and self._desk.recursion:
            known = {self.question.name, *(alias.name for alias in self._aliases)}
            if len(self._aliases) <= LONGEST_CHAIN and open_end not in known:
                self._ask(Question(name=open_end, rrtype=self.question.rrtype), now)
                return
            status, detail = AnswerStatus.ALIAS_LOOP, "the aliases lead in a circle"
        answered = status in _ANSWERS
        final = replace(
            answer,
            question=self.question,
            status=status,
            aliases=self._aliases,
            authenticated=authenticated,
            truncated=self._truncated if answered else answer.truncated,
            server=self.way.server if answered else answer.server,
            elapsed=round(now - self._began, 6),
            tries=self._tries,
            detail=detail,
        )
        self.answer = final
        self._desk.conclude(self, final, now)
