"""A process that makes the tasks of a survey, started by `workforce.Processes`, which it outlives by a moment at most.

Tasks come in frames on standard input, rows go back in frames on standard output; when the input ends, so does the
process. Ctrl-C is for whoever started it.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from mxprobe.errors import MxprobeError
from mxprobe.facts.survey import Manner
from mxprobe.jobs.survey.garbage import collect_seldom
from mxprobe.jobs.survey.messages import Awake, Begin, Broken, Do, Done, Drop, Hello, Rows, decode_order, encode
from mxprobe.jobs.survey.tasks import Row
from mxprobe.wire.pipes import Pipe, PipeEnded, own_pipe

_log = logging.getLogger("mxprobe.jobs")

_GLANCE = 0.2  # seconds between two looks whether the survey is still there
_AWAKE = 5.0  # seconds between two words that this process is there


async def work(pipe: Pipe) -> None:
    """Make tasks until no more can come."""
    await pipe.write(encode(Hello()))
    from mxprobe.jobs.survey.perform import perform  # loads all that looks and judges: after the hello

    making = dict[int, asyncio.Task[None]]()
    manner: Manner | None = None
    async with asyncio.TaskGroup() as tasks:
        awake = tasks.create_task(_say_awake(pipe))
        try:
            while True:
                match decode_order(await pipe.read()):
                    case Begin(manner=manner):
                        pass
                    case Do(number=number, task=task) if manner is not None:
                        made = tasks.create_task(_make(pipe, number, perform(task, manner)))
                        made.add_done_callback(lambda _, number=number: making.pop(number, None))  # type: ignore[misc]
                        making[number] = made
                    case Drop(number=number) if number in making:
                        making[number].cancel()
        except PipeEnded:
            for made in (awake, *making.values()):
                made.cancel()


async def _say_awake(pipe: Pipe) -> None:
    """Say again and again that the event loop turns."""
    with contextlib.suppress(PipeEnded):
        while True:
            await asyncio.sleep(_AWAKE)
            await pipe.write(encode(Awake()))


async def _make(pipe: Pipe, number: int, making: AsyncGenerator[tuple[Row, ...], None]) -> None:
    try:
        async with aclosing(making) as batches:
            async for rows in batches:
                await pipe.write(encode(Rows(number=number, rows=rows)))
        await pipe.write(encode(Done(number=number)))
    except PipeEnded:
        return
    except MxprobeError as error:
        await _say(pipe, Broken(number=number, reason=str(error), ours=True))
    except Exception as error:  # rim: a task that cannot be made is told, and the others go on
        _log.warning("a task could not be made", exc_info=True)
        await _say(pipe, Broken(number=number, reason=f"{type(error).__name__}: {error}"))


async def _say(pipe: Pipe, word: Broken) -> None:
    try:
        await pipe.write(encode(word))
    except PipeEnded:
        return


async def _run() -> None:
    await work(await own_pipe())


def _end_with(parent: int) -> None:
    """End at once when the survey is gone, however busy the event loop is: nobody is visited for nobody."""
    while os.getppid() == parent:
        time.sleep(_GLANCE)
    os._exit(1)


def main() -> None:
    """The process."""
    collect_seldom()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    try:
        import uvloop  # an extra
    except ImportError:
        asyncio.run(_run())
    else:
        uvloop.run(_run())
    os._exit(0)  # nothing that still hangs, such as a thread asking for a name, holds the process


if __name__ == "__main__":
    main()
