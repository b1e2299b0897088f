"""Which plays an expression names: words of a play's path and sender, joined by and, or, not and brackets.

`postfix and not tls` names the plays by Postfix of stories without tls in their path. Case does not matter.
"""

import re
from collections.abc import Callable

from mxprobe.errors import InputError

_TOKEN = re.compile(r"[()]|[^\s()]+")
_KEYWORDS = ("and", "or", "not", "(", ")")

Test = Callable[[str], bool]


def read_expression(text: str) -> Test:
    """Whether a text (a path, a blank, a sender) is one that the expression names. Raises InputError."""
    reader = _Expression(text)
    test = reader.any_of()
    if reader.tokens:
        raise reader.error(f"`{reader.tokens[0]}` stands where nothing can stand")
    return lambda name: test(name.lower())


class _Expression:
    """The rest of an expression, read from its beginning."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text.lower())

    def any_of(self) -> Test:
        """Parts with `or` between them."""
        parts = [self.all_of()]
        while self._is_next("or"):
            parts.append(self.all_of())
        return lambda name: any(part(name) for part in parts)

    def all_of(self) -> Test:
        """Parts with `and` between them."""
        parts = [self.one()]
        while self._is_next("and"):
            parts.append(self.one())
        return lambda name: all(part(name) for part in parts)

    def one(self) -> Test:
        """A word, what is in brackets, or the contrary of either."""
        if self._is_next("not"):
            part = self.one()
            return lambda name: not part(name)
        if self._is_next("("):
            inner = self.any_of()
            if not self._is_next(")"):
                raise self.error("a bracket is not closed")
            return inner
        if not self.tokens or self.tokens[0] in _KEYWORDS:
            raise self.error("a word is missing")
        word: str = self.tokens.pop(0)
        return lambda name: word in name

    def error(self, why: str) -> InputError:
        """What is wrong with the whole."""
        hint = "Words of paths and senders, with and, or, not and brackets: postfix and not tls"
        return InputError(f"-k {self.text!r}: {why}", hint=hint)

    def _is_next(self, keyword: str) -> bool:
        if self.tokens[:1] == [keyword]:
            del self.tokens[0]
            return True
        return False
