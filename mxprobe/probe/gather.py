"""Asks what rules want to know beside the chain, while the hosts are spoken with, within a budget of queries.

What is wanted is decided in `mx.wishes`; what it means is for rules to say. When the resolver has said where the zone's
own servers are, they are asked themselves (`probe.authorities`).
"""

import asyncio
from collections import Counter

from msgspec import Struct, field

from mxprobe.facts.dns import Answer, AnswerStatus, AuthorityAnswer, Question, Validation, index_answers
from mxprobe.facts.policy import PolicyFetch
from mxprobe.mx.authorities import authorities_to_ask
from mxprobe.mx.mtasts import RecordStatus, read_record, record_question
from mxprobe.mx.validation import OWN
from mxprobe.mx.wishes import WISHES, Subject, next_wishes
from mxprobe.probe.authorities import Directly, Purse, ask_authorities
from mxprobe.probe.validate import Validator
from mxprobe.wire.fetch import FetchMeans, fetch_policy
from mxprobe.wire.resolver import Resolver

LONGEST = 30.0
"""Seconds after which nothing more is asked."""


class Gathering(Struct, kw_only=True):
    """What came in, filled as it comes: an interruption loses nothing.

    `asked_for` are the families that were wanted, `unasked` the questions that the budget did not reach, `purse` has
    what was asked of the zone's own servers, `validations` what is known of the signatures over answers.
    """

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
    and the zone's own servers are asked with (None: it is not, they are not), and who judges signatures."""

    resolver: Resolver
    budget: int
    validator: Validator
    fetch: FetchMeans | None = None
    directly: Directly | None = None


async def gather(subject: Subject, answers: list[Answer], asking: Asking, into: Gathering) -> None:
    """Ask round by round until nothing is open; the answers are put into `answers` as they come."""
    resolver, fetch = asking.resolver, asking.fetch
    validator, port = asking.validator, subject.port
    into.asked_for = tuple(wish.name for wish in WISHES) + ((OWN,) if validator.is_own else ())
    into.validations = validator.validations
    spent: Counter[str] = Counter()
    await validator.look_at(subject.domain, tuple(answers), port)
    until = asyncio.get_running_loop().time() + LONGEST
    while wanted := next_wishes(subject, index_answers(answers), spent):
        left = max(asking.budget - resolver.sent, 0)
        asked, beyond = wanted[:left], wanted[left:]
        into.unasked += tuple(question for _, question in beyond)
        answers += [Answer(question=question, status=AnswerStatus.NOT_ASKED, tries=0) for _, question in beyond]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(resolver.ask(question, until)) for _, question in asked]
        answers += [task.result() for task in tasks]
        spent.update(name for name, _ in wanted)
    await validator.look_at(subject.domain, tuple(answers), port)
    into.unasked += validator.unasked
    async with asyncio.TaskGroup() as group:
        group.create_task(_ask_authorities(subject, answers, asking, into))
        if fetch is not None:
            record = index_answers(answers).get(record_question(subject.domain))
            if record is not None and read_record(record).status is RecordStatus.FOUND:
                into.policy = await fetch_policy(subject.domain, fetch, until)


async def _ask_authorities(subject: Subject, answers: list[Answer], asking: Asking, into: Gathering) -> None:
    """Ask the zone's own servers for the MX RRset."""
    directly, resolver = asking.directly, asking.resolver
    if directly is None:
        return
    into.purse = Purse(lambda: asking.budget - resolver.sent)
    chosen = authorities_to_ask(
        subject.domain, index_answers(answers), directly.families, allow_special=subject.allow_special
    )
    into.unasked += await ask_authorities(subject.domain, chosen, directly, into.purse, into.authorities)
