"""What TLSA records promise, and which chains keep it: the truth table of a DANE sender."""

import datetime
import hashlib
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.dane import (
    DaneMatch,
    DaneOutcome,
    TlsaRecord,
    match_chain,
    read_tlsa,
    tlsa_question,
    tlsa_record,
    tlsa_records,
)

NOW = 1767225600.0
YEARS = 365 * 86400


@cache
def certificate(name: str, issuer: str = "", ca: bool = False, old: bool = False) -> bytes:
    """A certificate of `name` by `issuer` ("" by itself), as DER."""
    key = _key(name)
    end = datetime.datetime(2024 if old else 2040, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer or name))
        .public_key(key.public_key())
        .serial_number(int.from_bytes(name.encode()[:8], "big"))
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(_key(issuer or name), None)
    )
    return built.public_bytes(Encoding.DER)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


ROOT = certificate("root", ca=True)
MIDDLE = certificate("middle", "root", ca=True)
LEAF = certificate("mx1", "middle")
CHAIN = (LEAF, MIDDLE, ROOT)
OTHER = certificate("other", ca=True)


def judge(*texts: str, chain: tuple[bytes, ...] = CHAIN, now: float = NOW, named: bool = True) -> DaneMatch:
    records = tuple(record for text in texts if (record := read_tlsa(text)) is not None)
    assert len(records) == len(texts)
    return match_chain(records, chain, now, lambda _: named)


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("mtype", [0, 1, 2])
@pytest.mark.parametrize(("usage", "der", "place"), [(3, LEAF, 0), (2, MIDDLE, 1), (2, ROOT, 2)])
def test_a_record_of_the_chain_matches_by_every_selector_and_type(
    usage: int, der: bytes, place: int, selector: int, mtype: int
) -> None:
    text = tlsa_record(der, usage, selector, mtype)
    match = judge(text)

    assert (match.outcome, match.place, str(match.record)) == (DaneOutcome.MATCHED, place, text)
    assert judge(tlsa_record(OTHER, usage, selector, mtype)).outcome is DaneOutcome.NO_MATCH


def test_the_usual_record_is_the_digest_of_the_key() -> None:
    assert tlsa_record(LEAF).startswith("3 1 1 ")
    assert len(tlsa_record(LEAF)) == len("3 1 1 ") + 64


@pytest.mark.parametrize("text", ["0 1 1 {}", "1 1 1 {}", "4 1 1 {}", "3 2 1 {}", "3 1 3 {}", "3 1 2 {}", "3 1 1 abcd"])
def test_records_that_smtp_cannot_use_are_unusable_alone_and_passed_over_in_company(text: str) -> None:
    unusable = text.format("ab" * 32)

    assert judge(unusable).outcome is DaneOutcome.UNUSABLE
    assert judge(unusable, tlsa_record(LEAF)).outcome is DaneOutcome.MATCHED
    assert judge(unusable, tlsa_record(OTHER)).outcome is DaneOutcome.NO_MATCH


def test_no_records_are_absent_which_is_not_unusable() -> None:
    assert judge().outcome is DaneOutcome.ABSENT


def test_dane_ee_looks_at_neither_names_nor_dates_nor_issuers() -> None:
    alone = certificate("alone", old=True)

    assert judge(tlsa_record(alone), chain=(alone,), named=False).outcome is DaneOutcome.MATCHED


def test_dane_ee_is_of_the_hosts_own_certificate_alone() -> None:
    assert judge(tlsa_record(MIDDLE)).outcome is DaneOutcome.NO_MATCH


def test_dane_ta_is_never_the_hosts_own_certificate() -> None:
    assert judge(tlsa_record(LEAF, usage=2)).outcome is DaneOutcome.NO_MATCH


def test_dane_ta_asks_for_the_name() -> None:
    match = judge(tlsa_record(ROOT, usage=2), named=False)

    assert (match.outcome, "does not name the host" in match.why) == (DaneOutcome.NO_MATCH, True)


@pytest.mark.parametrize("old", ["leaf", "middle"])
def test_dane_ta_asks_for_the_dates_of_all_on_the_way(old: str) -> None:
    middle = certificate("middle", "root", ca=True, old=old == "middle")
    leaf = certificate("mx1", "middle", old=old == "leaf")
    match = judge(tlsa_record(ROOT, usage=2), chain=(leaf, middle, ROOT))

    assert (match.outcome, "dates" in match.why) == (DaneOutcome.NO_MATCH, True)
    assert judge(tlsa_record(ROOT, usage=2), now=NOW + 20 * YEARS).outcome is DaneOutcome.NO_MATCH


