"""JUnit XML for CI pages: one test case for each story and sender, or for each rule of a saved probe."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from xml.etree import ElementTree as ET

from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.run import Miss, Run
from mxprobe.mx.proving import Grade, grade_of, route_of
from mxprobe.report.json import LookDocument, ProofDocument
from mxprobe.report.proof_text import say_unusable, say_verdict
from mxprobe.report.run_text import render_series
from mxprobe.report.run_zone import in_force
from mxprobe.report.series import Series, gather_series
from mxprobe.report.verdict import COULD_NOT_LOOK
from mxprobe.report.words import say_span

_BAD = (Severity.ERROR, Severity.WARNING)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_runs_junit(runs: Sequence[Run]) -> str:
    """The suite: a case for each play with all its seeds; the sentence is the message, the timeline the body."""
    plays = gather_series(runs)
    suite = ET.Element("testsuite", name="mxprobe", tests=str(len(plays)))
    failures = skipped = 0
    for series in plays:
        path = PurePath(series.path)
        case = ET.SubElement(suite, "testcase", name=f"{path.stem} ({series.sender})", classname=str(path.parent))
        case.set("file", series.path)
        _add_properties(case, series)
        if not series.wrong:
            if let_be := _let_be(series.runs[0]):
                skipped += 1
                ET.SubElement(case, "skipped", message=_clean(let_be))
            continue
        failures += 1
        run = series.wrong[0]
        first = run.verdict.misses[0] if run.verdict else Miss(says="")
        line = first.line
        if run.causes:
            case.set("file", run.over)
            line = run.causes[0].line
        if line is not None:
            case.set("line", str(line))
        failure = ET.SubElement(case, "failure", message=_clean(first.says))
        failure.text = _clean(render_series(series))
    suite.set("failures", str(failures))
    if skipped:
        suite.set("skipped", str(skipped))
    return _document(suite)


def _let_be(run: Run) -> str:
    """Why a play does not count: it could not be made, or its failure is waived."""
    waiver = in_force(run)
    return run.not_played or (f"waived until {waiver.until}: {waiver.because}" if waiver else "")


def _add_properties(case: ET.Element, series: Series) -> None:
    """Who played it, and what it takes to play it again."""
    run = series.runs[0]
    properties = ET.SubElement(case, "properties")
    told = {
        "sender": run.sender,
        "seed": series.seeds,
        "world": run.world,
        "story time": say_span(sum(run.ended for run in series.runs)),
        "version": run.version,
    }
    for name, value in told.items():
        ET.SubElement(properties, "property", name=name, value=_clean(value))


def render_looks_junit(looks: Sequence[LookDocument]) -> str:
    """A suite for each look: a case for each rule, and one for the look itself, which carries the exit status.

    Findings below warning pass, as do waived ones; what could not be judged, or is told under another rule, is skipped
    with its reason. One look is a document of its own suite.
    """
    suites = [_look_suite(document) for document in looks]
    if len(suites) == 1:
        return _document(suites[0])
    root = ET.Element("testsuites", name="mxprobe")
    root.extend(suites)
    return _document(root)


def _look_suite(document: LookDocument) -> ET.Element:
    domain, judgements = document.snapshot.domain, document.judgements
    suite = ET.Element("testsuite", name=f"mxprobe {domain}", tests=str(len(judgements) + 1))
    look = ET.SubElement(suite, "testcase", name="look", classname=domain)
    could_not = document.exit_status == COULD_NOT_LOOK
    if could_not:
        ET.SubElement(look, "error", message=_clean(document.reason))
    _add_judgements(suite, judgements, domain)
    suite.set("errors", "1" if could_not else "0")
    return suite


def render_proof_junit(document: ProofDocument) -> str:
    """The suite of one proof: a case for each host that was written to, and one for each rule."""
    proof = document.proof
    routes = [route for route in proof.routes if not route.is_unknown]
    unusable = [(host, reason) for host, reason in proof.unusable if route_of(proof, host) is None]
    count = len(document.judgements) + len(routes) + len(unusable)
    suite = ET.Element("testsuite", name=f"mxprobe prove {proof.domain}", tests=str(count))
    for host, reason in unusable:
        case = ET.SubElement(suite, "testcase", name=host, classname=proof.domain)
        ET.SubElement(case, "failure", message=_clean(say_unusable(host, reason)), type="error")
    for route in routes:
        case = ET.SubElement(suite, "testcase", name=route.via, classname=proof.domain)
        if grade_of(route, proof) not in (Grade.WHILE_UP, Grade.IN_OUTAGE):
            ET.SubElement(case, "failure", message=_clean(say_verdict(proof, route)), type="error")
    _add_judgements(suite, document.judgements, proof.domain)
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    return _document(suite)


def _add_judgements(suite: ET.Element, judgements: Sequence[Judgement], domain: str) -> None:
    """A case for each rule, and how many failed and were skipped."""
    failures = skipped = 0
    for judgement in judgements:
        case = ET.SubElement(suite, "testcase", name=f"{judgement.code} {judgement.name}", classname=domain)
        bad = [found for found in judgement.findings if found.severity in _BAD and found.waived is None]
        if judgement.status is Status.INCONCLUSIVE or (judgement.status is Status.FIRES and not judgement.findings):
            skipped += 1
            ET.SubElement(case, "skipped", message=_clean(judgement.reason or "could not be judged"))
        elif bad:
            failures += 1
            place = next((line for found in bad for line in found.places), None)
            if place is not None:
                case.set("file", _clean(place.path))
                case.set("line", str(place.line))
            failure = ET.SubElement(case, "failure", message=_clean(bad[0].says), type=bad[0].severity.value)
            failure.text = _clean("\n".join(line for found in bad for line in (found.says, *found.seen, found.do)))
        elif waived := [found for found in judgement.findings if found.severity in _BAD and found.waived is not None]:
            skipped += 1
            ET.SubElement(case, "skipped", message=_clean("; ".join(map(_say_waived, waived))))
    suite.set("failures", str(failures))
    suite.set("skipped", str(skipped))


def _say_waived(found: Finding) -> str:
    waived = found.waived
    return f"waived until {waived.until} ({waived.because}): {found.says}" if waived is not None else found.says


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)


def _document(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
