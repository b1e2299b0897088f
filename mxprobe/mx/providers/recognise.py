"""Whose an MX host is, as far as its name tells.

A host is a provider's where its whole name fits a pattern that the provider documents, label by label; a name that
only looks like one, or that goes on behind it, is nobody's. Names are compared in lower case without a final dot.
A look-up walks the labels of the name through one dictionary, so that millions of names are no burden.
Standards: RFC 1035 §2.3.3 (case).
"""

import re
from functools import cache, lru_cache

from msgspec import Struct

from mxprobe.mx.providers.patterns import Form, forms_of
from mxprobe.mx.providers.provider import Grade, Mx, MxSet, Provider, Role
from mxprobe.mx.providers.table import PROVIDERS

_ORDER = tuple(Grade)
_REMEMBERED = 4096
"""Names whose provider is remembered: a look asks a dozen times about each of its hosts."""


class Known(Struct, frozen=True, kw_only=True):
    """A host that is a provider's: by which pattern, in which of its sets (None: in none), as which record of it.

    `grade` is the best that the name rests on. `bound` are the words in the places of the pattern. `also` are other
    providers that have the same name.
    """

    provider: Provider
    pattern: str
    grade: Grade
    within: MxSet | None = None
    record: Mx | None = None
    legacy: bool = False
    bound: tuple[tuple[str, str], ...] = ()
    also: tuple[Provider, ...] = ()

    @property
    def is_fallback(self) -> bool:
        """Whether the provider means it to be tried last."""
        return self.provider.role is Role.BACKUP or (self.record is not None and self.record.fallback)


class _Entry(Struct, frozen=True, kw_only=True):
    provider: Provider
    form: Form
    pattern: str
    grade: Grade
    expression: str
    within: MxSet | None = None
    record: Mx | None = None
    legacy: bool = False


_read = cache(re.compile)
"""Few names come near a pattern; what is none's is not worth reading two hundred expressions."""


@cache
def _index() -> dict[str, tuple[_Entry, ...]]:
    """The forms of all patterns by the labels at their ends; the most exact first, those of sets before others."""
    found: dict[str, list[_Entry]] = {}
    for entry in (*_of_sets(), *_of_further()):
        found.setdefault(entry.form.tail, []).append(entry)
    return {tail: tuple(sorted(entries, key=lambda one: -one.form.fixed)) for tail, entries in found.items()}


def _of_sets() -> list[_Entry]:
    return [
        _Entry(
            provider=provider,
            form=form,
            pattern=record.name,
            grade=one.names,
            expression=form.expression,
            within=one,
            record=record,
        )
        for provider in PROVIDERS
        for one in provider.sets
        for record in one.records
        for form in forms_of(record.name)
    ]


def _of_further() -> list[_Entry]:
    return [
        _Entry(
            provider=provider,
            form=form,
            pattern=one.name,
            grade=one.grade,
            expression=form.expression,
            legacy=one.legacy,
        )
        for provider in PROVIDERS
        for one in provider.further
        for form in forms_of(one.name)
    ]


@lru_cache(maxsize=_REMEMBERED)
def recognise(host: str) -> Known | None:
    """Whose host it is; None for a host that is nobody's we know. The longest end counts."""
    name = host.lower().removesuffix(".")
    index, tail = _index(), name
    while tail:
        fitting = [
            (entry, match) for entry in index.get(tail, ()) if (match := _read(entry.expression).fullmatch(name))
        ]
        if fitting:
            return _known(fitting)
        tail = tail.partition(".")[2]
    return None


def _known(fitting: list[tuple[_Entry, re.Match[str]]]) -> Known:
    entry, match = fitting[0]
    own = [one for one, _ in fitting if one.provider is entry.provider]
    others = dict.fromkeys(one.provider.id for one, _ in fitting if one.provider is not entry.provider)
    return Known(
        provider=entry.provider,
        pattern=entry.pattern,
        grade=min((one.grade for one in own), key=_ORDER.index),
        within=entry.within,
        record=entry.record,
        legacy=entry.legacy,
        bound=(*entry.form.chosen, *match.groupdict().items()),
        also=tuple(one for one in PROVIDERS if one.id in others) if others else (),
    )


def provider_of(host: str) -> str | None:
    """The operator of a host that many domains share; None for a host that is nobody's we know."""
    known = recognise(host)
    return known.provider.operator if known is not None else None


@cache
def operators_named() -> tuple[str, ...]:
    """The operators whose hosts can be told by their names."""
    return tuple(sorted({provider.operator for provider in PROVIDERS if not provider.nameless}))


def rests_on_memory(host: str) -> bool:
    """Whether a host is known to be a provider's from memory alone."""
    known = recognise(host)
    return known is not None and known.grade is Grade.REMEMBERED


def sending_provider(host: str) -> Provider | None:
    """The provider of a host, where it keeps mailboxes whose users also send from there, by documented senders."""
    known = recognise(host)
    if known is None or known.provider.role is not Role.MAILBOX or not known.provider.sends:
        return None
    return known.provider if known.provider.includes and known.grade is not Grade.REMEMBERED else None


def inbound_operator(host: str) -> str | None:
    """Whose host it is, where it only takes mail in, or its operator has other hosts for sending; None for others."""
    known = recognise(host)
    if known is None or known.provider.sends_by_mx:
        return None
    takes_in = known.provider.role is not Role.MAILBOX or bool(known.provider.includes)
    return known.provider.operator if takes_in else None


_FALLBACK = re.compile(r"(?:^|[-_\d])(?:backup|fallback|fb|secondary|mx-?bak|mxbackup|fallbackmx|lastmx)(?=$|[-_\d])")
"""A label that calls its host a backup."""


def is_named_fallback(host: str, domain: str) -> bool:
    """Whether a host is called a backup: by its provider's pages, or by a label of its own name.

    What was registered is no label of the host: `mx1.backup-experts.example` is called nothing.
    """
    known = recognise(host)
    if known is not None:
        return known.is_fallback
    own = host.removesuffix(f".{domain}").split(".") if host.endswith(f".{domain}") else host.split(".")[:-2]
    return any(_FALLBACK.search(label) for label in own)


def has_order(host: str) -> bool:
    """Whether the preference of a host means an order to whoever runs it."""
    known = recognise(host)
    return known is None or known.provider.has_order


def defers_on_purpose(host: str) -> bool:
    """Whether a host is a backup that is documented to say 4yz while the primary is up."""
    known = recognise(host)
    return known is not None and known.record is not None and known.record.defers


@cache
def _consumers() -> dict[str, str]:
    return {domain: provider.operator for provider in PROVIDERS for domain in provider.consumers}


def consumer_operator(domain: str) -> str | None:
    """Whose consumers have their mailboxes at a domain; None for any other domain."""
    return _consumers().get(domain.lower().removesuffix("."))


def is_below(name: str, domain: str) -> bool:
    """Whether a name is a domain, or lies in it."""
    bare = name.rstrip(".").lower()
    return bare == domain or bare.endswith(f".{domain}")
