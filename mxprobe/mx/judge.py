"""Judges a mailer that is not ours by what the hosts saw: was each of its moves among those that are lawful?

The delivery engine runs beside it with the reference's profile and no limits. An attempt is lawful where the engine
allows it next; a wait or a bounce, where the engine has come to one. A move that the engine does not know is left open
where the outcome table says that senders differ in the cell it answers to, and against the standard elsewhere.

Hosts see connections and not reasons. Of several addresses of one host, any order is lawful; a host that is passed over
shortly after it failed is taken to be remembered (C5).

Standards: RFC 5321 §5.1 (order, and going on), §4.5.4.1 (giving up), RFC 7505 §4.1 (null MX), RFC 8461 §5
and RFC 7672 §2.2 (to whom nothing may be said in clear).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from mxprobe.facts.judged import Judged, Standing
from mxprobe.facts.run import Event, EventKind, Run, TlsUse
from mxprobe.facts.session import Endpoint
from mxprobe.mx.cells import CELLS
from mxprobe.mx.delivery import Attempt, Delivery, MoveKind, Target, start
from mxprobe.mx.outcome import Action, Cell, TlsPolicy
from mxprobe.mx.profile import Shuffle
from mxprobe.mx.retry import DAY
from mxprobe.mx.senders import NoSuchSender, parse_sender, rfc5321

_REFERENCE = replace(rfc5321.PROFILE, shuffle=Shuffle.ADDRESSES)
_ORDER = "RFC 5321 §5.1"
_GIVING_UP = "RFC 5321 §4.5.4.1"
_LONG_ENOUGH = 4 * DAY
_ENDS = (EventKind.REFUSED, EventKind.ACCEPTED)
_MOVES = (EventKind.TRIED, *_ENDS, EventKind.WAITS, EventKind.BOUNCED)
_IN_CLEAR = {TlsPolicy.DANE: "RFC 7672 §2.2", TlsPolicy.MTA_STS: "RFC 8461 §5"}
_NOT_ASKED = ("C5", "T0")
_FINAL_WAIT = 600.0
"""Seconds that a sender should wait for the answer to the final dot (RFC 5321 §4.5.3.2.6)."""

_ONE_NOTICE = "RFC 5321 §6.1"
_AT_LEAST = 2
"""Addresses after which a sender may leave it at that for now (RFC 5321 §5.1)."""


def judge_moves(run: Run, who: str = "sender") -> tuple[Judged, ...]:
    """Every move of one mailer in a run, in order of time; none where the domain's records changed on the way."""
    if any(event.kind is EventKind.PUBLISH for event in run.events):
        return ()
    copies: dict[tuple[str, str], list[Event]] = {}
    for event in run.events:
        if event.who == who and event.kind in _MOVES and event.message and event.recipient:
            copies.setdefault((event.message, event.recipient), []).append(event)
    sent = {
        (event.message, event.recipient): event.at
        for event in run.events
        if event.kind in (EventKind.SENT, EventKind.QUEUED)
    }
    judged = [
        move for copy, events in copies.items() for move in _Copy(run, events, sent.get(copy, events[0].at)).judge()
    ]
    return tuple(sorted(judged, key=lambda move: move.at))


