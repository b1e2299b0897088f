"""SPF evaluated: what it says and why, what it asks, and that it ends for any zone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.spf import MOST_TERMS, Client, Reason, Spf, evaluate, replay
from mxprobe.mx.spfmacro import expand, is_domain_spec, name_of, presented
from mxprobe.mx.spfrecord import BadRecord, Word, read_spf
from tests.support.spfcases import FOUR, SIX, Case, Zone, known, play

CLIENT = Client(address=FOUR, domain="example.test")


def _play(zone: str, client: Client = CLIENT) -> tuple[Spf, list[Question]]:
    return play(evaluate(client), Zone(zone))


def test_it_says_which_term_of_which_record_decided() -> None:
    zone = f"""
        example.test TXT v=spf1 a include:other.test -all
        example.test A 192.0.2.1
        other.test TXT v=spf1 ip4:{FOUR} -all
    """
    said, asked = _play(zone)

    assert (said.word, said.term, said.domain) == (Word.PASS, "include:other.test", "example.test")
    assert said.domains == ("example.test", "other.test")
    assert [step.term for step in said.steps] == ["a", "include:other.test"]
    assert [(one.name, one.rrtype) for one in asked] == [
        ("example.test", "TXT"),
        ("example.test", "A"),
        ("other.test", "TXT"),
    ]


def test_what_no_term_matches_is_neutral_and_no_term_is_named() -> None:
    assert _play("example.test TXT v=spf1 ip4:192.0.2.1")[0] == Spf(word=Word.NEUTRAL, domains=("example.test",))


@pytest.mark.parametrize(
    ("zone", "reason", "told"),
    [
        ("example.test TXT v=spf1 -all mooo", Reason.SYNTAX, "malformed: there is no mechanism mooo: mooo"),
        ("example.test TXT v=spf1\nexample.test TXT v=spf1 -all", Reason.SEVERAL_RECORDS, "has 2 SPF records"),
        ("example.test TXT v=spf1 include:o.test", Reason.NO_RECORD, "o.test of include:o.test has no record"),
        ("example.test TXT v=spf1 redirect=o.test", Reason.NO_RECORD, "o.test has no SPF record to redirect to"),
        ("example.test TXT v=spf1 a:a.test a:b.test a:c.test", Reason.VOIDS, "a:c.test of example.test is term 3"),
        ("example.test TXT SERVFAIL", Reason.LOOKUP, "example.test TXT could not be looked up: servfail"),
    ],
)
def test_an_error_is_told_with_its_reason(zone: str, reason: Reason, told: str) -> None:
    said, _ = _play(zone)

    assert said.reason is reason
    assert told in said.detail


def test_a_lookup_for_the_names_of_the_client_that_fails_is_no_match() -> None:
    said, _ = _play("example.test TXT v=spf1 ptr ~all\n7.100.51.198.in-addr.arpa PTR SERVFAIL")

    assert (said.word, said.reason) == (Word.SOFTFAIL, None)


def test_of_the_names_of_an_address_ten_are_looked_at() -> None:
    names = "\n".join(f"7.100.51.198.in-addr.arpa PTR h{number}.test" for number in range(30))
    said, asked = _play(f"example.test TXT v=spf1 ptr:h10.test ptr:h9.test -all\n{names}\nh10.test A {FOUR}")

    assert said.word is Word.FAIL
    assert sum(one.rrtype is RecordType.A for one in asked) == 10


def test_a_client_of_the_other_family_makes_no_host_void_twice() -> None:
    hosts = "\n".join(f"example.test MX 1 m{number}.test\nm{number}.test A 192.0.2.1" for number in range(5))
    said, _ = _play(f"example.test TXT v=spf1 mx a:m1.test -all\n{hosts}", Client(address=SIX, domain="example.test"))

    assert said.word is Word.FAIL
    assert [step.is_void for step in said.steps] == [True, True]


@pytest.mark.parametrize("spec", ["%{l}", "%{s}", "%{L}", "%{S1}"])
def test_a_local_part_beyond_ascii_matches_nothing(spec: str) -> None:
    zone = Zone(f"example.test TXT v=spf1 exists:{spec}.list.test -all")
    said, asked = play(evaluate(Client(address=FOUR, domain="example.test", local="älva")), zone)

    assert said.word is Word.FAIL
    assert len(asked) == 1


# -- what is known already ---------------------------------------------------------------------------------------------


def test_with_what_is_known_it_says_what_to_ask_next() -> None:
    zone = Zone("example.test TXT v=spf1 a -all\nexample.test A 198.51.100.7")
    txt = Question(name="example.test", rrtype=RecordType.TXT)
    address = Question(name="example.test", rrtype=RecordType.A)

    assert replay(evaluate(CLIENT), {}) == txt
    assert replay(evaluate(CLIENT), known(zone, [txt])) == address
    said = replay(evaluate(CLIENT), known(zone, [txt, address]))
    assert isinstance(said, Spf)
    assert said.word is Word.PASS


def test_a_question_that_nobody_was_asked_is_still_open() -> None:
    txt = Question(name="example.test", rrtype=RecordType.TXT)

    assert replay(evaluate(CLIENT), {txt: Answer(question=txt, status=AnswerStatus.NOT_ASKED)}) == txt


# -- hostile zones -----------------------------------------------------------------------------------------------------


def test_a_thousand_hops_end_after_ten() -> None:
    hops = "\n".join(f"h{number}.test TXT v=spf1 include:h{number + 1}.test -all" for number in range(1000))
    said, asked = _play(f"example.test TXT v=spf1 include:h0.test -all\n{hops}")

    assert (said.word, said.reason) == (Word.PERMERROR, Reason.TERMS)
    assert len(asked) == MOST_TERMS + 1


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 include:example.test -all",
        "v=spf1 redirect=example.test",
        "v=spf1 include:%{d} redirect=%{d}",
        "v=spf1 " + "include:example.test " * 3000,
    ],
)
def test_a_record_that_names_itself_ends(record: str) -> None:
    said, asked = _play(f"example.test TXT {record}")

    assert (said.word, said.reason) == (Word.PERMERROR, Reason.TERMS)
    assert len(asked) == MOST_TERMS + 1


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 " + "ip4:192.0.2.1 " * 4600,
        "v=spf1 exists:" + "%{s}" * 16000,
        "v=spf1 exists:" + "a." * 32000 + "test",
        "v=spf1 a:" + "a" * 65000,
        "v=spf1 a:" + "/" * 65000,
        "v=spf1 exists:%{d" + "9" * 65000 + "}",
        "v=spf1 exists:%{d" + "0" * 65000 + "}",
        "v=spf1 exists:%{d" + "." * 65000 + "}",
        "v=spf1 " + "moo=" * 16000,
        "v=spf1 ip6:" + ":" * 65000,
        "v=spf1 " + " " * 65000,
    ],
)
def test_a_record_of_64_kilobytes_ends_soon(record: str) -> None:
    began = time.perf_counter()
    said, asked = _play(f"example.test TXT {record}")

    assert said.word in (Word.NEUTRAL, Word.PERMERROR)
    assert len(asked) <= 3
    assert time.perf_counter() - began < 2


@given(st.text(max_size=60), st.text(st.characters(max_codepoint=0x24F), max_size=12))
def test_any_text_ends_and_raises_nothing(text: str, local: str) -> None:
    txt = Question(name="example.test", rrtype=RecordType.TXT)
    octets = "".join(f"\\{octet:03d}" for octet in f"v=spf1 {text}".encode("utf-8", "replace"))
    answer = Answer(question=txt, status=AnswerStatus.FOUND, records=(TextRecord(text=f'"{octets}"', ttl=1),))
    client = Client(address=FOUR, domain="example.test", local=local)

    answers = {txt: answer}
    for _ in range(200):
        ended = replay(evaluate(client), answers)
        if isinstance(ended, Spf):
            return
        answers[ended] = Answer(question=ended, status=AnswerStatus.NXDOMAIN)
    raise AssertionError("it did not end")


# -- macros ------------------------------------------------------------------------------------------------------------

VALUES = {
    "s": "strong-bad@email.example.com",
    "l": "strong-bad",
    "o": "email.example.com",
    "d": "email.example.com",
    "i": "192.0.2.3",
    "p": "mx.example.org",
    "v": "in-addr",
    "h": "mx.example.org",
}


@pytest.mark.parametrize(
    ("spec", "name"),
    [  # those of RFC 7208 §7.4
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("%{d9999}", "email.example.com"),
        ("%{d01}", "com"),
    ],
)
def test_macros_stand_for_what_the_standard_says(spec: str, name: str) -> None:
    assert is_domain_spec(spec)
    assert expand(spec, VALUES) == name


@pytest.mark.parametrize(
    "spec", ["", ".", "com", "a.1", "a.-b", "a.b-", "%", "%a", "%{d", "%{dd}", "%{d0}", "%{d00}", "%{t}.a"]
)
def test_what_is_no_domain_is_refused(spec: str) -> None:
    assert not is_domain_spec(spec)


@pytest.mark.parametrize("spec", ["a.b", "a.b.", "a.1-2", "a.b1", "%{d}", "a%%", "a%_", "a%-", "{}.b", "-._.b"])
def test_what_is_a_domain_is_taken(spec: str) -> None:
    assert is_domain_spec(spec)


def test_a_name_is_cut_at_its_left_until_it_fits() -> None:
    assert name_of(".".join(["a" * 60] * 5)) == ".".join(["a" * 60] * 4)
    most = "b." + ".".join(["a" * 62] * 4)
    assert len(most) == 253
    assert name_of(f"{most}.") == most
    assert name_of(f"b{most}") == most.removeprefix("b.")
    assert name_of("a" * 300) is None
    assert name_of("a..b") is None
    assert name_of("") is None


def test_odd_characters_are_asked_for_as_they_are() -> None:
    assert presented('a b"c\\d@e\x01') == 'a\\032b\\"c\\\\d\\@e\\001'


def test_a_record_is_read_once_however_often_it_stands() -> None:
    assert read_spf("v=spf1 -all") is read_spf("v=spf1 -all")
    assert isinstance(read_spf("v=spf1 x"), BadRecord)


def test_cases_say_what_a_client_is() -> None:
    case = Case(name="x", zone="", says="none", sender="bob@other.test")

    assert case.client == Client(address=FOUR, domain="other.test", local="bob", helo="mail.client.test")
