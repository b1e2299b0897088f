"""Watches what this thread does with sockets, by Python's own audit events: nobody who opens one can keep it secret."""

import ipaddress
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

_watching: dict[int, list["Seen"]] = {}


class Seen(msgspec.Struct, frozen=True):
    """One event of the module `socket`: what was done, and to which address, where it had one."""

    event: str
    address: str | None

    @property
    def leaves_loopback(self) -> bool:
        """Whether it asks the system's resolver, or reaches beyond 127/8 and ::1."""
        if self.event == "socket.__new__":
            return False
        if self.address is None:
            return True
        parsed = ipaddress.ip_address(self.address)
        mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
        return not (mapped or parsed).is_loopback


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    seen = _watching.get(threading.get_ident())
    if seen is None or not event.startswith("socket."):
        return
    named = arguments[1] if event in {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"} else None
    seen.append(Seen(event, named[0] if isinstance(named, tuple) else None))


sys.addaudithook(_hear)


@contextmanager
def watch_sockets() -> Iterator[list[Seen]]:
    """What is done with sockets while the context lasts, in its order."""
    seen = _watching[threading.get_ident()] = []
    try:
        yield seen
    finally:
        del _watching[threading.get_ident()]
