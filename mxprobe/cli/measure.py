"""`mxprobe measure`: how a real mailer behaves, case by case."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mxprobe.facts.measured import Measured, Measurement

_FILE = click.Path(path_type=Path)


@click.command("measure")
@click.argument("names", nargs=-1, metavar="[real:MAILER | FILE]...")
@click.option("-k", "only", default="", metavar="EXPR", help="Cases of this name or group: tls and not encrypt.")
@click.option("--quick", is_flag=True, help="Leave out the cases that wait for a timeout.")
@click.option("--pairs", type=click.IntRange(1, 1000), help="So many drawn cases of two faults, in place of the suite.")
@click.option("--pace", type=float, default=100.0, show_default=True, help="Seconds of story time in a real second.")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="So many cases at a time.")
@click.option("--out", type=_FILE, help="Keep the measurement in this file (JSON).")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--agree", is_flag=True, help="Hold measurements (FILEs, or those shipped) against the profiles.")
@click.option("--compare", is_flag=True, help="Measurements (FILEs, or those shipped) side by side, in Markdown.")
@click.option("--list", "listed", is_flag=True, help="Name the cases.")
@click.option("--show", metavar="CASE", help="Print the story of a case.")
@click.option("--unpack", type=_FILE, metavar="DIR", help="Unpack Debian's mailers into DIR (root); installs nothing.")
def command(**options: object) -> int:
    """Measure how a real mailer behaves: real:postfix, real:exim, real:opensmtpd, real:sendmail.

    Each case stages one fault at the primary, with secondaries in good health, in a network without a way out, and
    writes down whom the mailer tried, in which order, who took the message, and what became of it.

    Exit 0; with --agree 1 where a profile predicts less than 98 of 100 cases.
    """
    unpack: Path | None = options["unpack"]  # type: ignore[assignment]
    if unpack is not None:
        return _unpack(unpack)
    names: tuple[str, ...] = options["names"]  # type: ignore[assignment]
    if options["agree"]:
        return _agree(names)
    if options["compare"]:
        return _compare(names)
    if options["listed"] or options["show"]:
        return _cases(str(options["show"] or ""))
    return _measure(names, options)


def _unpack(directory: Path) -> int:
    from mxprobe.lab.mta.tree import VARIABLE, unpack

    unpack(directory)
    click.echo(f"The mailers are in {directory}. Now: export {VARIABLE}={directory}", err=True)
    return 0


def _cases(name: str) -> int:
    from mxprobe.errors import InputError
    from mxprobe.scenario.suite import suite

    if not name:
        for case in suite():
            click.echo(f"{case.name:<26} {case.group}{'  waits' if case.waits else ''}")
        return 0
    found = next((case for case in suite() if case.name == name), None)
    if found is None:
        raise InputError(f"no case is called {name}", hint="All cases: mxprobe measure --list.")
    click.echo(found.text, nl=False)
    return 0


def _measure(names: tuple[str, ...], options: dict[str, object]) -> int:
    import msgspec

    from mxprobe.errors import InputError, Place
    from mxprobe.jobs.measure import MeasureOptions, measure
    from mxprobe.report.measured import render_markdown, render_measurement

    if len(names) != 1:
        raise InputError("name one mailer: mxprobe measure real:postfix")
    if not names[0].startswith("real:"):
        hint = f"A mailer: real:{names[0]}. A measurement that was kept: --agree {names[0]}, --compare {names[0]}."
        raise InputError(f"{names[0]} names no mailer that could be measured", hint=hint)
    out: Path | None = options["out"]  # type: ignore[assignment]
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        reason = "this is a folder" if out.is_dir() else "there is no such folder"
        raise InputError(f"the measurement cannot be kept there: {reason}", place=Place(str(out)))
    wanted = MeasureOptions(
        only=str(options["only"]),
        quick=bool(options["quick"]),
        pairs=int(str(options["pairs"] or 0)),
        pace=float(str(options["pace"])),
        jobs=int(str(options["jobs"])),
    )
    live = sys.stderr.isatty()

    def progress(done: "Measured") -> None:
        if live:
            click.echo(f"\r\x1b[K{done.case}", nl=False, err=True)

    measured = measure(names[0], wanted, progress)
    if live:
        click.echo("\r\x1b[K", nl=False, err=True)
    data = msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n"
    if out is not None:
        out.write_bytes(data)
    if options["form"] == "json":
        click.echo(data, nl=False)
    elif options["form"] == "markdown":
        click.echo(render_markdown(measured), nl=False)
    else:
        click.echo(render_measurement(measured))
        _say_agreement(measured)
    return 0


def _agree(names: tuple[str, ...]) -> int:
    from mxprobe.jobs.measure import load_measurement, shipped

    enough = [_say_agreement(load_measurement(path)) for path in names or shipped(pairs=True)]
    return 0 if all(enough) else 1


def _say_agreement(measured: "Measurement") -> bool:
    from mxprobe.jobs.measure import agree
    from mxprobe.report.measured import is_enough, render_disagreement

    found = agree(measured)
    what = "drawn pairs" if found.drawn else "cases"
    right = found.cases - len(found.disagreements)
    click.echo(f"profile {found.mailer}: predicts {right} of {found.cases} {what} ({found.share:.1%})")
    for one in found.disagreements:
        click.echo("\n".join(render_disagreement(one.case, one.measured, one.predicted)))
        if one.because:
            click.echo(f"   because   {one.because}")
    return is_enough(found.share)


def _compare(names: tuple[str, ...]) -> int:
    from mxprobe.jobs.measure import load_measurement, shipped
    from mxprobe.report.measured import render_comparison

    click.echo(render_comparison([load_measurement(path) for path in names or shipped()]), nl=False)
    return 0
