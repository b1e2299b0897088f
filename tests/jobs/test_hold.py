"""A story's world on loopback: the probe that the lab prints finds what the story says."""

import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from mxprobe.cli.lab import MAILERS
from mxprobe.errors import InputError, MxprobeError
from mxprobe.facts.dns import Security
from mxprobe.facts.finding import Status
from mxprobe.facts.policy import FetchStatus
from mxprobe.facts.run import EventKind
from mxprobe.jobs.hold import Held, hold
from mxprobe.jobs.look import Look, LookOptions, look
from mxprobe.lab.stage import Ports
from mxprobe.lab.world import EPOCH
from mxprobe.mx.forecast import FateKind
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.report.mailers import EXPORTS
from mxprobe.report.verdict import could_not_look
from mxprobe.wire.dial import connect
from mxprobe.wire.exchange import ask_over_sockets, split_server
from mxprobe.wire.fetch import FetchMeans, allow_any, fetch_policy
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.tls import TlsContext

STORIES = Path(__file__).parents[2] / "scenarios"


async def _look(held: Held, **more: float) -> Look:
    options = LookOptions(
        recipients=held.scenario.recipients[:1],
        port=held.stage.port,
        nameservers=(held.stage.nameserver,),
        authority_port=split_server(held.stage.nameserver)[1],
        allow_special=True,
        cafile=held.cafile,
        spacing=0.01,
        dnssec=held.trust_anchor is not None,
        trust_anchor=held.trust_anchor,
        **more,  # type: ignore[arg-type]
    )
    return await look(held.scenario.domain, options)


async def test_each_of_the_worlds_name_servers_is_asked_itself_as_the_printed_command_does() -> None:
    async with hold(STORIES / "dns" / "secondary-left-behind.yaml") as held:
        seen = await _look(held)
        address, port = split_server(held.stage.nameserver)

    block = address.rpartition(".")[0]
    assert {(one.server, one.address) for one in seen.snapshot.authorities} == {
        ("ns1.example.test", f"{block}.1"),
        ("ns2.example.test", f"{block}.2"),
    }
    assert {one.answer.authoritative for one in seen.snapshot.authorities} == {True}
    assert f"--authority-port {port}" in held.probe_command
    assert {one.code: one.status for one in seen.judgements}["MX117"] is Status.PASSES


async def test_the_primary_refuses_the_backup_accepts_and_the_forecast_says_so() -> None:
    async with hold(STORIES / "outage" / "primary-refuses.yaml") as held:
        seen = await _look(held)

    standings = {visit.endpoint.host: judge_visit(visit, seen.snapshot) for visit in seen.snapshot.visits}
    assert standings == {
        "mx1.example.test": Standing.REFUSES_CONNECTIONS,
        "mx2.example.test": Standing.ANSWERS,
    }
    (backup,) = [visit for visit in seen.snapshot.visits if visit.endpoint.host.startswith("mx2")]
    session = backup.sessions[-1]
    assert session.tls is not None
    assert session.tls.version == "TLSv1.3"
    assert session.tls.verdict.is_valid is True
    assert [turn.reply.code for turn in session.recipients if turn.reply] == [250]
    fired = {judgement.code for judgement in seen.judgements if judgement.status is Status.FIRES}
    assert "MX308" in fired
    assert seen.forecast is not None
    assert {prospect.host for mailer in seen.forecast.now.mailers for prospect in mailer.prospects} == {
        "mx2.example.test"
    }
    assert could_not_look(seen.snapshot) is None


async def test_a_554_greeting_is_seen_and_haraka_would_bounce() -> None:
    async with hold(STORIES / "greeting" / "primary-554.yaml") as held:
        seen = await _look(held, attempts=2)

    assert seen.forecast is not None
    kinds = {mailer.mailer: mailer.prospects[0].kind for mailer in seen.forecast.now.mailers}
    told = {name: kinds[name] for name in ("postfix", "exim", "haraka")}
    assert told == {"postfix": FateKind.ACCEPTED, "exim": FateKind.ACCEPTED, "haraka": FateKind.BOUNCES}


