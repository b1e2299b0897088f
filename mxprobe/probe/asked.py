"""Asks a resolver each question of a look once, whoever wants to know, and however many at one time."""

import asyncio

from mxprobe.facts.dns import Answer, Question
from mxprobe.wire.resolver import Resolver


class Once:
    """A resolver with a memory: who asks again has the same answer, and waits for it where it is under way."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._answers: dict[Question, asyncio.Future[Answer]] = {}

    @property
    def sent(self) -> int:
        """How many queries have left."""
        return self._resolver.sent

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        """The answer; the deadline (loop time) is that of whoever asks first."""
        if question in self._answers:
            return await asyncio.shield(self._answers[question])
        coming = self._answers[question] = asyncio.get_running_loop().create_future()
        try:
            answer = await self._resolver.ask(question, deadline)
        except BaseException:
            coming.cancel()
            raise
        coming.set_result(answer)
        return answer
