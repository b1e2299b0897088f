"""What a survey and its worker processes say to each other, as MessagePack."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from mxprobe.facts.survey import Manner
from mxprobe.jobs.survey.tasks import Row, Task


class Begin(Struct, frozen=True, kw_only=True, tag="begin"):
    """The first word to a worker, and again whenever the manner is another one."""

    manner: Manner


class Do(Struct, frozen=True, kw_only=True, tag="do"):
    """Make a task, and call it by that number."""

    number: int
    task: Task


class Drop(Struct, frozen=True, kw_only=True, tag="drop"):
    """Nobody waits for that task any more."""

    number: int


class Hello(Struct, frozen=True, kw_only=True, tag="hello"):
    """The first word of a worker."""


class Awake(Struct, frozen=True, kw_only=True, tag="awake"):
    """A worker that has nothing to give is there all the same."""


class Rows(Struct, frozen=True, kw_only=True, tag="rows"):
    """Some rows of a task."""

    number: int
    rows: tuple[Row, ...]


class Done(Struct, frozen=True, kw_only=True, tag="done"):
    """The task is made, and these were all its rows."""

    number: int


class Broken(Struct, frozen=True, kw_only=True, tag="broken"):
    """The task cannot be made. `ours`: what is wrong lies in this machine or what was asked, not in the task."""

    number: int
    reason: str
    ours: bool = False


Order = Begin | Do | Drop
Word = Hello | Awake | Rows | Done | Broken

encode: Callable[[Order | Word], bytes] = msgspec.msgpack.Encoder().encode
decode_order: Callable[[bytes | bytearray], Order] = msgspec.msgpack.Decoder(Order).decode
decode_word: Callable[[bytes | bytearray], Word] = msgspec.msgpack.Decoder(Word).decode
