"""Event loops whose clock jumps: days of story time pass in milliseconds.

When nothing is ready to run, the clock moves to the next timer instead of waiting for it. Story time starts at 0.0
and is `loop.time()`; whoever needs wall-clock time adds an epoch of their own. `StoryLoop` owns no descriptors and no
threads, so nothing outside the story can move it; it takes connections from a memory network (`mxprobe.lab.memory`)
and refuses real ones. Its sister on real sockets is in `mxprobe.lab.socket_clock`. Ctrl-C works as on any loop, because
neither blocks for long.

Callers run it with `asyncio.Runner(loop_factory=StoryLoop)`, or with `play_in_fresh_loop` when a loop may be running.
"""

import asyncio
import contextlib
import heapq
import signal
import ssl as tls
import threading
from asyncio import sslproto
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context
from typing import Any, NoReturn, Protocol, TypeVar, TypeVarTuple, runtime_checkable

from mxprobe.errors import MxprobeError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
P = TypeVar("P", bound=asyncio.BaseProtocol)

# Timers of others that only tidy up: when nothing but these is left, nothing worth telling can happen any more.
# A lambda's name is that of the method that made it (CPython up to 3.12), else the method itself is named.
IDLE_CALLBACKS = frozenset(
    {
        "aiosmtpd.smtp.SMTP._timeout_cb",
        "asyncio.sslproto.SSLProtocol._start_shutdown.<locals>.<lambda>",
        "asyncio.sslproto.SSLProtocol._check_shutdown_timeout",
    }
)

# At the largest story time we allow for (years), neighbouring floats are some nanoseconds apart: a finer
# resolution would leave a due timer for ever "not yet due".
CLOCK_RESOLUTION = 1e-6


class StoryDeadlock(MxprobeError):
    """Nothing is ready and no timer is pending, yet tasks wait: nothing can ever happen again."""


@runtime_checkable
class Attachable(Protocol):
    """A connected memory socket, waiting for the protocol that shall speak on it."""

    def attach(self, protocol: asyncio.BaseProtocol) -> asyncio.Transport:
        """Give the connection to a protocol and start reading."""


