"""How a host fares that a migration brings or gives up, whether MX records name it or not.

Works on a saved probe. A host is down where every address of it is known to fail; one that puts mail off (4yz) is not,
and one of which nothing is known is neither.
Standards: RFC 5321 §3.6.2, §4.5.4.1.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Answer as DnsAnswer
from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.drift import address_questions
from mxprobe.mx.matrix import Given, answers_of, asked_about
from mxprobe.mx.once import known_answers
from mxprobe.mx.standing import Standing, judge_visit


class Fitness(StrEnum):
    """Whether a host takes mail for the domain. `LATER`: it answers, and puts mail off."""

    TAKES = "takes mail"
    LATER = "puts mail off"
    REFUSES = "refuses mail"
    DOWN = "is down"
    ABSENT = "has no address"
    UNKNOWN = "unknown"

    @property
    def is_bad(self) -> bool:
        """Known to take no mail."""
        return self in (Fitness.REFUSES, Fitness.DOWN, Fitness.ABSENT)


class Seen(Struct, frozen=True, kw_only=True):
    """What a look knows of one host, on the chain or not.

    `absent`: its name has no address, as the name servers say; `unknown`: why nothing is known of it. `visits` are its
    addresses that were dialled, `negative_ttl` how long caches keep that it has none (None: not told).
    """

    host: str
    snapshot: Snapshot
    visits: tuple[Visit, ...] = ()
    absent: str = ""
    unknown: str = ""
    negative_ttl: int | None = None

    @property
    def standings(self) -> tuple[Standing, ...]:
        """The standing of each address."""
        return tuple(judge_visit(visit, self.snapshot) for visit in self.visits)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The addresses as rules name them."""
        return tuple(visit.endpoint.id for visit in self.visits)

    def is_down(self, *but: Standing) -> bool:
        """Whether every address is known to fail, in other ways than `but`."""
        found = self.standings
        return bool(found) and all(one.is_down and one not in but for one in found)

    @property
    def goods(self) -> tuple[Given, ...]:
        """What its addresses said of a recipient who is there, under the ordinary sender."""
        sender = asked_about(self.snapshot).sender
        givens = (given for visit in self.visits for given in answers_of(self.snapshot, visit))
        return tuple(given for given in givens if given.question.role is Role.GOOD and given.question.sender == sender)

    @property
    def refusals(self) -> tuple[Given, ...]:
        """The refusals of a recipient who is there, where no address took him."""
        goods = self.goods
        if any(given.answer is Answer.ACCEPTED for given in goods):
            return ()
        return tuple(given for given in goods if given.answer is Answer.REFUSED)

    @property
    def fitness(self) -> Fitness:
        """Whether it takes mail for the domain, as far as was asked."""
        if self.absent:
            return Fitness.ABSENT
        if self.is_down(Standing.GREETS_LATER):
            return Fitness.DOWN
        if self.refusals:
            return Fitness.REFUSES
        if any(given.answer is Answer.ACCEPTED for given in self.goods):
            return Fitness.TAKES
        later = Standing.GREETS_LATER in self.standings or any(given.answer is Answer.LATER for given in self.goods)
        return Fitness.LATER if later else Fitness.UNKNOWN

    @property
    def doubt(self) -> str:
        """Why it is not known whether it takes mail, or what would tell; empty where it is known."""
        if self.fitness is not Fitness.UNKNOWN:
            return ""
        if self.unknown:
            return self.unknown
        open_ones = [one for one in self.standings if not one.is_known]
        if open_ones and Standing.ANSWERS not in self.standings:
            return f"{self.host}: {open_ones[0]}"
        return f"no recipient was asked for at {self.host}: --to you@{self.snapshot.domain}"


def seen_of(snapshot: Snapshot, host: str) -> Seen:
    """What the look knows of a host."""
    visits = {visit.endpoint: visit for visit in snapshot.all_visits if visit.endpoint.host == host}
    dialled = tuple(visit for visit in visits.values() if visit.sessions)
    if dialled:
        return Seen(host=host, snapshot=snapshot, visits=dialled)
    absent, known = absence_of(snapshot, host)
    if absent:
        negative = max((one.negative_ttl for one in known if one.negative_ttl is not None), default=None)
        return Seen(host=host, snapshot=snapshot, absent=absent, negative_ttl=negative)
    why = next((visit.not_visited.value for visit in visits.values() if visit.not_visited), "")
    return Seen(host=host, snapshot=snapshot, unknown=f"{host} was not dialled{f' ({why})' if why else ''}")


def absence_of(snapshot: Snapshot, host: str) -> tuple[str, tuple[DnsAnswer, ...]]:
    """The evidence that a host has no address (empty: it has some, or nobody knows), and what was answered."""
    answers = known_answers(snapshot)
    given = [answers.get(question) for question in address_questions(host)]
    known = tuple(one for one in given if one is not None and one.status is not AnswerStatus.NOT_ASKED)
    if not known or len(known) < len(given) or not all(one.status.is_absence for one in known):
        return "", known
    told = ", ".join(f"{one.question.rrtype} {one.status}" for one in known)
    return f"{host}: {told}", known
