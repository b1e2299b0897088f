"""What a survey asks of a domain is what its chain and the wished families ask, though it is found at less cost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mxprobe.facts.dns import (
    AddressRecord,
    Alias,
    Answer,
    Answers,
    AnswerStatus,
    MxRecord,
    Question,
    RecordType,
    TextRecord,
)
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Manner
from mxprobe.mx.consent import consent_question
from mxprobe.mx.plan import next_questions
from mxprobe.mx.surveyed import next_survey_questions
from mxprobe.mx.wishes import WISHES, Subject

DOMAIN = "example.test"
HOSTS = [
    DOMAIN,
    "mx1.example.test",
    "mx2.example.test",
    "mx.other.test",
    ".",
    "192.0.2.1",
    "2001:db8::1",
    "[::1]",
    "a1",
]
FAILURES = [AnswerStatus.NODATA, AnswerStatus.NXDOMAIN, AnswerStatus.SERVFAIL, AnswerStatus.TIMEOUT]


def plainly(domain: str, answers: Answers, manner: Manner) -> set[Question]:
    """The same in the plainest way."""
    wanted = {*next_questions(domain, answers)}
    if manner.depth.reaches(Depth.RCPT) and not manner.owned:
        wanted.add(consent_question(domain))
    subject = Subject(domain=domain, allow_special=manner.allow_special, port=manner.vantage.port)
    for wish in WISHES:
        if wish.name in manner.wishes:
            wanted.update(wish.questions(subject, answers)[: wish.most])
    return wanted - answers.keys()


def answers_to(draw: st.DrawFn, question: Question) -> Answer:
    """Any answer to a question."""
    status = draw(st.sampled_from([AnswerStatus.FOUND] * 4 + FAILURES))
    aliases = (Alias(name=question.name, points_to="end.test", ttl=1),) if draw(st.integers(0, 4)) == 0 else ()
    records: tuple[MxRecord | AddressRecord | TextRecord, ...] = ()
    if status is AnswerStatus.FOUND and question.rrtype is RecordType.MX:
        chosen = draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(HOSTS)), min_size=1, max_size=5))
        records = tuple(MxRecord(preference=preference, exchange=host, ttl=1) for preference, host in chosen)
    elif status is AnswerStatus.FOUND and question.rrtype in (RecordType.A, RecordType.AAAA):
        records = (AddressRecord(address="192.0.2.1" if question.rrtype is RecordType.A else "2001:db8::1", ttl=1),)
    elif status is AnswerStatus.FOUND:
        records = (TextRecord(text="3 1 1 " + "ab" * 32, ttl=1),)
    return Answer(question=question, status=status, records=records, aliases=aliases)


@given(st.data())
@settings(max_examples=150)
def test_all_that_is_asked_in_the_end_is_the_same(data: st.DataObject) -> None:
    manner = Manner(
        depth=data.draw(st.sampled_from([Depth.DNS, Depth.TLS, Depth.RCPT])),
        vantage=Vantage(helo="h.test", families=data.draw(st.sampled_from([(4, 6), (4,), (6,)]))),
        wishes=tuple(data.draw(st.lists(st.sampled_from(["mta-sts", "tlsrpt", "tlsa", "reverse"]), unique=True))),
        owned=data.draw(st.booleans()),
    )
    world: dict[Question, Answer] = {}

    def ask(question: Question) -> Answer:
        if question not in world:
            world[question] = data.draw(st.composite(answers_to)(question))
        return world[question]

    ours: dict[Question, Answer] = {}
    for _ in range(6):
        questions = next_survey_questions(DOMAIN, ours, manner)
        assert len(set(questions)) == len(questions)
        assert not ours.keys() & set(questions)
        ours.update((question, ask(question)) for question in questions)
    plain: dict[Question, Answer] = {}
    for _ in range(6):
        plain.update((question, ask(question)) for question in sorted(plainly(DOMAIN, plain, manner)))

    assert ours.keys() == plain.keys()
    assert next_survey_questions(DOMAIN, ours, manner) == ()


def test_a_family_that_is_not_dialled_is_asked_for_all_the_same() -> None:
    """A host with addresses of the other family alone is no host without one, and mail for it bounces nowhere."""
    manner = Manner(depth=Depth.TLS, vantage=Vantage(helo="h.test", families=(6,)), wishes=())
    question = Question(name=DOMAIN, rrtype=RecordType.MX)
    chain = Answer(
        question=question, status=AnswerStatus.FOUND, records=(MxRecord(preference=10, exchange="a1", ttl=1),)
    )

    asked = next_survey_questions(DOMAIN, {question: chain}, manner)

    assert asked == tuple(Question(name="a1", rrtype=rrtype) for rrtype in (RecordType.A, RecordType.AAAA))
