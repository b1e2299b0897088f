"""Looks at one live domain: a saved probe, what the rules say of it, and where mail would go.

Prints nothing. Settings and input are checked here; the look itself is in probe, judging in rules, the forecast in mx.
"""

import ipaddress
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.advice import Advice
from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement
from mxprobe.facts.names import NameRefused, is_address, to_address, to_ascii
from mxprobe.facts.snapshot import Snapshot, Vantage
from mxprobe.mx.whatif import Forecast, forecast_snapshot
from mxprobe.probe.matrix import MatrixRequest
from mxprobe.probe.snapshot import ControlHost, Request, announce_to_nobody, take_snapshot, tell_nobody
from mxprobe.settings import Settings, load_settings
from mxprobe.wire.dial import SocketDialer, connect, own_name
from mxprobe.wire.exchange import ask_over_sockets, name_servers, system_servers
from mxprobe.wire.fetch import FetchMeans, allow_any, allow_public
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means
from mxprobe.wire.tls import TlsContext, system_context

Number = TypeVar("Number", int, float)

LITERAL = "an address literal"
"""A vantage's EHLO name where none is known: each host is told the address it sees (RFC 5321 §4.1.4)."""


MOST_QUERIES = 200
"""DNS queries of one look, where nobody says otherwise."""

_MOST_NAMES = 8


class LookOptions(Struct, frozen=True, kw_only=True):
    """How to look. None means: as the settings say.

    `recipients` are asked for (RCPT) and never sent to; `matrix` asks about more, which needs the consent of the domain
    or `i_own_this`; `random` is the local part of its control (None: drawn). `dry_run` dials nobody.
    `queries` is the most DNS queries (None: 200); what they do not reach is not judged. `nameservers` are "ADDR" or
    "ADDR:PORT" or "[ADDR6]:PORT"; the zone's own servers are asked at their `authority_port`. `beside` is what the look
    is compared with (`jobs.beside` reads it from files); hosts of a migration in it are looked at as well.
    `dkim_selectors` are selectors whose keys are asked for, `dnsbls` the zones of lists that are asked about the MX
    hosts (empty: those of the settings).

    `dnssec`: signatures are validated here, by the root's keys or those in the file `trust_anchor`, in place of
    believing the resolver.
    """

    recipients: tuple[str, ...] = ()
    dns_only: bool = False
    helo: str | None = None
    mail_from: str = ""
    port: int | None = None
    nameservers: tuple[str, ...] = ()
    authority_port: int | None = None
    families: tuple[int, ...] = (4, 6)
    source: str | None = None
    timeout: float | None = None
    attempts: int | None = None
    spacing: float | None = None
    queries: int | None = None
    in_order: bool = False
    allow_special: bool = False
    cafile: Path | None = None
    matrix: bool = False
    i_own_this: bool = False
    force_shared: bool = False
    patient: bool = False
    random: str | None = None
    dry_run: bool = False
    beside: Beside | None = None
    dkim_selectors: tuple[str, ...] = ()
    dnsbls: tuple[str, ...] = ()
    dnssec: bool = False
    trust_anchor: Path | None = None


class Look(Struct, frozen=True, kw_only=True):
    """The outcome of one look.

    `forecast` is None where the look was interrupted, no host was looked at, or there is no chain. `chosen`: it is the
    answer to a person's what-if; then the rules were not asked. `beside` is what the rules compared it with, `advice`
    what may be done now of the migration in it.
    """

    snapshot: Snapshot
    judgements: tuple[Judgement, ...]
    forecast: Forecast | None
    chosen: bool = False
    beside: Beside | None = None
    advice: Advice | None = None


async def look(
    domain: str,
    options: LookOptions | None = None,
    progress: Callable[[str], None] = tell_nobody,
    announce: Callable[[Snapshot], None] = announce_to_nobody,
) -> Look:
    """Look at `domain` ("user@domain" is taken for its domain).

    Raises InputError for a name, address, file or name server that cannot be right and for a matrix that is not
    allowed, CouldNotLook where there is no name server to ask. Cancelled, it gives what it has, the snapshot saying
    that it is not complete. `progress` is called with a line whenever the look has to wait, `announce` before the first
    host is dialled for a matrix.
    """
    options = options or LookOptions()
    settings = load_settings()
    request = make_request(domain, options, settings)
    resolver = Resolver(ask_over_sockets, request.vantage.nameservers)
    means = _means(resolver, options)
    snapshot = await take_snapshot(request, resolver, means, progress, announce)
    return judge(snapshot, beside=options.beside)


