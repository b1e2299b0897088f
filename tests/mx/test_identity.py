"""Whether the probe's own address and name fit together, from answers alone."""

from mxprobe.facts.dns import (
    AddressRecord,
    Answer,
    Answers,
    AnswerStatus,
    Question,
    RecordType,
    TextRecord,
    index_answers,
)
from mxprobe.mx.identity import identity_problems, identity_questions, reverse_question

SOURCE, NAME = "8.8.8.8", "probe.example.test"


def _reverse(*names: str, status: AnswerStatus | None = None) -> Answer:
    return Answer(
        question=reverse_question(SOURCE),
        status=status or (AnswerStatus.FOUND if names else AnswerStatus.NXDOMAIN),
        records=tuple(TextRecord(text=f"{name}.", ttl=60) for name in names),
    )


def _forward(name: str, address: str) -> Answer:
    question = Question(name=name, rrtype=RecordType.A)
    return Answer(question=question, status=AnswerStatus.FOUND, records=(AddressRecord(address=address, ttl=60),))


def _answers(*answers: Answer) -> Answers:
    return index_answers(answers)


def test_the_address_is_asked_first_and_then_its_names_and_ours() -> None:
    assert identity_questions(SOURCE, NAME, {}) == (reverse_question(SOURCE),)

    asked = identity_questions(SOURCE, "helo.test", _answers(_reverse(NAME)))

    assert [question.name for question in asked] == [NAME, "helo.test"]
    assert identity_questions("192.168.1.2", NAME, {}) == ()


def test_a_forward_confirmed_name_fits() -> None:
    assert identity_problems(SOURCE, NAME, _answers(_reverse(NAME), _forward(NAME, SOURCE))) == ()


def test_what_does_not_fit_is_said() -> None:
    assert identity_problems(SOURCE, None, _answers(_reverse())) == (f"{SOURCE} has no name (no PTR record)",)
    back = identity_problems(SOURCE, None, _answers(_reverse(NAME), _forward(NAME, "9.9.9.9")))
    assert back is not None
    assert "does not lead back" in back[0]
    said = _answers(_reverse(NAME), _forward(NAME, SOURCE), _forward("helo.test", "9.9.9.9"))
    assert identity_problems(SOURCE, "helo.test", said) == (f"the EHLO name helo.test does not lead to {SOURCE}",)


def test_what_was_not_learnt_is_unknown() -> None:
    assert identity_problems(SOURCE, NAME, {}) is None
    assert identity_problems(SOURCE, NAME, _answers(_reverse(status=AnswerStatus.SERVFAIL))) is None
    assert identity_problems("10.0.0.1", NAME, {}) is None
