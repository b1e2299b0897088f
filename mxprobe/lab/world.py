"""The world of one story: its hosts, names, faults and mailers, on one event loop, and the book of what happens.

The world asks the pure rooms at every moment (faults first, then the well-behaved host) and acts nothing itself: hosts,
name servers and mailers do. Where connections go is the stage's business: memory here, sockets in `loopback`.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec.structs import replace

from mxprobe.facts.dns import Question
from mxprobe.facts.dsn import Bounce
from mxprobe.facts.proof import Found
from mxprobe.facts.run import Event, EventKind, Looked
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.lab.alarms import Alarms
from mxprobe.lab.certs import Authority
from mxprobe.lab.content import Machines, change, first_content, make_zones
from mxprobe.lab.direct import ask_nobody
from mxprobe.lab.guard import Knowledge
from mxprobe.lab.letter import Letter, stamp, write_message
from mxprobe.lab.mailer import Mailer, Surroundings
from mxprobe.lab.nameserver import NameServer
from mxprobe.lab.policyhost import HTTPS_PORT, PolicySeams
from mxprobe.lab.seams import Door, HostSeams, Look, Lookout, StoredMessage
from mxprobe.lab.strikes import Strikes
from mxprobe.lab.teller import PROBE, Teller
from mxprobe.mx.dane import tlsa_record
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.profile import Profile
from mxprobe.mx.senders import parse_sender
from mxprobe.scenario.addresses import tell_addresses
from mxprobe.scenario.fates import gather_fates
from mxprobe.scenario.host import answer, answer_policy_request, combine
from mxprobe.scenario.model import DNS, POLICY_HOST, Break, Probe, Prove, Publish, Scenario, Send
from mxprobe.scenario.reaction import HandOn, Keep, Moment, Reaction
from mxprobe.wire.resolver import Exchange, Resolver
from mxprobe.wire.send import Connect

EPOCH = 1767225600.0
"""The wall-clock moment of story time 0: 2026-01-01 00:00:00 UTC."""

SENDER = "sender"


class World:
    """One staging of a story. `now` gives story time in seconds; `addresses` are those of the hosts, by name.
    `places` says whose each address is: of several names that share one, the first has the machine.

    `ask` reaches the name servers, at the addresses that the zone has for them (`nameservers`, empty: the story's own).
    `answered` gets sessions as they go on, `heard` every event. `origin` is the event loop's time at story time 0;
    steps up to story time `begun` are taken for done by `tell`.
    """

    def __init__(
        self, scenario: Scenario, seed: int, addresses: dict[str, tuple[str, ...]], nameservers: tuple[str, ...] = ()
    ) -> None:
        self.scenario, self.seed, self.addresses = scenario, seed, addresses
        self.events: list[Event] = []
        self.sessions: list[Session] = []
        self.mailers: dict[str, Mailer] = {}
        self.authority = Authority(seed)
        self.machines = Machines(addresses=addresses, tlsa=self._promise(), nameservers=nameservers)
        first = first_content(scenario)
        served = make_zones(scenario, first, self.machines, seed)
        self.anchor = served.anchor
        self.policy = first.policy
        self.contents = dict.fromkeys(scenario.nameservers, first)
        self.names = {name: NameServer(served.zones) for name in scenario.nameservers}
        self.teller = Teller(self)
        self.policy_port = HTTPS_PORT
        self.ask: Exchange = ask_nobody
        self.look: Look | None = None
        self.answered: Callable[[Session], None] | None = None
        self.heard: Callable[[Event], None] | None = None
        self.looks: list[Looked] = []
        self.mailbox: list[Found] = []
        self.work: asyncio.TaskGroup | None = None
        self.errands: dict[asyncio.Task[None], str] = {}
        self.origin, self.begun = 0.0, float("-inf")
        self.alarms = Alarms(lambda: self.now)
        # Of several names at one address the best preference is who stands there.
        self.host_of = {address: name for name, found in reversed(addresses.items()) for address in reversed(found)}
        self.strikes = Strikes(scenario, seed, lambda: self.now, tell_addresses(scenario, addresses))
        self._doors = {host: Door() for host in addresses}

    # -- moments ------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Story time in seconds."""
        return asyncio.get_running_loop().time() - self.origin

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """What a host does: the newest fault that has something to say, else its own good manners."""
        moment = replace(moment, client_host=self._name_client(moment.client))
        own = answer(self.scenario, moment)
        fault = self.strikes.strike(moment.host, moment)
        return combine(fault, own)

    def react_to_question(self, question: Question, server: str) -> tuple[Reaction, ...]:
        """What one of the domain's name servers does in place of answering."""
        found = self.strikes.strike(server, Moment(now=self.now, host=server, question=question))
        return found or self.strikes.strike(DNS, Moment(now=self.now, host=server, question=question))

    def react_to_request(self, moment: Moment) -> tuple[Reaction, ...]:
        """What the host of the policy does, at a handshake and at a request."""
        own = answer_policy_request(self.policy, moment)
        return combine(self.strikes.strike(POLICY_HOST, moment), own)

    def react_to_connection(self, address: str) -> tuple[Reaction, ...]:
        """What becomes of an attempt to connect to one of the hosts."""
        return self._meet_connection(address, counts=True)

    def foresee_connection(self, address: str) -> tuple[Reaction, ...]:
        """What would become of an attempt to connect now; none is made."""
        return self._meet_connection(address, counts=False)

    def _meet_connection(self, address: str, *, counts: bool) -> tuple[Reaction, ...]:
        host = self.host_of.get(address)
        if host is None:
            return ()
        host = POLICY_HOST if host == self.scenario.policy_host else host
        moment = Moment(now=self.now, host=host, address=address, phase=Phase.CONNECT)
        return self.strikes.strike(host, moment, counts=counts)

    def begin(self, step: Break) -> None:
        """Put the faults of a step that was not known beforehand in force."""
        self.strikes.begin(step)

    def mend(self, host: str) -> None:
        """End every fault of a host, or of a part of one, that is in force now, but those that it always has."""
        self.strikes.mend(host)

    def _name_client(self, address: str) -> str:
        return self.host_of.get(address, SENDER)

    # -- what happens -------------------------------------------------------------------------------------------------

    def record(self, event: Event) -> None:
        """Write a line into the story's book."""
        self.events.append(event)
        self.teller.notice()
        if self.heard is not None:
            self.heard(event)

    def source_of(self, who: str, towards: str) -> str | None:
        """The address that a relay connects from; None for the sender, which has none of the story's."""
        return next((one for one in self.addresses.get(who, ()) if (":" in one) == (":" in towards)), None)

    def seams_of(self, host: str, address: str, port: int) -> HostSeams:
        """What a lab host is made with, at one of its addresses."""
        return HostSeams(
            name=host,
            address=address,
            port=port,
            react=self.react,
            now=lambda: self.now,
            epoch=EPOCH,
            context=lambda kind, version: self.authority.context(host, kind, version),
            store=lambda stored, how: self._store(host, stored, how),
            finished=self.sessions.append,
            verify=lambda other, recipient: self._verify(host, other, recipient),
            door=self._doors[host],
            answered=self.answered,
        )

    def policy_seams(self) -> PolicySeams:
        """What the host of the domain's MTA-STS policy is made with."""
        host = self.scenario.policy_host
        return PolicySeams(
            name=POLICY_HOST,
            react=self.react_to_request,
            now=lambda: self.now,
            context=lambda kind, version: self.authority.context(host, kind, version),
        )

    def _promise(self) -> dict[str, str]:
        """The TLSA records of hosts that have any: of their own certificates, or of the authority's."""
        records = {}
        for spec in self.scenario.hosts:
            if spec.tlsa:
                usage, selector, mtype = map(int, spec.tlsa.split())
                of_authority = usage in (0, 2)
                der = self.authority.der if of_authority else self.authority.issue(spec.name).der
                records[spec.name] = tlsa_record(der, usage, selector, mtype)
        return records

    async def _verify(self, host: str, other: str, recipient: str) -> str | None:
        """What a host says of a recipient that `other` does not know, or cannot be asked about; None where it does."""
        known = await self.mailers[host].ask_recipient(other, recipient)
        if known is None:
            return "450 4.1.1 The recipient cannot be verified now"
        return None if known else f"550 5.1.1 <{recipient}> No such mailbox"

    def _store(self, host: str, stored: StoredMessage, how: Keep | HandOn) -> None:
        """Keep a message in the mailbox, or queue it to be handed on."""
        kind = EventKind.ARRIVED if isinstance(how, Keep) else EventKind.QUEUED
        for recipient in stored.recipients:
            self.record(
                Event(
                    at=round(stored.at, 6),
                    kind=kind,
                    who=self.scenario.short(host),
                    message=stored.token,
                    recipient=recipient,
                    session=stored.session,
                )
            )
        stamped = stamp(host, self._name_client(stored.client), EPOCH + stored.at, stored.content)
        if isinstance(how, Keep):
            self.mailbox.append(Found(content=stamped, place=self.scenario.short(host), at=EPOCH + stored.at))
        if isinstance(how, HandOn) and self.work is not None:
            letter = Letter(
                message=stored.token or "",
                mail_from=stored.mail_from,
                recipients=stored.recipients,
                content=stamped,
            )
            self._send_off(self.work, host, letter)

    # -- mailers ------------------------------------------------------------------------------------------------------

    async def wait_for_power(self, host: str) -> None:
        """Wait while the host is stopped; for ever where it never comes back."""
        while stops := [spell for spell in self.strikes.lasting(host) if spell.use.fault.STOPS]:
            ends = [spell.ends for spell in stops if spell.ends is not None]
            if not ends:
                await asyncio.get_running_loop().create_future()
            await self.alarms.sleep(max(min(ends) - self.now, 0.0))

    def surround(self, resolver: Resolver, connect: Connect, tls: ssl.SSLContext, port: int) -> Surroundings:
        """What a mailer of this world has around it: the names and the ways are those of the caller."""
        return Surroundings(
            resolver=resolver,
            connect=connect,
            tls=tls,
            knowledge=Knowledge(
                resolver=resolver,
                connect=connect,
                anchors=self.authority.pem,
                wall=lambda: EPOCH + self.now,
                policy_port=self.policy_port,
            ),
            record=self.record,
            short=self.scenario.short,
            now=lambda: self.now,
            awake=self.wait_for_power,
            sleep=self.alarms.sleep,
            families=(4, 6) if any(":" in address for address in self.host_of) else (4,),
            port=port,
            seed=self.seed,
        )

    def people(self, sender: str, around: Callable[[str], Surroundings]) -> None:
        """Bring in the sender under test and a mailer behind every host that hands on."""
        self._around = around
        self.mailers[SENDER] = Mailer(SENDER, "sender.elsewhere.test", parse_sender(sender), around(SENDER))
        for host in self.scenario.machines:
            if not self.scenario.keeps_mail(host) or self.scenario.spec(host).verifies:
                mailer = Mailer(self.scenario.short(host), host, self._kind_of(host), around(host))
                mailer.onward = self.scenario.spec(host).hands_on
                self.mailers[host] = mailer

    def _kind_of(self, host: str) -> tuple[Profile, TlsPolicy]:
        """Which mailer a relay is, its queue's lifetime as the story has it."""
        spec = self.scenario.spec(host)
        profile, policy = parse_sender(spec.profile)
        if spec.lifetime is not None:
            profile = replace(profile, schedule=replace(profile.schedule, lifetime=spec.lifetime))
        return profile, policy

    def _send_off(self, group: asyncio.TaskGroup, who: str, letter: Letter) -> None:
        self._see_through(group, self.mailers[who].deliver(letter), who)

    def _see_through(self, group: asyncio.TaskGroup, doing: Coroutine[Any, Any, None], who: str) -> None:
        errand = group.create_task(doing)
        self.errands[errand] = who
        errand.add_done_callback(self.errands.pop)

    def lose_queue(self, host: str) -> None:
        """What a host holds to be handed on is gone, in the middle of whatever its mailer does."""
        for errand in [errand for errand, of in self.errands.items() if of == host]:
            errand.cancel()
        if host in self.mailers:
            self.mailers[host].lose(gather_fates(self.events))

    def note(self, kind: EventKind, host: str, text: str = "") -> None:
        """Write down that somebody from outside has broken or mended a host."""
        self.record(Event(at=round(self.now, 6), kind=kind, who=self.scenario.short(host), text=text))

    def end(self) -> None:
        """Let nobody go on: what waits now waits for what never comes."""
        for errand in self.errands:
            errand.cancel()

    def go_to(self, at: float, settles: float) -> None:
        """Move story time forward; who sleeps until then or less wakes up `settles` seconds later: listeners first."""
        self.origin -= max(at - self.now, 0.0)
        asyncio.get_running_loop().call_later(settles, self.alarms.ring)

    def describe(self, host: str) -> str:
        """What is wrong with a host at this moment, in the words of its faults."""
        return ", ".join(
            f"{spell.use.name}" + (f" at {spell.use.phase}" if spell.use.phase else "")
            for spell in self.strikes.lasting(host)
        )

    def post(self, step: Send, name: str) -> None:
        """Give the sender under test a message, one letter for all its recipients."""
        for recipient in step.to:
            self.record(
                Event(
                    at=round(self.now, 6),
                    kind=EventKind.SENT,
                    who=SENDER,
                    message=name,
                    recipient=recipient,
                    to=step.mail_from,
                    line=step.line,
                )
            )
        letter = Letter(
            message=name,
            mail_from=step.mail_from,
            recipients=step.to,
            content=write_message(step, name, self.now),
        )
        if self.work is not None:
            self._send_off(self.work, SENDER, letter)

    def probe(self, step: Probe | Prove) -> None:
        """Look at the domain, with what was handed in for that."""
        if self.work is None or self.look is None:
            return
        self._see_through(self.work, self._probe(step, self.look), PROBE)

    async def _probe(self, step: Probe | Prove, look: Look) -> None:
        at, around = self.now, self._around(PROBE)
        lookout = Lookout(
            domain=self.scenario.domain,
            recipients=step.recipients if isinstance(step, Probe) else (),
            proves=step if isinstance(step, Prove) else None,
            found=self._finder(),
            seed=self.seed,
            policy_port=self.policy_port,
            short=self.scenario.short,
            resolver=around.resolver,
            ask=self.ask,
            connect=around.connect,
            wall=lambda: EPOCH + self.now,
            port=around.port,
            authority_pem=self.authority.pem,
            anchor=self.anchor,
        )
        findings, grades = await look(lookout)
        self.looks.append(Looked(name=step.name, at=round(at, 6), findings=findings, grades=grades))

    def _finder(self) -> Callable[[], tuple[Found | Bounce, ...]]:
        """Tells each time what has come into the mailboxes since, and what came back to those who sent."""
        seen = [0, 0]

        def find() -> tuple[Found | Bounce, ...]:
            letters, events = self.mailbox[seen[0] :], self.events[seen[1] :]
            seen[0], seen[1] = len(self.mailbox), len(self.events)
            bounces = (
                Bounce(
                    recipient=event.recipient or "",
                    action="failed",
                    status=event.status,
                    reporter=event.who,
                    token=event.message,
                    diagnostic=event.text,
                    remote=self._refuser(event),
                )
                for event in events
                if event.kind is EventKind.BOUNCED and event.recipient
            )
            return (*letters, *bounces)

        return find

    def _refuser(self, bounced: Event) -> str:
        """Who refused, last, what bounced; empty: nobody."""
        about = (bounced.who, bounced.message, bounced.recipient)
        tries = (one for one in reversed(self.events) if one.kind is EventKind.REFUSED and one.host)
        host = next((one.host for one in tries if (one.who, one.message, one.recipient) == about), None)
        return next((name for _, name in self.scenario.chain if self.scenario.short(name) == host), "")

    def publish(self, step: Publish) -> None:
        """Put new records on the name servers that the step names, or on all."""
        for name in step.servers or self.names:
            content = self.contents[name] = change(self.contents[name], step, self.now)
            self.policy = content.policy
            served = make_zones(self.scenario, content, self.machines, self.seed)
            self.names[name].replace_zones(served.zones, self.now)
