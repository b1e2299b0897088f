"""Every reference to a standard has the one form, "RFC 5321 §5.1", and a row in the README's table of standards."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent

_GAP = r"(?: |\s*\n[\s#]*)"  # a reference may be broken where a comment or a docstring breaks its line
_SECTION = r"§[0-9A-Z]+(?:\.\d+)*"
GOOD = re.compile(rf"\bRFC{_GAP}(?P<number>[1-9]\d{{2,4}})\b(?:,?{_GAP}{_SECTION})*")
LOOSE = re.compile(r"\bRFCs?[\s:.#-]*\d+|\brfcs?[ -]\d+")  # rfc5321, in one word, is a sender's profile
TAIL = re.compile(r"\s*§|,?\s+(?:[Ss]ect?(?:ions?|\.)|[Cc]lauses?)\s+\d|,?\s+\d+\.\d")
ROW = re.compile(r"^\| RFC (\d+) \| [^|]*\w[^|]* \| [^|]*\w[^|]* \|$", re.MULTILINE)
TEXT_TOKENS = {
    kind for kind in (tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", None)) if kind is not None
}


def passages(source: str) -> Iterator[tuple[int, str]]:
    """Comments and strings of a Python source with the line each begins on; a block of comments is one passage."""
    block: list[str] = []
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and block and token.start[0] == first + len(block):
            block.append(token.string)
        elif token.type in TEXT_TOKENS:
            if block:
                yield first, "\n".join(block)
                block = []
            if token.type == tokenize.COMMENT:
                block, first = [token.string], token.start[0]
            else:
                yield token.start[0], token.string
    if block:
        yield first, "\n".join(block)


def numbers(passage: str) -> set[str]:
    """The RFCs that a passage names in the good form."""
    return {match["number"] for match in GOOD.finditer(passage)}


def oddities(passage: str) -> list[tuple[int, str]]:
    """References of any other form, each with its line within the passage, from 0."""
    good = {match.start(): match.end() for match in GOOD.finditer(passage)}
    starts = [match.start() for match in LOOSE.finditer(passage) if match.start() not in good]
    starts += [start for start, end in good.items() if TAIL.match(passage, end)]
    return [(passage.count("\n", 0, start), passage[start : start + 24]) for start in sorted(starts)]


def read() -> list[tuple[str, int, str]]:
    """Path, line and passage of all that may name a standard: the package's comments and strings, and the scenarios."""
    found = []
    for path in sorted((CHECKOUT / "mxprobe").rglob("*.py")):
        name = path.relative_to(CHECKOUT).as_posix()
        found += [(name, line, passage) for line, passage in passages(path.read_text(encoding="utf-8"))]
    for path in sorted((CHECKOUT / "scenarios").rglob("*.yaml")):
        found.append((path.relative_to(CHECKOUT).as_posix(), 1, path.read_text(encoding="utf-8")))
    return found


def table() -> list[str]:
    """The numbers in the README's table, in its order."""
    return ROW.findall((CHECKOUT / "README.md").read_text(encoding="utf-8"))


def test_every_standard_named_has_a_row_in_the_readme() -> None:
    rows = set(table())

    missing = [
        f"{path}:{line}: RFC {number} has no row in README.md"
        for path, line, passage in read()
        for number in sorted(numbers(passage) - rows)
    ]

    assert not missing, "\n".join(missing)


def test_every_row_of_the_readme_is_of_a_standard_that_the_code_answers_to() -> None:
    named = {number for _, _, passage in read() for number in numbers(passage)}

    assert [number for number in table() if number not in named] == []


def test_every_reference_has_the_one_form() -> None:
    odd = [
        f"{path}:{line + offset}: {text!r} should read like RFC 5321 §5.1"
        for path, line, passage in read()
        for offset, text in oddities(passage)
    ]

    assert not odd, "\n".join(odd)


def test_the_table_is_in_order_and_has_each_standard_once() -> None:
    rows = [int(number) for number in table()]

    assert rows
    assert rows == sorted(set(rows))


def test_every_row_that_names_a_standard_first_is_read_as_one() -> None:
    lines = (CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line.startswith("| RFC ") and not ROW.match(line)] == []


@pytest.mark.parametrize(
    "text",
    [
        "RFC5321",
        "RFC-5321",
        "RFCs 5321 and 7505",
        "rfc 5321",
        "RFC  5321 §5.1",
        "RFC 5321 section 5.1",
        "RFC 5321, Section 5.1",
        "RFC 5321 Sec. 5.1",
        "RFC 5321 clause 5",
        "RFC 5321 § 5.1",
        "RFC 5321§5.1",
        "RFC 5321 5.1",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    assert oddities(f"See {text} for this.")


@pytest.mark.parametrize(
    "text",
    [
        "RFC 5321",
        "RFC 5321 §5.1",
        "RFC 5321 §5.1, §4.5.4.1",
        "RFC 3207; RFC 7504",
        "(RFC 5280 §A.1)",
        "RFC 5321\n    §5.1",
        "RFC\n    # 5321 §5.1",
        "RFC 5321, 2 of which",
        "the profile rfc5321",
        "RFC 5321 §5.1. 250 is good.",
    ],
)
def test_the_one_form_is_taken(text: str) -> None:
    assert oddities(f"See {text} for this.") == []


def test_references_are_found_in_comments_docstrings_and_strings_but_not_in_names() -> None:
    source = '"""RFC 1034\n§3."""\nRFC1035 = 1  # RFC 2181\n# RFC\n# 2308 §2\nx = f"RFC 4035 {RFC1035} RFC 5321"\n'

    found = [number for _, passage in passages(source) for number in sorted(numbers(passage))]

    assert sorted(found) == ["1034", "2181", "2308", "4035", "5321"]
    assert [odd for _, passage in passages(source) for odd in oddities(passage) if "1035" not in odd[1]] == []
