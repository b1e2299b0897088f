"""The host says something that is no reply of SMTP, in the phase you name: another service has its port.

Example.
    {at: 0m, break: mx1, with: {garbage: HTTP/1.1 400 Bad Request}, phase: banner, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.facts.smtp import Reply as SmtpReply
from mxprobe.mx.reading import classify_reply
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Raw, Reaction

_PHASES = (Phase.BANNER, Phase.EHLO, Phase.STARTTLS, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT)


class Garbage(Fault, frozen=True, kw_only=True):
    """Say a line of `text` in place of the reply."""

    text: str = "HTTP/1.1 400 Bad Request"

    NAME = "garbage"
    SHORT = "text"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Say it."""
        return (Raw(data=self.text.encode("utf-8", "replace") + b"\r\n"),)

    def cell(self, phase: Phase | None) -> str | None:
        """A reply without a code."""
        return classify_reply(phase, SmtpReply(raw=b"", code=None, lines=())) if phase in _PHASES else None
