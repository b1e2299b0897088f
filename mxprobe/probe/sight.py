"""Whether anything can be seen from here, asked before a survey fills its results with what this machine cannot see.

One question goes to the name servers: any answer will do. Where hosts are to be dialled on port 25, hosts of other
operators are connected to, once each and all at once: one that greets us will do.
"""

import asyncio

from mxprobe.errors import CouldNotLook
from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.facts.names import is_address
from mxprobe.facts.session import Endpoint
from mxprobe.facts.survey import Depth, Manner
from mxprobe.mx.standing import SMTP_PORT
from mxprobe.probe.snapshot import ControlHost
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Limits, Means, SessionScript, speak

_SILENT = (AnswerStatus.TIMEOUT, AnswerStatus.UNREACHABLE)
_LIMITS = Limits(connect=10.0, banner=10.0, quit=2.0, session=15.0)


async def require_sight(manner: Manner, controls: tuple[ControlHost, ...], resolver: Resolver, means: Means) -> None:
    """Raises CouldNotLook where no name server answers, or nobody's port 25 is reached from here.

    Hosts on other ports or at addresses of special use lie behind no provider's filter: nothing is compared with them.
    """
    answer = await resolver.ask(Question(name=".", rrtype=RecordType.NS))
    if answer.status in _SILENT:
        servers = ", ".join(manner.vantage.nameservers)
        raise CouldNotLook(f"could not look: no name server answers ({servers}); name another with --nameserver")
    if not manner.depth.reaches(Depth.CONNECT) or manner.vantage.port != SMTP_PORT or manner.allow_special:
        return
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_greets(control, manner, resolver, means)) for control in controls]
    heard = [task.result() for task in asked if task.result() is not None]
    if heard and not any(heard):
        names = ", ".join(control.host for control in controls)
        raise CouldNotLook(
            f"could not look: port 25 is blocked here, none of {names} is reached; look from a machine that may "
            "connect to it, or at --depth dns"
        )


async def _greets(control: ControlHost, manner: Manner, resolver: Resolver, means: Means) -> bool | None:
    """Whether the host greets us; None where it has no address of the first family that is asked for."""
    family = manner.vantage.families[0]
    addresses = [control.host]
    if not is_address(control.host):
        kind = RecordType.AAAA if family == 6 else RecordType.A
        answer = await resolver.ask(Question(name=control.host, rrtype=kind))
        addresses = [record.address for record in answer.addresses]
    address = next((one for one in addresses if (":" in one) == (family == 6)), None)
    if address is None:
        return None
    script = SessionScript(helo=manner.helo, limits=_LIMITS, source=manner.vantage.source, only_banner=True)
    session = await speak(Endpoint(host=control.host, address=address, port=control.port), script, means)
    return session.banner is not None
