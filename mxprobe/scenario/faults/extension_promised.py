"""The host offers an extension behind EHLO, and refuses whoever uses it, with a reply of your choice.

STARTTLS is refused itself, SIZE and 8BITMIME where MAIL has their parameter. Of what else you let it promise, the host
knows nothing, and says so: 500 to a command, 555 to a parameter.
Example.
    {at: 0m, break: mx1, with: {extension-promised: {keyword: SIZE, refusal: 555 5.5.4 Not here}}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.facts.smtp import Reply as SmtpReply
from mxprobe.mx.reading import classify_reply
from mxprobe.scenario.faults.fault import Fault, ReplyText
from mxprobe.scenario.reaction import Moment, Offer, Reaction, Reply

_PARAMETERS = {"SIZE": "SIZE", "8BITMIME": "BODY"}


class ExtensionPromised(Fault, frozen=True, kw_only=True):
    """Promise `keyword`, with its parameters if it has any, and say `refusal` to whoever takes the offer."""

    keyword: str
    refusal: ReplyText

    NAME = "extension-promised"
    PHASE = Phase.EHLO
    ALSO = (Phase.STARTTLS, Phase.MAIL)
    HINDERS = False

    @property
    def _word(self) -> str:
        return self.keyword.partition(" ")[0].upper()

    @property
    def hinders(self) -> bool:
        """Whether senders that insist on TLS go elsewhere, or those that declare sizes."""
        return self._word in ("STARTTLS", "SIZE")

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Promise it, and do not keep it; inside TLS there is no STARTTLS to promise."""
        match moment.phase:
            case Phase.EHLO if not (moment.secured and self._word == "STARTTLS"):
                return (Offer(line=self.keyword),)
            case Phase.STARTTLS if self._word == "STARTTLS":
                return (self._refuse(),)
            case Phase.MAIL if self._is_used(moment):
                return (self._refuse(),)
            case _:
                return ()

    def _is_used(self, moment: Moment) -> bool:
        names = [parameter.partition("=")[0].upper() for parameter in moment.parameters]
        return _PARAMETERS.get(self._word) in names

    def _refuse(self) -> Reply:
        return Reply(code=int(self.refusal[:3]), text=self.refusal[3:].strip())

    def cell(self, phase: Phase | None) -> str | None:
        """What the refusal means to a sender that starts TLS and declares the size; it uses no other extension."""
        if phase is not Phase.EHLO:
            return None
        used = {"STARTTLS": Phase.STARTTLS, "SIZE": Phase.MAIL}.get(self._word)
        if used is None:
            return "Z1"
        return classify_reply(used, SmtpReply(raw=b"", code=int(self.refusal[:3]), lines=(self.refusal[3:].strip(),)))
