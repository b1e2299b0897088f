"""Looks up a chain so that nobody waits longer than for the names that he needs: each host is told of by itself.

Which questions there are is decided in `mx.plan`.
"""

import asyncio
from collections.abc import Callable

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, Question, RecordType
from mxprobe.mx.drift import address_questions
from mxprobe.mx.plan import best_first, next_questions
from mxprobe.probe.asked import Once
from mxprobe.wire.resolver import Patience

_FEWEST = 5
"""So many questions about the chain are asked, whatever the budget: it gets three quarters of it."""


def not_asked(question: Question) -> Answer:
    """What is told of a question to which no answer was waited for."""
    return Answer(question=question, status=AnswerStatus.NOT_ASKED, tries=0)


class ChainWalk:
    """The way from a domain to the addresses of its hosts, with what is `known` by now.

    `on_questions` is told how many questions about the hosts have just been asked at once, `on_host` of a host when all
    its addresses are known.
    """

    def __init__(
        self, domain: str, once: Once, budget: int, on_questions: Callable[[int], None], on_host: Callable[[str], None]
    ) -> None:
        self.domain, self.once = domain, once
        self.most = max(budget * 3 // 4, _FEWEST)
        self.on_questions, self.on_host = on_questions, on_host
        self._found: dict[Question, Answer | None] = {}

    @property
    def spent(self) -> int:
        """How many queries it took; not those of others who ask at the same time."""
        return sum(answer.tries for answer in self.known.values())

    @property
    def known(self) -> Answers:
        """What was answered, in the order in which it was asked."""
        return {question: answer for question, answer in self._found.items() if answer is not None}

    @property
    def open(self) -> tuple[Question, ...]:
        """What is asked and not answered yet."""
        return tuple(question for question, answer in self._found.items() if answer is None)

    async def go(self) -> None:
        """Ask until the chain is known, or the budget is spent: the worst hosts then have no answer."""
        while questions := next_questions(self.domain, self.known):
            # Each may need its second try: what is not needed for that is given to those who wait.
            room = max(self.most - self.spent, 0) // Patience().rounds
            if not room:
                for question in questions:
                    self._keep(not_asked(question))
                break
            if len(questions) > room:
                questions = best_first(self.domain, self.known, questions)[:room]
            async with asyncio.TaskGroup() as group:
                for question in questions:
                    self._found[question] = None
                    group.create_task(self._ask(question))
                if questions[0].rrtype is not RecordType.MX:
                    self.on_questions(len(questions))

    async def _ask(self, question: Question) -> None:
        self._keep(await self.once.ask(question))

    def _keep(self, answer: Answer) -> None:
        question = answer.question
        self._found[question] = answer
        if question.rrtype is not RecordType.MX and None not in map(self._found.get, address_questions(question.name)):
            self.on_host(question.name)

    def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a host, as far as they are known."""
        found = filter(None, map(self._found.get, address_questions(host)))
        return tuple(dict.fromkeys(record.address for answer in found for record in answer.addresses))
