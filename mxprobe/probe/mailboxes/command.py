"""A mailbox of any kind, behind a command of the person's own that is asked for one token at a time.

The command finds the token in MXPROBE_TOKEN. Exit status 0 says that the message has arrived, 1 that it has not yet;
every other one that it could not be found out. What it prints may be the message, or its header, for its hops.
"""

import time

from mxprobe.errors import CouldNotLook
from mxprobe.facts.proof import TOKEN_HEADER, Found
from mxprobe.facts.text import escape
from mxprobe.mx.trace import MOST_OCTETS
from mxprobe.probe.mailboxes.asked import ask_command, split_command
from mxprobe.probe.mailboxes.mailbox import Kind, Watch, cut, token_of

TOKEN_VARIABLE = "MXPROBE_TOKEN"
_NOT_YET = 1


class CommandMailbox:
    """Asks for every token until it has come; how often the message came it can only tell by what it prints."""

    can_clean = False

    def __init__(self, words: tuple[str, ...], watch: Watch) -> None:
        self._words = words
        self._limit = watch.limit
        self._awaited = list(dict.fromkeys(watch.tokens))

    def describe(self) -> str:
        """The program; its arguments may hold what nobody should read."""
        return f"the command {self._words[0]}"

    async def look(self) -> tuple[Found, ...]:
        """One message for each token that the command says has come, now; just its token where it prints no more."""
        found, came = list[Found](), set[str]()
        for token in self._awaited:
            said = await ask_command(self._words, {TOKEN_VARIABLE: token}, self._limit, MOST_OCTETS)
            if said.status == _NOT_YET:
                continue
            if said.status != 0:
                last = escape(said.complaint.strip().rpartition(b"\n")[2])[:200]
                raise CouldNotLook(f"{self._words[0]} ended with status {said.status}{f': {last}' if last else ''}")
            came.add(token)
            printed = cut(said.output)
            content = printed if printed is not None and token_of(printed) == token else None
            found.append(
                Found(content or f"{TOKEN_HEADER}: {token}\r\n\r\n".encode(), "the mailbox", time.time(), False)
            )
        self._awaited = [token for token in self._awaited if token not in came]
        return tuple(found)

    async def clean(self, tokens: frozenset[str]) -> int:
        """Nothing: a command that is asked does not remove."""
        return 0

    async def close(self) -> None:
        """Nothing is held open."""


def _open(word: str, watch: Watch) -> CommandMailbox:
    return CommandMailbox(split_command(word.partition(":")[2], f"{watch.argument} {word}"), watch)


KIND = Kind(names=("command",), example="command:'ssh mail.example.com has-arrived'", open=_open)
