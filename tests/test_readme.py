"""The README tells the rules as they are."""

import re

from click import Context
from click.testing import CliRunner

from mxprobe.cli import main
from mxprobe.rules.all import ALL_RULES
from tests.support.readme import README, with_rules


def test_the_table_of_rules_is_that_of_the_rules() -> None:
    text = README.read_text(encoding="utf-8")

    assert with_rules(text) == text, "python -m tests.support.readme writes it anew"


def test_the_commands_are_all_listed() -> None:
    block = README.read_text(encoding="utf-8").partition("## The commands")[2].split("```")[1]

    assert set(re.findall(r"^mxprobe (\w+) ", block, re.MULTILINE)) == set(main.list_commands(Context(main)))


def test_every_rule_has_one_line_in_the_list_and_a_page_of_its_own() -> None:
    listed = CliRunner().invoke(main, ["explain", "rules"]).output.splitlines()

    assert [line[:5] for line in listed] == sorted(module.RULE.code for module in ALL_RULES)
    for module in ALL_RULES:
        page = CliRunner().invoke(main, ["explain", module.RULE.code]).output
        assert page.startswith(f"{module.RULE.code}  {module.RULE.name}  ")
        for part in ("What it sees.", "Why it matters.", "What to do.", "Standards."):
            assert part in page, (module.RULE.code, part)
        assert all(len(line) <= 120 for line in page.splitlines())
