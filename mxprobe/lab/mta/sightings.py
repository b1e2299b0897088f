"""Every attempt to connect to a host of the story, seen on the wire: the SYN itself, whether anybody answers it or not.

A real mailer is judged by what the hosts saw of it, and of a host that refuses or does not answer nobody else could
tell that it was tried. Repetitions of one SYN are the kernel's, not the mailer's, and are one sighting. Who sees a SYN
can also answer it in place of a router: with ICMP's "host unreachable".

Standards: RFC 9293 §3.1 (the header of TCP), RFC 792 and RFC 4443 §3.1 (destination unreachable), RFC 1122 §3.2.2.1.
"""

import asyncio
import socket
import struct
from collections.abc import Callable

from msgspec import Struct

_ALL, _OUTGOING = 0x0003, 4
_LONGEST = 256
_TCP = 6
_SYN, _ACK = 0x02, 0x10


class Sighting(Struct, frozen=True, kw_only=True):
    """One SYN: from where, to which address and port; `packet` is the whole of it, from the header of IP."""

    source: str
    source_port: int
    address: str
    port: int
    packet: bytes


def read_syn(packet: bytes) -> Sighting | None:
    """The SYN of a connection that begins; None for any other packet, and for one that is cut short."""
    if len(packet) < 20:
        return None
    version = packet[0] >> 4
    if version == 4:
        at, protocol = (packet[0] & 15) * 4, packet[9]
        source, address = socket.inet_ntop(socket.AF_INET, packet[12:16]), packet[16:20]
        towards = socket.inet_ntop(socket.AF_INET, address)
    elif version == 6 and len(packet) >= 40:
        at, protocol = 40, packet[6]
        source = socket.inet_ntop(socket.AF_INET6, packet[8:24])
        towards = socket.inet_ntop(socket.AF_INET6, packet[24:40])
    else:
        return None
    if protocol != _TCP or len(packet) < at + 20 or packet[at + 13] & (_SYN | _ACK) != _SYN:
        return None
    source_port, port = struct.unpack_from("!HH", packet, at)
    return Sighting(source=source, source_port=source_port, address=towards, port=port, packet=packet)


class Watch:
    """Sees every SYN on loopback of the present network, and calls `seen` once for each connection that is tried."""

    def __init__(self, seen: Callable[[Sighting], None]) -> None:
        self._seen = seen
        self._known: set[tuple[str, int, str, int]] = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL))
        self._socket.setblocking(False)
        self._socket.bind(("lo", 0))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._look)

    def close(self) -> None:
        """Look no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _look(self) -> None:
        while True:
            try:
                packet, where = self._socket.recvfrom(_LONGEST)
            except BlockingIOError:
                return
            found = None if where[2] == _OUTGOING else read_syn(packet)
            if found is None:
                continue
            key = (found.source, found.source_port, found.address, found.port)
            if key not in self._known:
                self._known.add(key)
                self._seen(found)


def say_unreachable(sighting: Sighting) -> None:
    """Tell who sent a SYN that there is no way to the host."""
    if ":" in sighting.source:
        family, protocol, head = socket.AF_INET6, socket.IPPROTO_ICMPV6, bytes((1, 3))
    else:
        family, protocol, head = socket.AF_INET, socket.IPPROTO_ICMP, bytes((3, 1))
    body = sighting.packet[:_LONGEST]
    message = head + b"\0\0" + b"\0\0\0\0" + body
    if family == socket.AF_INET:  # of ICMPv6 the kernel makes the checksum
        message = head + struct.pack("!H", _checksum(message)) + message[4:]
    with socket.socket(family, socket.SOCK_RAW, protocol) as sock:
        sock.bind((sighting.address, 0))
        sock.sendto(message, (sighting.source, 0))


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