def _means(resolver: Resolver, options: LookOptions) -> Means:
    """What a look on the sockets of this machine is made with."""
    if options.dns_only:
        return Means(dialer=SocketDialer(), tls=None, wall=time.time, ask=ask_over_sockets)
    tls = system_context() if options.cafile is None else TlsContext(options.cafile)
    allows = allow_any if options.allow_special else allow_public
    fetch = FetchMeans(
        resolver=resolver, connect=connect, tls=tls, wall=time.time, families=options.families, allows=allows
    )
    return Means(dialer=SocketDialer(), tls=tls, wall=time.time, fetch=fetch, ask=ask_over_sockets)


def judge(
    snapshot: Snapshot,
    wanted: tuple[str, ...] = (),
    unwanted: tuple[str, ...] = (),
    beside: Beside | None = None,
) -> Look:
    """What today's rules (their codes beginning with `wanted` and not with `unwanted`) and forecast make of it.

    `beside` is what the look is compared with.
    """
    from mxprobe.mx.advice import advise
    from mxprobe.rules import judge_snapshot

    plan = beside.migration if beside is not None else None
    looked = snapshot.zone is not None or (snapshot.complete and any(visit.sessions for visit in snapshot.visits))
    return Look(
        snapshot=snapshot,
        judgements=judge_snapshot(snapshot, wanted, unwanted, beside),
        forecast=forecast_snapshot(snapshot) if looked else None,
        beside=beside,
        advice=advise(plan, snapshot, beside.before if beside is not None else None) if plan is not None else None,
    )


def make_vantage(options: LookOptions, settings: Settings) -> Vantage:
    """From where and how it is looked. Raises InputError, and CouldNotLook without a name server."""
    return Vantage(
        helo=ehlo_name(options.helo, settings) or LITERAL,
        mail_from=_check_address(options.mail_from, "sender") if options.mail_from else "",
        nameservers=name_servers(options.nameservers or settings.nameservers) or system_servers(),
        source=_check_source(options.source, options.families),
        families=options.families,
        port=_more_than_zero("port", _or(options.port, settings.port), 65535),
        timeout=_more_than_zero("timeout", _or(options.timeout, settings.timeout), 86400),
        attempts=_more_than_zero("number of attempts", _or(options.attempts, settings.attempts), 100),
        spacing=_spacing(_or(options.spacing, settings.spacing)),
        authority_port=_more_than_zero("port", _or(options.authority_port, settings.authority_port), 65535),
        budget=_more_than_zero("number of queries", _or(options.queries, MOST_QUERIES), 2000),
        dkim_selectors=names_typed("DKIM selector", options.dkim_selectors),
        dnsbls=names_typed("list (DNSBL)", options.dnsbls or settings.dnsbls),
        bogus_name=_bogus_name(settings.bogus_name),
    )


def ehlo_name(chosen: str | None, settings: Settings) -> str | None:
    """What is said in EHLO; None where each host is told the address it sees. Raises InputError."""
    helo = chosen or settings.helo or own_name()
    return _check_helo(helo) if helo else None


def make_request(domain: str, options: LookOptions, settings: Settings) -> Request:
    """The request that these words stand for. Raises InputError, and CouldNotLook without a name server."""
    vantage = make_vantage(options, settings)
    recipients = tuple(_check_address(recipient, "recipient") for recipient in options.recipients)
    return Request(
        domain=domain_of(domain),
        asked=domain,
        vantage=vantage,
        helo=None if vantage.helo == LITERAL else vantage.helo,
        recipients=recipients,
        dns_only=options.dns_only,
        in_order=options.in_order,
        allow_special=options.allow_special,
        controls=tuple(control_host(text) for text in settings.controls),
        own_sender=not options.mail_from,
        matrix=_matrix(domain_of(domain), recipients, options),
        dry_run=options.dry_run,
        further=options.beside.further if options.beside is not None else (),
        anchor=_anchor(options),
    )


