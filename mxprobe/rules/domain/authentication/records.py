"""What the rules about SPF share: the domain's record, what it says of a stranger and of the MX hosts, and why not."""

from collections.abc import Callable

from msgspec import Struct

from mxprobe.facts.dns import Answers, AnswerStatus
from mxprobe.facts.finding import Finding, Judgement
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dmarc import dmarc_question, walk_names
from mxprobe.mx.once import known_answers
from mxprobe.mx.registered import is_sold_under
from mxprobe.mx.spf import Spf
from mxprobe.mx.spfrecord import BadRecord, SpfRecord, Word, read_spf, spf_texts
from mxprobe.mx.spfseen import STRANGER, in_the_best_case, spf_of, spf_question
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.rule import Rule, conclude, inconclusive

_MOST_SHOWN = 200

ANYBODY = "any other address"
"""What a client is called that no term names."""


class Published(Struct, frozen=True, kw_only=True):
    """The SPF records of the domain as they stand; `unknown` says why nothing is known of them."""

    texts: tuple[str, ...] = ()
    unknown: str = ""

    @property
    def record(self) -> SpfRecord | BadRecord | None:
        """The record, None where there is none or more than one."""
        return read_spf(self.texts[0]) if len(self.texts) == 1 else None

    @property
    def shown(self) -> tuple[str, ...]:
        """The records as evidence."""
        return tuple(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…" for text in self.texts[:4])


def published(snapshot: Snapshot) -> Published:
    """What the domain publishes."""
    answer = known_answers(snapshot).get(spf_question(snapshot.domain))
    if answer is None or answer.status is AnswerStatus.NOT_ASKED:
        return Published(unknown=f"nobody asked for the SPF record of {snapshot.domain}")
    if answer.status.is_temporary:
        return Published(unknown=f"the SPF record of {snapshot.domain} could not be looked up: {answer.status}")
    if answer.status is AnswerStatus.NXDOMAIN:
        return Published(unknown=f"{snapshot.domain} does not exist")
    return Published(texts=spf_texts(answer))


class Said(Struct, frozen=True, kw_only=True):
    """What SPF says of one client: a stranger, or an address of an MX host."""

    who: str
    spf: Spf

    @property
    def line(self) -> str:
        """As evidence."""
        why = self.spf.detail or (f"by {self.spf.term} of {self.spf.domain}" if self.spf.term else "no term matches")
        return f"SPF of {self.who}: {self.spf.word} ({why})"


def said_of(snapshot: Snapshot, answers: Answers) -> tuple[Said, ...]:
    """What is known of SPF: of a stranger first, then of the MX hosts."""
    clients = [(ANYBODY, STRANGER)]
    clients += [(f"{host.name} {address}", address) for host in chain_of(snapshot).hosts for address in host.addresses]
    known = ((who, spf_of(snapshot.domain, address, answers)) for who, address in clients)
    return tuple(Said(who=who, spf=spf) for who, spf in known if spf is not None)


def judge_limits(rule: Rule, snapshot: Snapshot, look: Callable[[tuple[Said, ...]], list[Finding]]) -> Judgement:
    """The findings of `look` in what SPF says; open where it was not followed to its end.

    A domain without a record has no limit to exceed. An evaluation that ends early for another reason tells it.
    """
    seen = published(snapshot)
    if seen.unknown:
        return inconclusive(rule, seen.unknown)
    if not seen.texts:
        return conclude(rule, [])
    said = said_of(snapshot, known_answers(snapshot))
    found = look(said)
    if found:
        return conclude(rule, found)
    stranger = next((one.spf for one in said if one.who == "any other address"), None)
    if stranger is None:
        surely = spf_of(snapshot.domain, STRANGER, in_the_best_case(known_answers(snapshot)))
        if surely is not None and (found := look((Said(who=ANYBODY, spf=surely),))):
            return conclude(rule, found)
        return inconclusive(rule, f"the records that SPF of {snapshot.domain} includes were not all asked for")
    if stranger.word in (Word.PERMERROR, Word.TEMPERROR):
        return inconclusive(rule, stranger.detail)
    return conclude(rule, [])


def is_up_to_registry(snapshot: Snapshot) -> bool:
    """Whether a zone file has all of DMARC that its owner can publish: what is not known is a registry's record."""
    if snapshot.zone is None:
        return False
    answers = known_answers(snapshot)
    known = {name: answers.get(dmarc_question(name)) for name in walk_names(snapshot.domain)}
    left = [name for name, answer in known.items() if answer is None or answer.status.is_temporary]
    return snapshot.domain not in left and all(is_sold_under(name) for name in left)
