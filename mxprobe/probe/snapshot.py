"""One look at a domain: ask the names, visit every address at once, ask again where it failed.

Nothing waits for what it does not need: a host is dialled when its own addresses are known, and what else rules want to
know is asked meanwhile. Dials start in preference order (or tier by tier), one connection an address at a time. What
the snapshot means is for rules to say. A look that is interrupted gives what it has.

Standards: RFC 5321 §5.1 (whom a sender would try), RFC 6890 (addresses that are not dialled).
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import groupby

from msgspec.structs import replace

from mxprobe import __version__
from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType, index_answers
from mxprobe.facts.names import is_address
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import Control, Snapshot
from mxprobe.mx.consent import Consent
from mxprobe.mx.delivery import Target
from mxprobe.mx.drift import address_questions
from mxprobe.mx.plan import plan_mx
from mxprobe.mx.wishes import subject_of
from mxprobe.probe.asked import Once
from mxprobe.probe.authorities import Directly, place_of
from mxprobe.probe.chain import ChainWalk, not_asked
from mxprobe.probe.gather import ROOMY, Asking, Gathering, gather
from mxprobe.probe.limits import families_to_compare, session_limits
from mxprobe.probe.matrix import find_consent, find_sender, matrix_questions, plain_questions, refuse, shared_hosts
from mxprobe.probe.ourselves import Ourselves
from mxprobe.probe.request import ControlHost, Request
from mxprobe.probe.validate import Validator
from mxprobe.probe.visits import Visits
from mxprobe.wire.dial import NotingDialer
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means, SessionScript, speak

__all__ = ["ControlHost", "Request", "announce_to_nobody", "take_snapshot", "tell_nobody"]

_log = logging.getLogger("mxprobe.probe")


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
    complete = True
    try:
        await look.go(announce)
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

    def __init__(self, request: Request, resolver: Resolver, means: Means, tell: Callable[[str], None]) -> None:
        self.request, self.resolver, self.means, self.tell = request, resolver, means, tell
        self.loop = asyncio.get_running_loop()
        self.began, self.began_at = self.loop.time(), means.wall()
        self.once = Once(resolver)
        self.prepared: list[Answer] = []
        self.compared: list[Answer] = []
        self.further_known: dict[Question, Answer] = {}
        self.ourselves = Ourselves(request.helo, self.once)
        self.controls: list[Control] = []
        self.gathering = Gathering()
        self.chain_known, self.sender_known = asyncio.Event(), asyncio.Event()
        self.tasks, self.dial_tasks = asyncio.TaskGroup(), asyncio.TaskGroup()
        self.visits = Visits(request, replace(means, dialer=NotingDialer(means.dialer, self._note_source)), tell)
        budget = request.vantage.budget
        self.walk = ChainWalk(request.domain, self.once, budget, self._gather_early, self._visit_early)
        self.is_gathering = False

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What was answered, each question once: about the chain first, whatever came in first."""
        found = {**self.walk.known, **self.further_known}
        for answer in (*self.prepared, *self.gathering.answers, *self.compared, *self.ourselves.answers):
            found.setdefault(answer.question, answer)
        return tuple(found.values())

    async def go(self, announce: Callable[[Snapshot], None]) -> None:
        """Ask, visit, and compare where nobody could be spoken with."""
        request = self.request
        if request.is_in_steps:
            await self._find_names()
            await self._settle_matrix()
            if request.dry_run:
                return
            if request.matrix is not None:
                announce(self.snapshot(False))
        async with self.tasks:
            if request.is_in_steps:
                self._begin_to_gather()
                await self._visit_in_steps()
            else:
                async with self.dial_tasks:
                    await self._find_names()
                    self._begin_to_gather()
                    await self.visits.visit_all(target.endpoint for target in self._further_targets())
            if not request.dns_only:
                await self._compare()

    # -- names --------------------------------------------------------------------------------------------------------

    async def _find_names(self) -> None:
        """Find the chain, the sender, and the addresses of further hosts, all at once."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle_sender())
            group.create_task(self._find_further())
            await self.walk.go()
        unasked = (answer.question for answer in self.walk.known.values() if answer.status is AnswerStatus.NOT_ASKED)
        self.gathering.unasked = (*unasked, *self.gathering.unasked)
        self.chain_known.set()

    async def _settle_sender(self) -> None:
        """Settle under which sender hosts are asked about recipients."""
        request = self.request
        if request.recipients and not request.dns_only:
            sender = request.vantage.mail_from
            if request.own_sender:
                sender = await find_sender(request.helo, self._ask_to_prepare)
            self.visits.asked_about = plain_questions(request.recipients, sender)
        self.sender_known.set()

    async def _find_further(self) -> None:
        """Find the addresses of hosts that are visited though no MX record names them."""
        names = dict.fromkeys(record.host for record in self.request.further)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.once.ask(one)) for name in names for one in address_questions(name)]
        self.further_known = {task.result().question: task.result() for task in tasks}

    async def _ask_to_prepare(self, question: Question) -> Answer:
        answer = await self.once.ask(question)
        self.prepared.append(answer)
        return answer

    def _chain(self) -> tuple[Target, ...]:
        """The addresses of the chain, as far as it is known."""
        return plan_mx(self.request.domain, self.walk.known).targets(self.request.vantage.port)

    def _further_targets(self) -> tuple[Target, ...]:
        """The addresses of hosts that are not on the chain and visited all the same."""
        chain, port = {target.endpoint for target in self._chain()}, self.request.vantage.port
        found = {
            Endpoint(host=record.host, address=one.address, port=port): record.preference
            for record in self.request.further
            for question in address_questions(record.host)
            if question in self.further_known
            for one in self.further_known[question].addresses
        }
        return tuple(
            Target(preference=preference, endpoint=endpoint)
            for endpoint, preference in found.items()
            if endpoint not in chain
        )

    async def _settle_matrix(self) -> None:
        """Settle whether more than the recipients is asked about, and by whose leave. Raises InputError."""
        request, wish, plain = self.request, self.request.matrix, self.visits.asked_about
        if wish is None or plain is None:
            return
        asked = matrix_questions(request.domain, request.recipients, plain.sender, wish)
        hosts = tuple(target.endpoint.host for target in (*self._chain(), *self._further_targets()))
        asked = replace(asked, shared=shared_hosts(hosts, wish))
        today = datetime.fromtimestamp(self.means.wall(), UTC).date()
        consent = await find_consent(request.domain, wish, today, self._ask_to_prepare)
        if isinstance(consent, Consent):
            self.visits.asked_about = replace(asked, allowed_by=consent.allowed_by, until=consent.until)
        elif request.dry_run:
            self.visits.asked_about = replace(asked, refused=consent.reason)
        else:
            raise refuse(request.domain, consent)

    # -- what rules want to know --------------------------------------------------------------------------------------

    def _gather_early(self, open_questions: int) -> None:
        """Begin beside the questions about the hosts, where the budget has room for everybody."""
        each = self.resolver.sent + 2 * open_questions
        if not self.request.is_in_steps and not self.request.anchor and self.request.vantage.budget - each >= ROOMY:
            self._begin_to_gather()

    def _begin_to_gather(self) -> None:
        if not self.is_gathering:
            self.is_gathering = True
            self.tasks.create_task(self._gather())

    async def _gather(self) -> None:
        """Ask what rules want to know beside the chain."""
        request, vantage = self.request, self.request.vantage
        subject = subject_of(request.domain, vantage, allow_special=request.allow_special, believes=not request.anchor)
        subject = replace(subject, further=tuple(record.host for record in request.further))
        directly = None
        if self.means.ask is not None:
            directly = Directly(ask=self.means.ask, port=vantage.authority_port, families=vantage.families)
        asking = Asking(
            once=self.once,
            budget=vantage.budget,
            fetch=None if request.dns_only else self.means.fetch,
            directly=directly,
            validator=Validator(self.resolver, vantage.budget, request.anchor, self.began_at),
            known=lambda: index_answers(self.answers),
            chain_known=self.chain_known,
        )
        await gather(subject, asking, self.gathering)

    # -- hosts --------------------------------------------------------------------------------------------------------

    def _visit_early(self, host: str) -> None:
        """Visit a host whose addresses are known, whatever is still asked about others."""
        if not self.request.is_in_steps and not self.request.dns_only:
            self.dial_tasks.create_task(self._visit_host(host))

    async def _visit_host(self, host: str) -> None:
        port = self.request.vantage.port
        endpoints = [Endpoint(host=host, address=address, port=port) for address in self.walk.addresses(host)]
        if endpoints:
            await self.sender_known.wait()
            await self.visits.visit_all(endpoints)

    async def _visit_in_steps(self) -> None:
        """Visit one after the other, for a matrix, or tier by tier."""
        targets = (*self._chain(), *self._further_targets())
        if self.request.matrix is None:
            for _, tier in groupby(targets, key=lambda target: target.preference):
                await self.visits.visit_all(target.endpoint for target in tier)
            return
        for endpoint in dict.fromkeys(target.endpoint for target in targets):
            if self.visits.closed(endpoint) is None:
                await self.visits.visit(endpoint)
                await self.visits.ask_again(endpoint, self.snapshot(False))

    def _note_source(self, source: str) -> None:
        self.tasks.create_task(self.ourselves.ask_about(source))

    async def _compare(self) -> None:
        """Connect to hosts of others, where nobody answers: if those do not either, the fault may be on this side."""
        families = families_to_compare(tuple(sessions[-1] for sessions in self.visits.sessions.values()))
        if not families or not self.request.controls:
            return
        self.tell("no address answers; asking hosts of other operators whether port 25 is open here")
        async with asyncio.TaskGroup() as group:
            for control in self.request.controls:
                for family in families:
                    group.create_task(self._visit_control(control, family))

    async def _visit_control(self, control: ControlHost, family: int) -> None:
        """One banner; nothing where the host has no address of the family, so that it can tell nothing."""
        vantage = self.request.vantage
        addresses = [control.host]
        if not is_address(control.host):
            rrtype = RecordType.AAAA if family == 6 else RecordType.A
            answer = await self.once.ask(Question(name=control.host, rrtype=rrtype))
            self.compared.append(answer)
            addresses = [record.address for record in answer.addresses]
        address = next((address for address in addresses if (":" in address) == (family == 6)), None)
        if address is None:
            return
        script = SessionScript(
            helo=self.request.helo, limits=session_limits(vantage), source=vantage.source, only_banner=True
        )
        endpoint = Endpoint(host=control.host, address=address, port=control.port)
        self.controls.append(Control(endpoint=endpoint, session=await speak(endpoint, script, self.means)))

    # -- what was seen ------------------------------------------------------------------------------------------------

    def snapshot(self, complete: bool) -> Snapshot:
        """What was seen, in the order of the chain; a name whose answer was not waited for did not fail."""
        request, gathering, asked = self.request, self.gathering, self.visits.asked_about
        return Snapshot(
            domain=request.domain,
            asked=request.asked,
            version=__version__,
            started_at=self.began_at,
            elapsed=round(self.loop.time() - self.began, 6),
            vantage=request.vantage if asked is None else replace(request.vantage, mail_from=asked.sender),
            recipients=request.recipients,
            answers=(*self.answers, *map(not_asked, self.walk.open)),
            visits=tuple(self.visits.of(target) for target in self._chain()),
            controls=tuple(sorted(self.controls, key=lambda control: control.endpoint.id)),
            complete=complete,
            asked_about=asked,
            policy=gathering.policy,
            asked_for=gathering.asked_for,
            unasked=gathering.unasked,
            queries=self.resolver.sent + (gathering.purse.sent if gathering.purse else 0),
            planned=tuple(self.visits.of(target) for target in self._further_targets()),
            authorities=tuple(sorted(gathering.authorities, key=place_of)),
            validations=gathering.judged,
        )
