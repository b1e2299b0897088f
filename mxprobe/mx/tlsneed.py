"""What TLS a sender needs at a host, known before the host is dialled: by its policy, TLSA records and MTA-STS.

A sender that does DANE treats a host without secure TLSA records as one that does opportunistic TLS; one that obeys
MTA-STS does so where no policy is enforced. Cells are those of the outcome table's rows T0 to T15.

Standards: RFC 7672 §2.1.2, §2.2, §3.1 (usable records); RFC 8461 §3.3, §4.1, §5.
"""

from msgspec import Struct

from mxprobe.facts.dns import Answer, AnswerStatus
from mxprobe.mx.dane import TlsaRecord, tlsa_records
from mxprobe.mx.mtasts import Mode, Policy
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.promise import Promise, PromiseKind


class Need(Struct, frozen=True, kw_only=True):
    """As which policy the host is treated, and the cell that says why (None: the sender's own policy).

    `rules_out`: the host is not even dialled. `tlsa` are the records of which one has to match.
    """

    policy: TlsPolicy
    cell: str | None = None
    rules_out: bool = False
    tlsa: tuple[TlsaRecord, ...] = ()

    @property
    def authenticates(self) -> bool:
        """Whether the host has to prove who it is."""
        return self.policy in (TlsPolicy.DANE, TlsPolicy.MTA_STS)


def need_by_dane(addresses: Answer | None, tlsa: Answer | None) -> Need:
    """What a sender that does DANE needs, by the answers for the host's addresses and its TLSA records.

    A host whose own addresses are not secure has no secure TLSA records either, and is not asked for them.
    """
    if addresses is None or not addresses.authenticated or tlsa is None:
        return Need(policy=TlsPolicy.MAY, cell="T7")
    if tlsa.status.is_temporary:
        return Need(policy=TlsPolicy.DANE, cell="T8", rules_out=True)
    if tlsa.status is not AnswerStatus.FOUND or not tlsa.authenticated:
        return Need(policy=TlsPolicy.MAY, cell="T7")
    records = tlsa_records(tlsa)
    if not any(record.is_usable for record in records):
        return Need(policy=TlsPolicy.ENCRYPT, cell="T6")
    return Need(policy=TlsPolicy.DANE, tlsa=records)


def need_by_promise(promise: Promise) -> Need:
    """The same by what is known of a host's promise; one that is not known is no argument."""
    match promise.kind:
        case PromiseKind.FAILED:
            return Need(policy=TlsPolicy.DANE, cell="T8", rules_out=True)
        case PromiseKind.UNUSABLE:
            return Need(policy=TlsPolicy.ENCRYPT, cell="T6")
        case PromiseKind.USABLE:
            return Need(policy=TlsPolicy.DANE, tlsa=promise.records)
        case _:
            return Need(policy=TlsPolicy.MAY, cell="T7")


def need_by_mtasts(host: str, policy: Policy | None) -> Need:
    """What a sender that obeys MTA-STS needs, by the policy in force for the domain (None: there is none)."""
    if policy is None:
        return Need(policy=TlsPolicy.MAY, cell="T12")
    if policy.mode is not Mode.ENFORCE:
        return Need(policy=TlsPolicy.MAY, cell="T15" if policy.mode is Mode.TESTING else "T12")
    if not policy.allows(host):
        return Need(policy=TlsPolicy.MTA_STS, cell="T0", rules_out=True)
    return Need(policy=TlsPolicy.MTA_STS)
