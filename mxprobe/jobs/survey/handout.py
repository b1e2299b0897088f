"""Decides what of a survey is handed out next: so much that no worker is idle, and no more than memory is for.

What is done is told first, so that lines leave as early as they can. Endpoints are visited when all entries are
resolved: only then is it known how good the rank of an endpoint is, and who is to be asked about there in one session.
All endpoints of an operator that are handed out are in one piece, so that one worker keeps its pace, and all that lie
at one address, whose names may be those of very many operators. The next piece has none of them before the spacing is
over.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from mxprobe.facts.survey import Depth, Errand, Manner
from mxprobe.jobs.survey.journal import Journal
from mxprobe.jobs.survey.pieces import AnyPiece, Resolving, Telling, Visiting, parted
from mxprobe.mx.pace import bounds_for_address, turns_us_away

RESOLVE = 2000
"""Entries of a piece, where there are so many: the more, the more of them have hosts in common."""

VISIT = 500
"""Endpoints of a piece, where there are so many."""

EACH = 50
"""Endpoints of one operator in a piece that has others."""

TELL = 1000
"""Lines of a piece, where there are so many."""

_LEAST = 50
_PATIENCE = 1.0  # seconds that entries wait for others to be told with


class HandOut:
    """What can be handed out of a journal to `size` workers, and what is."""

    def __init__(self, journal: Journal, manner: Manner, size: int, places: Sequence[str] = ("",)) -> None:
        self.out = set[AnyPiece]()
        self._journal = journal
        self._manner = manner
        self._size = size
        self._places = deque(places)
        self._waiting = deque[AnyPiece]()
        self._suspects = deque[AnyPiece]()
        self._cooling = deque[tuple[float, frozenset[tuple[str, str]]]]()
        self._behind = -1
        self._barren = False
        self._told_at = 0.0

    @property
    def all_resolved(self) -> bool:
        """Whether the list is at its end and the DNS was asked about all of it."""
        return self._journal.standing.whole and not self._unresolved

    @property
    def wants_entries(self) -> bool:
        """Whether more of the list should be read: all of it, where recipients may still come to earlier entries."""
        standing = self._journal.standing
        ahead = self._unresolved - self._owed(Resolving)
        return not standing.whole and (self._reads_all or ahead < 4 * RESOLVE * self._size)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is handed out, nor waits to be again."""
        return not (self.out or self._waiting or self._suspects)

    @property
    def _reads_all(self) -> bool:
        return self._manner.depth is Depth.RCPT

    @property
    def _unresolved(self) -> int:
        standing = self._journal.standing
        return standing.taken - standing.twice - standing.resolved

    def _owed(self, kind: type[AnyPiece]) -> int:
        return sum(len(piece.owed) for piece in self.out if isinstance(piece, kind))

    def next(self, now: float) -> AnyPiece | None:
        """The next piece; None where nothing can be handed out now."""
        piece = self._next(now)
        if piece is not None:
            self.out.add(piece)
        return piece

    def _next(self, now: float) -> AnyPiece | None:
        if self._suspects:
            return None if self.out else self._suspects.popleft()
        if any(piece.is_suspect for piece in self.out):
            return None
        if self._waiting:
            return self._waiting.popleft()
        return self._next_to_tell(now) or self._next_to_visit(now) or self._next_to_resolve()

    def take_back(self, piece: AnyPiece, now: float) -> AnyPiece | None:
        """A piece has ended. What it owes is handed out again; gives the piece where that is given up."""
        self.out.discard(piece)
        if isinstance(piece, Visiting) and self._manner.spacing:
            names = frozenset((name, piece.place) for name in piece.operators)
            self._cooling.append((now + self._manner.spacing, names))
        self._barren = False
        if not piece.owed:
            return None
        alone = piece.is_suspect
        piece.losses += 1
        if alone and len(piece.owed) == 1:
            return piece
        if alone:
            self._suspects.extend(piece.halves())
        elif piece.is_suspect:
            self._suspects.append(piece)
        else:
            self._waiting.append(piece)
        return None

    def wake(self, now: float) -> None:
        """See whether what was put off can be handed out, and whose spacing is over."""
        while self._cooling and self._cooling[0][0] <= now:
            self._cooling.popleft()
            self._barren = False
        before = self._journal.book.ready
        self._journal.book.wake(now)
        if self._journal.book.ready != before:
            self._barren = False

    def _next_to_tell(self, now: float) -> Telling | None:
        tellable = self._journal.book.tellable
        if not tellable or self._owed(Telling) >= 2 * TELL * self._size:
            return None
        if tellable < TELL and now - self._told_at < _PATIENCE and self.out:
            return None
        self._told_at = now
        return Telling((number, None) for number in self._journal.take_tellable(TELL))

    def _next_to_visit(self, now: float) -> AnyPiece | None:
        book = self._journal.book
        # A worker opens a session for all that it was given, whatever else it has: so many are given as may be open.
        each = self._manner.sessions_at_once
        room = each * self._size - self._owed(Visiting)
        size = min(self._share(book.ready, VISIT), max(1, each // 2))
        if not book.ready or self._barren or not self.all_resolved or room < size:
            return None
        self._journal.begin()
        busy = self._busy()
        for _ in range(len(self._places)):
            place = self._places[0]
            self._places.rotate(-1)
            errands = book.take_errands(place, size, EACH, busy)
            if errands:
                kept = self._without_those_that_turn_us_away(errands, place, now)
                self._waiting.extend(self._pieces(kept, place))
                return self._waiting.popleft() if kept else None
        self._barren = True
        return None

    def _pieces(self, errands: Sequence[Errand], place: str) -> Iterator[AnyPiece]:
        """These errands in pieces, as many as their recipients are worth."""
        for part in parted(errands, lambda one: self._alone((one.operator,), (one.endpoint.address,))):
            yield Visiting(((errand.key, errand) for errand in part), place)

    def _without_those_that_turn_us_away(
        self, errands: tuple[Errand, ...], place: str, now: float
    ) -> tuple[Errand, ...]:
        """The errands but those of operators that limit us whatever we do, which are given up."""
        book = self._journal.book
        paces = book.paces_of({errand.operator for errand in errands}, place)
        hopeless = {pace.operator: pace.in_a_row for pace in paces if turns_us_away(pace, now)}
        for errand in errands:
            if errand.operator in hopeless:
                times = hopeless[errand.operator]
                book.leave_alone(errand, f"{errand.operator} limited us {times} times in a row, and is left alone")
        return tuple(errand for errand in errands if errand.operator not in hopeless)

    def _busy(self) -> frozenset[tuple[str, str]]:
        """Operators and addresses of which some worker has endpoints, or had until just now, each with the place."""
        pieces = (*self.out, *self._waiting, *self._suspects)
        visiting = (piece for piece in pieces if isinstance(piece, Visiting))
        names = {(name, piece.place) for piece in visiting for name in self._alone(piece.operators, piece.addresses)}
        return frozenset(names.union(*(names for _, names in self._cooling)))

    def _alone(self, operators: Iterable[str], addresses: Iterable[str]) -> set[str]:
        """Of these, what one worker has to itself."""
        names = set[str]()
        if self._manner.per_operator or self._manner.spacing:
            names.update(operators)
        if bounds_for_address(self._manner).at_once == 1:
            names.update(addresses)
        return names

    def _next_to_resolve(self) -> Resolving | None:
        owed = self._owed(Resolving)
        waiting = self._unresolved - owed
        most = max(RESOLVE, 2 * self._manner.lookups_at_once) * self._size
        if waiting <= 0 or owed >= most or (self._reads_all and not self._journal.standing.whole):
            return None
        entries = self._journal.next_entries(self._behind, self._share(waiting, RESOLVE))
        if not entries:
            return None
        self._behind = entries[-1].number
        return Resolving((entry.number, entry) for entry in entries)

    def _share(self, waiting: int, most: int) -> int:
        """What one worker gets of what waits: never all of it, where there are several and it is little."""
        return min(most, max(_LEAST, -(-waiting // self._size)))
