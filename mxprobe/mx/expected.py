"""Which hosts MX records may name, by what the operator of the domain says."""

from mxprobe.facts.approved import Approved
from mxprobe.mx.migration import is_approved_host
from mxprobe.mx.providers import provider_of


def is_expected_host(host: str, approved: Approved) -> bool:
    """Whether a host is listed, on the plan, a backup, an approved operator's, or one of an approved provider."""
    if host in approved.backups or is_approved_host(host, approved):
        return True
    return provider_of(host) in (approved.providers or ())
