"""The probe against real mailers behind a real name server: Postfix is mx1, Exim is mx2, NSD has the zone."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from mxprobe.facts.dns import index_answers
from mxprobe.facts.snapshot import Visit
from mxprobe.jobs.hold import hold
from mxprobe.jobs.look import Look, LookOptions, look
from mxprobe.mx.plan import plan_mx
from tests.support.mailers import Certificate, Exim, Nsd, Postfix, Setup, Tree, free_address, free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

ZONE = """\
$ORIGIN example.test.
$TTL 300
@ SOA ns.example.test. hostmaster.example.test. 1 3600 900 604800 300
@ NS ns
@ MX 20 mx2
@ MX 10 mx1
ns A 127.0.0.1
mx1 A {first}
mx2 A {second}
"""
ALICE, GHOST = "alice@example.test", "ghost@example.test"


def _look(tree: Tree, tmp_path: Path, certificate: Callable[[str], Certificate]) -> Look:
    first, second, names = free_address(), free_address(), free_address()
    port = free_port(first)
    chains = [certificate(f"mx{number}.example.test") for number in (1, 2)]
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(b"".join(chain.authority.read_bytes() for chain in chains))
    setups = [
        Setup(
            address=address,
            port=port,
            hostname=f"mx{number}.example.test",
            mailboxes=frozenset({ALICE}),
            certificate=chain,
        )
        for number, (address, chain) in enumerate(zip((first, second), chains, strict=True), start=1)
    ]
    zone = ZONE.format(first=first, second=second)
    name_port = free_port(names)
    with (
        Postfix(tree, tmp_path, setups[0]),
        Exim(tree, tmp_path, setups[1]),
        Nsd(tree, tmp_path, {"example.test": zone}, names, name_port),
    ):
        options = LookOptions(
            recipients=(ALICE, GHOST),
            helo="probe.example.org",
            mail_from="probe@example.org",
            port=port,
            nameservers=(f"{names}:{name_port}",),
            allow_special=True,
            cafile=authorities,
            attempts=1,
        )
        return asyncio.run(look("example.test", options))


def _codes(visit: Visit) -> dict[str | None, int | None]:
    return {turn.subject: turn.reply.code if turn.reply else None for turn in visit.sessions[-1].recipients}


def test_the_probe_tells_the_truth_about_postfix_and_exim(
    tree: Tree, tmp_path: Path, certificate: Callable[[str], Certificate]
) -> None:
    seen = _look(tree, tmp_path, certificate)

    plan = plan_mx("example.test", index_answers(seen.snapshot.answers))
    assert [(host.preference, host.name) for host in plan.hosts] == [
        (10, "mx1.example.test"),
        (20, "mx2.example.test"),
    ]
    visits = {visit.endpoint.host: visit for visit in seen.snapshot.visits}
    for name, mailer in (("mx1.example.test", "Postfix"), ("mx2.example.test", "Exim")):
        session = visits[name].sessions[-1]
        assert session.banner is not None
        assert session.banner.code == 220
        assert mailer in session.banner.text
        assert session.offers("STARTTLS")
        assert session.tls is not None
        assert session.tls.version == "TLSv1.3"
        assert name in session.tls.chain[0].names
        assert session.tls.verdict.is_valid is True, session.tls.verdict
        assert _codes(visits[name]) == {ALICE: 250, GHOST: 550}, session.turns
        assert session.failure is None


async def test_swaks_and_posttls_finger_talk_to_the_lab(tree: Tree, tmp_path: Path) -> None:
    story = Path(__file__).parents[2] / "scenarios" / "outage" / "primary-refuses.yaml"
    async with hold(story) as held:
        address, port = held.stage.addresses["mx2.example.test"], held.stage.port
        swaks = ("swaks", "--server", address, "--port", str(port), "--to", ALICE, "--from", "a@example.org")
        sent = await asyncio.to_thread(tree.run, tmp_path, *swaks, "--helo", "a.example.org", "--quit-after", "RCPT")
        finger = ("posttls-finger", "-c", "-l", "may", f"[{address}]:{port}")
        seen = await asyncio.to_thread(tree.run, tmp_path, *finger)

    assert sent.returncode == 0, sent.stdout
    assert "250 2.1.5 Ok" in sent.stdout
    assert "TLSv1.3" in seen.stdout, seen.stdout
