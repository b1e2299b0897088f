"""`mxprobe report`: look again at a saved probe or run, or at many proofs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mxprobe.cli.probe_options import FAIL_ON, THRESHOLD
from mxprobe.report.formats import LOOK_FORMATS, RUN_FORMATS

if TYPE_CHECKING:
    from mxprobe.facts.run import Run

_FORMATS = ("text", *dict.fromkeys((*LOOK_FORMATS, *RUN_FORMATS)))


@click.command("report")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...|DIR")
@click.option("--domain", metavar="NAME", help="Of results of a survey: the line about this domain.")
@click.option("--down", multiple=True, metavar="PART[,PART...]", help="What if these fail: mx1, mx1/v6, 10, v6.")
@click.option(
    "--fault", "faults", multiple=True, metavar="WORDS", help="How they fail: 'reply 554 at banner', refuses."
)
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Of a probe: write the report into this file.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "info"]), help=FAIL_ON)
@click.option("--threshold", multiple=True, metavar="FIGURE=WARN[:CRIT]", help=THRESHOLD)
@click.option("--baseline", type=click.Path(path_type=Path), help="Compare a probe with this earlier one.")
@click.option("--expect", type=click.Path(path_type=Path), help="What is approved (YAML), as with probe.")
@click.option("--migration", type=click.Path(path_type=Path), help="The plan of a migration (YAML), as with probe.")
@click.option("--select", multiple=True, metavar="CODE", help="Judge by these rules alone.")
@click.option("--ignore", multiple=True, metavar="CODE", help="Leave these rules out.")
@click.option("--proven-within", "within", metavar="TIME", help="Of proofs: exit 1 if a host's last is older (30d).")
@click.option("--in-outage", is_flag=True, help="With --proven-within: a backup counts as proven by an outage alone.")
def command(files: tuple[Path, ...], **options: Any) -> int:
    """Look again at a saved probe (probe --save), a proof or saved runs (run --format json) with today's rules.

    Of several proofs, or of those in a folder: when each host of the newest chain was last proven, while the primary
    was up and in an outage. Files of a folder that are no proofs are passed over and counted.

    Of reports of SMTP TLS reporting (RFC 8460: JSON, .gz, or the mail that carries one), also beside saved probes:
    which sessions with which MX host failed, how, and who says so. --fail-on error counts those whose mail waits.

    Of results of a survey (FILE.jsonl, FILE.parquet, sqlite:FILE): the line of --domain; without it their summary.

    With --down or --fault: what mailers would do if that happened. A part is a host, one family or address of it, a
    preference or a family; parts joined by commas fail together, and each --down is a case of its own. A fault is
    refuses, does not answer, unreachable, tls fails, `reply CODE at PHASE`, `no answer at PHASE`, `closes at PHASE`, or
    one of a scenario's: `{reply: 554} at banner`. No network is touched; a forecast alone changes no exit status.
    """
    from mxprobe.cli.showing import check_options, show
    from mxprobe.errors import InputError, Place
    from mxprobe.jobs.beside import look_beside
    from mxprobe.jobs.look import Look, domain_of
    from mxprobe.jobs.look_again import look_again
    from mxprobe.jobs.survey.results import are_many
    from mxprobe.jobs.tlsreports import holds_reports
    from mxprobe.jobs.what_if import what_if

    check_options(options)
    if holds_reports(files):
        from mxprobe.cli.tlsreporting import show_tls_reports

        return show_tls_reports(files, options)
    if len(files) > 1 or files[0].is_dir() or options["in_outage"]:
        from mxprobe.cli.kept import show_kept

        return show_kept(files, options)
    (file,) = files
    domain = domain_of(options["domain"]) if options["domain"] is not None else None
    if domain is None and are_many(file):
        from mxprobe.cli.surveyed import show_summary

        return show_summary(file, options)
    if options["down"] or options["faults"]:
        _check_what_if(options)
        return show(what_if(file, options["down"], options["faults"], domain), options)
    seen = look_again(file, domain)
    if not isinstance(seen, tuple | Look):
        _check_alone(options, file)
        from mxprobe.cli.proving import show_again

        return show_again(seen, options, file)
    if options["within"] is not None:
        raise InputError("--proven-within asks how old a proof is, and this file is none", place=Place(str(file)))
    if isinstance(seen, Look):
        return show(look_beside(seen, options["baseline"], options["expect"], options["migration"]), options)
    _check_alone(options, file)
    return _show_runs(seen, options["form"])


def _show_runs(runs: "tuple[Run, ...]", form: str) -> int:
    """Print saved runs, and give the exit status."""
    from mxprobe.facts.text import mask
    from mxprobe.report.formats import load_format
    from mxprobe.report.run_text import failed, render_runs

    if form == "text":
        text = render_runs(runs)
        click.echo(text if sys.stdout.isatty() else mask(text))
    else:
        click.echo(mask(load_format(RUN_FORMATS, form, "saved runs")(runs)), nl=False)
    return 1 if failed(runs) else 0


def _check_alone(options: dict[str, Any], file: Path) -> None:
    """Refuse to compare what is no probe. Raises InputError."""
    from mxprobe.errors import InputError, Place

    said = [f"--{name}" for name in ("baseline", "expect", "migration", "output", "threshold") if options[name]]
    if said:
        verb = "is" if len(said) == 1 else "are"
        raise InputError(
            f"{' and '.join(said)} {verb} for a saved probe, and this file is none", place=Place(str(file))
        )


def _check_what_if(options: dict[str, Any]) -> None:
    """Refuse what is about findings: a what-if has none. Raises InputError."""
    from mxprobe.errors import InputError

    said = [f"--{name}" for name in ("select", "ignore", "baseline", "expect", "migration") if options[name]]
    if said:
        raise InputError(f"a what-if (--down, --fault) asks no rules: {' and '.join(said)} can say nothing there")
    if options["form"] not in ("text", "json"):
        raise InputError(f"a what-if (--down, --fault) has no verdict for {options['form']}: --format text or json")
