"""The house stands as drawn: every module obeys every check, and every check can fail."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.architecture import (
    CHECKS,
    LONGEST_FUNCTION,
    LONGEST_MODULE,
    MAY_IMPORT,
    Module,
    check_catches,
    check_docstring,
    check_event_loop,
    check_names,
    check_network,
    check_purity,
    check_rooms,
    check_sizes,
    check_tasks,
)

CHECKOUT = Path(__file__).parent.parent
Check = Callable[[Module], Iterator[str]]

BROKEN: list[tuple[Check, str, str]] = [
    (check_rooms, "facts/dns.py", "from mxprobe.mx.plan import order"),
    (check_rooms, "facts/dns.py", "from mxprobe import mx"),
    (check_rooms, "facts/dns.py", "import mxprobe"),
    (check_rooms, "mx/plan.py", "def later():\n    from mxprobe.rules import rule"),
    (check_rooms, "scenario/load.py", "import mxprobe.lab.world"),
    (check_rooms, "wire/dial.py", "from mxprobe.scenario import host"),
    (check_rooms, "rules/rule.py", "from mxprobe.wire import dial"),
    (check_rooms, "probe/snapshot.py", "from mxprobe.lab import world"),
    (check_rooms, "lab/world.py", "from mxprobe.probe import snapshot"),
    (check_rooms, "lab/world.py", "from mxprobe.settings import Settings"),
    (check_rooms, "report/text.py", "from mxprobe.jobs import look"),
    (check_rooms, "report/text.py", "FORMATS = {'x': 'mxprobe.lab.world:World'}"),
    (check_rooms, "jobs/look.py", "from mxprobe.cli import main"),
    (check_rooms, "jobs/look.py", "from mxprobe import look"),
    (check_rooms, "pytest_plugin.py", "from mxprobe.cli import main"),
    (check_rooms, "errors.py", "from mxprobe.facts import dns"),
    (check_rooms, "mx/plan.py", "from .outcome import TABLE"),
    (check_rooms, "attic/old.py", "x = 1"),
    (check_network, "probe/limits.py", "import ssl"),
    (check_network, "jobs/look.py", "from OpenSSL import SSL"),
    (check_network, "cli/probe.py", "import socket as plug"),
    (check_network, "probe/limits.py", "from aiosmtplib import SMTP"),
    (check_network, "jobs/hold.py", "from aiosmtpd.smtp import SMTP"),
    (check_network, "jobs/hold.py", "import asyncio\nasyncio.open_connection('a', 25)"),
    (check_network, "jobs/hold.py", "import asyncio\nclass Peer(asyncio.Protocol): ..."),
    (check_network, "jobs/hold.py", "from asyncio import start_server"),
    (check_network, "jobs/hold.py", "def serve(loop):\n    return loop.create_server(None)"),
    (check_network, "mx/dnssec.py", "import dns.resolver"),
    (check_network, "mx/dnssec.py", "from dns import asyncquery"),
    (check_network, "scenario/load.py", "import dns\ndns.query"),
    (check_network, "facts/dns.py", "import dns.rdata"),
    (check_network, "rules/rule.py", "from dns.name import Name"),
    (check_purity, "mx/delivery.py", "import time"),
    (check_purity, "mx/delivery.py", "from random import Random"),
    (check_purity, "facts/lines.py", "import asyncio"),
    (check_purity, "facts/lines.py", "async def read(): ..."),
    (check_purity, "rules/rule.py", "import logging"),
    (check_purity, "scenario/load.py", "import os.path"),
    (check_purity, "scenario/load.py", "from pathlib import Path"),
    (check_purity, "scenario/load.py", "text = open('x').read()"),
    (check_purity, "report/text.py", "print('hello')"),
    (check_purity, "report/text.py", "from datetime import datetime, UTC\nstamp = datetime.now(UTC)"),
    (check_purity, "report/text.py", "from datetime import datetime\nstamp = datetime.fromtimestamp(0)"),
    (check_event_loop, "jobs/look.py", "import asyncio\nasyncio.run(None)"),
    (check_event_loop, "jobs/look.py", "from asyncio import Runner"),
    (check_event_loop, "lab/world.py", "def play(loop):\n    loop.run_until_complete(None)"),
    (check_tasks, "probe/snapshot.py", "import asyncio\nasyncio.gather()"),
    (check_tasks, "probe/snapshot.py", "from asyncio import gather"),
    (check_tasks, "probe/snapshot.py", "import asyncio\nasyncio.create_task(None)"),
    (check_tasks, "lab/world.py", "def go(loop):\n    loop.create_task(None)"),
    (check_catches, "wire/dial.py", "try: ...\nexcept: ..."),
    (check_catches, "wire/dial.py", "try: ...\nexcept Exception: ..."),
    (check_catches, "wire/dial.py", "try: ...\nexcept (OSError, BaseException) as error: ...  # rim:"),
    (check_catches, "wire/dial.py", "def f():\n  try: ...\n  except BaseException:\n    if x: return\n    raise"),
    (check_catches, "wire/dial.py", "import contextlib\nwith contextlib.suppress(Exception): ..."),
    (check_sizes, "mx/plan.py", "x = 1\n" * (LONGEST_MODULE + 1)),
    (check_sizes, "mx/plan.py", "def plan():\n" + "    x = 1\n" * LONGEST_FUNCTION),
    (check_sizes, "mx/plan.py", "def plan(a, b, /, c, *, d, e, f): ..."),
    (check_sizes, "mx/plan.py", "class Plan:\n    async def order(self, a, b, c, d, *e, **f): ..."),
    (check_sizes, "mx/plan.py", "@command\ndef plan(a, b, c, d, e, f): ..."),
    (check_sizes, "cli/run.py", "def fold(a, b, c, d, e, f): ..."),
    (check_docstring, "mx/plan.py", "x = 1"),
    (check_names, "lab/queue_manager.py", ""),
    (check_names, "mx/plan.py", "class QueueManager: ..."),
    (check_names, "mx/plan.py", "def helpers(): ..."),
    (check_names, "lab/utils.py", ""),
]

SOUND: list[tuple[str, str]] = [
    ("mx/plan.py", "from mxprobe.facts.dns import Answer\nfrom mxprobe.errors import MxprobeError\nimport dns.name"),
    ("lab/world.py", "import ssl, time, logging\nlogging.getLogger('mxprobe.lab')\nfrom mxprobe import __version__"),
    (
        "report/text.py",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)\nfrom pathlib import PurePath",
    ),
    ("cli/run.py", "import asyncio\nasyncio.run(None)\n@click.option('-x')\ndef command(a, b, c, d, e, f): ..."),
    ("cli/__init__.py", "COMMANDS = ('mxprobe.cli.run:command',)"),
    ("__init__.py", "PUBLIC = {'look': 'mxprobe.jobs.look:look'}"),
    (
        "probe/snapshot.py",
        "async def look(group, self):\n    group.create_task(None)\n    self._tasks.create_task(None)",
    ),
    ("wire/dial.py", "try: ...\nexcept Exception: ...  # rim: the last line before the task ends"),
    ("wire/dial.py", "try: ...\n# rim: the last line before the task ends\nexcept Exception: ..."),
    ("wire/dial.py", "try: ...\nexcept BaseException:\n    transport.abort()\n    raise"),
    ("mx/plan.py", "from typing import Protocol\nclass Plan(Protocol):\n    def order(self, a, b, c, d, e): ..."),
    ("mx/plan.py", "from contextlib import contextmanager\n@contextmanager\ndef managed(): ..."),
    ("lab/clock.py", "import asyncio\nasyncio.Runner()"),
]


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """Every module of the package."""
    paths = sorted((CHECKOUT / "mxprobe").rglob("*.py"))
    return [Module(path.relative_to(CHECKOUT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_module_obeys(check: Check, modules: list[Module]) -> None:
    broken = [line for module in modules for line in check(module)]

    assert not broken, f"{check.__doc__}\n" + "\n".join(broken)


def test_the_package_is_read_whole(modules: list[Module]) -> None:
    assert {"mxprobe/__init__.py", "mxprobe/errors.py", "mxprobe/cli/lazy.py"} <= {module.path for module in modules}
    assert {module.room for module in modules} >= MAY_IMPORT.keys() - {"settings", "pytest_plugin"}


@pytest.mark.parametrize(("check", "path", "source"), BROKEN)
def test_a_check_catches_what_it_forbids(check: Check, path: str, source: str) -> None:
    found = list(check(Module(f"mxprobe/{path}", source)))

    assert found
    assert all(line.startswith(f"mxprobe/{path}:") for line in found)


@pytest.mark.parametrize(("path", "source"), SOUND)
def test_what_is_allowed_passes_every_check(path: str, source: str) -> None:
    module = Module(f"mxprobe/{path}", f'"""A sound module."""\n{source}')

    assert [line for check in CHECKS for line in check(module)] == []


def test_an_offence_shows_its_place_the_rule_and_the_line() -> None:
    found = list(check_rooms(Module("mxprobe/probe/a.py", "x = 1\nfrom mxprobe.lab import world\n")))

    assert found == ["mxprobe/probe/a.py:2: probe may not import lab: from mxprobe.lab import world"]


def test_every_check_is_shown_to_fail() -> None:
    assert {check for check, _, _ in BROKEN} == set(CHECKS)
