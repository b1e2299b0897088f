"""Follows the chains of signatures over answers of a look: by an anchor of ours, or where the resolver fails for them.

Apart from `validate`, which every look goes through: here is loaded what can check a signature.
Standards: RFC 4035 §3.2.2 (CD), §5.5.
"""

import asyncio

from mxprobe.facts.dns import Answer, AnswerStatus, Question, Security, Validation
from mxprobe.mx.dnssec import Judgement, bears_signatures, is_answer, judge, open_end
from mxprobe.mx.validated import link_to, tell
from mxprobe.mx.validation import UNLESS_UNCHECKED
from mxprobe.wire.links import Links
from mxprobe.wire.resolver import Resolver

LONGEST = 30.0
"""Seconds after which no link is asked for."""

_LONGEST_CHAIN = 16
_SPENT = "the budget of queries was spent before it was known"


class Follower:
    """Judges answers by the root's DS records in `anchor` at the wall clock's `now`; each link is fetched once."""

    def __init__(self, resolver: Resolver, budget: int, anchor: tuple[str, ...], now: float) -> None:
        self._resolver, self._anchor, self._now = resolver, anchor, now
        self._links = Links(resolver, budget, asyncio.get_running_loop().time() + LONGEST)

    async def judge_answer(self, question: Question) -> tuple[Validation | None, bool]:
        """Follow the chain of an answer, and that of each name its aliases lead to; True where the budget was spent
        before it was known."""
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
        if not judgements:
            return None, False
        validation = tell(question, tuple(judgements))
        if validation.security is Security.UNKNOWN and self._links.is_spent:
            return Validation(question=question, security=Security.UNKNOWN, detail=_SPENT), True
        return validation, False

    async def doubt(self, answer: Answer) -> Validation | None:
        """Ask without checking; a signed answer that comes only so is bogus, in the eyes of the resolver."""
        link = link_to(answer.question)
        response = None if link is None else await self._links.fetch(link)
        if response is None or not is_answer(response) or not bears_signatures(response):
            return None  # what is not signed fails for another reason, which may be over by now
        again = await self._resolver.ask(answer.question)
        if again.status is not AnswerStatus.SERVFAIL:
            return None
        said = f" ({again.detail})" if again.detail else ""
        return Validation(
            question=answer.question,
            security=Security.BOGUS,
            reason=UNLESS_UNCHECKED,
            link=str(link),
            detail=f"{link}: {again.server} fails{said}, and answers when it is told not to check",
        )
