"""A network of its own for one play: this thread's, with nothing in it but loopback and the addresses of the story.

A real mailer in it has no way out: there is no interface, no route and no resolver but those of the lab. The kernel
takes the network down when the last process in it ends, however that comes about. Linux alone has this, for root.

Standards: none; namespaces(7), network_namespaces(7).
"""

import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from mxprobe.errors import MxprobeError

_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_OURS = "/proc/thread-self/ns/net"

_ADDED: ContextVar[list[str] | None] = ContextVar("added", default=None)
"""The addresses that were added to a network that is not the play's own; None in one that is."""


@contextmanager
def own_network() -> Iterator[None]:
    """This thread, and every process that it starts, is in a new network while the context lasts.

    Threads that were there before stay where they are. Raises MxprobeError where this machine does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        ours = os.open(_OURS, os.O_RDONLY)
    except OSError as error:
        raise MxprobeError("real mailers need network namespaces, which only Linux has") from error
    try:
        if libc.unshare(_CLONE_NEWNET):
            why = os.strerror(ctypes.get_errno())
            raise MxprobeError(
                f"real mailers need a network of their own, and this machine refuses one: {why}; it takes root"
            )
        try:
            _command(["link set lo up"])
            yield
        finally:
            libc.setns(ours, _CLONE_NEWNET)
    finally:
        os.close(ours)


@contextmanager
def network_here() -> Iterator[None]:
    """The network that this thread is in already; the addresses that are added while the context lasts go with it.

    For a container of its own, whose network another container shares. Raises MxprobeError where it cannot be changed.
    """
    added: list[str] = []
    mark = _ADDED.set(added)
    try:
        yield
    finally:
        _ADDED.reset(mark)
        for address in reversed(added):
            plain, width = address, 128 if ":" in address else 32
            with suppress(MxprobeError):
                _command([f"address del {plain}/{width} dev lo"])
            with suppress(MxprobeError):  # one with a source of its own stays behind when its address goes
                _command([f"route del local {plain}/{width} dev lo table local"])


def end_with(parent: int) -> None:
    """This process is killed when its parent, which has this process id, ends: however it ends.

    For a process of a pool, which would wait for work for ever, to call before its first play.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before
        os._exit(1)


def add_addresses(addresses: Iterable[str]) -> None:
    """Give this network's loopback these addresses, of either family; `nodad`: they can be used at once.

    In a network that is not the play's own each is new, and nothing listens there on the ports of mail and names, or
    MxprobeError is raised.
    """
    added = _ADDED.get()
    if added is None:
        _command(map(_addition, addresses))
        return
    for address in addresses:
        try:
            _command([_addition(address)])
        except MxprobeError as error:
            raise MxprobeError(
                f"{error} ({address}, which the play adds here; that takes root, or CAP_NET_ADMIN)"
            ) from error
        added.append(address)
        for port, kind in ((25, socket.SOCK_STREAM), (53, socket.SOCK_STREAM), (53, socket.SOCK_DGRAM)):
            _check_free(address, port, kind)


def _addition(address: str) -> str:
    return f"address add {address}/128 dev lo nodad" if ":" in address else f"address add {address}/32 dev lo"


def _check_free(address: str, port: int, kind: socket.SocketKind) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        try:
            sock.bind((address, port))
        except OSError as error:
            what = f"the play needs port {port} of {address}, and cannot have it: {os.strerror(error.errno or 0)}"
            how = "a mailer that shares this network may listen at 127.0.0.1, not at every address"
            raise MxprobeError(f"{what}; {how}") from error


def prefer_sources(addresses: Iterable[str], sources: Iterable[str]) -> None:
    """Let who names no address of its own connect to these from the source of their family.

    Else the kernel would take the address itself for the source, since all of them are this network's.
    """
    by_family = {":" in source: source for source in sources}
    for address in addresses:
        source = by_family.get(":" in address)
        if source is None:
            continue
        route = f"local {address}/{128 if ':' in address else 32} dev lo table local"
        # The kernel's own route to an IPv6 address stays beside another one, and is preferred to it.
        _command([f"route del {route}"] if ":" in address else [])
        _command([f"route replace {route} src {source}"])


def _command(lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    try:
        done = subprocess.run(
            ("/usr/bin/env", "ip", "-batch", "-"), input=text, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise MxprobeError("real mailers need the program `ip` (Debian: iproute2)") from None
    if done.returncode:
        said = "; ".join(line for line in done.stderr.splitlines() if not line.startswith("Command failed"))
        raise MxprobeError(f"the network of the play cannot be made: {said}")
