"""`mxprobe survey`: look at many domains, each distinct address visited once."""

import contextlib
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mxprobe.cli.grouped import GroupedCommand
from mxprobe.cli.lazy import INTERRUPTED
from mxprobe.cli.survey_options import GROUPS, LOOKED_WITH

if TYPE_CHECKING:
    from mxprobe.cli.progress import Teller
    from mxprobe.jobs.survey.conduct import Outcome
    from mxprobe.jobs.survey.listing import EntryList
    from mxprobe.jobs.survey.manner import MannerOptions
    from mxprobe.jobs.survey.survey import SurveyOptions


@click.command(
    "survey",
    cls=GroupedCommand,
    groups=GROUPS,
    params=[click.Argument(["listed"], required=False, metavar="[DOMAINS.txt|-]", type=click.Path(path_type=Path))],
)
def command(**options: Any) -> int:
    """Look at many domains: each name asked for and each distinct address visited once.

    The list has a domain a line, or a rank and a domain (1,example.com), or an address to ask about; - is standard
    input. Each line of the results is a saved probe, which `mxprobe report` and `diff` read. No mail is sent.

    \b
      mxprobe survey domains.txt --out all.jsonl            what does the DNS say?
      mxprobe survey domains.txt --out all.jsonl --resume   the same, after Ctrl-C or a crash
      mxprobe survey --summary all.jsonl                    how many have a backup, TLS, DANE?
      zcat big.csv.gz | mxprobe survey - --out sqlite:big.db --summary
                                                            a long list, in one go
      mxprobe survey domains.txt --out tls.jsonl --depth tls --contact abuse@example.com
                                                            do hosts answer, with what certificate?
      mxprobe survey --probing-txt --depth tls --contact abuse@example.com --helo probe.example.com
                                                            what to tell those who are looked at
      mxprobe survey mine.txt --out mine.jsonl --depth rcpt --i-own-these --contact me@example.com
                                                            would each host of mine take my mail?

    Exit 0 done (whatever was found), 2 wrong use, 3 could not look (no name server answers, port 25 is blocked here),
    130 interrupted: --resume goes on.
    """
    if options["probing_txt"]:
        return _print_probing_txt(options)
    if options["summary"] and options["out"] is None:
        return _summarize(_file_of(options), options)
    from mxprobe.cli.progress import Teller
    from mxprobe.errors import InputError

    if options["only_4"] and options["only_6"]:
        raise InputError("-4 and -6 exclude each other; without either both families are dialled")
    wanted = _survey_options(options)
    quiet = options["quiet"] or (options["out"] == "-" and sys.stdout.isatty())
    with wanted.entries as entries:
        _warn(options)
        outcome: Outcome | None = None
        with Teller(quiet=quiet) as teller, contextlib.suppress(KeyboardInterrupt):
            outcome = _run(_survey(wanted, teller))
        _tell_bad_lines(entries)
    if outcome is None or not outcome.complete:
        return _interrupted(options)
    teller.conclude(options["out"])
    if not options["quiet"]:
        _tell_rest(outcome, options["depth"])
    return _summarize(options["out"], options) if options["summary"] else 0


def _tell_rest(outcome: "Outcome", depth: str) -> None:
    """Say what of the list has no line of its own, or not a whole one."""
    if outcome.twice:
        entries, name = ("1 entry", "names") if outcome.twice == 1 else (f"{outcome.twice:,} entries", "name")
        rest = "; its recipients were added where nobody was asked yet" if depth == "rcpt" else ""
        click.echo(
            f"{entries} of the list {name} a domain that stands there before, which has one line{rest}.", err=True
        )
    if outcome.failed:
        click.echo(f"{outcome.failed:,} could not be asked, for a reason of ours that stands in the lines.", err=True)


def _interrupted(options: dict[str, Any]) -> int:
    """Say how it goes on."""
    if options["out"] == "-" and options["journal"] is None:
        how = "Without --journal it cannot go on."
    else:
        how = f"What was done is kept.  The same command {'' if options['resume'] else 'with --resume '}goes on."
    click.echo(f"Interrupted.  {how}  Exit {INTERRUPTED}.", err=True)
    return INTERRUPTED


async def _survey(wanted: "SurveyOptions", teller: "Teller") -> "Outcome":
    """Carry it out, where anything can be seen from here. Raises CouldNotLook."""
    from mxprobe.jobs.survey.sight import require_sight_here
    from mxprobe.jobs.survey.survey import survey
    from mxprobe.settings import load_settings

    if wanted.scheduler is None:
        await require_sight_here(wanted.manner, load_settings())
    return await survey(wanted, teller)


def _run(job: "Coroutine[Any, Any, Outcome]") -> "Outcome":
    """Run the job in the fastest event loop that is installed."""
    import asyncio

    from mxprobe.jobs.survey.garbage import collect_seldom

    collect_seldom()
    try:
        from uvloop import new_event_loop
    except ImportError:
        from asyncio import new_event_loop  # type: ignore[assignment]
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(job)


