"""A domain to be looked at on loopback, in a process of its own: a name server, and mail hosts with STARTTLS.

Run with how many MX hosts and how many addresses each it shall have, and how many seconds away it shall seem; it prints
where it is as JSON, and ends when its standard input does. What is far away is heard later: a datagram is answered
after one round trip, bytes of a connection are held for half of one each way, and a connection, which the kernel makes
at once, is taken up only when its handshake would have come to its end.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from mxprobe.lab.certs import Authority

DOMAIN = "example.test"
_ZONE = {
    f"{DOMAIN} NS": (f"ns1.{DOMAIN}.",),
    f"{DOMAIN} SOA": (f"ns1.{DOMAIN}. hostmaster.{DOMAIN}. 1 3600 900 1209600 300",),
    f"{DOMAIN} TXT": ('"v=spf1 mx -all"',),
    f"_dmarc.{DOMAIN} TXT": ('"v=DMARC1; p=reject"',),
    f"ns1.{DOMAIN} A": ("127.0.0.1",),
}


def zone_of(hosts: int, addresses: int) -> dict[str, tuple[str, ...]]:
    """The records by "NAME TYPE"."""
    numbers = range(1, hosts + 1)
    return {
        **_ZONE,
        f"{DOMAIN} MX": tuple(f"{10 * number} mx{number}.{DOMAIN}." for number in numbers),
        **{f"mx{number}.{DOMAIN} A": addresses_of(number, addresses) for number in numbers},
    }


def addresses_of(host: int, count: int) -> tuple[str, ...]:
    """Where a host is."""
    return tuple(f"127.0.{host}.{number}" for number in range(1, count + 1))


class Names(asyncio.DatagramProtocol):
    """The name server; what it has said once it says again without working it out."""

    def __init__(self, zone: dict[str, tuple[str, ...]], away: float) -> None:
        self.zone, self.away = zone, away
        self.said: dict[bytes, bytes] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer after one round trip."""
        if data[2:] not in self.said:
            self.said[data[2:]] = self.answer(data)[2:]
        answer = data[:2] + self.said[data[2:]]
        if self.away:
            asyncio.get_running_loop().call_later(self.away, self.transport.sendto, answer, addr)
        else:
            self.transport.sendto(answer, addr)

    def answer(self, data: bytes) -> bytes:
        """What the zone says."""
        query = dns.message.from_wire(data)
        (asked,) = query.question
        name = asked.name.to_text(omit_final_dot=True).lower()
        response = dns.message.make_response(query, recursion_available=True)
        response.flags |= dns.flags.AA
        if records := self.zone.get(f"{name} {asked.rdtype.name}"):
            response.answer.append(dns.rrset.from_text_list(asked.name, 3600, asked.rdclass, asked.rdtype, records))
        elif not any(key.partition(" ")[0] == name for key in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


async def serve_mail(name: str) -> tuple[str, int]:
    """A mail host that shakes hands with the certificate of the lab; gives its address and port."""
    context = Authority(1).context(name)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            writer.write(b"220 %s ESMTP\r\n" % name.encode())
            secure = False
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"EHLO":
                    offers = b"" if secure else b"250-STARTTLS\r\n"
                    writer.write(b"250-%s\r\n%s250 PIPELINING\r\n" % (name.encode(), offers))
                elif word == b"STAR":
                    writer.write(b"220 2.0.0 go ahead\r\n")
                    await writer.start_tls(context)
                    secure = True
                elif word == b"QUIT":
                    writer.write(b"221 2.0.0 bye\r\n")
                    break
                else:
                    writer.write(b"250 2.1.0 ok\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    where: tuple[str, int] = server.sockets[0].getsockname()
    asyncio.get_running_loop().create_task(server.serve_forever()).add_done_callback(lambda _: None)
    return where


class Pipe(asyncio.Protocol):
    """One end of a connection that seems to be far away; `other` is where its bytes come out."""

    def __init__(self, later: Callable[..., object], opened: Callable[["Pipe"], object] = lambda _: None) -> None:
        self.later, self.opened = later, opened
        self.other: Pipe | None = None
        self.transport: Any = None
        self.held: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and say that it is there."""
        self.transport = transport
        self.opened(self)

    def data_received(self, data: bytes) -> None:
        """Hold the bytes for half a round trip."""
        self.later(self.pass_on, data)

    def pass_on(self, data: bytes) -> None:
        """Let the bytes out, or keep them until there is a way."""
        if self.other is None:
            self.held.append(data)
        else:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end as late."""
        self.later(lambda: self.other.transport.close() if self.other is not None else None)


async def stand_before(where: tuple[str, int], address: str, port: int, away: float) -> int:
    """Listen at an address for a host that is there; gives the port."""
    loop = asyncio.get_running_loop()

    def later(call: Callable[..., object], *arguments: Any) -> None:
        loop.call_later(away / 2, call, *arguments) if away else call(*arguments)

    async def join(near: Pipe) -> None:
        if away:
            await asyncio.sleep(1.5 * away)  # SYN and its answer, which the kernel gave at once, and the last ACK
        _, far = await loop.create_connection(lambda: Pipe(later), *where)
        near.other, far.other = far, near
        for data in near.held:
            near.pass_on(data)

    tasks = set[asyncio.Task[None]]()

    def opened(near: Pipe) -> None:
        tasks.add(task := loop.create_task(join(near)))
        task.add_done_callback(tasks.discard)

    server = await loop.create_server(lambda: Pipe(later, opened), address, port)
    bound: int = server.sockets[0].getsockname()[1]
    return bound


async def stand(hosts: int, addresses: int, away: float) -> None:
    """Be there until standard input ends."""
    loop, port = asyncio.get_running_loop(), 0
    for number in range(1, hosts + 1):
        where = await serve_mail(f"mx{number}.{DOMAIN}")
        for address in addresses_of(number, addresses):
            port = await stand_before(where, address, port, away)
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Names(zone_of(hosts, addresses), away), local_addr=("127.0.0.1", 0)
    )
    names: int = transport.get_extra_info("socket").getsockname()[1]
    print(json.dumps({"names": names, "port": port}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def small_world(hosts: int = 1, addresses: int = 1, away: float = 0.0) -> Iterator[list[str]]:
    """The command that looks at such a domain, which is there as long as the context lasts."""
    command = [sys.executable, __file__, str(hosts), str(addresses), str(away)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as world:
        assert world.stdout is not None
        place = json.loads(world.stdout.readline())
        words = ["--nameserver", f"127.0.0.1:{place['names']}", "--authority-port", str(place["names"])]
        words += ["--port", str(place["port"]), "--allow-special", "--helo", "probe.example.test"]
        yield [sys.executable, "-m", "mxprobe", "probe", DOMAIN, *words]
        world.communicate("")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(stand(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
