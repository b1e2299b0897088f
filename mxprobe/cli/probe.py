"""`mxprobe probe`: look at live domains."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mxprobe.cli.watch_options import WATCH_OPTIONS
from mxprobe.report.formats import LOOK_FORMATS

FAIL_ON = "From which severity on the exit status tells of findings (default error; nagios: warning)."
THRESHOLD = "With nagios: bounds of a figure (connect, banner, tls, elapsed, queries; cert, hosts: below)."
if TYPE_CHECKING:
    from mxprobe.facts.snapshot import Snapshot

_OPTIONS = (
    click.argument("domains", nargs=-1, metavar="[DOMAIN]..."),
    click.option("--to", "recipients", multiple=True, metavar="ADDRESS", help="Ask for this recipient; sends no mail."),
    click.option("--matrix", is_flag=True, help="With --to: ask for a random one, postmaster, another domain's, too."),
    click.option("--i-own-this", is_flag=True, help="The domain is mine: allow --matrix without a TXT record."),
    click.option("--force-shared", is_flag=True, help="With --matrix: ask hosts of large providers too."),
    click.option("--patient", is_flag=True, help="With --matrix: ask once more, 5 min later, what was put off."),
    click.option("--dry-run", is_flag=True, help="Print what would be said to whom; dial nobody."),
    click.option("--dns-only", is_flag=True, help="Look at the DNS alone."),
    click.option(
        "--zone", type=click.Path(path_type=Path), help="Read this master file (-: stdin) in place of the DNS."
    ),
    click.option("--domain", metavar="NAME", help="The domain of --zone."),
    click.option("--helo", metavar="NAME", help="The name to say in EHLO."),
    click.option("--from", "mail_from", default="", metavar="ADDRESS", help="Envelope sender with --to."),
    click.option("--port", type=click.IntRange(1, 65535), help="Port of the MX hosts, 25 unless you test a lab."),
    click.option("--nameserver", "nameservers", multiple=True, metavar="ADDR[:PORT]", help="Ask this name server."),
    click.option("--authority-port", type=click.IntRange(1, 65535), help="Port of the zone's own servers."),
    click.option("-4", "only_4", is_flag=True, help="IPv4 alone."),
    click.option("-6", "only_6", is_flag=True, help="IPv6 alone."),
    click.option("--source", metavar="ADDR", help="Dial from this address."),
    click.option("--timeout", type=float, help="Seconds to wait for each reply."),
    click.option("--attempts", type=int, help="Attempts before a failure is an error (default 3 over 40 s)."),
    click.option("--spacing", type=float, help="Seconds between attempts (default 20)."),
    click.option("--queries", type=int, help="The most DNS queries (default 200)."),
    click.option("--dkim-selector", "dkim_selectors", multiple=True, metavar="NAME", help="Look for this DKIM key."),
    click.option("--dnsbl", "dnsbls", multiple=True, metavar="ZONE", help="Ask this list about the MX hosts."),
    click.option("--dnssec", is_flag=True, help="Check DNSSEC signatures here, from the root down."),
    click.option(
        "--trust-anchor", type=click.Path(path_type=Path), help="With --dnssec: another root's DS or DNSKEY records."
    ),
    click.option("--in-order", is_flag=True, help="Dial a worse preference only when the better one is done."),
    click.option("--allow-special", is_flag=True, help="Dial private and loopback addresses."),
    click.option("--cafile", type=click.Path(path_type=Path), help="Trust the authorities in this PEM file."),
    click.option("--format", "form", type=click.Choice(["text", *LOOK_FORMATS]), default="text", show_default=True),
    click.option("--save", type=click.Path(path_type=Path), help="Keep what was seen in this file (mode 0600)."),
    click.option("--output", type=click.Path(path_type=Path), help="Write the report into this file, all at once."),
    click.option("--fail-on", type=click.Choice(["error", "warning", "info"]), help=FAIL_ON),
    click.option("--threshold", multiple=True, metavar="FIGURE=WARN[:CRIT]", help=THRESHOLD),
    click.option(
        "--baseline", type=click.Path(path_type=Path), help="Compare with this earlier probe (saved with --save)."
    ),
    click.option(
        "--expect", type=click.Path(path_type=Path), help="What is expected, and waived (YAML); all else is a finding."
    ),
    click.option("--write-expect", type=click.Path(path_type=Path), help="Begin such a file with what is so today."),
    click.option("--migration", type=click.Path(path_type=Path), help="The plan of a migration (YAML)."),
    click.option("--select", multiple=True, metavar="CODE", help="Judge by these rules alone (MX3: all MX3xx)."),
    click.option("--ignore", multiple=True, metavar="CODE", help="Leave these rules out."),
    *WATCH_OPTIONS,
)


_LOOKED_WITH = (
    *("recipients", "dns_only", "helo", "mail_from", "port", "nameservers", "authority_port", "source"),
    *("timeout", "attempts"),
    *("spacing", "queries", "in_order", "allow_special", "cafile"),
    *("matrix", "i_own_this", "force_shared", "patient", "dry_run", "dkim_selectors", "dnsbls"),
    *("dnssec", "trust_anchor"),
)


_DIALS = {
    "recipients": "--to",
    "helo": "--helo",
    "mail_from": "--from",
    "port": "--port",
    "nameservers": "--nameserver",
    "authority_port": "--authority-port",
    "only_4": "-4",
    "only_6": "-6",
    "source": "--source",
    "timeout": "--timeout",
    "attempts": "--attempts",
    "spacing": "--spacing",
    "queries": "--queries",
    "in_order": "--in-order",
    "allow_special": "--allow-special",
    "cafile": "--cafile",
    "matrix": "--matrix",
    "i_own_this": "--i-own-this",
    "force_shared": "--force-shared",
    "patient": "--patient",
    "dry_run": "--dry-run",
    "dnsbls": "--dnsbl",
    "dnssec": "--dnssec",
    "trust_anchor": "--trust-anchor",
}
"""What means nothing where a zone file is read, since nobody is asked or dialled."""


def _options(function: Any) -> Any:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command("probe")
@_options
def command(**options: Any) -> int:
    """Look at live domains: MX chain, addresses, findings, forecast.

    No mail is sent, and nobody is asked about a recipient unless --to names one. --matrix asks about more, and needs
    the consent of the domain: a TXT record _mxprobe.DOMAIN "v=mxprobe1; until=YYYY-MM-DD", or --i-own-this.
    With --zone FILE --domain NAME: a domain that is not published yet. Nobody is asked or dialled; each host is assumed
    to answer.
    With --baseline FILE: what changed since that probe. With --expect FILE: what is not as that file expects, each with
    its line; --write-expect FILE begins such a file. With --migration FILE: what of a planned move may be done now, and
    what must wait until when; its hosts are looked at, too.
    With --history DIR: keep this look beside those before. With --alarm, too: print nothing but what changed since the
    looks before, once, and only what lasts; exit 1 for trouble, 0 for its end and for nothing to say.
    Exit 0 nothing at or above --fail-on, 1 findings, 3 could not look.
    """
    import asyncio

    from mxprobe.cli.showing import check_options, document_of, show_all
    from mxprobe.cli.watching import check_watching, compare, keep_and_tell, watch_of
    from mxprobe.errors import InputError
    from mxprobe.facts.text import mask
    from mxprobe.jobs.beside import read_beside
    from mxprobe.jobs.look import LookOptions, look
    from mxprobe.report.asking import render_dry_run
    from mxprobe.report.json import LookDocument

    check_watching(options)
    if options["zone"] is not None or options["domain"] is not None:
        return _show_zone(options)
    domains = options["domains"] or tuple(dict.fromkeys(to.rpartition("@")[2] for to in options["recipients"]))
    if not domains:
        raise InputError("name a domain, or a recipient: mxprobe probe example.com, mxprobe probe --to me@example.com")
    if options["only_4"] and options["only_6"]:
        raise InputError("-4 and -6 exclude each other; without either both families are dialled")
    check_options(options)
    if len(domains) > 1 and (options["baseline"] or options["expect"] or options["migration"]):
        raise InputError("--baseline, --expect and --migration are about one domain; name one")
    beside = read_beside(domains[0], options["baseline"], options["expect"], options["migration"])
    families = (4,) if options["only_4"] else (6,) if options["only_6"] else (4, 6)
    wanted = LookOptions(families=families, beside=beside, **{name: options[name] for name in _LOOKED_WITH})

    worst, kept = 0, list[LookDocument]()
    for domain in domains:
        if "@" in domain:
            click.echo(f"looking at {domain.rpartition('@')[2]}, the domain of that address", err=True)
        watch = watch_of(domain, options)
        seen = asyncio.run(look(domain, compare(wanted, watch), _progress, _announce))
        if options["dry_run"]:
            planned = render_dry_run(seen.snapshot)
            click.echo(planned if sys.stdout.isatty() else mask(planned))
            continue
        document = document_of(seen, options)
        if watch is not None and (told := keep_and_tell(watch, seen, document, options)) is not None:
            worst = max(worst, told)
        elif options["form"] == "text" and options["output"] is None:
            worst = max(worst, show_all((document,), options))
        else:
            kept.append(document)
    return show_all(kept, options) if kept else worst


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
    said = [flag for name, flag in _DIALS.items() if options[name] not in (None, "", (), False)]
    if said:
        raise InputError(f"--zone asks no name server and dials no host: {', '.join(said)} cannot go with it")
    check_options(options)
    seen = look_at_zone(zone, domain, options["dkim_selectors"])
    return show(look_beside(seen, options["baseline"], options["expect"], options["migration"]), options)
