"""The domain's MTA-STS policy changed, and the id of its record did not.

What it sees. The policy file says something else than in the earlier probe (--baseline), more than blanks and line
ends, and the TXT record has the id that it had.
Why it matters. Senders that have the old policy see by the id that it is still right, and keep it for its max_age.
Example. The second host came into the policy, and the id stayed:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    _mta-sts.example.test TXT v=STSv1; id=1
    before policy "version: STSv1" "mode: enforce" "mx: mx1.example.test" "max_age: 604800"
    policy "version: STSv1" "mode: enforce" "mx: mx1.example.test" "mx: mx2.example.test" "max_age: 604800"
What to do. Change the id of the record whenever the policy changes: first the file, then the record.
Standards. RFC 8461 §3.1, §8.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import differ
from mxprobe.mx.mtasts import Policy, RecordStatus
from mxprobe.mx.policyseen import PolicySeen, policy_of
from mxprobe.rules.domain.drift.reading import NO_BASELINE, lines_of, said_before
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX780",
    name="sts-id-not-changed",
    severity=Severity.ERROR,
    references=("RFC 8461 §3.1", "RFC 8461 §8.1"),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the domain."""
    before = beside.before
    if before is None:
        return inconclusive(RULE, NO_BASELINE)
    was, now = policy_of(before), policy_of(snapshot)
    if _id_of(was) is not None and _id_of(now) is not None and _id_of(was) != _id_of(now):
        return conclude(RULE, [])
    if now.unknown or was.unknown:
        return inconclusive(RULE, now.unknown or f"in the earlier probe {was.unknown}")
    old, new = was.policy, now.policy
    if _id_of(was) is None or _id_of(now) is None or not isinstance(old, Policy) or not isinstance(new, Policy):
        return conclude(RULE, [])
    difference = differ(_lines(old), _lines(new))
    if not difference:
        return conclude(RULE, [])
    words = Words(
        says=f"the MTA-STS policy of {snapshot.domain} is another than in {said_before(before)}, under the same id",
        seen=(f"id {_id_of(now)}", *lines_of(difference)),
        means=f"Senders that have the old policy keep to it for up to {old.max_age} s.",
        do=f"Change the id in the TXT record _mta-sts.{snapshot.domain}.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


def _id_of(seen: PolicySeen) -> str | None:
    record = seen.record
    return record.id if record is not None and record.status is RecordStatus.FOUND else None


def _lines(policy: Policy) -> frozenset[str]:
    """What a policy says, in whatever order and with whatever blanks."""
    said = (f"mode: {policy.mode}", f"max_age: {policy.max_age}", *(f"mx: {name}" for name in policy.mx))
    return frozenset(said)
