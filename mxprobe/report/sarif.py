"""Looks as SARIF, the form in which CI services and editors take the results of any tool.

One run for all looks of a call: services refuse several of one tool. A finding over a zone file stands at its line, any
other at a logical place, the domain and the host. What could not be judged is a notification, and no result.

Standards: SARIF 2.1.0 (OASIS). `helpUri` is left out: pages have no address, and each rule carries its own as text.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from types import ModuleType
from typing import Any
from urllib.parse import quote

import msgspec

from mxprobe.facts.finding import Finding, Severity
from mxprobe.facts.text import escape_text
from mxprobe.report.json import LookDocument
from mxprobe.report.look_text import left_open
from mxprobe.report.verdict import COULD_NOT_LOOK, findings_of
from mxprobe.report.words import cut
from mxprobe.rules.all import ALL_RULES

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "mxprobe/v1"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note", Severity.OK: "none"}
_REFERENCE = re.compile(r"RFC (\d+)(?: §([\d.]+))?")
_LONGEST = 4000


def render_looks_sarif(looks: Sequence[LookDocument]) -> str:
    """One log with one run."""
    found = [
        (document.snapshot.domain, one)
        for document in looks
        for one in findings_of(document.judgements)
        if one.severity is not Severity.OK
    ]
    fired = {one.code for _, one in found} | {
        code for document in looks for codes in left_open(document.judgements).values() for code in codes
    }
    rules = [module for module in ALL_RULES if module.RULE.code in fired]
    places = {module.RULE.code: number for number, module in enumerate(rules)}
    driver = {
        "name": "mxprobe",
        "semanticVersion": looks[0].snapshot.version if looks else "0",
        "rules": [_rule(module) for module in rules],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "mxprobe/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(document, places) for document in looks],
        "results": [_result(domain, one, places) for domain, one in found],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _text(text: str) -> str:
    """Text of one line."""
    return cut(text, _LONGEST)


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(_text(line) for line in lines if line)


def _rule(module: ModuleType) -> dict[str, Any]:
    """A rule with its page."""
    rule = module.RULE
    page = (module.__doc__ or rule.name).strip()
    links = [link for reference in rule.references if (link := _link(reference))]
    shown = "\n".join(escape_text(line) for line in page.split("\n"))
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": _text(page.split("\n", 1)[0])},
        "help": {"text": shown, "markdown": "\n".join(["```text", shown, "```", "", *links]).rstrip()},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"page": f"mxprobe explain {rule.code}", "tags": ["mail"]},
    }


def _link(reference: str) -> str:
    """A clause as a link to its text."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return ""
    section = f"#section-{match[2]}" if match[2] and match[2][0].isdigit() else ""
    return f"[{reference}](https://www.rfc-editor.org/rfc/rfc{match[1]}{section})"


def _result(domain: str, found: Finding, places: dict[str, int]) -> dict[str, Any]:
    pasted = ["Paste:", *found.paste] if found.paste else []
    parts = (found.says, *(f"seen: {line}" for line in found.seen), found.means, found.do, *pasted)
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": places[found.code],
        "level": _LEVELS[found.severity],
        "message": {"text": _lines(parts)},
        "locations": _locations(domain, found),
        "partialFingerprints": {FINGERPRINT: hashlib.sha256(f"{domain}\0{found.id}".encode()).hexdigest()},
        "properties": {"subject": _text(found.subject), "also": [_text(one) for one in found.also]},
    }
    if found.paste:
        result["properties"]["paste"] = [_text(line) for line in found.paste]
    if found.waived is not None:
        why = f"{found.waived.because} (until {found.waived.until}; {found.waived.place})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": _text(why)}]
    return result


def _locations(domain: str, found: Finding) -> list[dict[str, Any]]:
    """Where it stands: a line of a file, or the domain and the part of it."""
    part = "" if found.subject == domain else f"/{found.subject}"
    logical = [{"name": _text(found.subject), "fullyQualifiedName": _text(f"{domain}{part}"), "kind": "resource"}]
    physical = [
        {
            "physicalLocation": {"artifactLocation": {"uri": _uri(line.path)}, "region": {"startLine": line.line}},
            "logicalLocations": logical,
        }
        for line in found.places
    ]
    return physical or [{"logicalLocations": logical}]


def _uri(path: str) -> str:
    """A path as a URI reference; a relative one stays relative, to wherever the repository lies."""
    name = quote(PurePath(path).as_posix(), safe="/", errors="surrogateescape")
    return f"file://{name}" if name.startswith("/") else name


def _invocation(document: LookDocument, places: dict[str, int]) -> dict[str, Any]:
    """How a look went: its exit status, and what could not be told."""
    snapshot = document.snapshot
    notes = [
        {
            "level": "note",
            "descriptor": {"id": code, "index": places[code]},
            "message": {"text": _text(f"{snapshot.domain}: {code} could not be judged: {why or 'not known why'}")},
        }
        for why, codes in left_open(document.judgements).items()
        for code in codes
    ]
    if document.exit_status == COULD_NOT_LOOK:
        why = f"{snapshot.domain}: {document.reason}"
        notes.insert(0, {"level": "error", "message": {"text": _text(why)}})
    return {
        "executionSuccessful": document.exit_status != COULD_NOT_LOOK,
        "exitCode": document.exit_status,
        "exitCodeDescription": _text(document.reason),
        "startTimeUtc": _stamp(snapshot.started_at),
        "endTimeUtc": _stamp(snapshot.started_at + snapshot.elapsed),
        "toolExecutionNotifications": notes,
        "properties": {"domain": snapshot.domain},
    }


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
