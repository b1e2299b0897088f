"""The options of `mxprobe probe` with which looks are kept and alarms are told."""

from pathlib import Path

import click

WATCH_OPTIONS = (
    click.option("--history", type=click.Path(path_type=Path), metavar="DIR", help="Keep each look in this folder."),
    click.option(
        "--history-size", metavar="SIZE", help="With --history: begin a new file at this size (default 16MB)."
    ),
    click.option(
        "--history-keep", type=click.IntRange(0, 999), metavar="N", help="Keep so many older files (default 8)."
    ),
    click.option("--alarm", is_flag=True, help="With --history: tell only what changed, once."),
    click.option(
        "--after", type=click.IntRange(1, 100), metavar="N", help="With --alarm: looks it has to last (default 3)."
    ),
    click.option("--remind", metavar="TIME", help="With --alarm: tell again what lasts so long (1d)."),
    click.option("--alarm-config", type=click.Path(path_type=Path), help="When alarms keep quiet: maintenance (YAML)."),
    click.option("--accept", is_flag=True, help="With --alarm: what is seen now is as it should be."),
)
