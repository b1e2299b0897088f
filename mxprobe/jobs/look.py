"""Looks at one live domain: a saved probe, what the rules say of it, and where mail would go.

Prints nothing. Room for room: settings and input here, the look in probe, judging in rules, the forecast in mx.
"""

from pathlib import Path

from msgspec import Struct

from mxprobe.facts.finding import Judgement
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.forecast import Forecast


class LookOptions(Struct, frozen=True, kw_only=True):
    """How to look. None means: as the settings say.

    `recipients` are asked for (RCPT) and never sent to; `nameservers` are "ADDR" or "ADDR:PORT" or "[ADDR6]:PORT".
    """

    recipients: tuple[str, ...] = ()
    dns_only: bool = False
    helo: str | None = None
    mail_from: str = ""
    port: int | None = None
    nameservers: tuple[str, ...] = ()
    families: tuple[int, ...] = (4, 6)
    source: str | None = None
    timeout: float | None = None
    attempts: int | None = None
    spacing: float | None = None
    in_order: bool = False
    allow_special: bool = False
    cafile: Path | None = None


class Look(Struct, frozen=True, kw_only=True):
    """The outcome of one look; `forecast` is None where no chain is known."""

    snapshot: Snapshot
    judgements: tuple[Judgement, ...]
    forecast: Forecast | None


async def look(domain: str, options: LookOptions | None = None) -> Look:
    """Look at `domain` ("user@domain" is taken for its domain).

    Raises InputError for a name, address, file or name server that cannot be right, CouldNotLook where there is no
    name server to ask.
    """
    raise NotImplementedError
