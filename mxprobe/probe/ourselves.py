"""Asks whether the addresses that we come from have names that fit, as the hosts may ask: while they are spoken with.

What the answers mean is thought out in `mx.identity`.
"""

import asyncio

from mxprobe.facts.dns import Answer, Question
from mxprobe.mx.identity import identity_questions
from mxprobe.probe.asked import Once


class Ourselves:
    """What was answered about the addresses that we come from, each asked about once."""

    def __init__(self, helo: str | None, once: Once) -> None:
        self._helo, self._once = helo, once
        self._found: dict[str, dict[Question, Answer]] = {}

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers, address by address."""
        return tuple(answer for _, found in sorted(self._found.items()) for answer in found.values())

    async def ask_about(self, source: str) -> None:
        """Ask for the names of an address, and for theirs."""
        if source in self._found:
            return
        found = self._found[source] = {}
        while questions := identity_questions(source, self._helo, found):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._once.ask(question)) for question in questions]
            found.update((task.result().question, task.result()) for task in tasks)
