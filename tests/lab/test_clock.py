"""The jumping clock: order, exact jumps, quiet, deadlock, Ctrl-C, and stories inside a running loop."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Coroutine
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from mxprobe.errors import MxprobeError
from mxprobe.lab.clock import StoryDeadlock, StoryLoop, describe_tasks, play_in_fresh_loop

HALF_HOUR = 1800.0
DAY = 86400.0


def play(story: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=StoryLoop) as runner:
        return runner.run(story)


def running_story_loop() -> StoryLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, StoryLoop)
    return loop


def test_story_time_starts_at_zero_and_a_jump_goes_to_the_next_timer_exactly() -> None:
    async def story() -> list[float]:
        loop = asyncio.get_running_loop()
        seen = [loop.time()]
        for nap in (0.1, 30.0, DAY, 17_000_000.0):
            await asyncio.sleep(nap)
            seen.append(loop.time())
        return seen

    assert play(story()) == [0.0, 0.1, 30.1, 30.1 + DAY, 30.1 + DAY + 17_000_000.0]


def test_timers_due_at_one_instant_fire_in_the_order_they_were_set() -> None:
    async def story() -> list[int]:
        loop, fired = asyncio.get_running_loop(), list[int]()
        for number in range(200):
            loop.call_at(5.0, fired.append, number)
        loop.call_at(4.0, fired.append, -1)
        await asyncio.sleep(6)
        return fired

    assert play(story()) == [-1, *range(200)]


def test_five_days_of_half_hourly_retries_take_milliseconds() -> None:
    async def story() -> int:
        loop, attempts = asyncio.get_running_loop(), 0
        while loop.time() < 5 * DAY:
            await asyncio.sleep(HALF_HOUR)
            attempts += 1
        return attempts

    before = time.process_time()
    assert play(story()) == 240
    assert time.process_time() - before < 0.1


def test_two_stories_of_equal_timers_take_the_same_turns() -> None:
    async def story() -> list[tuple[int, float]]:
        told = list[tuple[int, float]]()

        async def child(number: int) -> None:
            for _ in range(5):
                await asyncio.sleep(number % 3)
                told.append((number, asyncio.get_running_loop().time()))

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(child(number))
        return told

    assert play(story()) == play(story())


def test_a_timeout_ends_at_its_instant() -> None:
    async def story() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.get_running_loop().create_future()
        return asyncio.get_running_loop().time()

    assert play(story()) == 30.0


def test_a_cancelled_timer_neither_fires_nor_draws_the_clock() -> None:
    async def story() -> float:
        loop = running_story_loop()
        loop.call_later(7, pytest.fail, "a cancelled timer fired").cancel()
        await asyncio.sleep(3)
        return await loop.until_quiet(100)

    assert play(story()) == 3.0


# -- quiet and deadlock ----------------------------------------------------------------------------


def test_quiet_comes_when_only_idle_timers_are_left() -> None:
    async def story() -> tuple[float, list[str]]:
        loop, fired = running_story_loop(), list[str]()
        loop.call_idle_later(5, fired.append, "idle before the work")
        loop.call_later(10, fired.append, "work")
        loop.call_idle_later(300, fired.append, "idle after it")
        return await loop.until_quiet(DAY), fired

    assert play(story()) == (10.0, ["idle before the work", "work"])


def test_quiet_comes_at_the_horizon_when_all_due_at_it_has_happened() -> None:
    async def story() -> tuple[float, list[str]]:
        loop, fired = running_story_loop(), list[str]()
        loop.call_at(60.0, lambda: loop.call_soon(fired.append, "at the horizon"))
        loop.call_at(60.1, fired.append, "beyond it")
        return await loop.until_quiet(60.0), fired

    assert play(story()) == (60.0, ["at the horizon"])


def test_quiet_can_be_waited_for_again_and_by_one_task_at_a_time() -> None:
    async def story() -> list[float]:
        loop = running_story_loop()
        loop.call_later(1, int)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(loop.until_quiet(10))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="waiting for quiet"):
                await loop.until_quiet(10)
        loop.call_later(2, int)
        return [first.result(), await loop.until_quiet(10), await loop.until_quiet(2)]

    assert play(story()) == [1.0, 3.0, 3.0]


def test_a_cancelled_wait_for_quiet_leaves_the_loop_usable() -> None:
    async def story() -> float:
        loop = running_story_loop()
        loop.call_later(5, int)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.until_quiet(10), 1)
        return await loop.until_quiet(10)

    assert play(story()) == 5.0


def test_the_tidying_timers_of_aiosmtpd_and_of_the_tls_layer_are_idle() -> None:
    class Host(SMTP):
        pass

    async def story() -> list[bool]:
        loop = running_story_loop()
        host = Host(object(), loop=loop, hostname="mx1.example.test")
        layer: Any = SSLProtocol.__new__(SSLProtocol)
        timers = [
            loop.call_at(9, callback)
            for callback in (layer._check_shutdown_timeout, host._timeout_cb, host.eof_received)
        ]
        for timer in timers:
            timer.cancel()
        return [timer.idle for timer in timers]

    assert play(story()) == [True, True, False]


def test_a_deadlock_is_raised_and_names_who_waits() -> None:
    async def waits_for_ever() -> None:
        await asyncio.get_running_loop().create_future()

    async def story() -> None:
        await asyncio.sleep(12)
        async with asyncio.TaskGroup() as group:
            group.create_task(waits_for_ever(), name="sender of m1")

    with pytest.raises(StoryDeadlock, match=r"at 12 s .*sender of m1 \(.*waits_for_ever\)") as caught:
        play(story())
    assert isinstance(caught.value, MxprobeError)


def test_pending_tasks_are_described_in_sorted_order() -> None:
    async def story() -> tuple[str, ...]:
        async with asyncio.TaskGroup() as group:
            for name in ("b", "a"):
                group.create_task(asyncio.sleep(1), name=name)
            await asyncio.sleep(0)
            return tuple(line for line in describe_tasks(asyncio.get_running_loop()) if line[0] in "ab")

    assert play(story()) == ("a (sleep)", "b (sleep)")


# -- no way out of the story -----------------------------------------------------------------------


def test_threads_name_lookups_and_real_sockets_are_refused_by_a_clear_sentence() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="no threads"):
            await asyncio.to_thread(time.sleep, 0)
        with pytest.raises(RuntimeError, match=r"no system resolver: 'mx1\.example\.test'"):
            await loop.getaddrinfo("mx1.example.test", 25)
        with pytest.raises(RuntimeError, match="no system resolver"):
            await loop.getnameinfo(("192.0.2.1", 25))
        with pytest.raises(RuntimeError, match="memory network"):
            await loop.create_connection(asyncio.Protocol, "192.0.2.1", 25)
        with pytest.raises(RuntimeError, match="memory network"):
            await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        with pytest.raises(RuntimeError, match="name servers"):
            await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))

    play(story())


# -- a story inside a running loop -----------------------------------------------------------------


async def a_day() -> float:
    task = asyncio.current_task()
    await asyncio.sleep(DAY)
    assert asyncio.current_task() is task
    return asyncio.get_running_loop().time()


def test_a_story_plays_where_no_loop_runs() -> None:
    assert play_in_fresh_loop(a_day) == DAY


def test_stories_play_inside_a_running_loop_which_goes_on_as_before() -> None:
    async def outer() -> list[float]:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        told = list[float]()
        async with asyncio.TaskGroup() as group:
            other = group.create_task(asyncio.sleep(0, "still here"))
            for _ in range(3):
                told.append(play_in_fresh_loop(a_day))
                assert asyncio.get_running_loop() is loop
                assert asyncio.current_task() is task
                await asyncio.sleep(0)
        assert other.result() == "still here"
        return told

    with asyncio.Runner() as runner:
        assert runner.run(outer()) == [DAY] * 3


def test_a_failing_story_inside_a_running_loop_leaves_that_loop_in_order() -> None:
    async def fails() -> None:
        raise MxprobeError("no such host")

    async def outer() -> str:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        with pytest.raises(MxprobeError, match="no such host"):
            play_in_fresh_loop(fails)
        assert asyncio.get_running_loop() is loop
        assert asyncio.current_task() is task
        await asyncio.sleep(0)
        return "went on"

    with asyncio.Runner() as runner:
        assert runner.run(outer()) == "went on"


def test_left_over_tasks_of_a_story_are_cancelled() -> None:
    ends = list[str]()

    async def lingers() -> None:
        try:
            await asyncio.sleep(DAY)
        finally:
            ends.append("cancelled")

    async def story() -> str:
        task = asyncio.get_running_loop().create_task(lingers())
        await asyncio.sleep(1)
        assert not task.done()
        return "told"

    assert play_in_fresh_loop(story) == "told"
    assert ends == ["cancelled"]


# -- Ctrl-C ----------------------------------------------------------------------------------------

ENDLESS = """
import asyncio, signal
from mxprobe.lab.clock import StoryLoop, play_in_fresh_loop

