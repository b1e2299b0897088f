"""A click command with so many options that `--help` lists them under headings."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import click


class Group(NamedTuple):
    """Options that belong together: the heading, what is true of all of them, and the options in their order."""

    heading: str
    about: str
    options: tuple[click.Option, ...]


def option(*names: str, **attributes: Any) -> click.Option:
    """An option as `click.option` takes it, as a value."""
    return click.Option(names, **attributes)


class GroupedCommand(click.Command):
    """A command that takes its options in groups."""

    def __init__(self, *args: Any, groups: Sequence[Group] = (), **attributes: Any) -> None:
        own: list[click.Parameter] = list(attributes.pop("params", None) or ())
        attributes["params"] = [*own, *(one for group in groups for one in group.options)]
        super().__init__(*args, **attributes)
        self.groups = tuple(groups)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each group under its heading, then what is in none of them."""
        grouped = {name for group in self.groups for one in group.options for name in one.opts}
        for group in self.groups:
            _write(group.heading, group.about, group.options, ctx, formatter)
        options = (one for one in self.get_params(ctx) if isinstance(one, click.Option))
        _write("Help", "", [one for one in options if not grouped.intersection(one.opts)], ctx, formatter)


def _write(
    heading: str, about: str, params: Sequence[click.Option], ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    rows = [row for one in params if (row := one.get_help_record(ctx)) is not None]
    if not rows:
        return
    with formatter.section(heading):
        if about:
            formatter.write_text(about)
            formatter.write_paragraph()
        formatter.write_dl(rows)
