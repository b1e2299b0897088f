"""What envelopes heard, as a survey's journal keeps it: masked, and with what makes it cheap to tell. Pure.

Whoever visits masks the turns, once, so that whoever tells need not read those in which all went well. What was told in
one errand stays together, since those who are asked about together are told together.
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from mxprobe.facts.codec import masked
from mxprobe.facts.session import Turn
from mxprobe.facts.smtp import Phase
from mxprobe.facts.survey import Told
from mxprobe.facts.text import mask, mask_bytes
from mxprobe.jobs.survey.tasks import ToldRow

_REMEMBERED = 4096
"""Commands whose masked form is remembered: most domains are asked about at more than one host."""

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[ToldRow, ...]).decode


def encode_told(told: Iterable[Told]) -> bytes:
    """What was told in one errand, to be kept."""
    return _pack([told_row(one) for one in told])


def encode_untold(numbers: Iterable[int]) -> bytes:
    """The same for entries of which nothing could be told."""
    return _pack([ToldRow(number=number) for number in numbers])


def decode_told(octets: bytes) -> dict[int, ToldRow]:
    """What was told in one errand, by the numbers of the entries. Raises msgspec.MsgspecError."""
    return {row.number: row for row in _unpack(octets)}


def told_row(told: Told) -> ToldRow:
    """What was told of one entry, to be kept."""
    turns = [_masked_turn(turn) for turn in told.turns]
    return ToldRow(number=told.number, session=told.session, turns=_encode(turns), taken=_taken(told.turns))


def _taken(turns: tuple[Turn, ...]) -> int:
    """The recipients of one envelope in which every turn was answered with 2yz; else 0."""
    taken, rcpt = 0, Phase.RCPT
    for turn in turns:
        reply = turn.reply
        if turn.failure is not None or reply is None or not reply.is_positive:
            return 0
        taken += turn.phase is rcpt
    return taken


def _masked_turn(turn: Turn) -> Turn:
    """As `masked` has it; most turns of an envelope have an address in what was said to the host, and nowhere else."""
    reply, command, subject = turn.reply, turn.command, turn.subject
    if turn.failure is not None or (reply is not None and (b"@" in reply.raw or b"IMAP " in reply.raw)):
        return masked(turn)
    if command is None or b"@" not in command:
        return turn if subject is None or "@" not in subject else masked(turn)
    command, subject = _masked_words(command, subject)
    return replace(turn, command=command, subject=subject)


@lru_cache(maxsize=_REMEMBERED)
def _masked_words(command: bytes, subject: str | None) -> tuple[bytes, str | None]:
    return mask_bytes(command), None if subject is None else mask(subject)
