"""A mailbox of any kind, behind a command of the person's own that is asked for one token at a time.

The command finds the token in MXPROBE_TOKEN. Exit status 0 says that the message has arrived, 1 that it has not yet;
every other one that it could not be found out. What it prints may be the message, or its header, for its hops; of what
comes back to the sender it has to print the report. When a message came it cannot say: times are those of the asking.
"""

import time

from mxprobe.errors import CouldNotLook
from mxprobe.facts.proof import TOKEN_HEADER, Found
from mxprobe.facts.text import escape
from mxprobe.mx.labelled import SAID_PLACE
from mxprobe.mx.trace import MOST_OCTETS
from mxprobe.probe.mailboxes.asked import ask_command, split_command
from mxprobe.probe.mailboxes.mailbox import RETURNS, Kind, Watch, cut, token_of

TOKEN_VARIABLE = "MXPROBE_TOKEN"
_NOT_YET = 1


class CommandMailbox:
    """Asks for every token until it has come, and not again; how often a message came it cannot tell."""

    can_clean = False

    def __init__(self, words: tuple[str, ...], watch: Watch) -> None:
        self._words = words
        self._limit = watch.limit
        self._wants_reports = watch.argument == RETURNS
        self._awaited = list(dict.fromkeys(watch.tokens))
        self._found = list[Found]()

    def describe(self) -> str:
        """The program; its arguments may hold what nobody should read."""
        return f"the command {self._words[0]}"

    async def look(self) -> tuple[Found, ...]:
        """One message for each token that the command says has come; just its token where it prints no more.

        What it has said yes to before it failed is found by the next look, without being asked again.
        """
        for token in tuple(self._awaited):
            content = await self._ask(token)
            if content is not None:
                self._awaited.remove(token)
                self._found.append(Found(content, SAID_PLACE, time.time(), at_known=False))
        found, self._found = tuple(self._found), []
        return found

    async def _ask(self, token: str) -> bytes | None:
        """What stands for the message of a token; None: it has not come. Raises CouldNotLook."""
        said = await ask_command(self._words, {TOKEN_VARIABLE: token}, self._limit, MOST_OCTETS)
        if said.status == _NOT_YET:
            return None
        if said.status != 0:
            last = escape(said.complaint.strip().rpartition(b"\n")[2])[:200]
            raise CouldNotLook(f"{self._words[0]} ended with status {said.status}{f': {last}' if last else ''}")
        printed = cut(said.output)
        if printed is not None and token_of(printed) == token:
            return printed
        if self._wants_reports:
            raise CouldNotLook(
                f"{self._words[0]} says that something came back for {token}, and printed no report of it"
            )
        return f"{TOKEN_HEADER}: {token}\r\n\r\n".encode()

    async def clean(self, tokens: frozenset[str]) -> int:
        """Nothing: a command that is asked does not remove."""
        return 0

    async def close(self) -> None:
        """Nothing is held open."""


def _open(word: str, watch: Watch) -> CommandMailbox:
    return CommandMailbox(split_command(word.partition(":")[2], f"{watch.argument} {word}"), watch)


KIND = Kind(names=("command",), example="command:'ssh mail.example.com has-arrived'", open=_open)
