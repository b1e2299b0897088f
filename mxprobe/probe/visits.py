"""Speaks with the addresses of a look: each as often as that may help, one connection an address at a time.

Whom to visit, and when, is decided in `snapshot`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from mxprobe.facts.matrix import AskedAbout
from mxprobe.facts.session import Endpoint, Session
from mxprobe.facts.snapshot import NotVisited, Snapshot, Visit
from mxprobe.mx.attempts import is_worth_another_try
from mxprobe.mx.delivery import Target
from mxprobe.mx.matrix import LONGEST_WAIT, answers_of, envelopes, is_worth_asking_again, numbers_for, wait_for
from mxprobe.mx.plan import special_use
from mxprobe.probe.limits import session_limits
from mxprobe.probe.request import Request
from mxprobe.wire.session import Means, SessionScript, Transaction, speak

MOST_AT_ONCE = 64
"""The most connections open at one time."""


class Visits:
    """The sessions of one look, kept as they end. `asked_about` is what hosts are asked, once that is settled."""

    def __init__(self, request: Request, means: Means, tell: Callable[[str], None]) -> None:
        self.request, self.means, self.tell = request, means, tell
        self.asked_about: AskedAbout | None = None
        self.sessions: dict[Endpoint, list[Session]] = defaultdict(list)
        self.again: dict[Endpoint, tuple[Session, tuple[int, ...]]] = {}
        self.turnstile = asyncio.Semaphore(MOST_AT_ONCE)
        self.doors: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def closed(self, endpoint: Endpoint) -> NotVisited | None:
        """Why an address is not dialled; None where it may be."""
        if self.request.dns_only:
            return NotVisited.DNS_ONLY
        if (6 if endpoint.is_ipv6 else 4) not in self.request.vantage.families:
            return NotVisited.FAMILY_NOT_ASKED
        if special_use(endpoint.address) is not None and not self.request.allow_special:
            return NotVisited.SPECIAL_USE
        return NotVisited.DRY_RUN if self.request.dry_run else None

    async def visit_all(self, endpoints: Iterable[Endpoint]) -> None:
        """Speak at once with all of them that may be dialled."""
        async with asyncio.TaskGroup() as group:
            for endpoint in dict.fromkeys(endpoints):
                if self.closed(endpoint) is None:
                    group.create_task(self.visit(endpoint))

    async def visit(self, endpoint: Endpoint) -> None:
        """Speak with an address, and again while that may help."""
        vantage = self.request.vantage
        asked = self.asked_about
        script = self._script(numbers_for(asked, endpoint.host) if asked is not None else ())
        for attempt in range(vantage.attempts):
            if attempt:
                await asyncio.sleep(vantage.spacing)
            async with self.doors[endpoint.address], self.turnstile:
                session = await speak(endpoint, script, self.means)
            self.sessions[endpoint].append(session)
            if not is_worth_another_try(session):
                return
            if attempt + 1 < vantage.attempts:
                failure = session.failure.kind if session.failure else "later"
                self.tell(f"{endpoint.id}: {failure}; asked again in {vantage.spacing:.0f} s")

    def _script(self, numbers: tuple[int, ...]) -> SessionScript:
        """The session in which these questions are put; without any, one that asks about nobody."""
        vantage = self.request.vantage
        script = SessionScript(helo=self.request.helo, limits=session_limits(vantage), source=vantage.source)
        if self.asked_about is None or not numbers:
            return script
        questions = self.asked_about.questions
        first, *further = (
            Transaction(mail_from=sender, recipients=tuple(questions[number].recipient for number in group))
            for sender, group in envelopes(self.asked_about, numbers)
        )
        return replace(script, mail_from=first.mail_from, recipients=first.recipients, further=tuple(further))

    async def ask_again(self, endpoint: Endpoint, snapshot: Snapshot) -> None:
        """Put those questions once more that were answered by later, where the look is patient, after the wait."""
        asked = self.asked_about
        if asked is None or not asked.patient:
            return
        visit = next(visit for visit in snapshot.all_visits if visit.endpoint == endpoint)
        numbers = numbers_for(asked, endpoint.host)
        givens = dict(zip(numbers, answers_of(snapshot, visit), strict=True))
        waiting = {number: given for number, given in givens.items() if is_worth_asking_again(given)}
        if not waiting:
            return
        wait = wait_for(tuple(waiting.values()))
        if wait > LONGEST_WAIT:
            self.tell(f"{endpoint.id}: asks to wait {wait:.0f} s, which is too long; not asked again")
            return
        self.tell(f"{endpoint.id}: later; asked again in {wait:.0f} s")
        await asyncio.sleep(wait)
        async with self.doors[endpoint.address], self.turnstile:
            session = await speak(endpoint, self._script(tuple(waiting)), self.means)
        self.again[endpoint] = (session, tuple(waiting))

    def of(self, target: Target) -> Visit:
        """What came of an address."""
        sessions = tuple(self.sessions.get(target.endpoint, ()))
        why = self.closed(target.endpoint)
        again, numbers = self.again.get(target.endpoint, (None, ()))
        return Visit(
            endpoint=target.endpoint,
            preference=target.preference,
            sessions=sessions,
            not_visited=why or (None if sessions else NotVisited.INTERRUPTED),
            again=again,
            asked_again=numbers,
        )
