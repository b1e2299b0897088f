"""What a handover keeps of what a host said."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.session import Turn
from mxprobe.facts.smtp import Phase
from mxprobe.mx.proving import queued_as
from tests.support.proofs import MX2, a_reply, handover

BYE = Turn(phase=Phase.QUIT, started=1.0, ended=1.1, reply=a_reply(221, "2.0.0 Bye"))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("2.0.0 Ok: queued as 7F2A1", "7F2A1"),
        ("2.0.0 Ok: 1 recipients, queued as 4gFDzv0zN3z5", "4gFDzv0zN3z5"),
        ("OK id=1tEkSm-000000000Ab-1xYz", "1tEkSm-000000000Ab-1xYz"),
        ("2.0.0 4AO3aBcD012345 Message accepted for delivery", "4AO3aBcD012345"),
        ("2.0.0 f3b6b7f1 Message accepted for delivery", "f3b6b7f1"),
        ("thanks", ""),
    ],
)
def test_the_name_in_the_queue_is_read_from_the_answer_to_the_message_and_not_from_the_farewell(
    said: str, name: str
) -> None:
    ended = handover(MX2, 250, said, "Z1")
    ended = replace(ended, turns=(*ended.turns, BYE))

    assert ended.said == f"250 {said}"
    assert queued_as(ended) == name
