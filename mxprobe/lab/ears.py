"""The listener of one address for one service: open, closed (it refuses), or with a full queue (it does not answer).

Linux drops every further SYN to a listener whose queue is full, so no firewall is needed. What the listener shall be is
asked for again and again; sessions that stand go on whatever becomes of it.
"""

import asyncio
import socket
from collections.abc import Callable

from mxprobe.lab.ground import Factory
from mxprobe.lab.sockets import close_all, plug
from mxprobe.scenario.reaction import Connection, Reaction, Syn

_OPEN = "open"


class Ear:
    """The listener at an address and port. `look` gives the reactions that an attempt to connect meets now."""

    def __init__(self, at: tuple[str, int], factory: Factory, look: Callable[[], tuple[Reaction, ...]]) -> None:
        self.address, self.port = at
        self.factory = factory
        self._look = look
        self._state: Syn | str | None = None
        self._server: asyncio.Server | None = None
        self._plugs: list[socket.socket] = []

    async def follow(self) -> None:
        """Be what the story wants now. A host that cannot be reached is one that does not answer."""
        wanted: Syn | str = _OPEN
        for reaction in self._look():
            if isinstance(reaction, Connection):
                wanted = Syn.DROP if reaction.syn is Syn.UNREACHABLE else reaction.syn
        if wanted == self._state:
            return
        await self.close()
        self._state = wanted
        if wanted == _OPEN:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self.factory, self.address, self.port)
        elif wanted is Syn.DROP:
            self._plugs = plug(self.address, self.port)

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        close_all(self._plugs)
        self._plugs = []
        self._state = None
