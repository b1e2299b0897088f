"""Looks at a story's domain from inside its world: the step `probe`, which the lab is handed as a callable."""

from mxprobe.facts.finding import Finding
from mxprobe.facts.snapshot import Vantage
from mxprobe.jobs.look import judge
from mxprobe.lab.seams import Lookout
from mxprobe.probe.snapshot import Request, take_snapshot
from mxprobe.wire.dial import ConnectDialer
from mxprobe.wire.session import Means
from mxprobe.wire.tls import TlsContext

_HELO = "probe.elsewhere.test"


async def look_around(lookout: Lookout) -> tuple[Finding, ...]:
    """What a look at a story's domain finds, from inside its world; nothing that a probe says of itself counts."""
    vantage = Vantage(
        helo=_HELO,
        nameservers=lookout.resolver.servers,
        families=(4, 6),
        port=lookout.port,
    )
    request = Request(
        domain=lookout.domain,
        asked=lookout.domain,
        vantage=vantage,
        helo=_HELO,
        recipients=lookout.recipients,
        allow_special=True,
    )
    tls = TlsContext(pem=lookout.authority_pem)
    means = Means(dialer=ConnectDialer(lookout.connect), tls=tls, wall=lookout.wall)
    snapshot = await take_snapshot(request, lookout.resolver, means)
    judgements = judge(snapshot, unwanted=("MX0",)).judgements
    return tuple(finding for judgement in judgements for finding in judgement.findings)
