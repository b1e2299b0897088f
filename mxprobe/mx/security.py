"""Whether an answer is secure, as far as a look can tell: by our own validator's word, else by the AD bit.

Where our validator was used its word alone counts. Else the AD bit is believed where it is set; where it is not, the
answer is insecure only if the same server has set it on another answer of the same look: a resolver that does not
validate never sets it.

Standards: RFC 4035 §3.2.3 (AD), §4.3 (the states), RFC 7672 §2.1.1 (what they mean to mail).
"""

from mxprobe.facts.dns import Answer, Answers, Question, Security
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_answers, once
from mxprobe.mx.validation import OWN


class Trusting:
    """The security of every answer of a look; made once for many questions."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.answers: Answers = known_answers(snapshot)
        self._told = {one.question: one.security for one in snapshot.validations}
        self._is_judged_here = OWN in snapshot.asked_for
        self._validating = {answer.server for answer in snapshot.answers if answer.authenticated} - {None}

    def security_of(self, question: Question) -> Security:
        """The state of the answer to a question; UNKNOWN also where nobody asked, or no answer came."""
        told = self._told.get(question, Security.UNKNOWN)
        if told is not Security.UNKNOWN or self._is_judged_here:
            return told
        answer = self.answers.get(question)
        return Security.UNKNOWN if answer is None else self._by_bit(answer)

    def _by_bit(self, answer: Answer) -> Security:
        if answer.status.is_temporary:
            return Security.UNKNOWN
        if answer.authenticated:
            return Security.SECURE
        validates = answer.authenticated is False and answer.server in self._validating
        return Security.INSECURE if validates else Security.UNKNOWN


@once
def trusting(snapshot: Snapshot) -> Trusting:
    """The security of every answer of a look."""
    return Trusting(snapshot)


def security_of(snapshot: Snapshot, question: Question) -> Security:
    """The state of the answer to one question."""
    return trusting(snapshot).security_of(question)
