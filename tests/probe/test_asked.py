"""A question of a look is asked once: who comes later has the same answer, who comes meanwhile waits for it."""

import asyncio

from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType
from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.probe.asked import Once
from mxprobe.wire.resolver import Resolver

QUESTION = Question(name="mx1.example.test", rrtype=RecordType.A)


class Counting(Resolver):
    """Answers after a second that there is nothing."""

    def __init__(self) -> None:
        self.sent = 0

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        self.sent += 1
        await asyncio.sleep(1.0)
        return Answer(question=question, status=AnswerStatus.NODATA, tries=self.sent)


def test_those_who_ask_meanwhile_and_later_have_the_answer_of_the_first() -> None:
    async def story() -> tuple[set[Answer], int, float]:
        once = Once(Counting())
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(once.ask(QUESTION)) for _ in range(3)]
        answers = {task.result() for task in tasks} | {await once.ask(QUESTION)}
        return answers, once.sent, asyncio.get_running_loop().time()

    answers, sent, took = play_in_fresh_loop(story)

    assert (len(answers), sent) == (1, 1)
    assert took < 1.5


def test_another_question_is_asked_by_itself() -> None:
    async def story() -> int:
        once = Once(Counting())
        await once.ask(QUESTION)
        await once.ask(Question(name=QUESTION.name, rrtype=RecordType.AAAA))
        return once.sent

    assert play_in_fresh_loop(story) == 2
