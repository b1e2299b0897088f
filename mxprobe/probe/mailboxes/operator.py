"""No mailbox at all: the person looks, and types the token of the message that came."""

from mxprobe.facts.proof import Found
from mxprobe.probe.mailboxes.mailbox import Kind, Watch


class Operator:
    """Finds nothing; that a message arrived is told by hand."""

    can_clean = False

    def describe(self) -> str:
        """Nobody looks."""
        return ""

    async def look(self) -> tuple[Found, ...]:
        """Nothing."""
        return ()

    async def clean(self, tokens: frozenset[str]) -> int:
        """Nothing."""
        return 0

    async def close(self) -> None:
        """Nothing is held open."""


def _open(_word: str, _watch: Watch) -> Operator:
    return Operator()


KIND = Kind(names=("token",), example="token", open=_open)
