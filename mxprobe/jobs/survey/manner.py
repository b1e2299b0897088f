"""How a survey is to look, from the words of a person: what is not allowed together is refused before anybody is asked.

Whoever dials strangers says who is looking (`report.attribution` says how they can see it), goes slowly, and visits
each address once. All of that may be left off for hosts that are one's own, which has to be said.
"""

import ipaddress
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.names import NameRefused, is_address, to_ascii
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Manner
from mxprobe.facts.text import escape_text
from mxprobe.jobs.look import LookOptions, ehlo_name, make_vantage
from mxprobe.jobs.saved import read_octets
from mxprobe.mx.wishes import WISHES
from mxprobe.report.attribution import NoContact, Signpost, contact_uri
from mxprobe.settings import Settings, load_settings
from mxprobe.wire.descriptors import allow_many_connections

OWN = "--i-own-these"
"""The flag that says: the domains and their hosts are mine."""

ASKABLE = tuple(wish.name for wish in WISHES if wish.name not in ("dkim", "dnsbl", "resolver"))
"""Families of facts that can be asked for of many domains; the others need a word about each domain."""

_ASKED = ("mta-sts", "tlsa")
_MOST_OPEN = 20
"""Sessions at once with hosts of one operator that are not one's own."""

_LEAST_SPACING = 0.05
"""Seconds between two sessions with them."""

_MOST_SESSIONS, _OTHER_DESCRIPTORS = 20_000, 100
"""Sessions at once in one process, and the descriptors that it needs beside them."""

_MOST_EXCLUSIONS = 16_777_216


class MannerOptions(Struct, frozen=True, kw_only=True):
    """How to look at many domains. None means: as the settings say, or as it is usual.

    `contact` is an address or an https URL of whoever looks. `i_own_these` says that the domains and their hosts are
    one's own; `ask` names families of facts beside the chain ("none": none), `exclude` a file of names, addresses and
    networks that are left alone. `at_once` sessions are open and `lookups` made in each process.
    """

    depth: Depth = Depth.DNS
    contact: str = ""
    helo: str | None = None
    mail_from: str = ""
    ask: tuple[str, ...] = ()
    exclude: Path | None = None
    i_own_these: bool = False
    allow_special: bool = False
    nameservers: tuple[str, ...] = ()
    families: tuple[int, ...] = (4, 6)
    port: int | None = None
    source: str | None = None
    timeout: float | None = None
    attempts: int | None = None
    cafile: Path | None = None
    at_once: int | None = None
    lookups: int | None = None
    per_operator: int | None = None
    spacing: float | None = None
    no_pacing: bool = False
    no_dedup: bool = False
    no_findings: bool = False


def make_manner(options: MannerOptions, settings: Settings | None = None) -> Manner:
    """The manner that these words stand for; None: the settings that hold here.

    Raises InputError, and CouldNotLook without a name server.
    """
    settings = settings or load_settings()
    if options.mail_from and not options.depth.reaches(Depth.RCPT):
        raise InputError("--from is said before recipients: it goes with --depth rcpt")
    per_operator, spacing = _pace(options)
    usual = Manner(depth=options.depth, vantage=_vantage(options, settings))
    if options.depth.reaches(Depth.CONNECT) and not (options.i_own_these and options.allow_special):
        signpost(options, settings)
    return Manner(
        depth=options.depth,
        vantage=usual.vantage,
        helo=ehlo_name(options.helo, settings),
        wishes=_wishes(options.ask),
        owned=options.i_own_these,
        allow_special=options.allow_special,
        excluded=read_exclusions(options.exclude) if options.exclude is not None else (),
        cafile=str(options.cafile) if options.cafile is not None else None,
        lookups_at_once=_within("--lookups", options.lookups or usual.lookups_at_once, 10_000),
        sessions_at_once=_sessions(options.at_once, usual.sessions_at_once),
        per_operator=usual.per_operator if per_operator is None else per_operator,
        spacing=usual.spacing if spacing is None else spacing,
        merged=not options.no_dedup,
        judged=not options.no_findings,
    )


