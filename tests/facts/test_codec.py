"""Facts survive the way through JSON, and lose their local parts where asked."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.codec import decode, encode, masked
from mxprobe.facts.dns import Answer
from mxprobe.facts.proof import Blind, Box, Proof
from mxprobe.facts.run import Run
from mxprobe.facts.session import Endpoint, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.tls import Certificate


def _strategy(kind: Any) -> st.SearchStrategy[Any]:
    """Values of any fact, from its annotations: what is added to a fact is tried without a line here."""
    return _of(msgspec.inspect.type_info(kind))


def _of(info: Any) -> st.SearchStrategy[Any]:
    match info:
        case msgspec.inspect.StructType():
            return st.builds(info.cls, **{field.name: _of(field.type) for field in info.fields})
        case msgspec.inspect.UnionType():
            return st.one_of(*[_of(part) for part in info.types])
        case msgspec.inspect.VarTupleType():
            return st.lists(_of(info.item_type), max_size=2).map(tuple)
        case msgspec.inspect.TupleType():
            return st.tuples(*[_of(part) for part in info.item_types])
        case msgspec.inspect.EnumType():
            return st.sampled_from(list(info.cls))
        case msgspec.inspect.BytesType():
            return st.binary(max_size=20)
        case msgspec.inspect.StrType():
            return st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.IntType():
            return st.integers(-(2**31), 2**31)
        case msgspec.inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case msgspec.inspect.NoneType():
            return st.none()
    raise AssertionError(f"a fact has a field of a kind that this test does not know: {info}")


@pytest.mark.timeout(300)  # a thousand snapshots are made of a great many parts
@pytest.mark.parametrize("kind", [Answer, Session, Snapshot, Run, Proof])
def test_facts_come_back_from_json_as_they_went(kind: type[Any]) -> None:
    @given(_strategy(kind))
    def check(fact: Any) -> None:
        assert decode(encode(fact), kind) == fact

    check()


def test_local_parts_are_cut_in_text_and_raw_bytes_of_a_fact() -> None:
    turn = Turn(
        phase=Phase.RCPT,
        started=0.0,
        ended=1.0,
        command=b"RCPT TO:<alice@example.test>\r\n",
        subject="alice@example.test",
        reply=Reply(raw=b"550 <alice@example.test>\r\n", code=550, lines=("<alice@example.test>",)),
    )
    session = Session(
        endpoint=Endpoint(host="mx1.example.test", address="192.0.2.1"), side=Side.CLIENT, started_at=0.0, turns=(turn,)
    )

    cut = masked(session)

    assert b"alice" not in encode(cut)
    assert cut.turns[0].subject == "al***@example.test"
    assert cut.turns[0].reply is not None
    assert cut.turns[0].reply.raw == b"550 <al***@example.test>\r\n"
    assert cut.endpoint == session.endpoint


_LOOKS_LIKE_AN_ADDRESS = st.sampled_from([b"alice@example.test", b"\xff\x04al@\x80", b"postmaster@mx1"])


@given(st.lists(st.one_of(st.binary(max_size=60), _LOOKS_LIKE_AN_ADDRESS)).map(b"".join))
def test_a_certificate_survives_a_save_octet_by_octet_and_what_is_said_of_it_is_cut(der: bytes) -> None:
    certificate = Certificate(
        der=der,
        subject="1.2.840.113549.1.9.1=alice@example.test",
        issuer="CN=An authority",
        names=("mx1.example.test",),
        not_before=0.0,
        not_after=1.0,
        key="ECDSA 256",
        signature="ecdsa-with-SHA256",
        fingerprint="00",
    )

    saved = decode(encode(masked(certificate)), Certificate)

    assert saved.der == der
    assert "alice" not in saved.subject


def test_no_place_of_a_proof_keeps_a_local_part() -> None:
    """Every text of a proof, however deep, is filled with an address; the words of its mailboxes name an account."""
    marked = _filled(msgspec.inspect.type_info(Proof))
    account = "IMAP imap.example.test:993 as carol"
    blind = Blind(box=Box.MAILBOX, since=0.0, reason=f"{account}: no answer within 30 s")
    proof = replace(marked, mailbox=account, returns=account, blind=(blind,))

    octets = encode(masked(proof))

    assert encode(proof).count(b"alice") > 30
    assert b"alice" not in octets
    assert b"carol" not in octets
    assert octets.count(b"IMAP imap.example.test:993 as ca***") == 3


def _filled(info: Any) -> Any:
    """A fact whose every text and every octet string holds an address."""
    match info:
        case msgspec.inspect.StructType():
            return info.cls(**{field.name: _filled(field.type) for field in info.fields})
        case msgspec.inspect.UnionType():
            kinds = [part for part in info.types if not isinstance(part, msgspec.inspect.NoneType)]
            return _filled(kinds[0])
        case msgspec.inspect.VarTupleType():
            return (_filled(info.item_type),)
        case msgspec.inspect.TupleType():
            return tuple(_filled(part) for part in info.item_types)
        case msgspec.inspect.EnumType():
            return next(iter(info.cls))
        case msgspec.inspect.BytesType():
            return b"250 <alice@example.test> from me\r\n"
        case msgspec.inspect.StrType():
            return "from a.test by b.test for <alice@example.test>; smtp.mailfrom=alice@example.test alice@example.test"
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return info.ge or 1
    raise AssertionError(f"a proof has a field of a kind that this test does not know: {info}")


def test_what_a_turn_does_not_have_is_left_out_of_json_and_read_back() -> None:
    turn = Turn(phase=Phase.QUIT, started=0.0, ended=1.0, reply=Reply(raw=b"221 bye\r\n", code=221, lines=("bye",)))

    assert set(msgspec.json.decode(msgspec.json.encode(turn))) == {"phase", "started", "ended", "reply"}
    assert msgspec.json.decode(msgspec.json.encode(turn), type=Turn) == turn
