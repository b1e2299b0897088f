"""One look at a domain: ask the names, visit every address at once, ask again where it failed.

Dials start in preference order in the same instant (or tier by tier), one connection an address at a time. What the
snapshot means is for rules to say. A look that is interrupted gives what it has.

Standards: RFC 5321 §5.1 (whom a sender would try), RFC 6890 (addresses that are not dialled).
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from mxprobe import __version__
from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType, index_answers
from mxprobe.facts.matrix import AskedAbout
from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.names import is_address
from mxprobe.facts.session import Endpoint, Session
from mxprobe.facts.snapshot import Control, NotVisited, Snapshot, Vantage, Visit
from mxprobe.mx.attempts import is_worth_another_try
from mxprobe.mx.consent import Consent
from mxprobe.mx.delivery import Target
from mxprobe.mx.drift import address_questions
from mxprobe.mx.identity import identity_questions
from mxprobe.mx.matrix import LONGEST_WAIT, answers_of, envelopes, is_worth_asking_again, numbers_for, wait_for
from mxprobe.mx.plan import plan_mx, special_use
from mxprobe.mx.wishes import subject_of
from mxprobe.probe.authorities import Directly, place_of
from mxprobe.probe.gather import Asking, Gathering, gather
from mxprobe.probe.limits import families_to_compare, session_limits
from mxprobe.probe.matrix import (
    MatrixRequest,
    find_consent,
    find_sender,
    matrix_questions,
    plain_questions,
    refuse,
    shared_hosts,
)
from mxprobe.probe.validate import Validator
from mxprobe.wire.resolver import Resolver, look_up
from mxprobe.wire.session import Means, SessionScript, Transaction, speak

_log = logging.getLogger("mxprobe.probe")

_FEWEST = 5
"""So many questions about the chain are asked, whatever the budget: it gets three quarters of it."""

MOST_AT_ONCE = 64
"""The most connections open at one time."""


class ControlHost(Struct, frozen=True, kw_only=True):
    """A mail host of another operator: `host` is its name, looked up when it is needed, or its address."""

    host: str
    port: int = 25


class Request(Struct, frozen=True, kw_only=True):
    """What to look at: `domain` as A-label, `asked` as it was typed, `controls` hosts of others for comparison.

    `helo` None: the host is told the literal of the address we come from. `own_sender`: MAIL names postmaster at the
    EHLO name where that takes mail. `matrix`: more than the recipients is asked about. `dry_run`: names are looked up,
    and no host is dialled. `further` are hosts that are visited though no MX record names them. `anchor`: the root's
    DS records as text, by which answers are validated here (empty: the resolver is believed).
    """

    domain: str
    asked: str
    vantage: Vantage
    helo: str | None = None
    recipients: tuple[str, ...] = ()
    dns_only: bool = False
    in_order: bool = False
    allow_special: bool = False
    controls: tuple[ControlHost, ...] = ()
    own_sender: bool = False
    matrix: MatrixRequest | None = None
    dry_run: bool = False
    further: tuple[ApprovedMx, ...] = ()
    anchor: tuple[str, ...] = ()


def tell_nobody(_text: str) -> None:
    """Where nobody waits for progress."""


def announce_to_nobody(_snapshot: Snapshot) -> None:
    """Where nobody wants to know beforehand."""


async def take_snapshot(
    request: Request,
    resolver: Resolver,
    means: Means,
    tell: Callable[[str], None] = tell_nobody,
    announce: Callable[[Snapshot], None] = announce_to_nobody,
) -> Snapshot:
    """The snapshot; with `complete` False where the look was cancelled on the way (the cancellation ends here).

    `tell` is called with a line whenever the look has to wait for longer than a person expects. `announce` is called
    before the first host is dialled for a matrix, with what is known by then. Raises InputError where a matrix is not
    allowed; then no host was dialled.
    """
    look = _Look(request, resolver, means, tell)
    look.announce = announce
    complete = True
    try:
        await look.go()
    except asyncio.CancelledError:
        # Ctrl-C asks for an end, and the person wants to see what is there: a snapshot that says it is not whole.
        complete = False
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        _log.warning("%s: interrupted; what was seen so far is kept", request.domain)
    return look.snapshot(complete)


class _Look:
    """The course of one look; what was seen is gathered in its fields, so that an interruption loses none of it."""

    def __init__(
        self, request: Request, resolver: Resolver, means: Means, tell: Callable[[str], None] = tell_nobody
    ) -> None:
        self.request = request
        self.tell = tell
        self.resolver = resolver
        self.means = means
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.began_at = means.wall()
        self.answers: list[Answer] = []
        self.targets: tuple[Target, ...] = ()
        self.further: tuple[Target, ...] = ()
        self.announce: Callable[[Snapshot], None] = announce_to_nobody
        self.asked_about: AskedAbout | None = None
        self.sessions: dict[Endpoint, list[Session]] = defaultdict(list)
        self.again: dict[Endpoint, tuple[Session, tuple[int, ...]]] = {}
        self.controls: list[Control] = []
        self.gathering = Gathering()
        self.turnstile = asyncio.Semaphore(MOST_AT_ONCE)
        self.doors: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def go(self) -> None:
        """Ask, visit, and compare where nobody could be spoken with."""
        request = self.request
        most = request.vantage.budget * 3 // 4
        await look_up(request.domain, self.resolver, answers=self.answers, most=max(most, _FEWEST))
        unasked = (answer.question for answer in self.answers if answer.status is AnswerStatus.NOT_ASKED)
        self.gathering.unasked += tuple(unasked)
        plan = plan_mx(request.domain, index_answers(self.answers))
        self.targets = plan.targets(request.vantage.port)
        await self._look_up_further()
        await self._prepare_questions()
        if request.dry_run:
            return
        if request.matrix is not None:
            self.announce(self.snapshot(False))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._gather())
            if not request.dns_only:
                await self._visit_hosts()
        if not request.dns_only:
            await self._look_at_ourselves()

    async def _look_up_further(self) -> None:
        """Find the addresses of hosts that are not on the chain and visited all the same."""
        further, port = self.request.further, self.request.vantage.port
        known = index_answers(self.answers)
        wanted = [question for record in further for question in address_questions(record.host)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.resolver.ask(one)) for one in dict.fromkeys(wanted) if one not in known]
        self.answers += [task.result() for task in tasks]
        known = index_answers(self.answers)
        targets = {
            Endpoint(host=record.host, address=found.address, port=port): record.preference
            for record in further
            for question in address_questions(record.host)
            for found in known[question].addresses
        }
        chain = {target.endpoint for target in self.targets}
        self.further = tuple(
            Target(preference=preference, endpoint=endpoint)
            for endpoint, preference in targets.items()
            if endpoint not in chain
        )

    async def _gather(self) -> None:
        """Ask what rules want to know beside the chain."""
        request, vantage = self.request, self.request.vantage
        subject = subject_of(request.domain, vantage, allow_special=request.allow_special, believes=not request.anchor)
        subject = replace(subject, further=tuple(record.host for record in request.further))
        directly = None
        if self.means.ask is not None:
            directly = Directly(ask=self.means.ask, port=vantage.authority_port, families=vantage.families)
        asking = Asking(
            resolver=self.resolver,
            budget=vantage.budget,
            fetch=None if request.dns_only else self.means.fetch,
            directly=directly,
            validator=Validator(self.resolver, vantage.budget, request.anchor, self.began_at),
        )
        await gather(subject, self.answers, asking, self.gathering)

    async def _visit_hosts(self) -> None:
        """Speak with every address that may be dialled, and compare where nobody answers."""
        request = self.request
        open_targets = [target for target in (*self.targets, *self.further) if self._closed_to_us(target) is None]
        if request.matrix is not None:
            for endpoint in dict.fromkeys(target.endpoint for target in open_targets):
                await self._visit(endpoint)
                await self._ask_again(endpoint)
        elif request.in_order:
            for _, tier in groupby(open_targets, key=lambda target: target.preference):
                await self._visit_all(tuple(tier))
        else:
            await self._visit_all(open_targets)
        families = families_to_compare(tuple(sessions[-1] for sessions in self.sessions.values()))
        if families and request.controls:
            self.tell("no address answers; asking hosts of other operators whether port 25 is open here")
            await self._compare(families)

    async def _prepare_questions(self) -> None:
        """Settle what is asked about, under which sender, and whether that is allowed. Raises InputError."""
        request, wish = self.request, self.request.matrix
        if not request.recipients or request.dns_only:
            return
        sender = await find_sender(request.helo, self._ask_once) if request.own_sender else request.vantage.mail_from
        if wish is None:
            self.asked_about = plain_questions(request.recipients, sender)
            return
        asked = matrix_questions(request.domain, request.recipients, sender, wish)
        shared = shared_hosts(tuple(target.endpoint.host for target in (*self.targets, *self.further)), wish)
        today = datetime.fromtimestamp(self.means.wall(), UTC).date()
        consent = await find_consent(request.domain, wish, today, self._ask_once)
        if isinstance(consent, Consent):
            self.asked_about = replace(asked, shared=shared, allowed_by=consent.allowed_by, until=consent.until)
        elif request.dry_run:
            self.asked_about = replace(asked, shared=shared, refused=consent.reason)
        else:
            raise refuse(request.domain, consent)

    async def _ask_once(self, question: Question) -> Answer:
        """The answer to a question, which is kept; nobody is asked twice."""
        answer = index_answers(self.answers).get(question)
        if answer is None:
            answer = await self.resolver.ask(question)
            self.answers.append(answer)
        return answer

    async def _look_at_ourselves(self) -> None:
        """Ask whether the addresses that we came from have names that fit, as the hosts may have asked."""
        sources = {session.source for sessions in self.sessions.values() for session in sessions if session.source}
        for source in sorted(sources):
            while questions := identity_questions(source, self.request.helo, index_answers(self.answers)):
                self.answers += [await self.resolver.ask(question) for question in questions]

    def _closed_to_us(self, target: Target) -> NotVisited | None:
        """Why an address is not dialled; None where it may be."""
        endpoint = target.endpoint
        if self.request.dns_only:
            return NotVisited.DNS_ONLY
        if (6 if endpoint.is_ipv6 else 4) not in self.request.vantage.families:
            return NotVisited.FAMILY_NOT_ASKED
        if special_use(endpoint.address) is not None and not self.request.allow_special:
            return NotVisited.SPECIAL_USE
        return NotVisited.DRY_RUN if self.request.dry_run else None

    async def _visit_all(self, targets: Sequence[Target]) -> None:
        async with asyncio.TaskGroup() as group:
            for endpoint in dict.fromkeys(target.endpoint for target in targets):
                group.create_task(self._visit(endpoint))

    async def _visit(self, endpoint: Endpoint) -> None:
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

    async def _ask_again(self, endpoint: Endpoint) -> None:
        """Put those questions once more that were answered by later, where the look is patient, after the wait."""
        asked = self.asked_about
        if asked is None or not asked.patient:
            return
        snapshot = self.snapshot(False)
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

    async def _compare(self, families: tuple[int, ...]) -> None:
        """Connect to hosts of others: if those do not answer either, the fault may be on this side."""
        async with asyncio.TaskGroup() as group:
            for control in self.request.controls:
                for family in families:
                    group.create_task(self._visit_control(control, family))

    async def _visit_control(self, control: ControlHost, family: int) -> None:
        """One banner; nothing where the host has no address of the family, so that it can tell nothing."""
        vantage = self.request.vantage
        addresses = [control.host]
        if not is_address(control.host):
            answer = await self.resolver.ask(
                Question(name=control.host, rrtype=RecordType.AAAA if family == 6 else RecordType.A)
            )
            self.answers.append(answer)
            addresses = [record.address for record in answer.addresses]
        address = next((address for address in addresses if (":" in address) == (family == 6)), None)
        if address is None:
            return
        script = SessionScript(
            helo=self.request.helo, limits=session_limits(vantage), source=vantage.source, only_banner=True
        )
        endpoint = Endpoint(host=control.host, address=address, port=control.port)
        self.controls.append(Control(endpoint=endpoint, session=await speak(endpoint, script, self.means)))

    def snapshot(self, complete: bool) -> Snapshot:
        """What was seen, in the order of the chain."""
        return Snapshot(
            domain=self.request.domain,
            asked=self.request.asked,
            version=__version__,
            started_at=self.began_at,
            elapsed=round(self.loop.time() - self.began, 6),
            vantage=self._vantage(),
            recipients=self.request.recipients,
            answers=tuple(self.answers),
            visits=tuple(self._visited(target) for target in self.targets),
            controls=tuple(sorted(self.controls, key=lambda control: control.endpoint.id)),
            complete=complete,
            asked_about=self.asked_about,
            policy=self.gathering.policy,
            asked_for=self.gathering.asked_for,
            unasked=self.gathering.unasked,
            queries=self.resolver.sent + (self.gathering.purse.sent if self.gathering.purse else 0),
            planned=tuple(self._visited(target) for target in self.further),
            authorities=tuple(sorted(self.gathering.authorities, key=place_of)),
            validations=self.gathering.judged,
        )

    def _vantage(self) -> Vantage:
        """From where it was looked, with the sender that was settled on."""
        asked = self.asked_about
        return self.request.vantage if asked is None else replace(self.request.vantage, mail_from=asked.sender)

    def _visited(self, target: Target) -> Visit:
        sessions = tuple(self.sessions.get(target.endpoint, ()))
        why = self._closed_to_us(target)
        again, numbers = self.again.get(target.endpoint, (None, ()))
        return Visit(
            endpoint=target.endpoint,
            preference=target.preference,
            sessions=sessions,
            not_visited=why or (None if sessions else NotVisited.INTERRUPTED),
            again=again,
            asked_again=numbers,
        )
