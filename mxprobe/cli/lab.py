"""`mxprobe lab`: hold a story's world up on real loopback sockets."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from mxprobe.jobs.hold import Held

_LOOK_AGAIN = 0.2
"""Seconds between two looks at what has happened."""

MAILERS = ("postfix", "exim", "opensmtpd", "sendmail", "container")
_PORT = click.IntRange(0, 65535)


@click.command("lab")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--seed", default=1, show_default=True, help="Seed of keys, certificates and choices.")
@click.option("--control", type=click.Path(path_type=Path), help="Take lines at this socket: break mx1 tcp-refuse.")
@click.option("--export", type=click.Choice(MAILERS), help="Print what to write into this mailer, all else on stderr.")
@click.option("--port", type=_PORT, default=0, help="Port of the hosts (default: a free one).")
@click.option("--dns-port", type=_PORT, default=0, help="Port of the name server (default: a free one).")
def command(**options: object) -> int:
    """Hold the world of a story up on this machine, until Ctrl-C. Nothing is relayed outside.

    The story starts at its first break, so that what goes wrong is wrong at once, and goes on as time passes; Enter
    goes to its next step at once. What happens is told as it happens.
    """
    import asyncio

    asyncio.run(_hold(options))
    click.echo("The lab is down.", err=True)
    return 0


async def _hold(options: dict[str, object]) -> None:
    import asyncio
    import signal

    from mxprobe.jobs.hold import hold
    from mxprobe.lab.stage import Ports

    file: Path = options["file"]  # type: ignore[assignment]
    control: Path | None = options["control"]  # type: ignore[assignment]
    export = str(options["export"] or "")
    ports = Ports(smtp=int(str(options["port"])), dns=int(str(options["dns_port"])))
    async with hold(file, int(str(options["seed"])), control, ports) as held:
        text = held.export(export) if export else ""
        _tell_world(held, control, err=bool(export))
        if export:
            click.echo(text, nl=False)
        loop, enough = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, enough.set)
        with _enter_goes_on(held):
            await _tell_events(held, enough, err=bool(export))


def _tell_world(held: "Held", control: Path | None, *, err: bool) -> None:
    """Where everything is, and what to do with it."""
    story, stage = held.scenario, held.stage
    lines = [f"{story.domain} is up on this machine only; nothing is relayed outside.  Ctrl-C ends it."]
    lines += [f"  DNS      {stage.nameserver} (udp, tcp)"]
    for preference, name in story.chain:
        what = "mailbox" if story.keeps_mail(name) else "backup, hands on"
        wrong = stage.world.describe(name)
        now = f"now: {wrong}" if wrong else ""
        where = f"{stage.addresses[name]}:{stage.port}"
        lines.append(f"  {story.short(name):<8} {where:<22} {preference:>3}  {what:<18} {now}".rstrip())
    if stage.policy_port is not None:
        lines.append(f"  mta-sts  {stage.addresses[story.policy_host]}:{stage.policy_port} (HTTPS)")
    lines.append(f"  look     {held.probe_command}")
    if held.send_command:
        lines.append(f"  send     {held.send_command}")
    lines.append(f"  mailers  what to write into yours: --export {'|'.join(MAILERS)}")
    if control is not None:
        lines.append(f"  control  {control} takes lines: break HOST FAULT [PHASE], mend HOST, next, status")
    click.echo("\n".join(lines), err=err)


@contextlib.contextmanager
def _enter_goes_on(held: "Held") -> "Iterator[None]":
    """While the context lasts, Enter on a terminal goes to the next step."""
    import asyncio

    if not sys.stdin.isatty():
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, lambda: (sys.stdin.readline(), held.go_on()))
    try:
        yield
    finally:
        loop.remove_reader(sys.stdin)


async def _tell_events(held: "Held", enough: "asyncio.Event", *, err: bool) -> None:
    """What happens, as it happens, and what comes next, until it is enough."""
    import asyncio

    from mxprobe.report.run_text import tell_event
    from mxprobe.report.words import say_time

    told, coming = 0, ""
    enter = "  Enter: go there now." if sys.stdin.isatty() else ""
    while not enough.is_set():
        events = held.stage.world.events[told:]
        told += len(events)
        for event in events:
            click.echo(f"{say_time(event.at):>7} {tell_event(event)}", err=err)
        if held.coming != coming:
            coming = held.coming
            click.echo(f"  next     {coming}.{enter}" if coming else "  next     nothing; the story is told.", err=err)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN):
                await enough.wait()
