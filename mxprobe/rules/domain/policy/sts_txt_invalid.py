"""The TXT record that announces an MTA-STS policy is not one that senders can use.

What it sees. Several records begin with v=STSv1, or the one has no id of 1 to 32 letters and digits.
Why it matters. Senders act as if there were no policy: nothing is enforced, and nobody says so.
Example. An id with a dash:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _mta-sts.example.test TXT v=STSv1; id=2026-01-01
What to do. Publish exactly one record with an id of letters and digits.
Standards. RFC 8461 §3.1.
"""

from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import RecordStatus
from mxprobe.mx.once import known_answers
from mxprobe.mx.policyseen import policy_of
from mxprobe.rules.domain.reading import texts_of
from mxprobe.rules.pasting import policy_id, under
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX771",
    name="sts-txt-invalid",
    severity=Severity.ERROR,
    references=("RFC 8461 §3.1",),
    behind=(Behind.POLICY,),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the domain."""
    record = policy_of(snapshot).record
    if record is None or record.status is RecordStatus.FAILED:
        return inconclusive(RULE, policy_of(snapshot).unknown)
    if record.status is not RecordStatus.INVALID:
        return conclude(RULE, [])
    name = f"_mta-sts.{snapshot.domain}"
    answer = known_answers(snapshot)[Question(name=name, rrtype=RecordType.TXT)]
    words = Words(
        says=f"senders cannot use the TXT record of the MTA-STS policy: {record.reason}",
        seen=tuple(f"{name} TXT {text}" for text in texts_of(answer)),
        means="They act as if there were no policy.",
        do="Publish one record, with a new id.",
        paste=under(f"in place of all TXT records of {name}", policy_id(snapshot)),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