@pytest.mark.skipif(not Path("/proc/sys/net/ipv4").exists(), reason="the full queue of a listener is Linux's")
async def test_a_black_hole_on_loopback_does_not_answer() -> None:
    async with hold(STORIES / "outage" / "primary-black-holed.yaml") as held:
        seen = await _look(held, timeout=0.3, attempts=1)

    standings = {visit.endpoint.host: judge_visit(visit, seen.snapshot) for visit in seen.snapshot.visits}
    assert standings["mx1.example.test"] is Standing.DOES_NOT_ANSWER
    assert standings["mx2.example.test"] is Standing.ANSWERS


async def test_a_host_stores_what_a_client_sends_before_it_half_closes() -> None:
    import asyncio

    async with hold(STORIES / "outage" / "baseline.yaml") as held:
        address = held.stage.addresses["mx1.example.test"]
        reader, writer = await asyncio.open_connection(address, held.stage.port)
        await reader.readline()
        for line in ("EHLO a.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
            writer.write(f"{line}\r\n".encode())
        writer.write(b"X-Mxprobe-Token: half\r\n\r\nbody\r\n.\r\nQUIT\r\n")
        writer.write_eof()
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
        events = [event for event in held.stage.world.events if event.message == "half"]

    assert said.split(b"\r\n")[-3].startswith(b"250")
    assert said.split(b"\r\n")[-2].startswith(b"221")
    assert [(event.kind.value, event.who) for event in events] == [("arrived", "mx1")]


async def test_a_signed_story_can_be_validated_from_outside() -> None:
    async with hold(STORIES / "dane" / "unusable-record.yaml") as held:
        seen = await _look(held)
        command = held.probe_command

    judged = {one.question.rrtype.value: one.security for one in seen.snapshot.validations}
    assert (judged["MX"], judged["A"]) == (Security.SECURE, Security.SECURE)
    assert f"--dnssec --trust-anchor {held.trust_anchor}" in command


async def test_when_the_lab_is_down_nothing_listens() -> None:
    async with hold(STORIES / "outage" / "baseline.yaml") as held:
        place = (held.stage.addresses["mx1.example.test"], held.stage.port)
        cafile = held.cafile

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place, timeout=1)
    assert not cafile.exists()


async def test_what_a_backup_does_with_mail_is_told_in_story_time() -> None:
    import asyncio

    import aiosmtplib

    async with hold(STORIES / "outage" / "primary-refuses.yaml") as held:
        address, world = held.stage.addresses["mx2.example.test"], held.stage.world
        letter = b"Subject: hello\r\n\r\nA letter from outside the story.\r\n"
        await aiosmtplib.send(
            letter,
            sender="a@elsewhere.test",
            recipients=["alice@example.test"],
            hostname=address,
            port=held.stage.port,
            start_tls=False,
        )
        async with asyncio.timeout(5):
            while not any(event.kind is EventKind.WAITS for event in world.events):  # noqa: ASYNC110 (a plain list)
                await asyncio.sleep(0)
        now, events = world.now, tuple(world.events)

    told = [(event.kind, event.who, event.host) for event in events]
    assert told[:3] == [
        (EventKind.QUEUED, "mx2", None),
        (EventKind.TRIED, "mx2", "mx1"),
        (EventKind.REFUSED, "mx2", "mx1"),
    ]
    assert all(300 <= event.at <= now for event in events)


async def test_a_folder_is_no_story() -> None:
    with pytest.raises(InputError, match="one story"):
        async with hold(STORIES):
            pass


async def test_lines_at_the_control_socket_break_and_mend_the_world(tmp_path: Path) -> None:
    import asyncio

    path = tmp_path / "lab.sock"
    async with hold(STORIES / "outage" / "baseline.yaml", control=path) as held:
        assert path.stat().st_mode & 0o777 == 0o600
        reader, writer = await asyncio.open_unix_connection(path)

        async def tell(line: str) -> str:
            writer.write(f"{line}\n".encode())
            return (await reader.readline()).decode().strip()

        assert await tell("status") == "mx1: nothing is wrong; mx2: nothing is wrong; dns: nothing is wrong"
        assert await tell("break mx1 tcp-refuse") == "ok"
        assert await tell("break dns dns-servfail") == "ok"
        assert await tell("break mx2 {reply: 451 4.3.0 later} rcpt") == "ok"
        broken = "mx1: tcp-refuse at connect; mx2: reply at rcpt; dns: dns-servfail"
        assert await tell("status") == broken
        assert await tell("break mx7 tcp-refuse") == "no host is called `mx7`"
        assert await tell("break mx1 tcp-refused") == "no fault is called `tcp-refused`"
        assert (await tell("sing")).startswith("no such command")
        assert [await tell(f"mend {host}") for host in ("mx1", "mx2", "dns")] == ["ok"] * 3
        assert await tell("status") == "mx1: nothing is wrong; mx2: nothing is wrong; dns: nothing is wrong"
        with pytest.raises(InputError, match="something at this path"):
            async with hold(STORIES / "outage" / "baseline.yaml", control=path):
                pass
        writer.close()
    assert not path.exists()
    assert held.scenario.chain


