"""A YAML file as nodes that know their place, and the complaints about them.

Scalars stay text until a reader asks for a duration, a number or a name, so no YAML type can surprise anyone; duplicate
keys, tabs, anchors and unknown keys are refused with file, line and a guess.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import NoReturn, TypeVar

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from mxprobe.errors import InputError, Place
from mxprobe.scenario.durations import NoDuration, parse_duration
from mxprobe.scenario.sizes import NoSize, parse_size

T = TypeVar("T")

_MOST_NAMES = 24
_LISTS = {"fault": "All faults: mxprobe explain faults.", "rule": "All rules: mxprobe explain rules."}
_EMPTY_STORY = "the file is empty; a story has to say at least story, domain, mx, steps and expect"


class Document(Struct, frozen=True, kw_only=True):
    """One file: its path for complaints, and its lines."""

    path: str
    lines: tuple[str, ...]

    def refuse(self, node: Node, message: str, *, label: str | None = None, hint: str | None = None) -> NoReturn:
        """Raise InputError for `node`, which is shown with its line."""
        mark, end = node.start_mark, node.end_mark
        excerpt = self.lines[mark.line] if mark.line < len(self.lines) else ""
        width = end.column - mark.column if end.line == mark.line else len(excerpt) - mark.column
        place = Place(self.path, mark.line + 1, mark.column + 1, excerpt, max(width, 1))
        raise InputError(message, place=place, label=label, hint=hint)

    def refuse_word(self, line: int, word: str, message: str, hint: str | None = None) -> NoReturn:
        """Raise InputError for the first `word` (a pattern) on `line` or below it, where no node is at hand."""
        for number, text in enumerate(self.lines[line - 1 :], start=line):
            if found := re.search(rf"\b(?:{word})\b", text):
                width = found.end() - found.start()
                raise InputError(message, place=Place(self.path, number, found.start() + 1, text, width), hint=hint)
        raise InputError(message, place=Place(self.path, line), hint=hint)

    def refuse_unknown(self, node: Node, word: str, known: Iterable[str], what: str) -> NoReturn:
        """Raise InputError for a word that is none of `known`, with the nearest of them."""
        names = sorted(known)
        near = get_close_matches(word, names, n=1, cutoff=0.5)
        hint = _LISTS.get(what) or (f"Known: {', '.join(names)}." if len(names) <= _MOST_NAMES else None)
        self.refuse(node, f"no {what} is called `{word}`", label=f"{near[0]}?" if near else None, hint=hint)


def read_document(text: str, path: str, *, empty: str = _EMPTY_STORY) -> tuple[Document, Node]:
    """The file and its root node. Raises InputError for what is no YAML, and, saying `empty`, for an empty file."""
    document = Document(path=path, lines=tuple(text.splitlines()))
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise _not_yaml(document, error) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError("not YAML: a control character stands here", place=Place(path, line)) from error
    if root is None:
        raise InputError(empty, place=Place(path))
    return document, root


def _not_yaml(document: Document, error: MarkedYAMLError) -> InputError:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return InputError(f"not YAML: {error.problem}", place=Place(document.path))
    excerpt = document.lines[mark.line] if mark.line < len(document.lines) else ""
    tab = "\t" in excerpt[: mark.column + 1]
    message = "a tab cannot indent YAML; use spaces" if tab else f"not YAML: {error.problem}"
    return InputError(message, place=Place(document.path, mark.line + 1, mark.column + 1, excerpt))


class Reader:
    """Reads nodes of one document as values; every refusal names the place and what would be right."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def entries(self, node: Node, known: Iterable[str] | None, what: str) -> Mapping[str, Node]:
        """The values of a mapping by their keys; `known` None allows any key."""
        if not isinstance(node, MappingNode):
            self.document.refuse(node, f"{what} has to be a mapping of keys and values")
        found: dict[str, Node] = {}
        for key, value in node.value:
            word = self.text(key)
            if word in found:
                self.document.refuse(key, f"the key `{word}` stands here a second time")
            if known is not None and word not in known:
                self.document.refuse_unknown(key, word, known, f"key of {what}")
            found[word] = value
        return found

    def key(self, node: Node, word: str) -> Node:
        """The key `word` of a mapping, for a complaint about the word itself."""
        keys = [key for key, _ in node.value] if isinstance(node, MappingNode) else []
        return next((key for key in keys if self.text(key) == word), node)

    def require(self, node: Node, entries: Mapping[str, Node], key: str, what: str) -> Node:
        """The value of a key that has to be there."""
        if key not in entries:
            self.document.refuse(node, f"{what} has no `{key}`")
        return entries[key]

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The members of a list."""
        if not isinstance(node, SequenceNode):
            self.document.refuse(node, f"{what} has to be a list: [one, two]")
        return tuple(node.value)

    def one_or_more(self, node: Node) -> tuple[Node, ...]:
        """The members of a list, or the single value."""
        return tuple(node.value) if isinstance(node, SequenceNode) else (node,)

    def text(self, node: Node) -> str:
        """A scalar as it is written."""
        if not isinstance(node, ScalarNode):
            self.document.refuse(node, "a single word or text has to stand here")
        return str(node.value).strip()

    def number(self, node: Node, least: int = 0) -> int:
        """A whole number."""
        word = self.text(node)
        if not re.fullmatch("[0-9]{1,18}", word) or int(word) < least:
            self.document.refuse(node, f"`{word}` is no whole number from {least} up")
        return int(word)

    def truth(self, node: Node) -> bool:
        """true or false."""
        word = self.text(node)
        if word not in ("true", "false"):
            self.document.refuse(node, f"`{word}` is neither true nor false")
        return word == "true"

    def duration(self, node: Node) -> float:
        """Seconds of a duration such as 1h30m."""
        word = self.text(node)
        try:
            return parse_duration(word)
        except NoDuration as error:
            self.document.refuse(
                node, str(error), hint="A duration is a number and a unit: 500ms 30s 5m 2h 7d 4w 1h30m."
            )

    def size(self, node: Node) -> int:
        """Octets of a size such as 200kB."""
        try:
            return parse_size(self.text(node))
        except NoSize as error:
            self.document.refuse(node, str(error), hint="A size is a number and a unit: 500B 200kB 10MB.")

    def choice(self, node: Node, known: Mapping[str, T] | Callable[[], Mapping[str, T]], what: str) -> T:
        """The value that a word stands for."""
        table = known() if callable(known) else known
        word = self.text(node)
        if word not in table:
            self.document.refuse_unknown(node, word, table, what)
        return table[word]

    def line(self, node: Node) -> int:
        """The line of a node, from 1."""
        return int(node.start_mark.line) + 1
