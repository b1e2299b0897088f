"""A password in memory that no log, report, error or traceback shows."""

from typing import NoReturn


class Secret:
    """A word that prints as `***`, however it is printed; only `reveal` gives it, and it cannot be saved."""

    __slots__ = ("_word",)

    def __init__(self, word: str) -> None:
        self._word = word

    def reveal(self) -> str:
        """The word itself: to be said to a server, and kept in no variable."""
        return self._word

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not saved")
