"""`mxprobe lab`: hold a story's world up on real loopback sockets."""

import contextlib
from pathlib import Path

import click

_LOOK_AGAIN = 0.2
"""Seconds between two looks at what has happened."""


@click.command("lab")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--seed", default=1, show_default=True, help="Seed of keys, certificates and choices.")
@click.option("--control", type=click.Path(path_type=Path), help="Take lines at this socket: break mx1 tcp-refuse.")
def command(file: Path, seed: int, control: Path | None) -> int:
    """Hold the world of a story up on this machine, until Ctrl-C. Nothing is relayed outside.

    The story starts at its first break, so that what goes wrong is wrong at once, and goes on as time passes. What
    happens is told as it happens.
    """
    import asyncio

    asyncio.run(_hold(file, seed, control))
    click.echo("The lab is down.", err=True)
    return 0


async def _hold(file: Path, seed: int, control: Path | None) -> None:
    import asyncio
    import signal

    from mxprobe.jobs.hold import Held, hold
    from mxprobe.report.run_text import tell_event
    from mxprobe.report.words import say_time

    def tell(held: Held) -> None:
        story, stage = held.scenario, held.stage
        click.echo(f"{story.domain} is up on this machine only; nothing is relayed outside.  Ctrl-C ends it.")
        click.echo(f"  DNS      {stage.nameserver} (udp, tcp)")
        for preference, name in story.chain:
            what = "mailbox" if story.keeps_mail(name) else "backup, hands on"
            wrong = stage.world.describe(name)
            now = f"now: {wrong}" if wrong else ""
            where = f"{stage.addresses[name]}:{stage.port}"
            click.echo(f"  {story.short(name):<8} {where:<22} {preference:>3}  {what:<18} {now}".rstrip())
        click.echo(f"  look     {held.probe_command}")
        if held.send_command:
            click.echo(f"  send     {held.send_command}")
        if control is not None:
            click.echo(f"  control  {control} takes lines: break HOST FAULT [PHASE], mend HOST, status")

    async with hold(file, seed, control) as held:
        tell(held)
        enough = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, enough.set)
        told = 0
        while not enough.is_set():
            events = held.stage.world.events[told:]
            told += len(events)
            for event in events:
                click.echo(f"{say_time(event.at):>7} {tell_event(event)}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN):
                    await enough.wait()
