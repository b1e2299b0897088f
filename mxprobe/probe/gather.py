"""Asks what rules want to know beside the chain, while the hosts are spoken with, within a budget of queries.

What is wanted is decided in `mx.wishes`; what it means is for rules to say. When the resolver has said where the zone's
own servers are, they are asked themselves (`probe.authorities`). Nothing waits for the rest where the budget has room
for all; where it is short, it is spent in the order of the wishes.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from msgspec import Struct, field

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, AuthorityAnswer, Question, Validation
from mxprobe.facts.policy import PolicyFetch
from mxprobe.mx.authorities import authorities_to_ask, next_authority_questions
from mxprobe.mx.mtasts import RecordStatus, read_record, record_question
from mxprobe.mx.validation import OWN
from mxprobe.mx.wishes import WISHES, Subject, next_wishes
from mxprobe.probe.asked import Once
from mxprobe.probe.authorities import Directly, Purse, ask_authorities
from mxprobe.probe.validate import Validator
from mxprobe.wire.fetch import FetchMeans, fetch_policy

LONGEST = 30.0
"""Seconds after which nothing more is asked."""

_BEHIND = 0.005
"""Seconds by which a first round stays behind what a look waits for, so that this leaves before anybody thinks."""

ROOMY = 64
"""So many queries are left where nobody has to wait for anybody: more than are asked at once for most domains."""


class Gathering(Struct, kw_only=True):
    """What came in, filled as it comes: an interruption loses nothing.

    `asked_for` are the families that were wanted, `unasked` the questions that the budget did not reach, `purse` has
    what was asked of the zone's own servers, `validations` what is known of the signatures over answers.
    """

    answers: list[Answer] = field(default_factory=list)
    asked_for: tuple[str, ...] = ()
    unasked: tuple[Question, ...] = ()
    policy: PolicyFetch | None = None
    authorities: list[AuthorityAnswer] = field(default_factory=list)
    purse: Purse | None = None
    validations: dict[Question, Validation] = field(default_factory=dict)

    @property
    def judged(self) -> tuple[Validation, ...]:
        """What is known of signatures, in the order of the questions."""
        return tuple(sorted(self.validations.values(), key=lambda one: one.question))


class Asking(Struct, frozen=True, kw_only=True):
    """With what is asked: the resolver, how many queries may have been sent in the end, what a policy is fetched with
    and the zone's own servers are asked with (None: it is not, they are not), and who judges signatures.

    `known` gives all answers by now; `chain_known` is set when those about the chain are among them.
    """

    once: Once
    budget: int
    validator: Validator
    known: Callable[[], Answers]
    chain_known: asyncio.Event
    fetch: FetchMeans | None = None
    directly: Directly | None = None


async def gather(subject: Subject, asking: Asking, into: Gathering) -> None:
    """Ask round by round until nothing is open; the answers are put into `into` as they come."""
    validator = asking.validator
    into.asked_for = tuple(wish.name for wish in WISHES) + ((OWN,) if validator.is_own else ())
    into.validations = validator.validations
    into.purse = Purse(lambda: asking.budget - asking.once.sent)
    async with asyncio.TaskGroup() as group:
        course = _Course(subject, asking, into, group)
        await asyncio.sleep(_BEHIND)
        if not asking.chain_known.is_set():
            await course.ask_a_round()
            await asking.chain_known.wait()
            await asyncio.sleep(_BEHIND)
            course.until = asyncio.get_running_loop().time() + LONGEST
        await validator.look_at(subject.domain, asking.known().values(), subject.port)
        course.go_on()
        while await course.ask_a_round():
            course.go_on()
        await validator.look_at(subject.domain, asking.known().values(), subject.port)
        into.unasked += validator.unasked
        course.go_on(is_last=True)


class _Course:
    """The rounds of a gathering, and what is begun beside them, each once, when it is known how."""

    def __init__(self, subject: Subject, asking: Asking, into: Gathering, group: asyncio.TaskGroup) -> None:
        self.subject, self.asking, self.into, self.group = subject, asking, into, group
        self.until = asyncio.get_running_loop().time() + LONGEST
        self.spent: Counter[str] = Counter()
        self.are_authorities_asked = self.is_policy_fetched = False

    @property
    def left(self) -> int:
        """How many queries the budget still has."""
        spent = self.into.purse.sent if self.into.purse is not None else 0
        return max(self.asking.budget - self.asking.once.sent - spent, 0)

    async def ask_a_round(self) -> bool:
        """Ask all that is wanted now; False where that is nothing."""
        wanted = next_wishes(self.subject, self.asking.known(), self.spent)
        asked, beyond = wanted[: self.left], wanted[self.left :]
        self.into.unasked += tuple(question for _, question in beyond)
        self.into.answers += [
            Answer(question=question, status=AnswerStatus.NOT_ASKED, tries=0) for _, question in beyond
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.asking.once.ask(question, self.until)) for _, question in asked]
        self.into.answers += [task.result() for task in tasks]
        self.spent.update(name for name, _ in wanted)
        return bool(wanted)

    def go_on(self, *, is_last: bool = False) -> None:
        """Begin what can be begun by now, and at the end all of it."""
        known, domain, asking = self.asking.known(), self.subject.domain, self.asking
        if not is_last and (asking.validator.is_own or self.left < ROOMY):
            return
        if not self.is_policy_fetched and asking.fetch is not None:
            record = known.get(record_question(domain))
            if record is not None and read_record(record).status is RecordStatus.FOUND:
                self.is_policy_fetched = True
                self.group.create_task(self._fetch_policy(asking.fetch))
        if not self.are_authorities_asked and (is_last or not next_authority_questions(domain, known)):
            self.are_authorities_asked = True
            self.group.create_task(self._ask_authorities(known))

    async def _fetch_policy(self, fetch: FetchMeans) -> None:
        self.into.policy = await fetch_policy(self.subject.domain, fetch, self.until)

    async def _ask_authorities(self, known: Answers) -> None:
        """Ask the zone's own servers for the MX RRset."""
        directly, subject, purse = self.asking.directly, self.subject, self.into.purse
        if directly is None or purse is None:
            return
        chosen = authorities_to_ask(subject.domain, known, directly.families, allow_special=subject.allow_special)
        unasked = await ask_authorities(subject.domain, chosen, directly, purse, self.into.authorities)
        self.into.unasked += unasked
