"""`mxprobe explain`: the page of a rule, a cell, a fault or a mailer, out of what the program itself works by."""

from difflib import get_close_matches

import click


@click.command("explain")
@click.argument("word")
def command(word: str) -> int:
    """Print a page: a rule (MX104), a cell (B3), a fault (tcp-refuse), a mailer (postfix), or a list of them
    (rules, cells, faults, profiles)."""
    from mxprobe.errors import InputError
    from mxprobe.report.pages import pages

    known = pages()
    found = next((page for name, page in known.items() if name.lower() == word.lower()), None)
    if found is None:
        near = get_close_matches(word, list(known), n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else "Lists: mxprobe explain rules, cells, faults, profiles."
        raise InputError(f"there is no page about `{word}`", hint=hint)
    click.echo(found())
    return 0