class StoryTimer(asyncio.TimerHandle):
    """A timer ordered by (when, sequence): timers due at the same instant fire in the order they were set.

    An idle timer does not keep a story going: see `JumpingLoop.until_quiet`.
    """

    __slots__ = ("idle", "order")

    def __init__(
        self,
        order: tuple[float, int],
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        super().__init__(order[0], callback, args, loop, context)
        self.order = order
        self.idle = _name_of(callback) in IDLE_CALLBACKS

    def __lt__(self, other: object) -> bool:
        if isinstance(other, StoryTimer):
            return self.order < other.order
        return NotImplemented


def _name_of(callback: Callable[..., object]) -> str:
    return f"{getattr(callback, '__module__', '')}.{getattr(callback, '__qualname__', '')}"


class JumpingLoop(asyncio.BaseEventLoop):
    """What the loops of stories share: the clock and its timers; `time()` is story time in seconds from 0.0.

    Raises StoryDeadlock out of `run_until_complete` when nothing can ever happen again, and RuntimeError from whatever
    the clock could not see: threads and the system's resolver.
    """

    _scheduled: list[StoryTimer]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._now = 0.0
        self._clock_resolution = CLOCK_RESOLUTION
        self._sequence = 0
        self._quiet: asyncio.Future[None] | None = None
        self._horizon = 0.0

    # -- the clock ------------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Story time in seconds."""
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> StoryTimer:
        """Set a timer; timers of one instant fire in the order they were set (asyncio alone promises no order)."""
        self._check_closed()  # type: ignore[attr-defined]  # private in asyncio, as are all names marked so below
        self._sequence += 1
        timer = StoryTimer((when, self._sequence), callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def call_idle_later(self, delay: float, callback: Callable[[*Ts], object], *args: *Ts) -> StoryTimer:
        """Set a timer that does not keep the story going, such as a host's tidying up."""
        timer = self.call_at(self._now + delay, callback, *args)
        timer.idle = True
        return timer

    def let_time_pass(self) -> None:
        """Jump to the next timer, or end the wait for quiet: whoever calls this knows that nothing is on its way."""
        following = self._scheduled[0] if self._scheduled else None
        if self._quiet is not None and self._story_is_over(following):
            self._quiet.set_result(None)
        elif following is None:
            raise StoryDeadlock(self._deadlock_message())
        else:
            self._now = max(self._now, following.when())

    def _story_is_over(self, following: StoryTimer | None) -> bool:
        if following is None:
            return True
        # Asked only when the next timer is idle, so that a story of many timers does not pay for it at every jump.
        if following.idle and all(timer.idle or timer.cancelled() for timer in self._scheduled):
            return True
        if following.when() > self._horizon:
            self._now = max(self._now, self._horizon)
            return True
        return False

    async def until_quiet(self, horizon: float) -> float:
        """Wait until only idle timers are left, or story time reaches the horizon; returns the story time.

        All that is due at the horizon itself has happened by then. Tasks that can never go on do not hold this up:
        `describe_tasks` names them. One task at a time may wait so.
        """
        if self._quiet is not None:
            raise RuntimeError("a task is waiting for quiet on this loop already")
        self._quiet = self.create_future()
        self._horizon = horizon
        try:
            await self._quiet
        finally:
            self._quiet = None
        return self._now

    def _deadlock_message(self) -> str:
        waiting = describe_tasks(self)
        names = ", ".join(waiting) if waiting else "no task, only a future that nobody completes"
        return f"nothing can ever happen again at {self._now:g} s of story time; waiting for ever: {names}"

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> NoReturn:  # type: ignore[override]
        """Refused: the clock would not know that a thread is at work."""
        raise RuntimeError(f"a story has no threads: {getattr(func, '__qualname__', func)} must not run in an executor")

    async def getaddrinfo(self, host: Any, port: Any, **_options: Any) -> NoReturn:
        """Refused: a story asks its own name servers."""
        raise RuntimeError(f"a story has no system resolver: {host!r} must be looked up in the story's own DNS")

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> NoReturn:
        """Refused: a story asks its own name servers."""
        raise RuntimeError(f"a story has no system resolver: {sockaddr!r} must be looked up in the story's own DNS")


class StoryLoop(JumpingLoop):
    """The loop of a story in memory: nothing leaves it. Real sockets raise RuntimeError."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self  # BaseEventLoop asks its selector for events: our only event is the passing of time

    def select(self, timeout: float | None) -> list[object]:
        """Let time pass: called by BaseEventLoop in every turn; a timeout of 0 means that work is waiting."""
        if timeout != 0:
            self.let_time_pass()
        return []

    def _process_events(self, event_list: list[object]) -> None:
        """There are no events but time."""

    def _write_to_self(self) -> None:
        """Nothing to wake: the loop never sleeps."""

    # -- the only way out: memory connections -----------------------------------------------------------------------

    async def create_connection(  # type: ignore[override]  # asyncio's eighteen keywords; those of real sockets are void here
        self,
        protocol_factory: Callable[[], P],
        *address: object,
        sock: object = None,
        ssl: tls.SSLContext | None = None,
        **options: Any,
    ) -> tuple[asyncio.Transport, P]:
        """Give a connected memory socket to a new protocol, with TLS from the first byte if a context is given."""
        if not isinstance(sock, Attachable):
            raise RuntimeError(
                "a story has no network but its own: connect on the memory network and pass its socket as sock="
            )
        protocol = protocol_factory()
        if ssl is None:
            return sock.attach(protocol), protocol
        handshake: asyncio.Future[None] = self.create_future()
        layer = sslproto.SSLProtocol(
            self,
            protocol,
            ssl,
            handshake,
            server_side=False,
            server_hostname=options.get("server_hostname"),
            ssl_handshake_timeout=options.get("ssl_handshake_timeout"),
        )
        transport = sock.attach(layer)
        try:
            await handshake
        except BaseException:
            transport.close()
            raise
        return layer._app_transport, protocol

    async def create_server(self, protocol_factory: Any, *_address: Any, **_options: Any) -> NoReturn:
        """Refused: hosts listen on the memory network."""
        raise RuntimeError("a story has no real sockets: listen on the memory network")

    async def create_datagram_endpoint(self, protocol_factory: Any, *_address: Any, **_options: Any) -> NoReturn:
        """Refused: name servers of a story are function calls."""
        raise RuntimeError("a story has no real sockets: ask its name servers by a call")


def describe_tasks(loop: asyncio.AbstractEventLoop) -> tuple[str, ...]:
    """The tasks still pending on a loop, as sorted text: name and coroutine."""
    return tuple(sorted(_describe(task) for task in asyncio.all_tasks(loop)))


def _describe(task: asyncio.Task[Any]) -> str:
    coroutine = task.get_coro()
    return f"{task.get_name()} ({getattr(coroutine, '__qualname__', coroutine)})"


# -- a story inside a running loop -------------------------------------------------------------------------------------


def play_in_fresh_loop(
    factory: Callable[[], Coroutine[Any, Any, T]], loop_factory: Callable[[], JumpingLoop] = StoryLoop
) -> T:
    """Run a coroutine to its end on a story loop of its own, also from inside a running loop, and return its result.

    Blocks the calling loop, for the milliseconds that a story takes. Left-over tasks are cancelled and the loop is
    closed. Ctrl-C cancels the story, then the caller: KeyboardInterrupt, or CancelledError where the outer loop
    handles it.
    """
    with _interrupts_reach_the_story(), _outer_loop_set_aside(), asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(factory())


@contextlib.contextmanager
def _outer_loop_set_aside() -> Iterator[None]:
    """Make this thread look as if no loop were running, as asyncio allows one running loop a thread."""
    outer = asyncio._get_running_loop()
    if outer is None:
        yield
        return
    task = asyncio.current_task(outer)
    if task is not None:
        asyncio.tasks._leave_task(outer, task)
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
        if task is not None:
            asyncio.tasks._enter_task(outer, task)


@contextlib.contextmanager
def _interrupts_reach_the_story() -> Iterator[None]:
    """Let Ctrl-C stop the story first and then go on to the handler that stood before.

    asyncio.Runner takes SIGINT only where Python's own handler stands; under an outer Runner that one's would stand
    there, and the story would run to its end first.
    """
    previous = signal.getsignal(signal.SIGINT)
    if (
        threading.current_thread() is not threading.main_thread()
        or previous is signal.default_int_handler
        or not callable(previous)
    ):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        previous(signal.SIGINT, None)
        task = asyncio.current_task() if asyncio._get_running_loop() else None
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from None  # the outer loop ends this task in its own way
        raise
    finally:
        signal.signal(signal.SIGINT, previous)
