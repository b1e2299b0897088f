"""What is looked at, and how: the wish behind a snapshot."""

from msgspec import Struct

from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.snapshot import Vantage
from mxprobe.probe.matrix import MatrixRequest


class ControlHost(Struct, frozen=True, kw_only=True):
    """A mail host of another operator: `host` is its name, looked up when it is needed, or its address."""

    host: str
    port: int = 25


class Request(Struct, frozen=True, kw_only=True):
    """What to look at: `domain` as A-label, `asked` as it was typed, `controls` hosts of others for comparison.

    `helo` None: the host is told the literal of the address we come from. `own_sender`: MAIL names postmaster at the
    EHLO name where that takes mail. `matrix`: more than the recipients is asked about. `dry_run`: names are looked up,
    and no host is dialled. `further` are hosts that are visited though no MX record names them. `anchor`: the root's
    DS records as text, by which answers are validated here (empty: the resolver is believed).
    """

    domain: str
    asked: str
    vantage: Vantage
    helo: str | None = None
    recipients: tuple[str, ...] = ()
    dns_only: bool = False
    in_order: bool = False
    allow_special: bool = False
    controls: tuple[ControlHost, ...] = ()
    own_sender: bool = False
    matrix: MatrixRequest | None = None
    dry_run: bool = False
    further: tuple[ApprovedMx, ...] = ()
    anchor: tuple[str, ...] = ()

    @property
    def is_in_steps(self) -> bool:
        """Whether something is known or asked before the first host is dialled, or hosts are dialled one by one."""
        return self.matrix is not None or self.in_order or self.dry_run