def _anchor(options: LookOptions) -> tuple[str, ...]:
    """What is trusted to begin with; nothing where the resolver is believed. Raises InputError."""
    if not options.dnssec:
        if options.trust_anchor is not None:
            raise InputError("--trust-anchor says what validating begins with: it goes with --dnssec")
        return ()
    from mxprobe.mx.anchors import ROOT_ANCHOR, NoAnchor, read_anchor

    if options.trust_anchor is None:
        return ROOT_ANCHOR
    place = Place(str(options.trust_anchor))
    try:
        return read_anchor(options.trust_anchor.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the trust anchor: {error.strerror}", place=place) from error
    except (NoAnchor, UnicodeDecodeError) as error:
        hint = "Right are DS or DNSKEY records of the root, as in a zone file: . IN DS 20326 8 2 E06D44B8..."
        raise InputError(f"no trust anchor: {_short(str(error))}", place=place, hint=hint) from error


def _bogus_name(text: str) -> str:
    try:
        return to_ascii(text) if text else ""
    except NameRefused as error:
        raise InputError(f"the bogus_name {_short(text)} of the settings is no name: {error}") from error


_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def _matrix(domain: str, recipients: tuple[str, ...], options: LookOptions) -> MatrixRequest | None:
    """The wish for a matrix. Raises InputError for one that has no good recipient, or one of another domain."""
    if not options.matrix:
        if options.patient or options.force_shared:
            flag = "--patient" if options.patient else "--force-shared"
            raise InputError(f"{flag} says how a matrix is asked: it goes with --matrix")
        return None
    if not recipients:
        raise InputError(f"a matrix needs a recipient that is there: --to you@{domain}")
    strangers = [name for name in recipients if name.rpartition("@")[2] != domain]
    if strangers:
        raise InputError(f"{strangers[0]} is no recipient of {domain}, whose hosts are to be asked")
    if options.dns_only:
        raise InputError("--dns-only asks no host; --dry-run shows what a matrix would say")
    return MatrixRequest(
        random=options.random or "".join(secrets.choice(_LETTERS) for _ in range(24)),
        owned=options.i_own_this,
        force_shared=options.force_shared,
        patient=options.patient,
    )


def domain_of(text: str) -> str:
    """The A-label of a domain, or of the domain of a mail address. Raises InputError."""
    bare = text.strip().rpartition("@")[2]
    try:
        return to_ascii(bare)
    except NameRefused as error:
        hint = "Right is a name with mail, such as example.com or münchen.example."
        raise InputError(f"{_short(text)} is not a domain: {error}", hint=hint) from error


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _check_address(text: str, what: str) -> str:
    """A mail address as it may stand in a command. Raises InputError."""
    try:
        return to_address(text)
    except NameRefused as error:
        raise InputError(f"{_short(text)} is not the address of a {what}: {error}") from error


def _check_helo(text: str) -> str:
    if text.startswith("[") and text.endswith("]") and text.isascii() and text.isprintable() and " " not in text:
        return text
    try:
        return to_ascii(text)
    except NameRefused as error:
        raise InputError(f"{_short(text)} is no name for EHLO: {error}") from error


def _check_source(text: str | None, families: tuple[int, ...]) -> str | None:
    if text is None:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise InputError(f"{_short(text)} is not an IP address to connect from") from error
    if address.version not in families:
        raise InputError(f"{text} is an IPv{address.version} address, and only IPv{families[0]} is asked for")
    return str(address)


def _or(chosen: Number | None, otherwise: Number) -> Number:
    """0 is a choice, None is none."""
    return otherwise if chosen is None else chosen


def _more_than_zero(what: str, number: Number, most: int) -> Number:
    if not 0 < number <= most:
        raise InputError(f"a {what} is more than 0 and at most {most}, not {number}")
    return number


def names_typed(what: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Names that a person typed, each once, as A-labels; at most eight."""
    try:
        names = tuple(dict.fromkeys(to_ascii(text) for text in texts))
    except NameRefused as error:
        raise InputError(f"{_short(' '.join(texts))} names no {what}: {error}") from error
    if len(names) > _MOST_NAMES:
        raise InputError(f"at most {_MOST_NAMES} can be asked about, and {len(names)} names of a {what} were given")
    return names


def _spacing(seconds: float) -> float:
    if not 0 <= seconds <= 86400:
        raise InputError(f"a spacing of attempts is at least 0 and at most 86400 seconds, not {seconds}")
    return seconds


def control_host(text: str) -> ControlHost:
    """A control host of the settings: a name or an address, and a port where it is not 25."""
    name, colon, port = text.rpartition(":")
    if colon and port.isdigit() and not is_address(text):
        host, number = name.strip("[]"), int(port)
    else:
        host, number = text.strip("[]"), 25
    try:
        host = host if is_address(host) else to_ascii(host)
    except NameRefused as error:
        hint = "Right is a NAME or an ADDRESS, with :PORT where it is not 25."
        raise InputError(f"{_short(text)} in the settings is no control host: {error}", hint=hint) from error
    return ControlHost(host=host, port=_more_than_zero("port", number, 65535))
