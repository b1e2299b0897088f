"""Removes what a proof has left in mailboxes: messages with its tokens, reports about them, and nothing else."""

import asyncio
from collections.abc import Iterable

from msgspec import Struct

from mxprobe.errors import MxprobeError
from mxprobe.probe.mailboxes.mailbox import Mailbox


class Cleaned(Struct, frozen=True, kw_only=True):
    """How many messages were removed, and what went wrong with boxes that could not be cleaned, in words for people."""

    removed: int = 0
    troubles: tuple[str, ...] = ()


async def clean_boxes(boxes: Iterable[Mailbox], tokens: frozenset[str]) -> Cleaned:
    """Remove from each box. What goes wrong is told, never raised: the proof is made by then, and has to be shown.

    Cancelled, it says so, and leaves what is left where it is.
    """
    removed, troubles = 0, list[str]()
    for box in boxes:
        try:
            removed += await box.clean(tokens)
        except MxprobeError as error:
            troubles.append(str(error))
        except asyncio.CancelledError:
            troubles.append(f"{box.describe()}: interrupted")
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            break
    return Cleaned(removed=removed, troubles=tuple(troubles))
