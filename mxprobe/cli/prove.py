"""`mxprobe prove`: send a labelled message over each MX host, and prove that it arrives."""

import sys
from pathlib import Path
from typing import Any

import click

_OPTIONS = (
    click.argument("recipient", required=False, metavar="USER@DOMAIN"),
    click.option("--mailbox", default="", metavar="WHERE", help="Where mail arrives: imap.example.com, maildir:PATH."),
    click.option("--returns", default="", metavar="WHERE", help="Where bounces come back to --from, likewise."),
    click.option("--from", "mail_from", default="", metavar="ADDRESS", help="Envelope sender, which you can watch."),
    click.option("--i-own-this", is_flag=True, help="The domain is mine: go on without its TXT record."),
    click.option("--only", multiple=True, metavar="HOST", help="Write to this MX host alone."),
    click.option("--no-unknown", is_flag=True, help="Write to nobody who is not there."),
    click.option("--when-down", multiple=True, metavar="HOST", help="Wait until it is down, then write to the others."),
    click.option("--hold", is_flag=True, help="Print how to take the primary down, and wait for that."),
    click.option("--at-most", default="12h", show_default=True, help="How long to wait for an outage."),
    click.option("--watch", default="30m", show_default=True, help="How long to look for copies."),
    click.option("--again", default="330s", show_default=True, help="When to ask a host once more that greylists."),
    click.option(
        "--overdue", default="30m", show_default=True, help="How long a backup may take to hand a message on."
    ),
    click.option("--deadline", default="6h", show_default=True, help="Until when a message counts as on its way."),
    click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing."),
    click.option("--save", type=click.Path(path_type=Path), help="Keep the proof here (default: DOMAIN-DAY.json)."),
    click.option("--resume", type=click.Path(path_type=Path), help="Go on with a proof that was kept."),
    click.option("--arrived", multiple=True, metavar="TOKEN", help="With --resume: this message has been seen."),
    click.option("--password-file", type=click.Path(path_type=Path), help="IMAP password, in a file of yours alone."),
    click.option("--password-command", metavar="WORDS", help="IMAP password, printed by a command."),
    click.option("--imap-cafile", type=click.Path(path_type=Path), help="Authorities for the IMAP server (PEM)."),
    click.option("--clean", is_flag=True, help="Afterwards, remove our messages and reports about them."),
    click.option("--dkim-key", type=click.Path(path_type=Path), help="Sign the messages with this RSA key (PEM)."),
    click.option("--dkim-selector", default="", metavar="NAME", help="Its selector, below the domain of --from."),
    click.option("--helo", metavar="NAME", help="The name to say in EHLO."),
    click.option("--port", type=click.IntRange(1, 65535), help="Port of the MX hosts, 25 unless you test a lab."),
    click.option("--nameserver", "nameservers", multiple=True, metavar="ADDR[:PORT]", help="Ask this name server."),
    click.option("--allow-special", is_flag=True, help="Write to private and loopback addresses."),
    click.option("--cafile", type=click.Path(path_type=Path), help="Trust the authorities in this PEM file."),
    click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True),
)


def _options(function: Any) -> Any:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command("prove")
@_options
def command(**options: Any) -> int:
    """Prove that mail over each MX host arrives: one labelled message a host, to an address of yours.

    The domain has to allow it, by a TXT record _mxprobe.DOMAIN "v=mxprobe1; until=YYYY-MM-DD" or --i-own-this.
    --dry-run says what would be sent. What is known is kept on disk before anything is sent; --resume goes on, and
    sends nothing twice.

    Each mailbox is looked at once before anything is sent; one that cannot be looked at for a while afterwards does not
    end the watch. --clean removes messages of this proof alone, from where --mailbox and --returns look. --hold prints
    what to type to take the primary down, waits until it is, and says when to undo that: mxprobe touches no firewall.
    The last line says when the domain was last proven in an outage, by the proofs that are kept in the same folder.

    Exit 0 everything is proven, 1 something is not, 2 wrong use or not allowed.
    """
    import asyncio

    from mxprobe.cli.proving import begin, carry_on, check
    from mxprobe.facts.codec import masked
    from mxprobe.facts.text import escape_text, mask
    from mxprobe.jobs.prove import carry_out
    from mxprobe.report.proof_text import render_plan, render_warning

    check(options)
    prepared, journal = asyncio.run(carry_on(options) if options["resume"] is not None else begin(options))
    if options["dry_run"]:
        proof = prepared.proof if sys.stdout.isatty() else masked(prepared.proof)
        click.echo(render_plan(proof, prepared.options.watch))
        return 0
    from mxprobe.cli.proving import show
    from mxprobe.report.hold_text import render_hold

    if options["hold"]:
        down, port = prepared.options.when_down, prepared.wanted.port
        click.echo(render_hold(prepared.proof, down, port, options["at_most"]), err=True)

    if warning := render_warning(prepared.proof):
        click.echo(warning, err=True)

    def tell(text: str) -> None:
        if sys.stderr.isatty():
            click.echo(escape_text(text), err=True)
        elif options["hold"]:
            click.echo(escape_text(mask(text)), err=True)

    return show(asyncio.run(carry_out(prepared, journal, tell)), options, journal)
