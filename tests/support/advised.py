"""Looks at a story's domain from inside its world with the plan of a migration, as `mxprobe probe --migration` does."""

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.advice import Advice, MigrationStep, StepState
from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Severity
from mxprobe.facts.migration import Migration
from mxprobe.facts.run import Run
from mxprobe.facts.snapshot import Snapshot, Vantage
from mxprobe.jobs.look import Look, judge
from mxprobe.lab.play import play_story
from mxprobe.lab.seams import Lookout
from mxprobe.probe.snapshot import Request, take_snapshot
from mxprobe.report.look_text import render_look
from mxprobe.report.verdict import conclude_look
from mxprobe.scenario.model import Probe, Scenario
from mxprobe.wire.dial import ConnectDialer
from mxprobe.wire.fetch import FetchMeans, allow_any
from mxprobe.wire.session import Means
from mxprobe.wire.tls import TlsContext

HELO = "probe.elsewhere.test"


class Advised(Struct, frozen=True, kw_only=True):
    """One look at a moment of a story, and what is made of it."""

    snapshot: Snapshot
    look: Look

    @property
    def advice(self) -> Advice:
        """What may be done now."""
        assert self.look.advice is not None
        return self.look.advice

    @property
    def states(self) -> dict[str, StepState]:
        """How each step stands; of several alike the worst counts."""
        found: dict[str, StepState] = {}
        for step in self.advice.steps:
            if found.get(step.name) in (None, StepState.DONE):
                found[step.name] = step.state
        return found

    @property
    def now(self) -> set[str]:
        """What may be done now."""
        return {step.name for step in self.advice.steps if step.state is StepState.NOW}

    @property
    def codes(self) -> dict[str, Severity]:
        """The findings of the rules about migrations."""
        return {one.code: one.severity for one in self.findings if one.code.startswith("MX4")}

    @property
    def findings(self) -> list[Finding]:
        """All findings."""
        return [one for judgement in self.look.judgements for one in judgement.findings]

    @property
    def text(self) -> str:
        """The report."""
        document = conclude_look(self.snapshot, self.look.judgements, self.look.forecast)
        return render_look(replace(document, advice=self.look.advice))

    def step(self, name: str) -> MigrationStep:
        """The step of this name."""
        return next(step for step in self.advice.steps if step.name == name)


def advise_in(
    scenario: Scenario, plan: Migration, sender: str = "rfc5321", seed: int = 1
) -> tuple[dict[str, Advised], Run]:
    """The story played with looks that know the plan: each by the name of its step, and the run."""
    found: list[Advised] = []

    async def look(lookout: Lookout) -> tuple[tuple[Finding, ...], tuple[tuple[str, str], ...]]:
        beside = Beside(plan=plan)
        snapshot = await _look(lookout, beside)
        found.append(Advised(snapshot=snapshot, look=judge(snapshot, beside=beside)))
        return (), ()

    run = play_story(scenario, sender, 1, look)
    names = [step.name for step in scenario.steps if isinstance(step, Probe)]
    return dict(zip(names, found, strict=True)), run


async def _look(lookout: Lookout, beside: Beside) -> Snapshot:
    request = Request(
        domain=lookout.domain,
        asked=lookout.domain,
        vantage=Vantage(helo=HELO, nameservers=lookout.resolver.servers, port=lookout.port, attempts=2, spacing=1.0),
        helo=HELO,
        recipients=lookout.recipients,
        allow_special=True,
        own_sender=True,
        further=beside.further,
    )
    tls = TlsContext(pem=lookout.authority_pem)
    fetch = FetchMeans(
        resolver=lookout.resolver,
        connect=lookout.connect,
        tls=tls,
        wall=lookout.wall,
        port=lookout.policy_port,
        allows=allow_any,
    )
    dialer = ConnectDialer(lookout.connect)
    return await take_snapshot(
        request, lookout.resolver, Means(dialer=dialer, tls=tls, wall=lookout.wall, fetch=fetch, ask=lookout.ask)
    )