def _survey_options(options: dict[str, Any]) -> "SurveyOptions":
    """What the job is asked for. Raises InputError, and CouldNotLook without a name server."""
    from mxprobe.errors import InputError
    from mxprobe.jobs.survey.listing import STANDARD_INPUT, EntryList
    from mxprobe.jobs.survey.manner import make_manner
    from mxprobe.jobs.survey.places import read_places
    from mxprobe.jobs.survey.survey import SurveyOptions

    listed = _file_of(options)
    if options["out"] is None:
        hint = "Right is FILE.jsonl (lines of JSON), FILE.parquet (a table) or sqlite:FILE."
        raise InputError("say where the results are to be kept: --out results.jsonl", hint=hint)
    if options["out"] == "-" and options["summary"]:
        raise InputError("--summary reads the results once more: name a file with --out, not standard output")
    if options["vantages"] and not options["scheduler"]:
        raise InputError("--vantage names resources of the workers of a cluster: it goes with --scheduler")
    places = read_places(options["vantages"]) if options["vantages"] is not None else ()
    manner = make_manner(_manner_options(options))
    if listed == STANDARD_INPUT and sys.stdin.isatty():
        click.echo("Type a domain a line; Ctrl-D ends the list.", err=True)
    if options["strict"] and listed != STANDARD_INPUT:
        with EntryList(listed, strict=True) as entries:  # read through before anybody is asked
            while entries.take(10_000):
                pass
    return SurveyOptions(
        entries=EntryList(listed, strict=options["strict"]),
        out=options["out"],
        manner=manner,
        resume=options["resume"],
        journal=options["journal"],
        workers=options["workers"],
        scheduler=options["scheduler"],
        places=places,
    )


def _manner_options(options: dict[str, Any]) -> "MannerOptions":
    from mxprobe.facts.survey import Depth
    from mxprobe.jobs.survey.manner import MannerOptions

    families = (4,) if options["only_4"] else (6,) if options["only_6"] else (4, 6)
    words = {name: options[name] for name in LOOKED_WITH}
    return MannerOptions(depth=Depth(options["depth"]), families=families, **words)


def _file_of(options: dict[str, Any]) -> Path:
    """The file that was named. Raises InputError."""
    from mxprobe.errors import InputError

    listed: Path | None = options["listed"]
    if listed is None:
        what = "results: mxprobe survey --summary results.jsonl" if options["summary"] and not options["out"] else None
        raise InputError(f"name a file of {what or 'domains, or -: mxprobe survey domains.txt --out results.jsonl'}")
    return listed


def _warn(options: dict[str, Any]) -> None:
    """Say what keeps those who are looked at from seeing who looks."""
    from mxprobe.facts.survey import Depth
    from mxprobe.jobs.look import ehlo_name
    from mxprobe.settings import load_settings

    if options["quiet"] or not Depth(options["depth"]).reaches(Depth.EHLO) or options["i_own_these"]:
        return
    name = ehlo_name(options["helo"], load_settings())
    if name is None or name.startswith("["):
        click.echo(
            "This machine has no name to say in EHLO: those who are looked at cannot see who looks, and many refuse.\n"
            "Name it with --helo, the PTR record of its address: --helo probe.example.com",
            err=True,
        )


def _print_probing_txt(options: dict[str, Any]) -> int:
    """Print the file that says who looks. Raises InputError."""
    import time

    from mxprobe.errors import InputError
    from mxprobe.jobs.survey.manner import signpost
    from mxprobe.report.attribution import render_probing_txt
    from mxprobe.settings import load_settings

    sign = signpost(_manner_options(options), load_settings())
    if not sign.name:
        raise InputError("the file lies under the name said in EHLO: give it with --helo probe.example.com")
    click.echo(render_probing_txt(sign, time.time()), nl=False)
    return 0


def _tell_bad_lines(entries: "EntryList") -> None:
    """Say which lines of the list were passed over."""
    from mxprobe.facts.text import escape_text, mask

    if not entries.passed_over:
        return
    one = entries.passed_over == 1
    which = "1 line of the list names" if one else f"{entries.passed_over:,} lines of the list name"
    lines = [f"{which} no domain and {'was' if one else 'were'} passed over (--strict refuses such a list):"]
    lines += [f"  line {bad.line}: {escape_text(f'{bad.text[:60]}: {bad.reason}')}" for bad in entries.bad_lines]
    if more := entries.passed_over - len(entries.bad_lines):
        lines.append(f"  and {more:,} more")
    text = "\n".join(lines)
    click.echo(text if sys.stderr.isatty() else mask(text), err=True)


def _summarize(results: str | Path, options: dict[str, Any]) -> int:
    """Print the summary of a file of results. Raises InputError for one that is none."""
    from mxprobe.jobs.survey.summary import summarize
    from mxprobe.report.survey_text import render_summary, render_summary_json

    render = render_summary if options["form"] == "text" else render_summary_json
    click.echo(render(summarize(str(results))), nl=False)
    return 0
