"""Which records of a zone are behind a play that did not go as written. Pure: worked out from the run and the zone.

What a story breaks on purpose is no cause. Causes are what the zone adds to it: a second host at the same address or
site, name servers that fail together, a best preference that is never there, hosts that no sender comes to.
"""

from collections.abc import Iterator

from mxprobe.facts.run import Condition, Event, EventKind, Fate, Run, ZoneRecord
from mxprobe.mx.senders import NoSuchSender, parse_sender
from mxprobe.scenario.model import DNS, Scenario
from mxprobe.scenario.zonefile import Record, ZoneFile

_MOST = 8
_SENDER = "sender"


def find_causes(scenario: Scenario, zone: ZoneFile, run: Run) -> tuple[ZoneRecord, ...]:
    """The records, what is about each of them, the telling ones first; empty for a play that went as written."""
    fate = _failed_fate(run)
    if fate is None:
        return ()
    search = _Search(scenario, zone, run, fate)
    found = [*search.fall_together(), *search.names(), *search.never_there(), *search.never_asked()]
    found = found or list(search.road())
    lines = {record.line: (record, about) for record, about in reversed(found)}
    kept = list(dict.fromkeys(record.line for record, _ in found))[:_MOST]
    return tuple(ZoneRecord(line=line, text=_shown(lines[line][0], zone.domain), about=lines[line][1]) for line in kept)


def _shown(record: Record, domain: str) -> str:
    """A record as it stands in the zone, without comment and spacing; whole, where its line is not.

    None of the records that are shown has quotes.
    """
    text = record.text.partition(";")[0]
    if text.startswith(("$", "(")) or "(" in text:
        return f"{record.name}. IN {record.rrtype} {record.data}"
    owner = "@" if record.name == domain else record.name.removesuffix(f".{domain}")
    return " ".join([*([owner] if text[:1].isspace() else []), *text.split()])


def _failed_fate(run: Run) -> Fate | None:
    """The copy that the first miss is about."""
    if run.verdict is None or run.verdict.passed:
        return None
    about = (run.verdict.misses[0].message or "").partition("/")[0]
    return next((fate for fate in run.fates if fate.message == about), next(iter(run.fates), None))


Found = Iterator[tuple[Record, str]]


class _Search:
    """Looks for what the zone did to one copy of a message."""

    def __init__(self, scenario: Scenario, zone: ZoneFile, run: Run, fate: Fate) -> None:
        self.scenario, self.zone, self.run, self.fate = scenario, zone, run, fate
        ends = [at for _, at in fate.accepted] + [at for _, at, _ in fate.bounces]
        self.span = (fate.sent_at, max(ends, default=run.ended))
        self.chain = tuple(dict.fromkeys(name for _, name in scenario.chain))

    def fall_together(self) -> Found:
        """Hosts that were down with a better one, because they stand where it stands."""
        for number, host in enumerate(self.chain):
            if not self._down(host):
                continue
            for better in self.chain[:number]:
                about = self._together(host, better) if self._down(better) else ""
                if about:
                    yield from ((record, "") for record in self._mx(host))
                    yield from ((record, about) for record in self._shared(host, better))
                    if not self.zone.addresses(host):
                        yield from ((record, about) for record in self._mx(host))
                    break

    def names(self) -> Found:
        """Name servers that were all down, where the story did not break names as such."""
        servers = [name for name in self.scenario.nameservers if self.zone.find(self.scenario.domain, "NS")]
        if not servers or self._down(DNS) or not all(self._down(server) for server in servers):
            return
        for record in self.zone.find(self.scenario.domain, "NS"):
            others = [name for name in (*self.chain, *servers) if name != record.points_to and self._down(name)]
            shared = next(filter(None, (self._together(record.points_to, other) for other in others)), "")
            alone = "the only name server" if len(servers) == 1 else "down with every other name server"
            yield record, ", ".join(filter(None, (alone, shared)))

    def never_there(self) -> Found:
        """Hosts that have a fault for good, whatever the story does."""
        best = self.scenario.chain[0][0] if self.scenario.chain else 0
        for preference, host in self.scenario.chain:
            faults = [use.name for use in self.scenario.spec(host).always if use.hinders]
            for record in self._mx(host) if faults else ():
                what = "the best preference, and always" if preference == best else "always"
                yield record, f"{what} {faults[0]}"

    def never_asked(self) -> Found:
        """Hosts that the sender did not come to while its mail waited, because it tries so many addresses at most."""
        tried = {host for hosts in self.fate.tried for host in hosts}
        unasked = [host for host in self.chain if self.scenario.short(host) not in tried]
        limit = _limit(self.run.sender)
        failed = [event for event in self._events(EventKind.REFUSED) if event.round == 1 or event.round is None]
        if not unasked or limit is None or len(failed) < limit:
            return
        for host in unasked:
            yield from (
                (record, f"never asked: {self.run.sender} tries {limit} addresses") for record in self._mx(host)
            )
        for host in self.chain:
            if self.scenario.short(host) in tried:
                yield from ((record, "") for record in self.zone.addresses(host) or self._mx(host))

    def road(self) -> Found:
        """The hosts that were tried, with what became of it."""
        for host in self.chain:
            events = [event for event in self._events(*_ENDS) if event.host == self.scenario.short(host)]
            if events:
                about = "accepts it" if events[-1].kind is EventKind.ACCEPTED else f"says: {events[-1].text}"
                yield from ((record, about) for record in self._mx(host))

    def _events(self, *kinds: EventKind) -> list[Event]:
        copy = (self.fate.message, self.fate.recipient)
        return [
            event
            for event in self.run.events
            if event.who == _SENDER and event.kind in kinds and (event.message, event.recipient) == copy
        ]

    def _mx(self, host: str) -> tuple[Record, ...]:
        return tuple(record for record in self.zone.find(self.scenario.domain, "MX") if record.points_to == host)

    def _down(self, host: str) -> bool:
        """Whether the host was hindered while the copy was on its way."""
        begins, ends = self.span
        return any(
            condition.host == self.scenario.short(host) and condition.hinders and _overlaps(condition, begins, ends)
            for condition in self.run.conditions
        )

    def _shared(self, host: str, other: str) -> tuple[Record, ...]:
        """The address records of a host that another has as well; all where it is their site that they share."""
        taken = {record.data for record in self.zone.addresses(other)}
        own = self.zone.addresses(host)
        return tuple(record for record in own if record.data in taken) or own

    def _together(self, host: str, other: str) -> str:
        """Why one fails when the other does; empty where nothing says so."""
        taken = {record.data for record in self.zone.addresses(other)}
        if any(record.data in taken for record in self._shared(host, other)):
            return f"the address of {self.scenario.short(other)} as well"
        site = self.scenario.spec(host).site
        if site and site == self.scenario.spec(other).site:
            return f"same site as {self.scenario.short(other)} ({site})"
        return ""


_ENDS = (EventKind.REFUSED, EventKind.ACCEPTED)


def _overlaps(condition: Condition, begins: float, ends: float) -> bool:
    return condition.begins <= ends and (condition.ends is None or condition.ends > begins)


def _limit(sender: str) -> int | None:
    """How many addresses a mailer tries in a round; None for all."""
    try:
        return parse_sender(sender)[0].limits.addresses
    except NoSuchSender:
        return None
