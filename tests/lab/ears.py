"""What the memory network's tests share: a story to run, and protocols that keep what they hear."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from mxprobe.lab.clock import StoryLoop
from mxprobe.lab.memory import MemoryNetwork, MemorySocket
from mxprobe.lab.memory_transport import MemoryTransport

MX1, MX2 = "192.0.2.1", "192.0.2.2"


def play(story: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=StoryLoop) as runner:
        return runner.run(story)


def story_loop() -> StoryLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, StoryLoop)
    return loop


def now() -> float:
    return asyncio.get_running_loop().time()


class Ear(asyncio.Protocol):
    """Keeps what it hears, with the instants."""

    def __init__(self, *, banner: bytes = b"", keeps_half_open: bool = False) -> None:
        self.banner = banner
        self.keeps_half_open = keeps_half_open
        self.heard: list[tuple[float, bytes | str]] = []
        self.lost: list[BaseException | None] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, MemoryTransport)
        self.transport = transport
        self.heard.append((now(), "made"))
        if self.banner:
            transport.write(self.banner)

    def data_received(self, data: bytes) -> None:
        self.heard.append((now(), data))

    def eof_received(self) -> bool:
        self.heard.append((now(), "end"))
        return self.keeps_half_open

    def connection_lost(self, exc: Exception | None) -> None:
        self.heard.append((now(), "lost"))
        self.lost.append(exc)

    def pause_writing(self) -> None:
        self.heard.append((now(), "pause"))

    def resume_writing(self) -> None:
        self.heard.append((now(), "resume"))

    @property
    def events(self) -> list[bytes | str]:
        return [what for _, what in self.heard]

    @property
    def octets(self) -> bytes:
        return b"".join(what for what in self.events if isinstance(what, bytes))


async def join(sock: MemorySocket, client: Ear) -> None:
    """Let an ear listen on a connected socket."""
    await story_loop().create_connection(lambda: client, sock=sock)


async def meet(network: MemoryNetwork, client: Ear, host: Ear, address: str = MX1) -> None:
    """Connect two ears and wait until both know of it."""
    with network.listen(address, 25, lambda: host):
        await join(await network.connect(address, 25), client)
        await asyncio.sleep(network.latency_to(address) + 0.001)
