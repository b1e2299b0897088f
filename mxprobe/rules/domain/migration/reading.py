"""What the rules about a migration ask of a look: the plan, and how a host fares that it names."""

from msgspec import Struct

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import AnswerStatus, index_answers
from mxprobe.facts.matrix import Role
from mxprobe.facts.migration import Migration
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.drift import address_questions
from mxprobe.mx.matrix import Given, answers_of, asked_about
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.rules.domain.asked import line_of
from mxprobe.rules.domain.drift.reading import NOTHING_APPROVED
from mxprobe.rules.domain.reading import WAYS_OF_BEING_DOWN, attempts_of

TOLD_BY_PLAN = (*WAYS_OF_BEING_DOWN, "MX201", "MX202", "MX306", "MX801")
"""What other rules say of a host that is gone or not ready yet, where MX records name it."""


def no_plan(beside: Beside) -> str:
    """Why there is no migration to judge by."""
    return NOTHING_APPROVED if beside.approved is None else f"{beside.approved.path} plans no `migration`"


class Seen(Struct, frozen=True, kw_only=True):
    """What a look knows of one host, on the chain or not.

    `absent`: its name has no address, as the name servers say; `unknown`: why nothing is known of it. `visits` are its
    addresses that were dialled.
    """

    host: str
    snapshot: Snapshot
    visits: tuple[Visit, ...] = ()
    absent: str = ""
    unknown: str = ""

    @property
    def standings(self) -> tuple[Standing, ...]:
        """The standing of each address."""
        return tuple(judge_visit(visit, self.snapshot) for visit in self.visits)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The addresses as other rules name them."""
        return tuple(visit.endpoint.id for visit in self.visits)

    @property
    def attempts(self) -> tuple[str, ...]:
        """A line for each address: how its attempts ended."""
        return tuple(f"{visit.endpoint.id}: {attempts_of(visit)}" for visit in self.visits)

    def trouble(self, without_address: str) -> tuple[str, tuple[str, ...]]:
        """How the host takes no mail, and the evidence; no evidence where it does, or nobody knows."""
        if self.absent:
            return without_address, (self.absent,)
        if self.is_down(Standing.GREETS_LATER):
            return "is down", self.attempts
        return f"refuses mail for {self.snapshot.domain}", self.refusals()

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

    def refusals(self) -> tuple[str, ...]:
        """The refusals of a recipient who is there, where no address took him."""
        goods = self.goods
        if any(given.answer is Answer.ACCEPTED for given in goods):
            return ()
        return tuple(line_of(given) for given in goods if given.answer is Answer.REFUSED)


def seen_of(snapshot: Snapshot, host: str) -> Seen:
    """What the look knows of a host."""
    visits = {visit.endpoint: visit for visit in snapshot.all_visits if visit.endpoint.host == host}
    dialled = tuple(visit for visit in visits.values() if visit.sessions)
    if dialled:
        return Seen(host=host, snapshot=snapshot, visits=dialled)
    answers = index_answers(snapshot.answers)
    given = [answers.get(question) for question in address_questions(host)]
    known = [answer for answer in given if answer is not None and answer.status is not AnswerStatus.NOT_ASKED]
    if known and all(answer.status.is_absence for answer in known) and len(known) == len(given):
        told = ", ".join(f"{answer.question.rrtype} {answer.status}" for answer in known)
        return Seen(host=host, snapshot=snapshot, absent=f"{host}: {told}")
    why = next((visit.not_visited.value for visit in visits.values() if visit.not_visited), "")
    return Seen(host=host, snapshot=snapshot, unknown=f"{host} was not dialled{f' ({why})' if why else ''}")


def is_over(plan: Migration, snapshot: Snapshot) -> bool:
    """Whether the cut-over was before the look."""
    return snapshot.started_at >= plan.cut_over
