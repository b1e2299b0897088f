"""Has the answers of a look judged by their signatures, while the hosts are spoken with, within the look's budget.

With a trust anchor of our own every answer about the chain is validated here, over links that the resolver does not
check. Without one the resolver is believed; where it fails, it is asked whether it is for the signatures that it does.

Standards: RFC 4035 §3.2.2 (CD), §4.9.3, §5.5 (a stub that does not believe, and one that does).
"""

import asyncio
from collections.abc import Iterable

from mxprobe.facts.dns import Answer, AnswerStatus, Question, Security, Validation, index_answers
from mxprobe.mx.dnssec import Judgement, bears_signatures, is_answer, judge, open_end
from mxprobe.mx.validation import UNLESS_UNCHECKED, link_to, questions_to_judge, tell
from mxprobe.wire.links import Links
from mxprobe.wire.resolver import Resolver

LONGEST = 30.0
"""Seconds after which no link is asked for."""

_LONGEST_CHAIN = 16
_SPENT = "the budget of queries was spent before it was known"


class Validator:
    """Judges what comes in, each question once; `validations` fill as it goes, and `unasked` is what the budget did not
    reach.

    `anchor` has the root's DS records as text (empty: the resolver is believed); `now` is the wall clock of the look.
    """

    def __init__(self, resolver: Resolver, budget: int, anchor: tuple[str, ...], now: float) -> None:
        self.validations: dict[Question, Validation] = {}
        self.unasked: tuple[Question, ...] = ()
        self._resolver, self._anchor, self._now = resolver, anchor, now
        self._links = Links(resolver, budget, asyncio.get_running_loop().time() + LONGEST)
        self._seen: set[Question] = set()

    @property
    def is_own(self) -> bool:
        """Whether signatures are validated here, and the resolver is not believed."""
        return bool(self._anchor)

    async def look_at(self, domain: str, answers: Iterable[Answer], port: int) -> None:
        """Judge what is known by now and was not judged yet."""
        known = index_answers(answers)
        wanted = [one for one in questions_to_judge(domain, known, port) if one not in self._seen]
        if not self._anchor:
            failed = AnswerStatus.SERVFAIL
            wanted = [one for one in wanted if one in known and known[one].status is failed]
        self._seen.update(wanted)
        async with asyncio.TaskGroup() as group:
            for question in wanted:
                group.create_task(self.judge_answer(question) if self._anchor else self._doubt(known[question]))

    async def judge_answer(self, question: Question) -> None:
        """Follow the chain of an answer, and that of each name its aliases lead to."""
        link, judgements = link_to(question), list[Judgement]()
        while link is not None and len(judgements) < _LONGEST_CHAIN:
            response = await self._links.fetch(link)
            steps = judge(link, response, self._anchor, self._now)
            try:
                wanted = next(steps)
                while True:
                    wanted = steps.send(await self._links.fetch(wanted))
            except StopIteration as stop:
                judgements.append(stop.value)
            link = None if response is None else open_end(link, response)
        if judgements:
            self._keep(tell(question, tuple(judgements)))

    def _keep(self, validation: Validation) -> None:
        if validation.security is Security.UNKNOWN and self._links.is_spent:
            self.unasked += (validation.question,)
            validation = Validation(question=validation.question, security=Security.UNKNOWN, detail=_SPENT)
        self.validations[validation.question] = validation

    async def _doubt(self, answer: Answer) -> None:
        """Ask without checking; a signed answer that comes only so is bogus, in the eyes of the resolver."""
        link = link_to(answer.question)
        response = None if link is None else await self._links.fetch(link)
        if response is None or not is_answer(response) or not bears_signatures(response):
            return  # what is not signed fails for another reason, which may be over by now
        again = await self._resolver.ask(answer.question)
        if again.status is AnswerStatus.SERVFAIL:
            said = f" ({again.detail})" if again.detail else ""
            self.validations[answer.question] = Validation(
                question=answer.question,
                security=Security.BOGUS,
                reason=UNLESS_UNCHECKED,
                link=str(link),
                detail=f"{link}: {again.server} fails{said}, and answers when it is told not to check",
            )
