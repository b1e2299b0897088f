"""What a saved probe knows of a domain's MTA-STS: the record, the policy as it was fetched, and what is in force.

Standards: RFC 8461 §3.1, §3.2, §5.
"""

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.policy import FetchStatus, PolicyFetch
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import (
    Mode,
    Policy,
    PolicyRecord,
    RecordStatus,
    UnusablePolicy,
    read_policy,
    read_record,
    record_question,
)
from mxprobe.mx.once import known_answers, once

_NOT_IN_A_FILE = "a zone file was read; the MTA-STS policy is fetched over HTTPS when the zone is published"


class PolicySeen(Struct, frozen=True, kw_only=True):
    """`record` None: nobody asked. `fetch` None: nothing was fetched, `why_not` says why. `policy` is what the fetched
    file says."""

    record: PolicyRecord | None = None
    fetch: PolicyFetch | None = None
    policy: Policy | UnusablePolicy | None = None
    why_not: str = "the MTA-STS policy was not fetched"

    @property
    def in_force(self) -> Policy | None:
        """The policy that senders obey who have it: one that enforces or tests."""
        usable = self.policy if isinstance(self.policy, Policy) else None
        return None if usable is None or usable.mode is Mode.NONE else usable

    @property
    def unknown(self) -> str:
        """Why it is not known whether a policy is in force; empty where it is known, or known to be broken."""
        if self.record is None:
            return "nobody asked for the MTA-STS policy"
        if self.record.status is RecordStatus.FAILED:
            return self.record.reason
        if self.record.status is not RecordStatus.FOUND or self.policy is not None:
            return ""
        if self.fetch is None:
            return self.why_not
        return f"the MTA-STS policy could not be had: {self.fetch.detail or self.fetch.status}"


@once
def policy_of(snapshot: Snapshot) -> PolicySeen:
    """What the probe knows of the policy."""
    answer = known_answers(snapshot).get(record_question(snapshot.domain))
    if answer is None:
        return PolicySeen()
    fetch = snapshot.policy
    body = fetch.body if fetch is not None and fetch.status is FetchStatus.FETCHED else None
    seen = PolicySeen(record=read_record(answer), fetch=fetch, policy=None if body is None else read_policy(body))
    return seen if snapshot.zone is None else replace(seen, why_not=_NOT_IN_A_FILE)
