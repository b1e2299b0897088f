"""A real mailer as it is on this machine: what a measurement says of who was measured."""

from msgspec import Struct

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta import MAILERS
from mxprobe.lab.mta.daemon import own_folder
from mxprobe.lab.mta.ground import strange_address
from mxprobe.lab.mta.mailer import Setup
from mxprobe.lab.mta.tree import find_tree


class Described(Struct, frozen=True, kw_only=True):
    """A real mailer as it is here: its version, and what is set otherwise than shipped, by its own names."""

    version: str
    settings: tuple[tuple[str, str], ...]


def describe_real(kind: str, pace: float) -> Described:
    """The mailer that plays would use. Raises MxprobeError where there is none of this name, or none here."""
    if kind not in MAILERS:
        raise MxprobeError(f"no real mailer is called {kind}; there are {', '.join(sorted(MAILERS))}")
    tree = find_tree()
    with own_folder() as folder:
        setup = Setup(address=strange_address(1), hostname="sender.elsewhere.test", pace=pace)
        real = MAILERS[kind](tree, folder, setup)
        real.home.mkdir()
        return Described(version=real.version(), settings=tuple(real.settings().items()))
