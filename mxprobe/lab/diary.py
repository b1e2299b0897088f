"""A host's diary of one connection: which turn is on, since when, and how each ended.

Times in turns are seconds since the connection. What belongs to no phase of a session is not written down.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.text import escape


class Diary:
    """The turns of one connection; `phase` is that of the turn that is on, None between turns."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.turns: list[Turn] = []
        self.phase: Phase | None = Phase.BANNER
        self.connected_at = now()
        self.subject: str | None = None
        self._now = now
        self._began = self.connected_at
        self._command: bytes | None = None
        self._owes = False

    @contextmanager
    def owing(self) -> Iterator[None]:
        """The client waits for an answer; if it leaves meanwhile, it had none in time."""
        self._owes = True
        yield
        self._owes = False

    def turn_to(self, phase: Phase | None, command: bytes | None = None) -> None:
        """Begin a turn; None: what follows belongs to no phase."""
        self.phase, self._command, self.subject = phase, command, None
        self._began = self._now()

    def write_reply(self, raw: bytes, secured: bool) -> None:
        """The turn ended with this reply, all its lines."""
        lines = tuple(escape(line)[4:] for line in raw.split(b"\r\n")[:-1])
        self._write(Reply(raw=raw, code=int(raw[:3]), lines=lines), None, secured)

    def write_raw(self, raw: bytes, secured: bool) -> None:
        """The turn ended with bytes that are no reply."""
        self._write(Reply(raw=raw, code=None, lines=(escape(raw[:100]),)), None, secured)

    def write_failure(self, kind: FailureKind | None, secured: bool) -> None:
        """The turn ended without a reply; None: as it should, which is how a handshake ends."""
        self._write(None, kind, secured)

    def close(self, endpoint: Endpoint, epoch: float, source: str | None) -> Session:
        """All that was written; `epoch` is the wall-clock moment of story time 0, `source` the client's address."""
        if self._owes:
            self.write_failure(FailureKind.TIMEOUT, bool(self.turns) and self.turns[-1].secured)
        return Session(
            endpoint=endpoint,
            side=Side.HOST,
            started_at=round(epoch + self.connected_at, 6),
            turns=tuple(self.turns),
            failure=next((turn.failure for turn in self.turns if turn.failure is not None), None),
            source=source,
        )

    def _write(self, reply: Reply | None, kind: FailureKind | None, secured: bool) -> None:
        if self.phase is None:
            return
        now = self._now()
        after = round(now - self._began, 6)
        self.turns.append(
            Turn(
                phase=self.phase,
                started=round(self._began - self.connected_at, 6),
                ended=round(now - self.connected_at, 6),
                command=self._command,
                subject=self.subject,
                reply=reply,
                failure=None if kind is None else Failure(kind=kind, phase=self.phase, after=after),
                secured=secured,
            )
        )
