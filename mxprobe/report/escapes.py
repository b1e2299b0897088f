"""How text is written in the languages of others: Markdown as GitHub reads it, and workflow commands.

Whatever a remote said passes `escape_text` first; here the marks of each language are taken from it as well.
"""

import re
from collections.abc import Iterable

from mxprobe.facts.text import escape_text

_MARKS = re.compile(r"[\\`*_\[\]<>|#~$]")
_ENTITIES = {"&": "&amp;", "@": "&#64;"}
"""An entity would be read as its character, and a name behind @ would call its owner."""

_LINKS = re.compile(r"(?<=[A-Za-z]):(?=//)|(?<=www)\.", re.IGNORECASE)
"""What turns an address into a link."""


def markdown_text(text: str) -> str:
    """Text of one line that Markdown takes as it is: no mark, no link, nobody called by name."""
    text = escape_text(" ".join(text.split("\n")))
    text = _MARKS.sub(lambda match: f"\\{match[0]}", text)
    for character, entity in _ENTITIES.items():
        text = text.replace(character, entity)
    return _LINKS.sub(lambda match: f"&#{ord(match[0])};", text)


def fenced(lines: Iterable[str]) -> list[str]:
    """Lines as they stand, in a block that nothing in them can end."""
    shown = [escape_text(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *shown, fence]


def github_data(text: str) -> str:
    """The message of a command: a percent sign is the one character of a single line that is written otherwise."""
    return escape_text(text.replace("\n", " ")).replace("%", "%25")


def github_property(text: str) -> str:
    """The value of a property of a command."""
    return github_data(text).replace(":", "%3A").replace(",", "%2C")
