"""The host answers with a reply of your choice in the phase you name.

Further lines of the reply stand behind line ends: `"451 4.3.0 not\\nnow"` is said as `451-4.3.0 not` and `451 now`.
Behind a 421 the host ends the connection (RFC 5321 §3.8).
Example.
    {at: 0m, break: mx1, with: {reply: 554 5.3.2 No SMTP service here}, phase: banner, for: 2h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.facts.smtp import Reply as SmtpReply
from mxprobe.mx.reading import classify_reply
from mxprobe.scenario.faults.fault import Fault, ReplyText
from mxprobe.scenario.reaction import Moment, Reaction
from mxprobe.scenario.reaction import Reply as Say


class Reply(Fault, frozen=True, kw_only=True):
    """Say `text`, which begins with a code from 200 to 599, in place of the usual reply."""

    text: ReplyText

    NAME = "reply"
    SHORT = "text"

    @property
    def code(self) -> int:
        """The reply's code."""
        return int(self.text[:3])

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Say it."""
        return (Say(code=self.code, text=self.text[3:].strip()),)

    def cell(self, phase: Phase | None) -> str | None:
        """What senders read the reply as."""
        if phase in (None, Phase.BODY):  # nobody reads a reply in the middle of a message
            return None
        return classify_reply(phase, SmtpReply(raw=b"", code=self.code, lines=(self.text[3:].strip(),)))
