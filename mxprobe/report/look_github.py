"""Looks as annotations for GitHub Actions: a finding over a zone file stands at its line.

Commands are the workflow commands of GitHub Actions.
"""

from collections.abc import Sequence

from mxprobe.facts.finding import Finding, Severity
from mxprobe.mx.once import known_chain
from mxprobe.report.escapes import github_data, github_property
from mxprobe.report.json import LookDocument
from mxprobe.report.look_text import answer_of
from mxprobe.report.verdict import COULD_NOT_LOOK, findings_of
from mxprobe.report.words import cut

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_LONGEST = 2000


def render_looks_github(looks: Sequence[LookDocument]) -> str:
    """A command for each finding, worst first; a notice where one is waived, or where all is well."""
    return "".join(f"{line}\n" for document in looks for line in _look(document))


def _look(document: LookDocument) -> list[str]:
    snapshot = document.snapshot
    found = [one for one in findings_of(document.judgements) if one.severity in _COMMANDS]
    lines = [_command(one, snapshot.domain) for one in found]
    answer = answer_of(document, known_chain(snapshot))
    told = f"title={github_property(f'mxprobe {snapshot.domain}')}::{github_data(cut(answer, _LONGEST))}"
    if document.exit_status == COULD_NOT_LOOK:
        return [f"::warning {told}", *lines]
    bad = any(one.severity is not Severity.INFO and one.waived is None for one in found)
    return lines if bad else [*lines, f"::notice {told}"]


def _command(found: Finding, domain: str) -> str:
    command, waived = _COMMANDS[found.severity], ""
    if found.waived is not None:
        command, waived = "notice", f"waived until {found.waived.until} ({found.waived.because}): "
    parts = [f"{waived}{found.says}", *(f"seen: {line}" for line in found.seen), found.do and f"do: {found.do}"]
    title = f"title={github_property(f'{found.code} {found.name} ({domain})')}"
    place = [f"file={github_property(line.path)},line={line.line}" for line in found.places[:1]]
    return f"::{command} {','.join([*place, title])}::{github_data(cut('; '.join(filter(None, parts)), _LONGEST))}"
