"""What the lab prints for a mailer makes a real one follow the MX records of a held world, over a dead primary."""

import asyncio
import smtplib
from pathlib import Path

import pytest

from mxprobe.facts.run import EventKind
from mxprobe.jobs.hold import Held, hold
from mxprobe.lab.stage import Ports
from tests.support.mailers import Exim, Mailer, Postfix, Setup, Tree, free_address, free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

STORY = Path(__file__).parents[2] / "scenarios/outage/primary-refuses.yaml"
SENDER = "shop@elsewhere.test"
LETTER = "Subject: hello\r\nX-Mxprobe-Token: letter\r\n\r\nFrom a real mailer.\r\n"


class ExportedExim(Exim):
    """An Exim whose routers, transports and retry rules begin with those of an export."""

    exported = ""

    def configure(self) -> None:
        """Put each part behind the line that begins its section."""
        super().configure()
        path = self.home / "exim.conf"
        text = path.read_text()
        router, transport, retry = self.exported.split("\n\n")
        for section, part in (("routers", router), ("transports", transport), ("retry", retry)):
            text = text.replace(f"begin {section}\n", f"begin {section}\n{part}\n\n")
        path.write_text(text)


def _postfix(tree: Tree, workdir: Path, held: Held, address: str) -> Mailer:
    lines = [line for line in held.export("postfix").splitlines() if not line.startswith("#")]
    extra = dict(line.split(" = ", 1) for line in lines)
    return Postfix(tree, workdir, _setup(held, address, extra))


def _exim(tree: Tree, workdir: Path, held: Held, address: str) -> Mailer:
    exim = ExportedExim(tree, workdir, _setup(held, address, {}))
    exim.exported = held.export("exim")
    return exim


def _setup(held: Held, address: str, extra: dict[str, str]) -> Setup:
    name_server = held.stage.nameserver.rpartition(":")[0]
    host = f"mailer.{address.replace('.', '-')}.test"
    return Setup(
        address=address,
        port=free_port(address),
        hostname=host,
        nameserver=name_server,
        trusts=("127.0.0.0/8",),
        extra=extra,
    )


def _send(mailer: Mailer) -> None:
    with smtplib.SMTP(mailer.address, mailer.port, local_hostname="tests.example.test", timeout=10) as smtp:
        smtp.sendmail(SENDER, "alice@example.test", LETTER)


@pytest.mark.parametrize("make", [_postfix, _exim])
async def test_a_mailer_with_the_export_goes_to_the_backup(make, tree: Tree, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    async with hold(STORY, ports=Ports(dns=53)) as held:
        mailer: Mailer = make(tree, tmp_path, held, free_address())
        await asyncio.to_thread(mailer.__enter__)
        try:
            await asyncio.to_thread(_send, mailer)
            queued: set[tuple[str, str | None]] = set()
            for _ in range(200):
                events = held.stage.world.events
                queued = {(event.who, event.message) for event in events if event.kind is EventKind.QUEUED}
                if queued:
                    break
                await asyncio.sleep(0.05)
            log = mailer.log()
        finally:
            await asyncio.to_thread(mailer.__exit__, None, None, None)

    assert queued == {("mx2", "letter")}, log
