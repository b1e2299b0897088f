"""Looks, before a survey begins, whether this machine can see anything: on its own sockets, by its own settings."""

import time

from mxprobe.facts.survey import Manner
from mxprobe.jobs.look import control_host
from mxprobe.probe.sight import require_sight
from mxprobe.settings import Settings
from mxprobe.wire.dial import SocketDialer
from mxprobe.wire.exchange import ask_over_sockets
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means


async def require_sight_here(manner: Manner, settings: Settings) -> None:
    """Raises CouldNotLook where no name server answers, or port 25 is blocked; InputError for a bad control host."""
    controls = tuple(control_host(text) for text in settings.controls)
    resolver = Resolver(ask_over_sockets, manner.vantage.nameservers)
    await require_sight(manner, controls, resolver, Means(dialer=SocketDialer(), tls=None, wall=time.time))
