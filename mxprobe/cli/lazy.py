"""A click group that loads a command only when it is called, and ends every failure as one message and an exit status.

`mxprobe --help` and a mistyped command load nothing but click. What the commands do is theirs.
"""

import gc
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

import click

from mxprobe.errors import MxprobeError, first_of

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


@contextmanager
def loading() -> Iterator[None]:
    """A place to import in: no garbage is looked for meanwhile, nor later in what was loaded, which all stays."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


class LazyCommand(NamedTuple):
    """One line of the list of commands; `place` is "module:attribute" of the click command."""

    name: str
    place: str
    help: str

    def load(self) -> click.Command:
        """Import the command's module; ImportError if it cannot be had."""
        module, _, attribute = self.place.partition(":")
        with loading():
            command: click.Command = getattr(import_module(module), attribute)
        return command


class LazyGroup(click.Group):
    """A group of `LazyCommand`s in the order listed."""

    def __init__(self, *args: Any, listed: Sequence[LazyCommand] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.listed = {command.name: command for command in listed}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the list, which is the order people need them in."""
        return list(self.listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The loaded command, or nothing where click should say that there is none."""
        return self.listed[cmd_name].load() if cmd_name in self.listed else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands from the list alone; click's own would load each."""
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, command.help) for command in self.listed.values()])

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run the command line and exit: with the status the command returned, or 2, 3 or 130 and one message."""
        extra["standalone_mode"] = False
        words = args[0] if args and args[0] is not None else extra.get("args") or sys.argv[1:]
        sys.exit(self._run_for_nagios(args, extra) if is_for_nagios(words) else self._run(args, extra))

    def _run(self, args: tuple[Any, ...], extra: dict[str, Any]) -> int | None:
        """The exit status of a command, its complaints printed."""
        try:
            status: int | None = super().main(*args, **extra)
        except click.ClickException as error:
            error.show()
            status = MxprobeError.exit_status
        except click.Abort:
            click.echo("Interrupted.", err=True)
            status = INTERRUPTED
        except MxprobeError as error:
            status = _complain(error)
        except BaseExceptionGroup as group:
            ours, others = group.split(MxprobeError)
            if ours is None or others is not None:
                raise
            status = _complain(first_of(ours))
        return status

    def _run_for_nagios(self, args: tuple[Any, ...], extra: dict[str, Any]) -> int | None:
        """As `_run` for a monitor: whatever goes wrong is UNKNOWN, on standard output, and never looks like a state."""
        try:
            status: int | None = super().main(*args, **extra)
        except click.ClickException as error:
            return _unknown(error.format_message())
        except click.Abort:
            return _unknown("interrupted")
        except MxprobeError as error:
            return _unknown(str(error))
        except BaseExceptionGroup as group:
            ours, _ = group.split(MxprobeError)
            if ours is None:
                traceback.print_exc()
            return _unknown(str(first_of(ours)) if ours is not None else "mxprobe failed; standard error says how")
        except Exception:  # rim: an exit status of 1 would be a warning about the domain
            traceback.print_exc()
            return _unknown("mxprobe failed; standard error says how")
        return status


def is_for_nagios(words: Sequence[str]) -> bool:
    """Whether a command line asks for the format of monitors; it may be one that cannot be read further."""
    return "--format=nagios" in words or ("--format", "nagios") in pairwise(words)


def _unknown(message: str) -> int:
    from mxprobe.report.nagios import State, unknown

    click.echo(unknown(message))
    return State.UNKNOWN


def _complain(error: MxprobeError) -> int:
    shown = _visible(str(error))
    sentence = shown if shown.endswith((".", "?")) else f"{shown}."
    marked = shown.rpartition("\n")[2][4:7] == " | "  # the offending line stays as it is
    ended = f"{shown}\n" if marked else f"{sentence}  "
    click.echo(f"{ended}Exit {error.exit_status}.", err=True)
    return error.exit_status


def _visible(message: str) -> str:
    """The message with nothing in it that a terminal would obey; its line breaks stay."""
    if message.isascii() and message.isprintable():
        return message
    from mxprobe.facts.text import escape_text

    return "\n".join(map(escape_text, message.split("\n")))