@pytest.mark.parametrize(
    "chain",
    [
        (LEAF, ROOT),
        (LEAF, certificate("middle", "root"), ROOT),
        (LEAF, certificate("middle", "other", ca=True), ROOT),
        (certificate("mx1", "other"), MIDDLE, ROOT),
        (LEAF,),
    ],
    ids=["cut", "no authority", "another issuer", "another leaf", "alone"],
)
def test_dane_ta_asks_for_a_whole_path(chain: tuple[bytes, ...]) -> None:
    assert judge(tlsa_record(ROOT, usage=2), chain=chain).outcome is DaneOutcome.NO_MATCH


def test_the_order_of_what_is_sent_does_not_matter_above_the_hosts_own() -> None:
    match = judge(tlsa_record(ROOT, usage=2), chain=(LEAF, ROOT, OTHER, MIDDLE))

    assert (match.outcome, match.place) == (DaneOutcome.MATCHED, 1)


def test_an_anchor_that_is_in_the_record_need_not_be_sent() -> None:
    match = judge(tlsa_record(ROOT, 2, 0, 0), chain=(LEAF, MIDDLE))

    assert (match.outcome, match.place) == (DaneOutcome.MATCHED, None)
    assert judge(tlsa_record(ROOT, 2, 0, 1), chain=(LEAF, MIDDLE)).outcome is DaneOutcome.NO_MATCH


def test_a_weaker_digest_does_not_count_beside_a_stronger_one() -> None:
    assert judge(tlsa_record(LEAF), tlsa_record(OTHER, mtype=2)).outcome is DaneOutcome.NO_MATCH
    assert judge(tlsa_record(LEAF, mtype=2), tlsa_record(OTHER)).outcome is DaneOutcome.MATCHED
    assert judge(tlsa_record(LEAF), tlsa_record(OTHER, selector=0, mtype=2)).outcome is DaneOutcome.MATCHED


def test_a_roll_over_has_two_records_of_which_one_fits() -> None:
    assert judge(tlsa_record(OTHER), tlsa_record(LEAF)).outcome is DaneOutcome.MATCHED


@pytest.mark.parametrize("chain", [(), (b"junk",), (b"junk", LEAF)])
def test_a_chain_that_cannot_be_read_matches_nothing(chain: tuple[bytes, ...]) -> None:
    assert judge(tlsa_record(LEAF), chain=chain).outcome is DaneOutcome.NO_MATCH


def test_records_are_read_from_an_answer() -> None:
    question = tlsa_question("mx1.example.test")
    texts = ("3 1 1 abcd ef01", "junk", "3 1 1 xy", "2 0 1 AB")
    records = tuple(TextRecord(text=text, ttl=60) for text in texts)

    assert question == Question(name="_25._tcp.mx1.example.test", rrtype=RecordType.TLSA)
    assert tlsa_records(Answer(question=question, status=AnswerStatus.FOUND, records=records)) == (
        TlsaRecord(usage=3, selector=1, mtype=1, data=bytes.fromhex("abcdef01")),
        TlsaRecord(usage=2, selector=0, mtype=1, data=b"\xab"),
    )


@given(text=st.text() | st.from_regex(r"\d+ \d+ \d+ [0-9a-f ]*", fullmatch=True))
def test_any_text_is_a_record_or_none(text: str) -> None:
    record = read_tlsa(text)

    assert record is None or read_tlsa(str(record)) == record


@given(place=st.integers(0, 2), at=st.integers(0, 1000), flip=st.integers(1, 255), usage=st.sampled_from([2, 3]))
def test_an_altered_certificate_never_matches_and_never_raises(place: int, at: int, flip: int, usage: int) -> None:
    chain = [bytearray(der) for der in CHAIN]
    chain[place][at % len(chain[place])] ^= flip
    record = tlsa_record((LEAF, ROOT)[3 - usage], usage=usage, selector=0)

    match = judge(record, chain=tuple(bytes(der) for der in chain))

    is_looked_at = usage == 2 or place == 0
    assert match.outcome is (DaneOutcome.NO_MATCH if is_looked_at else DaneOutcome.MATCHED)
