"""JUnit XML for CI pages: one test case for each story and sender, or for each rule of a saved probe."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from xml.etree import ElementTree as ET

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.run import Run
from mxprobe.report.json import LookDocument
from mxprobe.report.run_text import render_runs
from mxprobe.report.run_zone import in_force

_COULD_NOT_LOOK = 3
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_runs_junit(runs: Sequence[Run]) -> str:
    """The suite of all plays; the sentence is the message, the timeline the body."""
    suite = ET.Element("testsuite", name="mxprobe", tests=str(len(runs)))
    failures = skipped = 0
    for run in runs:
        path = PurePath(run.path)
        case = ET.SubElement(suite, "testcase", name=f"{path.stem} ({run.sender})", classname=str(path.parent))
        case.set("file", run.path)
        waiver = in_force(run)
        if run.not_played or waiver is not None:
            skipped += 1
            waived = f"waived until {waiver.until}: {waiver.because}" if waiver else ""
            ET.SubElement(case, "skipped", message=_clean(run.not_played or waived))
            continue
        if run.verdict is None or not run.went_wrong:
            continue
        failures += 1
        first = run.verdict.misses[0]
        line = first.line
        if run.causes:
            case.set("file", run.over)
            line = run.causes[0].line
        if line is not None:
            case.set("line", str(line))
        failure = ET.SubElement(case, "failure", message=_clean(first.says))
        failure.text = _clean(render_runs([run]))
    suite.set("failures", str(failures))
    if skipped:
        suite.set("skipped", str(skipped))
    return _document(suite)


def render_look_junit(document: LookDocument, reason: str) -> str:
    """The suite of one look: a case for each rule, and one for the look itself, which carries the exit status.

    Findings below warning pass; what could not be judged, or is told under another rule, is skipped with its reason.
    """
    domain, judgements = document.snapshot.domain, document.judgements
    suite = ET.Element("testsuite", name=f"mxprobe {domain}", tests=str(len(judgements) + 1))
    failures = skipped = errors = 0
    look = ET.SubElement(suite, "testcase", name="look", classname=domain)
    if document.exit_status == _COULD_NOT_LOOK:
        errors = 1
        ET.SubElement(look, "error", message=_clean(reason))
    for judgement in judgements:
        case = ET.SubElement(suite, "testcase", name=f"{judgement.code} {judgement.name}", classname=domain)
        bad = [found for found in judgement.findings if found.severity in (Severity.ERROR, Severity.WARNING)]
        if judgement.status is Status.INCONCLUSIVE or (judgement.status is Status.FIRES and not judgement.findings):
            skipped += 1
            ET.SubElement(case, "skipped", message=_clean(judgement.reason or "could not be judged"))
        elif bad:
            failures += 1
            failure = ET.SubElement(case, "failure", message=_clean(bad[0].says), type=bad[0].severity.value)
            failure.text = _clean("\n".join(line for found in bad for line in (found.says, *found.seen, found.do)))
    suite.set("failures", str(failures))
    suite.set("skipped", str(skipped))
    suite.set("errors", str(errors))
    return _document(suite)


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)


def _document(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
