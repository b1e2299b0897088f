"""Proves that mail over each MX host of a domain arrives: with consent, one labelled message a host, kept on disk.

Prints nothing. Who may be written to is decided in `mx.consent`, sending and watching is in probe, judging in rules.
"""

import contextlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mxprobe import __version__
from mxprobe.errors import InputError, MxprobeError, Place
from mxprobe.facts.dns import Question, RecordType, TextRecord
from mxprobe.facts.finding import Judgement
from mxprobe.facts.proof import PROOF_SCHEMA, Copy, Proof
from mxprobe.jobs.look import LookOptions, domain_of, make_request
from mxprobe.jobs.quota import charge
from mxprobe.jobs.saved import MOST_OCTETS, read_octets
from mxprobe.mx.consent import OWNED, NoConsent, consent_question, read_consent, text_of
from mxprobe.mx.labelled import SAID_PLACE, Author
from mxprobe.probe.mailboxes import Mailbox, open_mailbox
from mxprobe.probe.mailboxes.cleaning import Cleaned, clean_boxes
from mxprobe.probe.mailboxes.mailbox import Watch, token_of
from mxprobe.probe.planning import Wanted, plan_proof
from mxprobe.probe.prove import Means, prove, watched_hosts
from mxprobe.rules import judge_proof
from mxprobe.scenario.durations import render_duration
from mxprobe.settings import load_settings
from mxprobe.wire.dial import connect
from mxprobe.wire.dkim import Signer
from mxprobe.wire.exchange import ask_over_sockets
from mxprobe.wire.fetch import FetchMeans, allow_any, allow_public
from mxprobe.wire.outage import until_down
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.tls import TlsContext, permissive_context, trusted_pem

MOST_MESSAGES = 20
"""The most messages of one proof."""

_HOUR = 3600.0


class ProveOptions(Struct, frozen=True, kw_only=True):
    """How to prove. Times in seconds; None: as the settings say.

    `mailbox` and `returns` say where copies and bounces are looked for, as people write it (`imap.example.com`,
    `maildir:PATH`), `watching` how, and `clean` that our messages are removed from there in the end. `unknown` writes
    over each backup to somebody who is not there as well; `only` names the hosts that are written to (empty: all). A
    host that puts a message off as greylisting does is asked once more after `again`. `when_down` waits until these
    hosts are down, for `at_most`, and writes to the others; every `knock` seconds it is seen whether they are up. What
    was accepted is overdue after `overdue`, and lost after `deadline`. Messages are signed with the key in `dkim_key`,
    whose public half stands at `dkim_selector` below the domain of `mail_from`.
    """

    mailbox: str = ""
    returns: str = ""
    watching: Watch = Watch()
    clean: bool = False
    i_own_this: bool = False
    unknown: bool = True
    only: tuple[str, ...] = ()
    when_down: tuple[str, ...] = ()
    at_most: float = 12 * _HOUR
    watch: float = 1800.0
    again: float = 330.0
    knock: float = 60.0
    deadline: float = 6 * _HOUR
    overdue: float = 1800.0
    mail_from: str = ""
    helo: str | None = None
    port: int | None = None
    nameservers: tuple[str, ...] = ()
    cafile: Path | None = None
    allow_special: bool = False
    dkim_key: Path | None = None
    dkim_selector: str = ""


class Proved(Struct, frozen=True, kw_only=True):
    """A proof, and what the rules say of it; `cleaned` is what was removed in the end (None: nothing should be)."""

    proof: Proof
    judgements: tuple[Judgement, ...]
    cleaned: Cleaned | None = None


class Prepared(Struct, frozen=True, kw_only=True):
    """A proof that is planned and allowed; nothing was said to any host."""

    proof: Proof
    wanted: Wanted
    resolver: Resolver
    options: ProveOptions


def judge(proof: Proof) -> Proved:
    """What today's rules make of a proof."""
    return Proved(proof=proof, judgements=judge_proof(proof))


