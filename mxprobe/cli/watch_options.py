"""The options of `mxprobe probe` with which looks are kept and alarms are told."""

from pathlib import Path

import click

from mxprobe.cli.grouped import option

WATCH_OPTIONS = (
    option("--history", type=click.Path(path_type=Path), metavar="DIR", help="Keep each look in this folder."),
    option("--history-size", metavar="SIZE", help="With --history: begin a new file at this size (default 16MB)."),
    option("--history-keep", type=click.IntRange(0, 999), metavar="N", help="Keep so many older files (default 8)."),
    option("--alarm", is_flag=True, help="With --history: tell only what changed, once."),
    option("--after", type=click.IntRange(1, 100), metavar="N", help="With --alarm: looks it has to last (default 3)."),
    option("--remind", metavar="TIME", help="With --alarm: tell again what lasts so long (1d)."),
    option("--alarm-config", type=click.Path(path_type=Path), help="When alarms keep quiet: maintenance (YAML)."),
    option("--accept", is_flag=True, help="With --alarm: what is seen now is as it should be."),
)
