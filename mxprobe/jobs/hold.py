"""Holds a story's world up on loopback, for any mailer or tool. Prints nothing."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.jobs.play import load_stories
from mxprobe.lab.stage import Stage, stage_story
from mxprobe.scenario.model import Scenario


class Held(Struct, frozen=True, kw_only=True):
    """A world that stands. `cafile` holds the lab's authority while it does."""

    scenario: Scenario
    stage: Stage
    cafile: Path

    @property
    def probe_command(self) -> str:
        """The command that looks at this world."""
        recipient = f" --to {self.scenario.recipients[0]}" if self.scenario.recipients else ""
        return (
            f"mxprobe probe {self.scenario.domain} --nameserver {self.stage.nameserver} --port {self.stage.port}"
            f" --allow-special --cafile {self.cafile}{recipient}"
        )

    @property
    def send_command(self) -> str:
        """A command that sends to the last host of the chain; empty where the chain is."""
        if not self.scenario.chain:
            return ""
        host = self.scenario.chain[-1][1]
        recipient = self.scenario.recipients[0] if self.scenario.recipients else f"postmaster@{self.scenario.domain}"
        return f"swaks --server {self.stage.addresses[host]}:{self.stage.port} --to {recipient}"


@asynccontextmanager
async def hold(path: str | Path, seed: int = 1) -> AsyncIterator[Held]:
    """Stage the story in `path` while the context lasts. Raises InputError for a file that cannot be right."""
    scenario = _load_one(Path(path))
    with tempfile.TemporaryDirectory(prefix="mxprobe-lab-") as folder:
        cafile = Path(folder, "authority.pem")
        async with stage_story(scenario, seed) as stage:
            _write(cafile, stage.authority_pem)
            yield Held(scenario=scenario, stage=stage, cafile=cafile)


def _load_one(path: Path) -> Scenario:
    if path.is_dir():
        raise InputError("a lab holds one story up, and this is a folder", place=Place(str(path)))
    (scenario,) = load_stories([path])
    return scenario


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
