"""`mxprobe explain`: a page about a rule, cell, fault, step, mailer or story, made from what the program works by."""

from difflib import get_close_matches
from pathlib import Path

import click


@click.command("explain")
@click.argument("word", metavar="WORD|PATH")
def command(word: str) -> int:
    """Print a page: a rule (MX104), a cell (B3), a fault (tcp-refuse), a step (break), a mailer (postfix), a
    provider of mail (fastmail), a story by its path, or a list of them (rules, cells, faults, steps, profiles,
    providers, a folder of stories)."""
    from mxprobe.errors import InputError
    from mxprobe.report.pages import pages

    known = pages()
    found = next((page for name, page in known.items() if name.lower() == word.lower()), None)
    if found is not None:
        click.echo(found())
        return 0
    from mxprobe.jobs.library import find_in_library

    path = Path(word)
    if path.exists() or find_in_library(word):
        click.echo(_story_page(path))
        return 0
    near = get_close_matches(word, list(known), n=3, cutoff=0.5)
    lists = "Lists: mxprobe explain rules, cells, faults, steps, profiles, providers, scenarios/."
    raise InputError(f"there is no page about `{word}`", hint=f"Did you mean {', '.join(near)}?" if near else lists)


def _story_page(path: Path) -> str:
    from mxprobe.jobs.play import load_stories
    from mxprobe.report.story_page import render_list, render_story

    stories = load_stories([path])
    return render_list(stories) if path.is_dir() or len(stories) > 1 else render_story(stories[0])