async def prepare(recipient: str, options: ProveOptions) -> Prepared:
    """Look up the chain and the consent, and plan the messages.

    Raises InputError for input that cannot be right, and where the domain does not allow it.
    """
    settings = load_settings()
    request = make_request(
        recipient,
        LookOptions(
            recipients=(recipient,),
            helo=options.helo,
            mail_from=options.mail_from,
            port=options.port,
            nameservers=options.nameservers,
        ),
        settings,
    )
    resolver = Resolver(ask_over_sockets, request.vantage.nameservers)
    if options.returns and not request.vantage.mail_from:
        says = "--returns: nothing can come back to the null sender"
        raise InputError(says, hint="Name an envelope sender whose mailbox that is: --from you@example.com")
    allowed = await _consent(request.domain, resolver, options)
    helo = request.helo or "localhost.localdomain"
    author = Author(mail_from=request.vantage.mail_from, helo=helo, contact=settings.contact)
    signer = await _signer(author, resolver, options)
    now = time.time()
    wanted = Wanted(
        author=author,
        port=request.vantage.port,
        watch=options.watch,
        again=options.again,
        knock=options.knock,
        unknown=f"mxprobe-{os.urandom(8).hex()}@{request.domain}" if options.unknown else "",
        allow_special=options.allow_special,
        sign=signer.sign if signer is not None else None,
        only=_hosts(options.only),
        down=_hosts(options.when_down),
    )
    proof = Proof(
        version=__version__,
        domain=request.domain,
        recipient=request.recipients[0],
        mail_from=author.mail_from,
        helo=helo,
        allowed_by=allowed,
        began_at=now,
        watched_until=now,
        deadline=now + options.deadline,
        overdue=options.overdue,
        signed=signer.domain if signer is not None else "",
    )
    proof = await plan_proof(proof, wanted, resolver)
    _check_plan(proof, options)
    proof = _with_boxes(proof, options)
    return Prepared(proof=proof, wanted=wanted, resolver=resolver, options=options)


async def carry_out(prepared: Prepared, journal: Path, tell: Callable[[str], None]) -> Proved:
    """Send and watch, then clean where that is wanted; every change is on disk in `journal` before the next thing is
    done. A proof that was interrupted leaves the mailboxes as they are.

    Raises InputError where the journal cannot be written or there were too many messages lately, and MxprobeError
    where a mailbox cannot be looked at before anything was sent.
    """
    proof, wanted, options = prepared.proof, prepared.wanted, prepared.options
    mailbox, returns = (_open(word, flag, proof, options) for word, flag in _boxes(options))
    boxes, cleaned = [box for box in (mailbox, returns) if box is not None], None
    try:
        planned = sum(1 for route in proof.routes if route.begun_at is None) if wanted.sends else 0
        if planned:
            for box in boxes:
                await _look_before(box, proof)
            if wanted.down:
                proof = await _wait_for_outage(prepared, tell)
            charge(planned)
        keep(proof, journal)
        proof = await prove(proof, wanted, _means(prepared, mailbox, returns), lambda known: keep(known, journal), tell)
        if options.clean and proof.complete:
            cleaned = await clean_boxes(boxes, frozenset(route.token for route in proof.routes))
    finally:
        for box in boxes:
            with contextlib.suppress(MxprobeError):  # a farewell that nobody hears changes nothing
                await box.close()
    return replace(judge(proof), cleaned=cleaned)


async def _look_before(box: Mailbox, proof: Proof) -> None:
    """See that a mailbox can be looked at before anything is sent. Raises InputError for one that finds what cannot be
    there yet."""
    tokens = {route.token for route in proof.routes}
    if any(token_of(found.content) in tokens for found in await box.look()):
        says = "says that a message has arrived that was not sent yet"
        raise InputError(f"{box.describe()}: {says}", hint="It has to look for the mark that it is given.")


