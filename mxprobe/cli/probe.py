"""`mxprobe probe`: look at live domains."""

import sys
from typing import TYPE_CHECKING, Any

import click

from mxprobe.cli.grouped import GroupedCommand
from mxprobe.cli.lazy import loading
from mxprobe.cli.probe_options import DIALS, GROUPS, LOOKED_WITH
from mxprobe.cli.watch_options import check_watching

if TYPE_CHECKING:
    from mxprobe.cli.watching import Watching
    from mxprobe.facts.snapshot import Snapshot


_ABOUT_ONE = ("baseline", "expect", "write_expect", "migration", "save")


@click.command(
    "probe",
    cls=GroupedCommand,
    groups=GROUPS,
    params=[click.Argument(["domains"], nargs=-1, metavar="[DOMAIN]...")],
)
def command(**options: Any) -> int:
    """Look at live domains: MX chain, addresses, findings, forecast.

    No mail is sent, and nobody is asked about a recipient unless --to names one.

    \b
      mxprobe probe example.com                         is it right, and what if mx1 dies?
      mxprobe probe --to me@example.com                 would every MX take my mail?
      mxprobe probe example.com --baseline before.json  what changed, and was it us?
      mxprobe probe example.com --expect expect.yaml    what is not as it should be?
      mxprobe probe example.com --migration plan.yaml   what of the move may be done now?
      mxprobe probe --zone db.example.com --domain example.com
                                                        the same, before it is published

    Exit 0 nothing at or above --fail-on, 1 findings, 2 wrong use, 3 could not look. With --format nagios as a plugin:
    0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    """
    with loading():
        import asyncio

        from mxprobe.cli.showing import check_options, document_of, show_all
        from mxprobe.facts.text import mask
        from mxprobe.jobs.beside import read_beside
        from mxprobe.jobs.look import LookOptions, look
        from mxprobe.report.json import LookDocument

    check_watching(options)
    if options["zone"] is not None or options["domain"] is not None:
        return _show_zone(options)
    domains = _domains_of(options)
    check_options(options)
    beside = read_beside(domains[0], options["baseline"], options["expect"], options["migration"])
    families = (4,) if options["only_4"] else (6,) if options["only_6"] else (4, 6)
    wanted = LookOptions(families=families, beside=beside, **{name: options[name] for name in LOOKED_WITH})

    worst, kept = 0, list[LookDocument]()
    for domain in domains:
        if "@" in domain:
            click.echo(f"looking at {domain.rpartition('@')[2]}, the domain of that address", err=True)
        watching = _watching(domain, options)
        how = wanted if watching is None else watching.compare(wanted)
        seen = asyncio.run(look(domain, how, _progress, _announce))
        if options["dry_run"]:
            from mxprobe.report.asking import render_dry_run

            planned = render_dry_run(seen.snapshot)
            click.echo(planned if sys.stdout.isatty() else mask(planned))
            continue
        document = document_of(seen, options)
        if watching is not None and (told := watching.keep_and_tell(seen, document)) is not None:
            worst = max(worst, told)
        elif options["form"] == "text" and options["output"] is None:
            worst = max(worst, show_all((document,), options))
        else:
            kept.append(document)
    return show_all(kept, options) if kept else worst


def _watching(domain: str, options: dict[str, Any]) -> "Watching | None":
    """How a domain is watched; None where its looks are not kept. Raises InputError."""
    if options["history"] is None:
        return None
    from mxprobe.cli.watching import Watching

    return Watching(domain, options)


def _domains_of(options: dict[str, Any]) -> tuple[str, ...]:
    """Whom to look at. Raises InputError where nobody is named, too many are, or one that is no domain."""
    from mxprobe.errors import InputError
    from mxprobe.jobs.look import domain_of

    domains = options["domains"] or tuple(dict.fromkeys(to.rpartition("@")[2] for to in options["recipients"]))
    if not domains:
        raise InputError("name a domain, or a recipient: mxprobe probe example.com, mxprobe probe --to me@example.com")
    if options["only_4"] and options["only_6"]:
        raise InputError("-4 and -6 exclude each other; without either both families are dialled")
    about_one = [f"--{name.replace('_', '-')}" for name in _ABOUT_ONE if options[name]]
    if len(domains) > 1 and about_one:
        raise InputError(
            f"{' and '.join(about_one)} {'is' if len(about_one) == 1 else 'are'} about one domain; name one"
        )
    for domain in domains:  # a slip in the last name is told before the first is looked at
        domain_of(domain)
    return domains


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(text, err=True)


def _announce(snapshot: "Snapshot") -> None:
    from mxprobe.facts.text import mask
    from mxprobe.report.asking import render_announcement

    text = render_announcement(snapshot)
    click.echo(text if sys.stderr.isatty() else mask(text), err=True)


def _show_zone(options: dict[str, Any]) -> int:
    """Look at a zone file. Raises InputError for options that ask for more."""
    from mxprobe.cli.showing import check_options, show
    from mxprobe.errors import InputError
    from mxprobe.jobs.beside import look_beside
    from mxprobe.jobs.look_at_zone import look_at_zone

    zone, domain = options["zone"], options["domain"]
    if zone is None or domain is None:
        raise InputError("a zone and its domain belong together: --zone db.example.com --domain example.com")
    if options["domains"]:
        raise InputError(f"--zone reads the file of {domain} alone; look at {options['domains'][0]} without --zone")
    said = [flag for name, flag in DIALS.items() if options[name] not in (None, "", (), False)]
    if said:
        raise InputError(f"--zone asks no name server and dials no host: {', '.join(said)} cannot go with it")
    check_options(options)
    seen = look_at_zone(zone, domain, options["dkim_selectors"])
    return show(look_beside(seen, options["baseline"], options["expect"], options["migration"]), options)
