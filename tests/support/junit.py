"""JUnit XML as CI services read it, told as rules: no package ships a schema of it.

Elements, attributes, their types and their order are those that Jenkins, GitLab and Surefire document for what they
read; `line` is GitLab's and pytest's addition, and `error` stands for what could not be run.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

_COUNT, _TEXT = r"\d+", r"(?s).*"
_ATTRIBUTES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "testsuites": ({}, {"name": _TEXT}),
    "testsuite": ({"name": r".+", "tests": _COUNT}, {"failures": _COUNT, "errors": _COUNT, "skipped": _COUNT}),
    "testcase": ({"name": r".+", "classname": r".+"}, {"file": r".+", "line": r"[1-9]\d*"}),
    "properties": ({}, {}),
    "property": ({"name": r".+", "value": _TEXT}, {}),
    "failure": ({"message": _TEXT}, {"type": r".+"}),
    "error": ({"message": _TEXT}, {"type": r".+"}),
    "skipped": ({"message": _TEXT}, {}),
}
"""The attributes that an element needs, and those that it may have."""

_CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"(testcase )*",
    "testcase": r"(properties )?(skipped |error |failure )?",
    "properties": r"(property )+",
}
_OUTCOMES = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def faults_of(text: str) -> list[str]:
    """What a reader of JUnit XML would stumble over."""
    root = ET.fromstring(text)  # noqa: S314  # we have written it
    faults = [] if root.tag in ("testsuites", "testsuite") else [f"the root is {root.tag}"]
    return [*faults, *_faults(root)]


def _faults(element: ET.Element) -> Iterator[str]:
    if element.tag not in _ATTRIBUTES:
        yield f"there is no element {element.tag}"
        return
    needed, allowed = _ATTRIBUTES[element.tag]
    yield from (f"{element.tag} lacks {name}" for name in needed if name not in element.attrib)
    for name, value in element.attrib.items():
        pattern = (needed | allowed).get(name)
        if pattern is None or re.fullmatch(pattern, value) is None:
            yield f"{element.tag} {name}={value!r}"
    order = "".join(f"{child.tag} " for child in element)
    if re.fullmatch(_CHILDREN.get(element.tag, ""), order) is None:
        yield f"{element.tag} holds {order}"
    if element.tag == "testsuite":
        yield from _miscounts(element)
    for child in element:
        yield from _faults(child)


def _miscounts(suite: ET.Element) -> Iterator[str]:
    counted = {"tests": len(suite.findall("testcase"))}
    counted |= {name: len(suite.findall(f"testcase/{tag}")) for name, tag in _OUTCOMES.items()}
    yield from (
        f"{name}={suite.get(name)}, and there are {count}"
        for name, count in counted.items()
        if suite.get(name, "0") != str(count)
    )
