"""`mxprobe run`: play scenario files and give verdicts."""

import os
import sys
import time
from pathlib import Path

import click

from mxprobe.report.formats import RUN_FORMATS

WORLDS = ("memory", "loopback")
NETWORKS = ("own", "here")


@click.command("run")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--seed", default=1, show_default=True, help="Seed of every random choice.")
@click.option("--repeat", type=click.IntRange(1, 10000), default=1, help="Play with so many seeds, from --seed up.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Share many plays among so many processes (default: CPUs).")
@click.option("--sender", "senders", multiple=True, metavar="MAILER", help="Play by this mailer instead; repeatable.")
@click.option("-k", "only", default="", metavar="EXPR", help="Play what this names: postfix and not tls.")
@click.option("--only-random", is_flag=True, help="Play what contains a random choice; with --repeat, seed by seed.")
@click.option("--zone", type=click.Path(path_type=Path), help="Play stories of roles over this master file (-: stdin).")
@click.option("--domain", metavar="NAME", help="The domain of --zone.")
@click.option("--world", type=click.Choice(WORLDS), default="memory", show_default=True, help="loopback: real sockets.")
@click.option("--pace", default=100.0, show_default=True, help="With real mailers: story seconds in a real second.")
@click.option(
    "--network",
    type=click.Choice(NETWORKS),
    default="own",
    show_default=True,
    help="Where real mailers play; here: in a container of its own.",
)
@click.option("--format", "form", type=click.Choice(["text", *RUN_FORMATS]), default="text", show_default=True)
@click.option("--trace", is_flag=True, help="Show every event of a story that fails (with -v: of all).")
@click.option("-v", "--verbose", is_flag=True, help="Show a line for every play.")
def command(**options: object) -> int:
    """Play stories (*.yaml, or folders of them) in a lab with a virtual clock. No network, no root.

    A plan (a file with `play:`) names stories, your zone and what is waived. Without PATH the standard stories are
    played over --zone. What is no path is a story that comes with mxprobe: standard, outage/all-refuse.
    With `--world loopback` the same stories run over real sockets of this machine's loopback addresses.
    `--sender real:postfix` (exim, opensmtpd, sendmail) plays them by the mailer itself, in a network of its own: on
    Debian, as root, and at a pace of real time. `--sender own` is your own mailer: the command under `own:` in the
    story hands it each message.
    `--network here` adds the story's addresses to the network that mxprobe runs in, for as long as the play, in place
    of making one: only for a container of its own, where your mailer's shares its network.

    Exit 0 when all went as written, 1 when not, 2 for a file that cannot be right.
    """
    from mxprobe.facts.run import Run, WorldKind
    from mxprobe.facts.text import mask
    from mxprobe.jobs.play import PlayOptions, play
    from mxprobe.report.formats import load_format
    from mxprobe.report.run_text import failed, render_runs

    paths: tuple[Path, ...] = options["paths"]  # type: ignore[assignment]
    senders: tuple[str, ...] = options["senders"]  # type: ignore[assignment]
    live = sys.stderr.isatty()

    def progress(run: Run) -> None:
        if live:
            click.echo(f"\r\x1b[K{run.path}  {run.sender}", nl=False, err=True)

    began = time.perf_counter()
    zone: Path | None = options["zone"]  # type: ignore[assignment]
    domain: str | None = options["domain"]  # type: ignore[assignment]
    first, repeat = int(str(options["seed"])), int(str(options["repeat"]))
    jobs = int(str(options["jobs"] or os.cpu_count() or 1))
    wanted = PlayOptions(
        seed=first,
        repeat=repeat,
        jobs=jobs,
        senders=senders,
        world=WorldKind(str(options["world"])),
        pace=float(str(options["pace"])),
        here=options["network"] == "here",
        only=str(options["only"]),
        only_random=bool(options["only_random"]),
        brief=repeat > 1 and options["form"] != "json" and not options["trace"],
        zone=zone,
        domain=domain,
    )
    runs = play(paths, wanted, progress)
    if live:
        click.echo("\r\x1b[K", nl=False, err=True)
    if options["form"] == "text":
        spent = time.perf_counter() - began
        text = render_runs(runs, verbose=bool(options["verbose"]), trace=bool(options["trace"]), spent=spent)
        click.echo(text if sys.stdout.isatty() else mask(text))
    else:
        click.echo(mask(load_format(RUN_FORMATS, str(options["form"]), "runs")(runs)), nl=False)
    return 1 if failed(runs) else 0
