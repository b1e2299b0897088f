"""One look at a domain: ask the names, visit every address at once, ask again where it failed.

Dials start in preference order in the same instant (or tier by tier), one connection an address at a time. What the
snapshot means is for rules to say. A look that is interrupted gives what it has.
"""

from msgspec import Struct

from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import Snapshot, Vantage
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means


class Request(Struct, frozen=True, kw_only=True):
    """What to look at: `domain` as A-label, `asked` as it was typed, `controls` hosts of others for comparison."""

    domain: str
    asked: str
    version: str
    vantage: Vantage
    recipients: tuple[str, ...] = ()
    dns_only: bool = False
    in_order: bool = False
    allow_special: bool = False
    controls: tuple[Endpoint, ...] = ()


async def take_snapshot(request: Request, resolver: Resolver, means: Means) -> Snapshot:
    """The snapshot; with `complete` False where the look was cancelled on the way (the cancellation ends here)."""
    raise NotImplementedError