async def test_a_host_outside_of_the_chain_can_be_named_too() -> None:
    async with hold(STORIES / "hijack" / "unprotected.yaml") as held:
        held.mend_host("dns")
        held.break_host("dns", "{dns-forged: {mx: [rogue]}}")

        assert "dns: dns-forged" in held.obey("status")
        held.break_host("rogue", "tcp-refuse")


async def test_next_goes_to_the_moment_of_the_next_step_and_wakes_who_sleeps_until_then() -> None:
    import asyncio

    async def until(kind: EventKind, who: str, message: str) -> float:
        async with asyncio.timeout(5):
            while True:
                for event in held.stage.world.events:
                    if (event.kind, event.who, event.message) == (kind, who, message):
                        return event.at
                await asyncio.sleep(0.01)

    async with hold(STORIES / "outage" / "primary-refuses.yaml") as held:
        assert held.coming == "6m00s sends during"
        assert held.obey("next") == "6m00s sends during"
        assert 360 <= await until(EventKind.QUEUED, "mx2", "during") < 365
        await until(EventKind.WAITS, "mx2", "during")
        assert held.obey("next") == "35m00s mends mx1"
        assert held.obey("next") == "1h00m sends late"
        assert 3600 <= held.stage.world.now < 3605
        assert 2100 < await until(EventKind.ARRIVED, "mx1", "during") < 3605
        assert 3600 <= await until(EventKind.ARRIVED, "mx1", "late") < 3605
        assert (held.coming, held.obey("next")) == ("", "no step is left")


@pytest.mark.parametrize("mailer", MAILERS)
async def test_what_the_lab_prints_for_a_mailer_names_this_world(mailer: str) -> None:
    async with hold(STORIES / "outage" / "baseline.yaml") as held:
        stage = replace(held.stage, nameserver="127.9.9.9:53", port=25)
        text = replace(held, stage=stage).export(mailer)

        assert held.resolver_file.read_text().startswith("nameserver 127.")
        assert str(held.resolver_file) in text
        assert "example.test" in text or mailer in ("sendmail", "container")
        assert "127.9.9.9" in text or mailer == "container"
        if mailer in ("opensmtpd", "container"):
            with pytest.raises(InputError, match="alone: add --"):
                held.export(mailer)
        else:
            assert str(held.stage.port) in held.export(mailer)
            assert f"server=/example.test/{held.stage.nameserver.replace(':', '#')}" in held.export(mailer)


def test_every_mailer_that_people_can_type_has_a_text() -> None:
    assert set(MAILERS) == set(EXPORTS)


async def test_a_port_that_is_taken_is_refused_with_what_helps() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MxprobeError, match="unshare -rn"):
            async with hold(STORIES / "outage" / "baseline.yaml", ports=Ports(dns=port)):
                pass


async def test_the_policy_of_the_domain_is_served_where_the_world_says() -> None:
    async with hold(STORIES / "mta-sts/backup-not-listed.yaml") as held:
        stage = held.stage
        assert stage.policy_port is not None
        resolver = Resolver(ask_over_sockets, (stage.nameserver,))
        means = FetchMeans(
            resolver=resolver,
            connect=connect,
            tls=TlsContext(pem=stage.authority_pem),
            wall=lambda: EPOCH,
            port=stage.policy_port,
            allows=allow_any,
        )
        fetched = await fetch_policy("example.test", means)

    assert fetched.status is FetchStatus.FETCHED, fetched
    assert b"mode: enforce" in fetched.body
