"""What a sender and a probe meet at one host of a story: the same fault, the same world, both sides' own words."""

from collections.abc import Sequence

from msgspec import Struct

from mxprobe.facts.finding import Finding
from mxprobe.facts.run import EventKind, Run
from mxprobe.facts.session import Endpoint, FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.lab.play import play_story
from mxprobe.lab.seams import Lookout
from mxprobe.lab.world import SENDER
from mxprobe.mx.reading import classify
from mxprobe.scenario.load import load
from mxprobe.wire.dial import ConnectDialer
from mxprobe.wire.session import Means, SessionScript, speak
from mxprobe.wire.tls import TlsContext

MX1 = "192.0.2.10"
STORY = """\
story: A fault, a letter and a look.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
senders: [{sender}]
steps:
  - {{at: 0m, break: mx1, with: {fault}, {where} for: 1h}}
  - {{at: 10m, send: letter, to: alice}}
  - {{at: 40m, probe: look}}
expect:
  letter: {{queued: sender}}
  look: {{findings: []}}
"""


class Met(Struct, frozen=True, kw_only=True):
    """The cell that the sender first met at the host, and the probe's session with it."""

    run: Run
    cell: str | None
    session: Session

    @property
    def last_reply(self) -> tuple[Phase, int | None] | None:
        """Phase and code of the last reply that the probe heard; None where it heard none."""
        replies = [(turn.phase, turn.reply.code) for turn in self.session.turns if turn.reply is not None]
        return replies[-1] if replies else None

    @property
    def failed(self) -> tuple[Phase, FailureKind] | None:
        """Where and how the probe's session failed."""
        failure = self.session.failure
        return None if failure is None else (failure.phase, failure.kind)

    @property
    def cells(self) -> Sequence[str]:
        """What the probe's turns say to a sender, the usual left out."""
        usual = {"B1", "H1", "M1", "R1", "Q1"}
        return [cell for turn in self.session.turns if (cell := classify(turn)) not in usual]


def meet(fault: str, where: str = "", sender: str = "rfc5321") -> Met:
    """Play a story in which mx1 has the fault; `where` has what else stands in the step, with a comma behind."""
    sessions: list[Session] = []

    async def look(lookout: Lookout) -> tuple[tuple[Finding, ...], tuple[tuple[str, str], ...]]:
        means = Means(
            dialer=ConnectDialer(lookout.connect), tls=TlsContext(pem=lookout.authority_pem), wall=lookout.wall
        )
        script = SessionScript(helo="probe.elsewhere.test", recipients=("alice@example.test",))
        sessions.append(await speak(Endpoint(host="mx1.example.test", address=MX1), script, means))
        return (), ()

    story = load(STORY.format(fault=fault, where=where, sender=sender), "story.yaml")
    run = play_story(story, sender, 1, look)
    answers = (EventKind.REFUSED, EventKind.ACCEPTED)
    found = (event for event in run.events if event.kind in answers and (event.who, event.host) == (SENDER, "mx1"))
    return Met(run=run, cell=next((event.cell for event in found), None), session=sessions[0])
