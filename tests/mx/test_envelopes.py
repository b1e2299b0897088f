"""A session that asked for many domains, cut apart and joined again, is what each domain alone would have had."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.survey import Asked, Told
from mxprobe.mx.envelopes import MOST_RECIPIENTS, Attempts, next_asks, part_session, session_for, sessions_for

ENDPOINT = Endpoint(host="mx.big.test", address="192.0.2.1")


def _turn(phase: Phase, text: str = "250 ok", subject: str | None = None) -> Turn:
    reply = Reply(raw=text.encode(), code=int(text[:3]), lines=(text[4:],)) if text else None
    failure = None if text else Failure(kind=FailureKind.TIMEOUT, phase=phase)
    return Turn(phase=phase, started=1.0, ended=2.0, subject=subject, reply=reply, failure=failure)


def _head(grouped: bool) -> tuple[Turn, ...]:
    lines = ("hi", "PIPELINING") if grouped else ("hi",)
    hello = Turn(phase=Phase.EHLO, started=0, ended=1, reply=Reply(raw=b"250 hi", code=250, lines=lines))
    return _turn(Phase.CONNECT), _turn(Phase.BANNER, "220 hi"), hello


def _session(turns: tuple[Turn, ...], *, grouped: bool) -> Session:
    count = sum(turn.phase in (Phase.MAIL, Phase.RCPT, Phase.RSET) for turn in turns)
    return Session(
        endpoint=ENDPOINT,
        side=Side.CLIENT,
        started_at=1000.0,
        turns=turns,
        failure=turns[-1].failure,
        round_trips=4 if grouped else 4 + count,
    )


def _group(asked: Asked, answers: list[str], *, grouped: bool) -> tuple[Turn, ...]:
    mail = _turn(Phase.MAIL, answers[0], asked.sender)
    if not answers[0].startswith("2") and not grouped:
        return (mail,)
    rcpts = (_turn(Phase.RCPT, said, name) for name, said in zip(asked.recipients, answers[1:], strict=False))
    return (mail, *rcpts, _turn(Phase.RSET))


ANSWER = st.sampled_from(["250 ok", "550 5.1.1 nobody", "450 4.2.0 greylisted"])


@st.composite
def _asked_about(draw: st.DrawFn) -> tuple[tuple[Asked, ...], tuple[tuple[Turn, ...], ...], bool]:
    grouped = draw(st.booleans())
    asks = tuple(
        Asked(number=7 * place, recipients=tuple(f"r{n}@d{place}.test" for n in range(draw(st.integers(1, 3)))))
        for place in range(draw(st.integers(1, 6)))
    )
    groups = tuple(
        _group(asked, [draw(ANSWER) for _ in range(1 + len(asked.recipients))], grouped=grouped) for asked in asks
    )
    return asks, groups, grouped


@given(_asked_about())
def test_cut_and_joined_it_is_the_session_with_that_envelope_alone(
    case: tuple[tuple[Asked, ...], tuple[tuple[Turn, ...], ...], bool],
) -> None:
    asks, groups, grouped = case
    end = (_turn(Phase.QUIT, "221 bye"),)
    whole = _session((*_head(grouped), *(turn for group in groups for turn in group), *end), grouped=grouped)

    parted = part_session(whole, asks, 0)

    assert not parted.unasked
    assert [told.number for told in parted.told] == [asked.number for asked in asks]
    for told, group in zip(parted.told, groups, strict=True):
        alone = _session((*_head(grouped), *group, *end), grouped=grouped)
        assert session_for(parted.session, told.turns) == alone
        assert sessions_for((parted.session,), told) == (alone,)


@given(_asked_about(), st.sampled_from(["", "421 4.3.2 closing"]), st.data())
def test_a_session_that_ends_early_tells_each_domain_its_own_part(
    case: tuple[tuple[Asked, ...], tuple[tuple[Turn, ...], ...], bool], ending: str, data: st.DataObject
) -> None:
    asks, groups, grouped = case
    turns = [turn for group in groups for turn in group]
    ends_at = data.draw(st.integers(0, len(turns) - 1))
    last = _turn(turns[ends_at].phase, ending, turns[ends_at].subject)
    heard = (*turns[:ends_at], last)
    whole = _session((*_head(grouped), *heard), grouped=grouped)

    parted = part_session(whole, asks, 3)

    told = {one.number: one.turns for one in parted.told}
    assert {one.session for one in parted.told} <= {3}
    assert not any(turn.phase in (Phase.MAIL, Phase.RCPT, Phase.RSET) for turn in parted.session.turns)
    assert sorted([*told, *(asked.number for asked in parted.unasked)]) == [asked.number for asked in asks]
    starts = [0, *accumulate(len(group) for group in groups)]
    for asked, group, start in zip(asks, groups, starts, strict=False):
        if start + len(group) <= ends_at:
            session = session_for(parted.session, told[asked.number])
            assert session.failure is None
            assert session.turns[3:] == group
        elif start <= ends_at and asked.number in told:
            session = session_for(parted.session, told[asked.number])
            assert session.failure == last.failure
            assert session.turns[-1] == last
        elif grouped:
            assert session_for(parted.session, told[asked.number]).failure is not None
        else:
            assert asked in parted.unasked


def test_nobody_was_asked_in_a_session_that_did_not_come_to_mail() -> None:
    asks = (Asked(number=1, recipients=("a@one.test",)),)
    session = _session((_turn(Phase.CONNECT), _turn(Phase.BANNER, "421 4.3.2 not now")), grouped=False)

    parted = part_session(session, asks, 0)

    assert (parted.session, parted.told, parted.unasked) == (session, (), asks)


def test_a_session_asks_about_a_hundred_recipients_at_most() -> None:
    ones = tuple(Asked(number=number, recipients=("a@b.test",)) for number in range(250))
    many = Asked(number=1000, recipients=("a@b.test",) * (MOST_RECIPIENTS + 1))

    assert next_asks(ones) == ones[:100]
    assert next_asks((many, *ones)) == (many,)
    assert next_asks((ones[0], many)) == (ones[0],)
    assert next_asks(()) == ()


def test_a_domain_sees_the_attempts_that_failed_before_and_the_session_that_asked_for_it() -> None:
    away = _session((_turn(Phase.CONNECT), _turn(Phase.BANNER, "421 4.7.0 too many connections")), grouped=True)
    down = _session((_turn(Phase.CONNECT, ""),), grouped=True)
    served = _session((*_head(True), _turn(Phase.QUIT, "221 bye")), grouped=True)
    own = (_turn(Phase.MAIL), _turn(Phase.RCPT), _turn(Phase.RSET))
    sessions = (away, down, served, away, served)

    assert sessions_for(sessions, Told(number=1, session=2, turns=own)) == (away, down, session_for(served, own))
    assert sessions_for(sessions, Told(number=1, session=4, turns=own)) == (away, down, away, session_for(served, own))
    assert sessions_for(sessions, None) == (away, down, served)
    assert sessions_for((away, down), None) == (away, down)
    assert sessions_for((), None) == ()


def test_the_end_in_anothers_envelope_is_nothing_to_a_domain_that_asks_for_nobody() -> None:
    cut = replace(
        _session((*_head(False),), grouped=False), failure=Failure(kind=FailureKind.TIMEOUT, phase=Phase.RCPT)
    )

    assert sessions_for((cut,), None) == (replace(cut, failure=None),)


def test_what_domains_have_in_common_is_worked_out_once_and_none_sees_what_another_heard() -> None:
    cut = replace(_session(_head(False), grouped=False), failure=Failure(kind=FailureKind.RESET, phase=Phase.MAIL))
    sessions = (_session((_turn(Phase.CONNECT, ""),), grouped=False), cut, _session(_head(True), grouped=True))
    tells = [
        Told(number=number, session=session, turns=turns)
        for number, (session, turns) in enumerate(
            (session, turns)
            for session in (1, 2)
            for turns in ((), (_turn(Phase.MAIL), _turn(Phase.RCPT)), (_turn(Phase.MAIL), _turn(Phase.RCPT, "")))
        )
    ]
    attempts = Attempts(sessions)

    for told in (*tells, None, *reversed(tells)):
        assert attempts.as_seen(told) == sessions_for(sessions, told)
        if told is not None:
            assert attempts.as_seen(told)[-1] == session_for(sessions[told.session], told.turns)
