"""The names of providers that a file of expectations may use, and whose an MX host is by such a name.

The one place at which expectations touch the table of providers.
"""

from mxprobe.mx.providers import PROVIDERS, provider_of


def provider_names() -> tuple[str, ...]:
    """Every name that there is."""
    return tuple(sorted({provider.operator for provider in PROVIDERS if not provider.nameless}))


def provider_named(host: str) -> str | None:
    """Whose host it is, by one of those names; None for a host that is nobody's we know."""
    return provider_of(host)
