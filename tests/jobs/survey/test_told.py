"""What was told in an envelope, as it is kept: nobody's name in it, and how many recipients were taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.codec import decode, masked
from mxprobe.facts.session import Failure, FailureKind, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.survey import Told
from mxprobe.jobs.survey.told import told_row


@pytest.mark.parametrize(
    "turn",
    [
        Turn(phase=Phase.MAIL, started=0.0, ended=0.1, subject="alice@a.test"),
        Turn(phase=Phase.RCPT, started=0.0, ended=0.1, command=b"RCPT TO:<alice@a.test>\r\n", subject="alice@a.test"),
        Turn(
            phase=Phase.RCPT,
            started=0.0,
            ended=0.1,
            reply=Reply(raw=b"250 <alice@a.test>", code=250, lines=("alice@a.test",)),
        ),
        Turn(
            phase=Phase.RCPT,
            started=0.0,
            ended=0.1,
            reply=Reply(raw=b"451 IMAP a.test:993 as alice", code=451, lines=("IMAP a.test:993 as alice",)),
        ),
        Turn(
            phase=Phase.RCPT,
            started=0.0,
            ended=0.1,
            failure=Failure(kind=FailureKind.CLOSED, phase=Phase.RCPT, detail="of alice@a.test"),
        ),
    ],
)
def test_nobody_is_named_in_what_was_told(turn: Turn) -> None:
    row = told_row(Told(number=0, session=0, turns=(turn,)))
    assert b"alice" not in (row.turns or b"")
    assert decode(row.turns or b"", tuple[Turn, ...])[0].phase is turn.phase


@pytest.mark.parametrize(
    ("codes", "taken"), [((250, 250, 250), 2), ((250, 250, 550), 0), ((451, 250, 250), 0), ((250, 252, 251), 2)]
)
def test_recipients_are_taken_where_all_that_was_said_was_answered_with_yes(codes: tuple[int, ...], taken: int) -> None:
    turns = [
        Turn(phase=phase, started=0.0, ended=0.1, reply=Reply(raw=b"", code=code))
        for phase, code in zip((Phase.MAIL, Phase.RCPT, Phase.RCPT), codes, strict=True)
    ]
    assert told_row(Told(number=0, session=0, turns=tuple(turns))).taken == taken
    assert told_row(Told(number=0, session=0, turns=(*turns, replace(turns[0], reply=None)))).taken == 0


REPLIES = (
    None,
    Reply(raw=b"250 2.1.0 Ok\r\n", code=250, lines=("2.1.0 Ok",)),
    Reply(raw=b"250 <alice@a.test>\r\n", code=250, lines=("<alice@a.test>",)),
    Reply(raw=b"250 IMAP a.test:993 as alice\r\n", code=250, lines=("IMAP a.test:993 as alice",)),
    Reply(raw=b"550 5.1.1 no\r\n", code=550, lines=("5.1.1 no",)),
    Reply(raw=b"what\r\n", code=None, lines=("what",)),
)
FAILURES = (None, None, None, Failure(kind=FailureKind.CLOSED, phase=Phase.RCPT, detail="of alice@a.test"))


@given(
    st.lists(
        st.builds(
            Turn,
            phase=st.sampled_from([Phase.MAIL, Phase.RCPT, Phase.RSET]),
            started=st.just(0.0),
            ended=st.just(0.1),
            command=st.sampled_from([None, b"RSET\r\n", b"RCPT TO:<alice@a.test>\r\n"]),
            subject=st.sampled_from([None, "", "alice@a.test"]),
            reply=st.sampled_from(REPLIES),
            failure=st.sampled_from(FAILURES),
        ),
        max_size=5,
    )
)
def test_each_turn_is_told_as_if_it_were_the_only_one_whatever_replies_they_have_in_common(turns: list[Turn]) -> None:
    row = told_row(Told(number=0, session=0, turns=tuple(turns)))

    went_well = [turn.failure is None and turn.reply is not None and turn.reply.is_positive for turn in turns]
    assert decode(row.turns or b"", tuple[Turn, ...]) == tuple(map(masked, turns))
    assert row.taken == (sum(turn.phase is Phase.RCPT for turn in turns) if all(went_well) else 0)