def signpost(options: MannerOptions, settings: Settings) -> Signpost:
    """What leads those who are looked at to whoever looks; the name is empty where none is known. Raises InputError."""
    contact = options.contact or settings.contact
    if not contact:
        raise InputError(
            "who looks has to be known to those who are looked at: say whom they can write to, with --contact",
            hint="Right is the address of a role, or a page: --contact abuse@example.com or\n"
            "--contact https://example.com/survey (or `contact` in the settings). In a lab of your own:\n"
            f"--allow-special {OWN}.",
        )
    try:
        contact_uri(contact)
    except NoContact as error:
        hint = "Right is --contact abuse@example.com or --contact https://example.com/survey."
        raise InputError(f"--contact {escape_text(contact[:80])}: {error}", hint=hint) from error
    name = ehlo_name(options.helo, settings) or ""
    return Signpost(name="" if name.startswith("[") else name, contact=contact, depth=options.depth)


def _vantage(options: MannerOptions, settings: Settings) -> Vantage:
    words = LookOptions(
        helo=options.helo,
        mail_from=options.mail_from,
        port=options.port,
        nameservers=options.nameservers,
        families=options.families,
        source=options.source,
        timeout=options.timeout,
        attempts=options.attempts,
    )
    return make_vantage(words, settings)


def read_exclusions(path: Path) -> tuple[str, ...]:
    """Who is left alone, by a file with a name, an address or a network a line. Raises InputError."""
    found = dict[str, None]()
    lines = read_octets(path, _MOST_EXCLUSIONS).decode("utf-8-sig", "replace").splitlines()
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        try:
            if text:
                found[_exclusion(text)] = None
        except NameRefused as error:
            hint = "Right is a name (with all below it), an address or a network: example.com, 192.0.2.0/24."
            raise InputError(str(error), place=Place(str(path), number, None, line), hint=hint) from error
    return tuple(sorted(found))


def _exclusion(text: str) -> str:
    """The one way to write what is left alone: a name in A-labels without `*.`, or a network. Raises NameRefused."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if "/" not in bare and not is_address(bare):
        return to_ascii(text.removeprefix("*").removeprefix("."))
    try:
        return str(ipaddress.ip_network(bare))
    except ValueError as error:
        raise NameRefused(f"not a network: {error}") from error


def _wishes(asked: tuple[str, ...]) -> tuple[str, ...]:
    """The families asked for, in the order in which they are known. Raises InputError."""
    words = [word.strip() for text in asked for word in text.split(",")]
    if not words:
        return _ASKED
    if unknown := [word for word in words if word not in ASKABLE and word != "none"]:
        hint = f"Right are: {', '.join(ASKABLE)}; or none."
        raise InputError(f"--ask {escape_text(unknown[0][:40])}: no such family of facts", hint=hint)
    if "none" in words and len(words) > 1:
        raise InputError(f"--ask none excludes {next(word for word in words if word != 'none')}")
    return tuple(name for name in ASKABLE if name in words)


def _pace(options: MannerOptions) -> tuple[int | None, float | None]:
    """Sessions at once with an operator and seconds between two; None for what is usual. Raises InputError."""
    per_operator, spacing = options.per_operator, options.spacing
    if options.no_pacing:
        if per_operator is not None or spacing is not None:
            flag = "--per-operator" if per_operator is not None else "--spacing"
            raise InputError(f"--no-pacing excludes {flag}")
        per_operator, spacing = 0, 0.0
    if per_operator is not None and not 0 <= per_operator <= 20_000:
        raise InputError(f"--per-operator is at least 0 (no limit) and at most 20000, not {per_operator}")
    if spacing is not None and not 0 <= spacing <= 3600:
        raise InputError(f"--spacing is at least 0 and at most 3600 seconds, not {spacing:g}")
    if not options.i_own_these:
        if options.no_pacing or options.no_dedup:
            flag = "--no-pacing" if options.no_pacing else "--no-dedup"
            raise InputError(f"{flag} is a burden on hosts: it needs the word that they are yours, {OWN}")
        if per_operator == 0 or (per_operator or 0) > _MOST_OPEN:
            raise InputError(f"more than {_MOST_OPEN} sessions at once with an operator need {OWN}")
        if spacing is not None and spacing < _LEAST_SPACING:
            raise InputError(f"sessions less than {_LEAST_SPACING} s apart with an operator need {OWN}")
    return per_operator, spacing


def _sessions(wanted: int | None, usual: int) -> int:
    """How many are open at once in each process: no more than the system lets it have connections."""
    limit = allow_many_connections()
    most = _MOST_SESSIONS if limit is None else max(min(_MOST_SESSIONS, limit - _OTHER_DESCRIPTORS), 1)
    return min(usual, most) if wanted is None else _within("--sessions", wanted, most)


def _within(flag: str, number: int, most: int) -> int:
    if not 0 < number <= most:
        raise InputError(f"{flag} is more than 0 and at most {most}, not {number}")
    return number
