"""The outcome table: what a reply or a failure means to a sender, as data.

A cell is an event with the reference's action. It tells the scope of the event (the host, the whole message, one
recipient) and its kind (done, again, refused). Cells bear the names of the failover tables: D1 to E4 for the events of
a delivery, T0 to T16 for those of TLS, where the action depends on the sender's TLS policy. Where mailers differ the
cell is `open`; their deviations stand in their profiles. Which cell an event falls into is said in `mx.reading`.

Standards: RFC 5321 §3.8, §4.2.1, §4.5.4.1, §5.1; RFC 7505 §3; RFC 3207 §4; RFC 7672 §2.2; RFC 8461 §5.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct


class Action(StrEnum):
    """What a sender does next."""

    GO = "go"
    HELO = "helo"
    CLEAR = "clear"
    SPLIT = "split"
    NEXT = "next"
    WAIT = "wait"
    BOUNCE = "bounce"

    @property
    def words(self) -> str:
        """The action in the words of a report."""
        return _WORDS[self]


_WORDS = {
    Action.GO: "go on",
    Action.HELO: "say HELO",
    Action.CLEAR: "same address again, without TLS",
    Action.SPLIT: "same session, another transaction",
    Action.NEXT: "next host",
    Action.WAIT: "wait",
    Action.BOUNCE: "bounce",
}


class Scope(StrEnum):
    """What an event is about."""

    HOST = "host"
    MESSAGE = "message"
    RECIPIENT = "recipient"


class Kind(StrEnum):
    """Whether it is settled: `AGAIN` another attempt may succeed, `REFUSED` it may not."""

    DONE = "done"
    AGAIN = "again"
    REFUSED = "refused"


class TlsPolicy(StrEnum):
    """What a sender asks of TLS: nothing, what there is, encryption, DANE, MTA-STS enforced."""

    NONE = "none"
    MAY = "may"
    ENCRYPT = "encrypt"
    DANE = "dane"
    MTA_STS = "mta-sts"


class Cell(Struct, frozen=True, kw_only=True):
    """One event and the reference's answer to it.

    `action` is None where the TLS policy decides; then `by_policy` has it for the policies that can meet the event.
    `status` is the enhanced status code of a bounce that no reply explains. `note` tells the latitude.
    """

    id: str
    event: str
    action: Action | None
    scope: Scope
    kind: Kind
    clauses: str
    open: bool = False
    status: str | None = None
    note: str = ""
    by_policy: Mapping[TlsPolicy, Action] = {}

    def action_under(self, policy: TlsPolicy) -> Action:
        """The reference's action; GO where the event means nothing under the policy."""
        if self.action is not None:
            return self.action
        return self.by_policy.get(policy, Action.GO)


def gather(*tables: tuple[Cell, ...]) -> Mapping[str, Cell]:
    """The cells of several tables by their names."""
    return MappingProxyType({cell.id: cell for table in tables for cell in table})