async def endless():
    print("ready", flush=True)
    try:
        while True:
            await asyncio.sleep(1800)
    finally:
        print("tidied", flush=True)
"""
IN_A_RUNNER = """
try:
    with asyncio.Runner(loop_factory=StoryLoop) as runner:
        runner.run(endless())
except KeyboardInterrupt:
    print("interrupted")
"""
INSIDE_A_LOOP = """
async def outer():
    try:
        play_in_fresh_loop(endless)
    finally:
        print("outer tidied")
try:
    with asyncio.Runner() as runner:
        runner.run(outer())
except KeyboardInterrupt:
    print("interrupted")
"""
WHERE_NO_LOOP_RUNS = """
try:
    play_in_fresh_loop(endless)
except KeyboardInterrupt:
    print("interrupted", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send SIGINT to one child")
@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param(IN_A_RUNNER, "tidied interrupted", id="story in a Runner"),
        pytest.param(INSIDE_A_LOOP, "tidied outer tidied interrupted", id="story inside a running loop"),
        pytest.param(WHERE_NO_LOOP_RUNS, "tidied interrupted True", id="story where no loop runs"),
    ],
)
def test_ctrl_c_ends_an_endless_story_promptly(program: str, told: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(ENDLESS + program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=5)
        finally:
            child.kill()
    assert (out.split(), err, child.returncode) == (told.split(), "", 0)
