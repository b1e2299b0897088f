"""Lists of addresses: how they are asked, what is a listing, and which lists cannot be believed."""

import pytest

from mxprobe.facts.dns import AddressRecord, Answer, Answers, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.dkimkeys import Key, key_of, key_question
from mxprobe.mx.dnsbl import Listed, list_question, listing_of, next_list_questions

ADDRESS, ZONE = "198.51.100.7", "bl.test"


def _answers(about: str = "", listed: str = "127.0.0.2", unlisted: str = "") -> Answers:
    """What a list says of the address and of its test entries: codes, nothing, or how the lookup failed."""
    said = {ADDRESS: about, "127.0.0.2": listed, "127.0.0.1": unlisted}
    answers = {}
    for address, words in said.items():
        question = list_question(ZONE, address)
        if words and not words[0].isdigit():
            answers[question] = Answer(question=question, status=AnswerStatus(words))
        else:
            records = tuple(AddressRecord(address=word, ttl=1) for word in words.split())
            status = AnswerStatus.FOUND if records else AnswerStatus.NXDOMAIN
            answers[question] = Answer(question=question, status=status, records=records)
    return answers


def test_an_address_is_asked_about_backwards() -> None:
    assert list_question(ZONE, ADDRESS).name == "7.100.51.198.bl.test"
    six = list_question(ZONE, "2001:db8::1").name
    assert six.startswith("1.0.0.0.")
    assert six.endswith("8.b.d.0.1.0.0.2.bl.test")


def test_test_entries_are_asked_for_and_texts_only_of_what_is_listed() -> None:
    first = next_list_questions((ZONE,), (ADDRESS,), {})

    assert [one.name for one in first] == ["2.0.0.127.bl.test", "1.0.0.127.bl.test", "7.100.51.198.bl.test"]
    assert next_list_questions((ZONE,), (ADDRESS,), _answers()) == ()
    assert next_list_questions((ZONE,), (ADDRESS,), _answers("127.0.0.2")) == (
        list_question(ZONE, ADDRESS, RecordType.TXT),
    )
    assert next_list_questions((), (ADDRESS,), {}) == ()


def test_a_listing_has_its_codes_and_text() -> None:
    question = list_question(ZONE, ADDRESS, RecordType.TXT)
    text = Answer(question=question, status=AnswerStatus.FOUND, records=(TextRecord(text='"see bl.test"', ttl=1),))
    seen = listing_of(ZONE, ADDRESS, {**_answers("127.0.0.2 127.0.1.4"), question: text})

    assert (seen.listed, seen.codes, seen.texts) == (Listed.YES, ("127.0.0.2", "127.0.1.4"), ("see bl.test",))


def test_an_address_that_is_not_there_is_not_listed() -> None:
    assert listing_of(ZONE, ADDRESS, _answers()).listed is Listed.NO


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "was not asked"),
        (_answers("servfail"), "does not answer"),
        (_answers("not-asked"), "was not asked"),
        (_answers("127.255.255.254"), "did not answer the question"),
        (_answers("127.0.0.2 127.255.255.252"), "did not answer the question"),
        (_answers("127.0.0.1"), "did not answer the question"),
        (_answers("192.0.2.80"), "did not answer the question"),
        (_answers("127.0.0.2", listed=""), "its own test entry"),
        (_answers("127.0.0.2", listed="127.255.255.255"), "its own test entry"),
        (_answers("127.0.0.2", unlisted="127.0.0.2"), "lists everybody"),
        (_answers("127.0.0.2", listed="timeout"), "could not be looked up"),
        (_answers("", listed=""), "its own test entry"),
    ],
)
def test_what_is_no_answer_is_no_listing_and_no_acquittal(answers: Answers, reason: str) -> None:
    seen = listing_of(ZONE, ADDRESS, answers)

    assert seen.listed is Listed.UNKNOWN
    assert reason in seen.reason


# -- keys of DKIM ------------------------------------------------------------------------------------------------------


def _key(*texts: str, status: AnswerStatus = AnswerStatus.FOUND) -> Key:
    question = Question(name="s1._domainkey.example.test", rrtype=RecordType.TXT)
    records = tuple(TextRecord(text=f'"{text}"', ttl=1) for text in texts)
    return key_of(Answer(question=question, status=status, records=records))


def test_a_key_is_asked_for_under_its_selector() -> None:
    assert key_question("s1", "example.test").name == "s1._domainkey.example.test"


@pytest.mark.parametrize(
    ("texts", "key"),
    [
        (("v=DKIM1; k=rsa; p=MIIB",), Key.THERE),
        (("p=MIIB",), Key.THERE),
        (("k=ed25519;p = abc",), Key.THERE),
        (("v=DKIM1; p=",), Key.WITHDRAWN),
        (("v=DKIM1; p=; n=gone",), Key.WITHDRAWN),
        (("v=DKIM1; p=", "v=DKIM1; p=MIIB"), Key.THERE),
        (("v=DKIM1; k=rsa",), Key.MISSING),
        (("v=spf1 ip4:192.0.2.1 -all",), Key.MISSING),
        (("v=DKIM2; p=MIIB",), Key.MISSING),
        (("help=MIIB",), Key.MISSING),
    ],
)
def test_a_key_is_there_missing_or_withdrawn(texts: tuple[str, ...], key: Key) -> None:
    assert _key(*texts) is key


def test_absence_and_failure_stay_apart() -> None:
    assert _key(status=AnswerStatus.NXDOMAIN) is Key.MISSING
    assert _key(status=AnswerStatus.SERVFAIL) is Key.UNKNOWN
    assert key_of(None) is Key.UNKNOWN