class _Copy:
    """One recipient's copy on its way: the events are those of one mailer."""

    def __init__(self, run: Run, events: Sequence[Event], sent_at: float) -> None:
        self.run, self.events, self.sent_at = run, events, sent_at
        self.policy = _policy_of(run.sender)
        self.round: int | None = None
        self.engine = self._engine(None)
        self.tries: Counter[str] = Counter()
        self.passed: list[str] = []
        self.begun_at = self.answered_after = 0.0
        self.settled: str | None = None
        self.ended = False

    def judge(self) -> Iterator[Judged]:
        """The moves, in order."""
        for event in self.events:
            match event.kind:
                case EventKind.TRIED:
                    if event.round != self.round:
                        yield from self._next_round(event)
                    self.passed, self.begun_at = [], event.at
                    yield self._try(event)
                case EventKind.REFUSED | EventKind.ACCEPTED:
                    yield from self._outcome(event)
                case EventKind.WAITS:
                    yield from self._end_round(event)
                case _:
                    yield self._bounce(event)

    # -- rounds -------------------------------------------------------------------------------------------------------

    def _engine(self, number: int | None) -> Delivery:
        """The reference at the beginning of a round: as many addresses of each host as were tried in it."""
        tries = Counter(event.host for event in self.events if event.kind is EventKind.TRIED and event.round == number)
        targets = [
            Target(preference=preference, endpoint=_address(host, place))
            for preference, host in self.run.chain
            for place in range(max(1, tries[host]))
        ]
        engine = start(_REFERENCE, self.policy, targets, (self.events[0].recipient or "",))
        return replace(engine, queued_for=self.events[0].at - self.sent_at)

    def _next_round(self, event: Event) -> Iterator[Judged]:
        if self.round is not None and not self.ended and self.settled is None:
            yield from self._end_round(replace(event, kind=EventKind.WAITS))
        self.round, self.ended = event.round, False
        self.engine, self.tries = self._engine(event.round), Counter()
        for host in self.passed:
            self._pass_over(host)

    def _end_round(self, event: Event) -> Iterator[Judged]:
        """The mail waits: it has come to a wait, or there was somebody left to ask."""
        if self.ended or self.settled is not None:
            return  # what a log repeats is no move
        self.ended = True
        if self.round is None:
            yield self._by_names(event, "keeps it for later", Action.WAIT)
            return
        left = self._left()
        does = "keeps it for later"
        if left and not self.engine.clear_next:
            yield self._stopped_short(event, does, left)
        elif MoveKind.BOUNCE in {move.kind for move in self.engine.lawful()} or self.engine.bounced:
            yield self._judged(event, does, Standing.OPEN, "who keeps what was refused loses nothing", _GIVING_UP)
        else:
            yield self._judged(event, does, Standing.LAWFUL, "nobody is left to ask in this round", _GIVING_UP)

    # -- moves --------------------------------------------------------------------------------------------------------

    def _try(self, event: Event) -> Judged:
        host = event.host or ""
        if self.engine.clear_next is not None and self.engine.clear_next.host == host:
            self._one_address_less(host)
            because = "the same host once more, without TLS"
            return self._judged(event, f"tries {host} in clear", Standing.LAWFUL, because, "RFC 7435 §3")
        endpoint = _address(host, self.tries[host])
        self.tries[host] += 1
        does = f"tries {host}"
        chain = {name: preference for preference, name in self.run.chain}
        if host not in chain:
            return self._stranger(event, does)
        if self.settled is not None or not self.engine.pending:
            return self._after_the_last_word(event, does)
        if endpoint in {move.endpoint for move in self.engine.lawful()}:
            return self._judged(event, does, Standing.LAWFUL, self._why_next(chain, host), _ORDER)
        if self.engine.clear_next is not None:
            self.engine = replace(self.engine, clear_next=None)
            because = "who finds no TLS may go on in place of trying in clear"
            return self._judged(event, does, Standing.OPEN, because, _on(self._last_cell(), "RFC 7435 §3"))
        better = next((name for name in self._left() if chain[name] < chain[host]), None)
        if better is None:
            return self._judged(event, does, Standing.LAWFUL, "equal hosts come in any order", _ORDER)
        because = f"{better} has a better preference ({chain[better]}) and was not asked in this round"
        return self._against(event, does, because, _ORDER)

    def _outcome(self, event: Event) -> Iterator[Judged]:
        host, cell = event.host or "", event.cell
        if cell in _NOT_ASKED:
            self.passed.append(host)
            self._pass_over(host)
            standing = Standing.OPEN if CELLS[cell].open else Standing.LAWFUL
            yield self._judged(event, f"passes {host} over", standing, CELLS[cell].event, CELLS[cell])
            return
        in_clear = event.kind is EventKind.ACCEPTED and event.tls is TlsUse.NONE
        if in_clear and host in self.run.protected and self.policy in _IN_CLEAR:
            because = f"{host} has to be authenticated before it is given anything"
            does = f"hands it to {host} in clear"
            yield self._judged(event, does, Standing.AGAINST, because, _on(cell, _IN_CLEAR[self.policy]))
        if cell is None or cell not in CELLS or not self.tries[host] or not self.engine.pending:
            return
        self.answered_after = event.at - self.begun_at
        endpoint = _address(host, self.tries[host] - 1)
        recipient = self.engine.pending[0]
        attempt = Attempt(
            endpoint=endpoint,
            cell=cell,
            recipients=((recipient, cell),),
            clear=endpoint in self.engine.tried,
        )
        self.engine = self.engine.record(attempt)
        if self.engine.delivered:
            self.settled = "Z1"

    def _bounce(self, event: Event) -> Judged:
        does = "gives it back"
        if self.settled == "Z1":
            return self._after_the_last_word(event, does)
        if self.settled is not None:
            return self._judged(event, does, Standing.AGAINST, "it was given back already", _ONE_NOTICE)
        self.settled = event.cell or ""
        if self.round is None:
            return self._by_names(event, does, Action.BOUNCE)
        if self.engine.bounced or MoveKind.BOUNCE in {move.kind for move in self.engine.lawful()}:
            why = CELLS[self.engine.bounced[-1][1] if self.engine.bounced else "E2"]
            return self._judged(event, does, Standing.LAWFUL, why.event, why)
        if event.at - self.sent_at >= _LONG_ENOUGH:
            return self._judged(event, does, Standing.LAWFUL, CELLS["E3"].event, CELLS["E3"])
        if event.cell is not None and CELLS[event.cell].action is Action.BOUNCE and event.cell[0] == "D":
            return self._by_names(event, does, Action.BOUNCE)
        left = self._left()
        if left:
            return self._stopped_short(event, does, left)
        last = self._last_cell()
        if last is not None and CELLS[last].open:
            return self._judged(event, does, Standing.OPEN, _differ(last), CELLS[last])
        because = "every failure was one for now, and mail is kept for four to five days at least"
        return self._against(event, does, because, _on(last, _GIVING_UP))

    def _one_address_less(self, host: str) -> None:
        """What looked like one more address of a host was one that is tried again."""
        most = max(target.endpoint.address for target in self.engine.targets if target.endpoint.host == host)
        targets = tuple(target for target in self.engine.targets if target.endpoint.address != most)
        self.engine = replace(self.engine, targets=targets)

    def _pass_over(self, host: str) -> None:
        """The mailer had its reasons not to ask a host in this round."""
        rest = tuple(target.endpoint for target in self.engine.targets if target.endpoint.host == host)
        self.engine = replace(self.engine, tried=(*self.engine.tried, *rest), again=True)

    # -- why ----------------------------------------------------------------------------------------------------------

    def _why_next(self, chain: dict[str, int], host: str) -> str:
        if not self.engine.tried:
            return f"the best preference is {chain[host]}"
        if self.engine.tried[-1].host == host:
            return "another address of the same host"
        return f"{self.engine.tried[-1].host} did not take it, and {host} is next"

    def _stranger(self, event: Event, does: str) -> Judged:
        if not self.run.chain:
            because = "the domain says that it takes no mail, or has no host for it"
            return self._against(event, does, because, "RFC 7505 §4.1; RFC 5321 §5.1")
        because = "no MX record names this host, and where there are MX records nobody else is asked"
        return self._against(event, does, because, _ORDER)

    def _after_the_last_word(self, event: Event, does: str) -> Judged:
        """The reference would have asked nobody any more: the mail was refused for good, or has to wait."""
        decided = (*self.engine.delivered, *self.engine.bounced, *self.engine.postponed)
        cell = self.settled if self.settled is not None else decided[-1][1]
        if cell not in CELLS:
            return self._judged(event, does, Standing.AGAINST, "it was given back already", _ONE_NOTICE)
        if cell == "Z1" and self.answered_after >= _FINAL_WAIT:
            because = "the host took so long to accept it that nobody has to wait for that; a second copy is allowed"
            return self._judged(event, does, Standing.OPEN, because, _on("Z5", "RFC 5321 §4.5.3.2.6; RFC 1047"))
        if cell == "Z1":
            return self._judged(
                event, does, Standing.AGAINST, "it was accepted already", _on(cell, "RFC 5321 §4.2.5, §6.1")
            )
        if CELLS[cell].open:
            return self._judged(event, does, Standing.OPEN, _differ(cell), CELLS[cell])
        because = f"{CELLS[cell].event}: that is an answer to the message, and not to be asked again elsewhere"
        return self._judged(event, does, Standing.AGAINST, because, CELLS[cell])

    def _stopped_short(self, event: Event, does: str, left: Sequence[str]) -> Judged:
        """The round ended with somebody left to ask: after two addresses that may be, and where senders differ."""
        cell = self._last_cell()
        if self.policy in _IN_CLEAR:
            because = f"{left[0]} was not asked, which the TLS policy {self.policy} may have ruled out"
            return self._judged(event, does, Standing.UNKNOWN, because, _on(cell, _IN_CLEAR[self.policy]))
        if cell == "R3":
            return self._judged(event, does, Standing.LAWFUL, "the rest may come later", CELLS[cell])
        if cell is not None and (CELLS[cell].open or self.engine.postponed):
            return self._judged(event, does, Standing.OPEN, _differ(cell), CELLS[cell])
        if sum(self.tries.values()) >= _AT_LEAST:
            because = f"{left[0]} was not asked; two addresses are the least that a sender should try, and were tried"
            return self._judged(event, does, Standing.OPEN, because, _on(cell, _ORDER))
        because = f"{left[0]} was not asked, and two addresses are the least that a sender should try"
        return self._against(event, does, because, _on(cell, _ORDER))

    def _by_names(self, event: Event, does: str, action: Action) -> Judged:
        """A move without an attempt: it answers to what the domain's names said."""
        cell = CELLS.get(event.cell or "")
        if cell is None or cell.id[0] not in "DC":
            return self._judged(event, does, Standing.UNKNOWN, "nobody was asked, and no host saw why", "")
        if cell.action is action:
            return self._judged(event, does, Standing.LAWFUL, cell.event, cell)
        standing = Standing.OPEN if cell.open or action is Action.WAIT else Standing.AGAINST
        return self._judged(event, does, standing, cell.event, cell)

    def _against(self, event: Event, does: str, because: str, ground: Cell | str) -> Judged:
        """A move that is against a standard, if the names said what the story publishes."""
        faults = (one for one in self.run.conditions if one.fault.startswith("dns-"))
        if any(one.begins <= event.at for one in faults):
            because = f"{because}, or its names said otherwise, which were disturbed"
            return self._judged(event, does, Standing.UNKNOWN, because, ground)
        return self._judged(event, does, Standing.AGAINST, because, ground)

    def _left(self) -> list[str]:
        """The hosts that nobody has asked in this round, best first."""
        asked = {endpoint.host for endpoint in self.engine.tried}
        return [host for _, host in sorted(self.run.chain) if host not in asked]

    def _last_cell(self) -> str | None:
        decided = (*self.engine.bounced, *self.engine.postponed)
        return decided[-1][1] if decided else self.engine.last_cell

    def _judged(self, event: Event, does: str, standing: Standing, because: str, ground: Cell | str) -> Judged:
        """The move, by a row of the outcome table, or by clauses alone."""
        return Judged(
            at=event.at,
            message=event.message or "",
            recipient=event.recipient or "",
            does=does,
            standing=standing,
            because=because,
            cell=event.cell if isinstance(ground, str) else ground.id,
            clauses=ground if isinstance(ground, str) else ground.clauses,
        )


def _on(cell: str | None, clauses: str) -> Cell | str:
    """A row of the table by its name, with other clauses than its own; the clauses alone where there is no row."""
    return clauses if cell is None else replace(CELLS[cell], clauses=clauses)


def _differ(cell: str) -> str:
    return f"{CELLS[cell].event}: here senders differ, and the standard does not decide"


def _address(host: str, place: int) -> Endpoint:
    """Addresses of one host are told apart by the order in which they were tried."""
    return Endpoint(host=host, address=f"{host}#{place}")


def _policy_of(sender: str) -> TlsPolicy:
    try:
        return parse_sender(sender.rpartition(":")[2])[1]
    except NoSuchSender:
        return TlsPolicy.MAY
