"""The lab is safe: whatever a zone says, it listens and connects on loopback alone, and in memory not even there.

Every play of the library is watched in `test_loopback`, in both worlds.
"""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from mxprobe.facts.run import WorldKind
from mxprobe.jobs.hold import hold
from mxprobe.jobs.play import PlayOptions, play
from tests.support.sockets import Seen, watch_sockets

LIBRARY = Path(__file__).parents[2] / "scenarios"

PUBLIC = """\
$TTL 3600
@        IN SOA ns1 hostmaster 1 3600 900 604800 60
@        IN NS  ns1.example.com.
@        IN MX  10 mail
@        IN MX  20 aspmx.l.google.com.
@        IN MX  30 example-com.mail.protection.outlook.com.
@        IN A   203.0.113.80
ns1      IN A   203.0.113.53
mail     IN A   203.0.113.9
mail     IN AAAA 2001:db8:25::9
_mta-sts IN TXT "v=STSv1; id=1"
mta-sts  IN A   203.0.113.81
"""


@pytest.mark.parametrize("world", WorldKind)
def test_a_zone_of_public_names_and_addresses_leads_nowhere(world: WorldKind, tmp_path: Path) -> None:
    zone = tmp_path / "db.example.com"
    zone.write_text(PUBLIC)
    options = PlayOptions(zone=zone, domain="example.com", senders=("rfc5321", "postfix+mta-sts"), world=world)
    with watch_sockets() as seen:
        runs = play([LIBRARY / "standard"], options)

    hosts = {event.host for run in runs for event in run.events if event.kind.value == "tried"}
    assert "mail" in hosts
    assert {"aspmx.l.google.com", "example-com.mail.protection.outlook.com"} & hosts
    assert [one for one in seen if one.leaves_loopback] == []
    assert bool(seen) is (world is WorldKind.LOOPBACK)


def test_a_world_that_is_held_up_listens_on_loopback_alone() -> None:
    async def visit() -> None:
        async with hold(LIBRARY / "outage" / "primary-black-holed.yaml") as held:
            address = held.stage.addresses["mx2.example.test"]
            reader, writer = await asyncio.open_connection(address, held.stage.port)
            assert (await reader.readline()).startswith(b"220 ")
            writer.close()

    with watch_sockets() as seen:
        asyncio.run(visit())

    assert [one for one in seen if one.leaves_loopback] == []
    assert len([one for one in seen if one.event == "socket.bind"]) >= 4


def test_the_watch_sees_what_leaves() -> None:
    with watch_sockets() as seen:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):  # a socket that is bound to loopback cannot
                sock.connect(("192.0.2.1", 9))
        with pytest.raises(socket.gaierror):
            socket.getaddrinfo("256.256.256.256", 25, flags=socket.AI_NUMERICHOST)

    assert [one.event for one in seen if one.leaves_loopback] == ["socket.connect", "socket.getaddrinfo"]
    assert Seen("socket.bind", "::ffff:127.0.0.1").leaves_loopback is False
    assert Seen("socket.bind", "0.0.0.0").leaves_loopback is True
