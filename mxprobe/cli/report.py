"""`mxprobe report`: look again at a saved probe or run."""

import sys
from pathlib import Path
from typing import Any

import click


@click.command("report")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("--fail-on", type=click.Choice(["error", "warning", "info"]), default="error", show_default=True)
@click.option("--select", multiple=True, metavar="CODE", help="Judge by these rules alone.")
@click.option("--ignore", multiple=True, metavar="CODE", help="Leave these rules out.")
def command(file: Path, **options: Any) -> int:
    """Look again at a saved probe (probe --save) or saved runs (run --format json) with today's rules."""
    from mxprobe.cli.showing import check_options, show
    from mxprobe.facts.text import mask
    from mxprobe.jobs.look_again import look_again
    from mxprobe.report.formats import RUN_FORMATS
    from mxprobe.report.run_text import failed, render_runs

    check_options(options)
    seen = look_again(file)
    if not isinstance(seen, tuple):
        return show(seen, options)
    if options["form"] == "text":
        text = render_runs(seen)
        click.echo(text if sys.stdout.isatty() else mask(text))
    else:
        click.echo(mask(RUN_FORMATS[options["form"]](seen)), nl=False)
    return 1 if failed(seen) else 0
