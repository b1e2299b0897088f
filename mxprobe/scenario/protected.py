"""Which hosts of a story have to be authenticated, by what it publishes.

Standards: RFC 7672 §2.2 (usable TLSA records), RFC 8461 §5 (an enforced policy).
"""

from mxprobe.mx.mtasts import Mode
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.scenario.model import Scenario


def protected_hosts(scenario: Scenario, policy: TlsPolicy) -> tuple[str, ...]:
    """The hosts to which a sender under this policy may say nothing in clear, by what the story publishes."""
    hosts: tuple[str, ...] = ()
    if policy is TlsPolicy.DANE and scenario.signed:
        hosts = tuple(spec.name for spec in scenario.hosts if spec.tlsa)
    if policy is TlsPolicy.MTA_STS and scenario.mta_sts is not None and scenario.mta_sts.mode is Mode.ENFORCE:
        hosts = tuple(host for _, host in scenario.chain)
    return tuple(sorted(map(scenario.short, hosts)))
