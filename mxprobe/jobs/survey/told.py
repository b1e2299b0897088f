"""What envelopes heard, as a survey's journal keeps it: masked, and with what makes it cheap to tell. Pure.

Whoever visits masks the turns, once, so that whoever tells need not read those in which all went well. What was told in
one errand stays together, since those who are asked about together are told together.
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from mxprobe.facts.codec import masked
from mxprobe.facts.smtp import Phase, Reply
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
    turns, taken, refused, rcpt = [], 0, False, Phase.RCPT
    heard: Reply | None = None
    names_somebody = False
    for turn in told.turns:
        reply, command, subject = turn.reply, turn.command, turn.subject
        taken += turn.phase is rcpt
        refused = refused or reply is None or turn.failure is not None
        if reply is not heard:  # most turns of an envelope have one reply, which is read from the host once
            heard, names_somebody = reply, reply is not None and (b"@" in reply.raw or b"IMAP " in reply.raw)
            refused = refused or (reply is not None and not reply.is_positive)
        if turn.failure is not None or names_somebody:
            turn = masked(turn)
        elif command is not None and b"@" in command:  # most have an address in what was said to the host alone
            command, subject = _masked_words(command, subject)
            turn = replace(turn, command=command, subject=subject)
        elif subject is not None and "@" in subject:
            turn = masked(turn)
        turns.append(turn)
    return ToldRow(number=told.number, session=told.session, turns=_encode(turns), taken=0 if refused else taken)


@lru_cache(maxsize=_REMEMBERED)
def _masked_words(command: bytes, subject: str | None) -> tuple[bytes, str | None]:
    return mask_bytes(command), None if subject is None else mask(subject)
