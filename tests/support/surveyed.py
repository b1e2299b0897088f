"""What the journal of a survey would have of a look: the same facts, cut into its material."""

from collections.abc import Sequence

from msgspec.structs import replace

from mxprobe.facts.codec import encode
from mxprobe.facts.dns import Answer, Question, RecordType, index_answers
from mxprobe.facts.session import FailureKind
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.survey import Depth, Entry, Manner
from mxprobe.jobs.survey.material import Material, VisitMaterial
from mxprobe.jobs.survey.remembered import Memory
from mxprobe.jobs.survey.telling import line_of
from mxprobe.mx.surveyed import key_of, next_survey_questions, with_hosts_apart
from tests.support.snapshots import host, mx, snapshot, visit


def manner_of(look: Snapshot, depth: Depth = Depth.TLS) -> Manner:
    """The manner of a survey that looks from where that look was made."""
    return Manner(depth=depth, vantage=look.vantage, owned=True)


def as_surveyed(look: Snapshot, manner: Manner) -> Snapshot:
    """The look without the answers to what a survey does not ask."""
    everything, known = index_answers(look.answers), dict[Question, Answer]()
    while questions := next_survey_questions(look.domain, known, manner):
        known.update({question: everything[question] for question in questions})
    return replace(
        look,
        answers=tuple(known.values()),
        visits=look.visits if manner.depth.reaches(Depth.CONNECT) else (),
        asked_for=manner.wishes,
        asked_about=None,
        authorities=(),
        validations=(),
        controls=(),
        policy=None,
        unasked=(),
        queries=sum(answer.tries for answer in known.values()),
    )


def material_of(look: Snapshot, manner: Manner, number: int = 0) -> Material:
    """The material of a line about a look (of `as_surveyed`)."""
    answers, hosts = with_hosts_apart(look.answers)
    return Material(
        entry=Entry(number=number, domain=look.domain, asked=look.asked),
        started_at=look.started_at,
        elapsed=look.elapsed,
        answers=encode(answers),
        hosts=encode(hosts),
        visits=tuple(
            VisitMaterial(
                key=key_of(visit.endpoint, number, manner), endpoint=visit.endpoint, sessions=encode(visit.sessions)
            )
            for visit in look.visits
        ),
    )


def line_about(
    domain: str, *hosts: tuple[int, str, Sequence[str] | FailureKind], findings: bool = True, depth: Depth = Depth.TLS
) -> bytes:
    """A line of a survey about a domain whose MX hosts say these words, with its end.

    A host is a preference, a label below the domain, and what is heard there.
    """
    names = [f"{label}.{domain}" for _, label, _ in hosts]
    records = [(preference, name) for (preference, _, _), name in zip(hosts, names, strict=True)]
    chain = mx(*records)
    answers = [replace(chain, question=Question(name=domain, rrtype=RecordType.MX))]
    answers += [host(name, f"192.0.2.{number}") for number, name in enumerate(names, 1)]
    visits = [
        visit(preference, name, f"192.0.2.{number}", said)
        for number, ((preference, _, said), name) in enumerate(zip(hosts, names, strict=True), 1)
    ]
    look = replace(snapshot(answers, visits), domain=domain, asked=domain)
    manner = replace(manner_of(look, depth), allow_special=True)
    return line_of(material_of(look, manner), manner, Memory(), findings=findings).document + b"\n"
