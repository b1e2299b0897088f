"""The MX records could not be looked up.

What it sees. SERVFAIL, a broken answer or a circle of aliases in place of MX records, from every server asked, after
retries. A name server that refuses the question or does not answer says nothing of the domain: then it cannot be told.
Signatures that do not hold are told by MX501.
Why it matters. Senders keep their mail and try again; none may use the domain's own addresses instead.
Example. All name servers of the zone are down:
    example.test SERVFAIL
What to do. Repair the zone's name servers.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.dns import AnswerStatus, Security
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.security import security_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX102", name="mx-lookup-temporary-failure", severity=Severity.ERROR, references=("RFC 5321 §5.1",))


def find(snapshot: Snapshot) -> Judgement:
    """One finding where the lookup failed for now; a name server that nobody reaches is no fact about the domain."""
    answer = snapshot.mx
    if answer is None:
        return inconclusive(RULE, "the MX records were not asked for")
    if answer.status is AnswerStatus.NOT_ASKED:
        return inconclusive(RULE, "the name leads out of the zone file, and nobody was asked")
    if answer.status in (AnswerStatus.TIMEOUT, AnswerStatus.UNREACHABLE, AnswerStatus.REFUSED):
        did = "refused the question" if answer.status is AnswerStatus.REFUSED else f"did not answer ({answer.status})"
        return inconclusive(RULE, f"the name server {answer.server or ''} {did}")
    if not answer.status.is_temporary or security_of(snapshot, answer.question) is Security.BOGUS:
        return conclude(RULE, [])
    looped = answer.status is AnswerStatus.ALIAS_LOOP
    detail = f": {answer.detail}" if answer.detail else ""
    words = Words(
        says=f"the MX records of {snapshot.domain} cannot be looked up",
        seen=(f"MX {snapshot.domain}: {answer.status} from {answer.server}, {answer.tries} tries{detail}",),
        means="Senders keep their mail and try again later.",
        do="Undo the circle of aliases." if looped else "Repair the zone's name servers.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
