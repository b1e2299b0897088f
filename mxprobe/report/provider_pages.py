"""The pages about providers of mail: what is known of each, on what it rests, and when that was last compared."""

from mxprobe.mx.providers import PROVIDERS, Mx, MxSet, Provider
from mxprobe.mx.providers.patterns import shown
from mxprobe.report.words import wrap


def render_providers() -> str:
    """Each provider on a line, by its roles."""
    width = max(len(provider.id) for provider in PROVIDERS)
    lines = []
    for role in dict.fromkeys(provider.role for provider in PROVIDERS):
        rows = [provider for provider in PROVIDERS if provider.role is role]
        lines += [f"{one.id:<{width}}  {role.value:<9}  {one.name}" for one in sorted(rows, key=lambda one: one.id)]
    return "\n".join(lines)


def render_provider(provider: Provider) -> str:
    """Everything that is known of a provider."""
    roles = ", ".join(provider.roles)
    lines = [f"{provider.id}  {provider.name}  ({roles}; of {provider.operator}; compared {provider.verified})"]
    for one in provider.sets:
        lines += _set(one)
    for further in provider.further:
        legacy = "outdated, " if further.legacy else ""
        lines += _row("also", f"{shown(further.name)}  ({legacy}{further.grade})")
    if provider.nameless:
        lines += _row("MX", f"cannot be recognised: {provider.nameless}")
    if provider.exclusive is not None:
        lines += _row("alone", f"wants to be the only MX  ({provider.exclusive})")
    if not provider.has_order:
        lines += _row("order", "its preferences are drawn, and mean none")
    if provider.claimable is not None:
        lines += _row("claims", f"a domain that nobody has claimed can be claimed by others  ({provider.claimable})")
    if provider.spf is not None:
        terms = " or ".join(shown(term) for term in provider.spf.terms)
        when = "" if provider.sends else " where it sends"
        lines += _row("SPF", f"{terms}{when}  ({provider.spf.grade})")
    for label, note in (("TLS", provider.tls), *(("note", note) for note in provider.notes)):
        lines += _row(label, f"{note.text}  ({note.grade})") if note is not None else []
    if provider.ends is not None:
        lines += _row("ends", f"{provider.ends.day}  ({provider.ends.grade})")
    if provider.consumers:
        lines += _row("people", f"have mailboxes at {', '.join(provider.consumers)}: nobody is asked about there")
    return "\n".join(lines)


def _set(one: MxSet) -> list[str]:
    """The records of a set, and what they rest on."""
    numbers = f", preferences {one.preferences}" if one.preferences not in (None, one.names) else ""
    enough = f", {one.enough} of them" if one.enough else ""
    return _row("MX", f"{', '.join(map(_record, one.records))}  ({one.names}{numbers}{enough})")


def _record(record: Mx) -> str:
    number = f"{record.preference} " if record.preference is not None else ""
    role = " (backup, says later on purpose)" if record.defers else " (backup)" if record.fallback else ""
    return f"{number}{shown(record.name)}{role}"


def _row(label: str, text: str) -> list[str]:
    return wrap(f"  {label:<7} ", text)
