"""The table of providers: all rows, in the order in which they count where two have one name."""

from mxprobe.mx.providers.gateways import BACKUPS, GATEWAYS
from mxprobe.mx.providers.hosters import HOSTERS
from mxprobe.mx.providers.large import LARGE
from mxprobe.mx.providers.mailboxes import MAILBOXES
from mxprobe.mx.providers.provider import Provider
from mxprobe.mx.providers.services import APIS, FORWARDERS

PROVIDERS: tuple[Provider, ...] = (*LARGE, *GATEWAYS, *MAILBOXES, *HOSTERS, *APIS, *FORWARDERS, *BACKUPS)
"""Every provider that we know."""