def keep(proof: Proof, journal: Path) -> None:
    """Write the proof to disk, for its owner alone; it is there when this returns. Raises InputError."""
    beside = journal.with_name(f".{journal.name}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINKS, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(proof), indent=1))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(journal)
        _sync(journal.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise InputError(f"the proof cannot be kept there: {error.strerror}", place=Place(str(journal))) from error


_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


def _sync(folder: Path) -> None:
    """Have the names in a folder on disk, where the system can open one."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def load_proof(path: Path) -> Proof:
    """A proof that was kept. Raises InputError for a file that is none."""
    try:
        proof = msgspec.json.decode(read_octets(path, MOST_OCTETS), type=Proof)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"this is no proof that mxprobe has kept: {error}", place=Place(str(path))) from error
    if proof.kind != "proof" or proof.schema > PROOF_SCHEMA:
        says = f"this is a {proof.kind} of schema {proof.schema}; a proof of schema {PROOF_SCHEMA} can be read"
        raise InputError(says, place=Place(str(path)))
    return proof


async def resume(path: Path, options: ProveOptions, arrived: tuple[str, ...] = ()) -> Prepared:
    """A proof taken up again: nothing is sent, not even what was not begun. `arrived` are tokens that somebody has
    seen.

    Raises InputError for a file that is none, and for a token that is none of its own.
    """
    proof = load_proof(path)
    tokens = {route.token for route in proof.routes}
    for token in arrived:
        if token not in tokens:
            raise InputError(f"--arrived {token}: no message of this proof bears that mark", place=Place(str(path)))
    settings = load_settings()
    request = make_request(
        proof.recipient, LookOptions(helo=proof.helo, nameservers=options.nameservers, port=options.port), settings
    )
    routes = tuple(
        replace(route, copies=(_by_word(route.token),)) if route.token in arrived and not route.copies else route
        for route in proof.routes
    )
    author = Author(mail_from=proof.mail_from, helo=proof.helo, contact=settings.contact)
    wanted = Wanted(
        author=author, port=request.vantage.port, watch=options.watch, knock=options.knock, again=None, sends=False
    )
    proof = replace(proof, routes=routes, complete=True)
    proof = _with_boxes(proof, options)
    resolver = Resolver(ask_over_sockets, request.vantage.nameservers)
    return Prepared(proof=proof, wanted=wanted, resolver=resolver, options=options)


async def _consent(domain: str, resolver: Resolver, options: ProveOptions) -> str:
    """What allows writing to the domain. Raises InputError where nothing does."""
    if options.i_own_this:
        return OWNED.allowed_by
    answer = await resolver.ask(consent_question(domain))
    found = read_consent(domain, answer, datetime.now(UTC).date())
    if isinstance(found, NoConsent):
        record = f'{consent_question(domain).name}. TXT "v=mxprobe1; until=YYYY-MM-DD"'
        hint = f"It would be allowed by {record}, or by {found.flag}."
        raise InputError(f"{domain} does not allow messages of mxprobe: {found.reason}", hint=hint)
    return f"TXT {found.allowed_by} until {found.until}"


async def _signer(author: Author, resolver: Resolver, options: ProveOptions) -> Signer | None:
    """What signs, once its key is seen to be published. Raises InputError."""
    if options.dkim_key is None and not options.dkim_selector:
        return None
    if options.dkim_key is None or not options.dkim_selector:
        raise InputError("--dkim-key and --dkim-selector belong together")
    if not author.mail_from:
        raise InputError("a signature is of the sender's domain: --from you@example.com")
    signer = Signer(domain_of(author.mail_from), options.dkim_selector, options.dkim_key)
    answer = await resolver.ask(Question(name=signer.record_name, rrtype=RecordType.TXT))
    texts = [text_of(record.text) for record in answer.records if isinstance(record, TextRecord)]
    if not signer.is_published_in(texts):
        says = f"{signer.record_name} does not hold the key: nobody could verify the signature"
        raise InputError(says, hint=f'It needs: {signer.record_name}. TXT "{signer.record}"')
    return signer


def _check_plan(proof: Proof, options: ProveOptions) -> None:
    """Refuse a proof that would write to nobody or to too many, or that names hosts that are not there."""
    hosts = {host for _, host in proof.chain}
    for flag, names in (("--only", options.only), ("--when-down", options.when_down)):
        for name, host in zip(names, _hosts(names), strict=True):
            if host not in hosts:
                raise InputError(f"{flag} {name}: the MX hosts of {proof.domain} are {', '.join(sorted(hosts))}")
    if not proof.routes and proof.unusable:
        whys = "; ".join(f"{host}: {why}" for host, why in proof.unusable)
        raise InputError(f"no message can be handed to a host of {proof.domain} from here: {whys}")
    if len(proof.routes) > MOST_MESSAGES:
        says = f"{len(proof.routes)} messages would be sent, and {MOST_MESSAGES} is the most"
        raise InputError(says, hint="Name the hosts that count: --only mx2.example.com; --no-unknown halves them.")
    if options.when_down and hosts <= set(_hosts(options.when_down)):
        raise InputError("--when-down names every MX host: nobody would be left to write to")
    unreachable = set(_hosts(options.when_down)) - set(dict(proof.addresses))
    if unreachable:
        says = "nobody can see from here whether it is down, for it has no address that may be dialled"
        raise InputError(f"--when-down {', '.join(sorted(unreachable))}: {says}")


def _hosts(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of hosts as the chain has them."""
    return tuple(name.rstrip(".").lower() for name in names)


async def _wait_for_outage(prepared: Prepared, tell: Callable[[str], None]) -> Proof:
    """The proof as it is once the named hosts are down. Raises MxprobeError where they do not go down in time, or where
    it is not allowed any more by then."""
    options, proof, wanted = prepared.options, prepared.proof, prepared.wanted
    watched = replace(watched_hosts(proof, wanted.down, wanted), at_most=options.at_most)
    if not await until_down(watched, connect, tell):
        names, waited = ", ".join(wanted.down), render_duration(options.at_most)
        raise MxprobeError(f"{names} did not go down within {waited} (--at-most); nothing was sent")
    allowed, now = await _consent(proof.domain, prepared.resolver, options), time.time()
    return replace(proof, allowed_by=allowed, began_at=now, deadline=proof.deadline + now - proof.began_at)


def _means(prepared: Prepared, mailbox: Mailbox | None, returns: Mailbox | None) -> Means:
    options = prepared.options
    fetch = FetchMeans(
        resolver=prepared.resolver,
        connect=connect,
        tls=TlsContext(options.cafile),
        wall=time.time,
        allows=allow_any if options.allow_special else allow_public,
    )
    return Means(
        resolver=prepared.resolver,
        connect=connect,
        anchors=trusted_pem(options.cafile),
        tls=permissive_context(),
        wall=time.time,
        fetch=fetch,
        mailbox=mailbox.look if mailbox is not None else None,
        returns=returns.look if returns is not None else None,
        charge=charge,
    )


def _boxes(options: ProveOptions) -> tuple[tuple[str, str], ...]:
    """Where is looked, and by which option it was said."""
    return (options.mailbox, "--mailbox"), (options.returns, "--returns")


def _open(word: str, flag: str, proof: Proof, options: ProveOptions) -> Mailbox | None:
    """A mailbox by its word; None where there is none. Raises InputError."""
    if not word:
        return None
    tokens = tuple(route.token for route in proof.routes)
    user = (proof.recipient if flag == "--mailbox" else proof.mail_from).rpartition("@")[0]
    watching = replace(options.watching, since=proof.began_at, tokens=tokens, user=user, argument=flag)
    box = open_mailbox(word, watching)
    if options.clean and not box.can_clean:
        says = f"--clean: nothing can be removed from {flag} {word.partition(':')[0]}"
        raise InputError(says, hint="Leave --clean out; it is for IMAP, maildir:PATH and mbox:PATH.")
    return box


def _with_boxes(proof: Proof, options: ProveOptions) -> Proof:
    """The proof, with words for where is looked. Raises InputError for a box that cannot be right."""
    if options.clean and not (options.mailbox or options.returns):
        raise InputError("--clean: no mailbox is named that could be cleaned", hint="Name it: --mailbox, --returns.")
    mailbox, returns = (_open(word, flag, proof, options) for word, flag in _boxes(options))
    return replace(
        proof,
        mailbox=mailbox.describe() if mailbox is not None else proof.mailbox,
        returns=returns.describe() if returns is not None else proof.returns,
    )


def _by_word(token: str) -> Copy:
    """A copy that somebody says has arrived."""
    return Copy(place=SAID_PLACE, at=time.time(), message_id=token, at_known=False)
