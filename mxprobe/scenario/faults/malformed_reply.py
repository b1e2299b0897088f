"""The host's reply is of SMTP, nearly: it breaks the form of RFC 5321 §4.2.

Of `mixed-codes` the first line says yes and the last 451; most senders go by the last. In `missing-code` a line between
the others has no code, `bare-text` is a line of words alone, `wrong-separator` has a colon behind the code. But for
mixed codes the host means yes, and at `dot` it has stored the message: who does not understand it sends another copy.
Example.
    {at: 0m, break: mx1, with: {malformed-reply: missing-code}, phase: mail, for: 1h}
"""

from enum import StrEnum

from mxprobe.facts.smtp import Phase
from mxprobe.facts.smtp import Reply as SmtpReply
from mxprobe.mx.reading import classify_reply
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Raw, Reaction

_CODES = {Phase.BANNER: 220, Phase.EHLO: 250, Phase.MAIL: 250, Phase.RCPT: 250, Phase.DATA: 354, Phase.DOT: 250}


class Malformation(StrEnum):
    """What is the matter with the form of a reply."""

    MIXED_CODES = "mixed-codes"
    MISSING_CODE = "missing-code"
    BARE_TEXT = "bare-text"
    WRONG_SEPARATOR = "wrong-separator"


class MalformedReply(Fault, frozen=True, kw_only=True):
    """Say a reply whose form is broken in this `kind` of way."""

    kind: Malformation

    NAME = "malformed-reply"
    SHORT = "kind"

    @property
    def hinders(self) -> bool:
        """Whether senders cannot read it; what stands for a blank is overlooked by many."""
        return self.kind is not Malformation.WRONG_SEPARATOR

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Say it."""
        code = _CODES.get(moment.phase or Phase.MAIL, 250)
        lines = {
            Malformation.MIXED_CODES: f"{code}-{moment.host} says yes\r\n451 4.3.0 and no\r\n",
            Malformation.MISSING_CODE: f"{code}-{moment.host} says\r\nyes, and\r\n{code} yes again\r\n",
            Malformation.BARE_TEXT: f"{moment.host} says yes\r\n",
            Malformation.WRONG_SEPARATOR: f"{code}:{moment.host} says yes\r\n",
        }
        return (Raw(data=lines[self.kind].encode(), kept=self.kind is not Malformation.MIXED_CODES),)

    def cell(self, phase: Phase | None) -> str | None:
        """What the lab's mailers read: the code of the last line, or of none where a line has none."""
        if phase not in _CODES:
            return None
        if self.kind is Malformation.WRONG_SEPARATOR:
            return "Z1"
        code = 451 if self.kind is Malformation.MIXED_CODES else None
        return classify_reply(phase, SmtpReply(raw=b"", code=code, lines=()))
