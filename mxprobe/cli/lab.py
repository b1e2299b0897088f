"""`mxprobe lab`: hold a story's world up on real loopback sockets."""

from pathlib import Path

import click


@click.command("lab")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--seed", default=1, show_default=True, help="Seed of keys, certificates and choices.")
def command(file: Path, seed: int) -> int:
    """Hold the world of a story up on this machine, until Ctrl-C. Nothing is relayed outside.

    The story starts at its first break, so that what goes wrong is wrong at once, and goes on as time passes.
    """
    import asyncio

    try:
        asyncio.run(_hold(file, seed))
    except KeyboardInterrupt:
        click.echo("The lab is down.", err=True)
    return 0


async def _hold(file: Path, seed: int) -> None:
    import asyncio

    from mxprobe.jobs.hold import Held, hold

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

    async with hold(file, seed) as held:
        tell(held)
        await asyncio.Event().wait()
