"""Providers of mail: the table, and whose an MX host is."""

from mxprobe.mx.providers.provider import Grade, Mx, MxSet, Provider, Role
from mxprobe.mx.providers.recognise import (
    Known,
    consumer_operator,
    defers_on_purpose,
    has_order,
    inbound_operator,
    is_below,
    is_named_fallback,
    operators_named,
    provider_of,
    recognise,
    rests_on_memory,
    sending_provider,
)
from mxprobe.mx.providers.table import PROVIDERS

__all__ = [
    "PROVIDERS",
    "Grade",
    "Known",
    "Mx",
    "MxSet",
    "Provider",
    "Role",
    "consumer_operator",
    "defers_on_purpose",
    "has_order",
    "inbound_operator",
    "is_below",
    "is_named_fallback",
    "operators_named",
    "provider_of",
    "recognise",
    "rests_on_memory",
    "sending_provider",
]
