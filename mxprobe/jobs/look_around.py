"""Looks at a story's domain from inside its world: the steps `probe` and `prove`, which the lab is handed."""

import random

from mxprobe import __version__
from mxprobe.facts.dsn import Bounce
from mxprobe.facts.finding import Finding
from mxprobe.facts.proof import Found, Proof
from mxprobe.facts.snapshot import Vantage
from mxprobe.jobs.look import judge
from mxprobe.lab.seams import Lookout
from mxprobe.mx.labelled import Author
from mxprobe.mx.proving import grade_of, route_of
from mxprobe.probe.planning import Wanted, plan_proof
from mxprobe.probe.prove import Means as Proving
from mxprobe.probe.prove import prove
from mxprobe.probe.snapshot import Request, take_snapshot
from mxprobe.rules import judge_proof
from mxprobe.scenario.model import Prove
from mxprobe.wire.dial import ConnectDialer
from mxprobe.wire.fetch import FetchMeans, allow_any
from mxprobe.wire.session import Means
from mxprobe.wire.tls import TlsContext, permissive_context

_HELO = "probe.elsewhere.test"
_DEADLINE = 6 * 3600.0
"""Seconds until which a message that was accepted may still arrive."""

Grades = tuple[tuple[str, str], ...]


async def look_around(lookout: Lookout) -> tuple[tuple[Finding, ...], Grades]:
    """What a look at a story's domain finds, from inside its world, and what a proof proves of its hosts; nothing that
    a probe says of itself counts.
    """
    if lookout.proves is not None:
        return await _prove(lookout, lookout.proves)
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
        anchor=lookout.anchor,
    )
    tls = TlsContext(pem=lookout.authority_pem)
    dialer, fetch = ConnectDialer(lookout.connect), _fetch(lookout)
    means = Means(dialer=dialer, tls=tls, wall=lookout.wall, fetch=fetch, ask=lookout.ask)
    snapshot = await take_snapshot(request, lookout.resolver, means)
    judgements = judge(snapshot, unwanted=("MX0",)).judgements
    return tuple(finding for judgement in judgements for finding in judgement.findings), ()


async def _prove(lookout: Lookout, step: Prove) -> tuple[tuple[Finding, ...], Grades]:
    """Send a labelled message over each host of the story, and watch its mailboxes."""
    began = lookout.wall()
    dice = random.Random(f"{lookout.seed}/{step.name}")  # seeded on purpose
    author = Author(mail_from=f"mxprobe@{_HELO}", helo=_HELO)
    wanted = Wanted(
        author=author,
        port=lookout.port,
        watch=step.watch,
        unknown=step.unknown,
        down=step.down,
        allow_special=True,
        new_token=lambda: f"{dice.getrandbits(64):016x}",
    )
    proof = Proof(
        version=__version__,
        domain=lookout.domain,
        recipient=step.recipient,
        mail_from=author.mail_from,
        helo=_HELO,
        allowed_by="the story",
        began_at=began,
        watched_until=began,
        deadline=began + _DEADLINE,
        mailbox="the mailboxes of the story",
        returns="the story",
    )
    proof = await prove(await plan_proof(proof, wanted, lookout.resolver), wanted, _means(lookout), lambda _: None)
    findings = tuple(finding for judgement in judge_proof(proof) for finding in judgement.findings)
    routes = ((host, route_of(proof, host)) for _, host in proof.chain)
    grades = tuple((lookout.short(host), grade_of(route, proof).value) for host, route in routes if route is not None)
    return findings, grades


def _means(lookout: Lookout) -> Proving:
    async def looking() -> tuple[Found | Bounce, ...]:
        return lookout.found()

    async def no_more() -> tuple[Found | Bounce, ...]:
        return ()  # what comes back is found by the same look

    return Proving(
        resolver=lookout.resolver,
        connect=lookout.connect,
        anchors=lookout.authority_pem,
        tls=permissive_context(),
        wall=lookout.wall,
        fetch=_fetch(lookout),
        mailbox=looking,
        returns=no_more,
    )


def _fetch(lookout: Lookout) -> FetchMeans:
    """What policies are fetched with in the story."""
    return FetchMeans(
        resolver=lookout.resolver,
        connect=lookout.connect,
        tls=TlsContext(pem=lookout.authority_pem),
        wall=lookout.wall,
        port=lookout.policy_port,
        allows=allow_any,
    )
