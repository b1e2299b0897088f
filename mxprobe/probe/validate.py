"""Has the answers of a look judged by their signatures, while the hosts are spoken with, within the look's budget.

With a trust anchor of our own every answer about the chain is validated here, over links that the resolver does not
check. Without one the resolver is believed; where it fails, it is asked whether it is for the signatures that it does.
What can check a signature is loaded when there is one to check (`probe.follow`).

Standards: RFC 4035 §4.9.3, §5.5 (a stub that does not believe, and one that does).
"""

import asyncio
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from mxprobe.facts.dns import Answer, AnswerStatus, Question, Validation, index_answers
from mxprobe.mx.validation import questions_to_judge
from mxprobe.wire.resolver import Resolver

if TYPE_CHECKING:
    from mxprobe.probe.follow import Follower


class Validator:
    """Judges what comes in, each question once; `validations` fill as it goes, and `unasked` is what the budget did not
    reach.

    `anchor` has the root's DS records as text (empty: the resolver is believed); `now` is the wall clock of the look.
    """

    def __init__(self, resolver: Resolver, budget: int, anchor: tuple[str, ...], now: float) -> None:
        self.validations: dict[Question, Validation] = {}
        self.unasked: tuple[Question, ...] = ()
        self._resolver, self._budget, self._anchor, self._now = resolver, budget, anchor, now
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

    @cached_property
    def _follower(self) -> "Follower":
        """Who follows the chains."""
        from mxprobe.probe.follow import Follower

        return Follower(self._resolver, self._budget, self._anchor, self._now)

    async def judge_answer(self, question: Question) -> None:
        """Judge one answer by the anchor."""
        validation, is_spent = await self._follower.judge_answer(question)
        if validation is not None:
            self.validations[question] = validation
            self.unasked += (question,) if is_spent else ()

    async def _doubt(self, answer: Answer) -> None:
        validation = await self._follower.doubt(answer)
        if validation is not None:
            self.validations[answer.question] = validation
