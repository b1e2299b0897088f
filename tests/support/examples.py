"""Reads the examples in the pages of rules and faults, so that every page is run as a test.

An example of a rule about domains has a line for each thing that was seen:

    example.test MX 10 mx1.example.test       a record of any type that is asked for
    mx1.example.test NXDOMAIN                 a name without any, or a failure: NXDOMAIN, NODATA, SERVFAIL, REFUSED
    mx1.example.test AAAA SERVFAIL            the same of one type alone
    mx1.example.test A NXDOMAIN for 3600      an absence, and how long it may be kept
    example.test MX ttl 86400                 how long records may be kept (3600 without such a line)
    authority ns1.example.test example.test MX 10 mx1.example.test
                                              what a server of the zone said itself, or how its answer failed; its
                                              address is its A record
    authority ns1.example.test example.test MX ttl 300
                                              and the TTL with which it did (3600 without such a line)
    secure example.test MX                    what our validator made of an answer: secure, insecure, bogus or unknown,
    bogus example.test MX expired: the signature of example.test/1 expired 2026-01-01
                                              and then the reason in a word, and in words
    secure example.test MX for 2 of 14 days   and how long its signatures still hold, of how long in all
    bogus-name dnssec-failed.test             the name by which it is told whether the resolver validates
    validated example.test MX                 an answer with the AD bit
    192.0.2.1 refuses connections             how every attempt at an address ended: "refuses connections", "does not
                                              answer", "says nothing", "hangs up", "no way for its family"
    192.0.2.1 "220 mx1" "250-mx1" "250 SIZE"  what it said to the connection and to EHLO
    192.0.2.1 certificate self-signed         and what it showed in the handshake
    192.0.2.1 STARTTLS "454 4.7.0 not now"    what it said to STARTTLS; without such a line, 220 before a handshake
    192.0.2.1 handshake "bad certificate"     and why the handshake failed, in the words of OpenSSL
    192.0.2.1 random "550 5.1.1 no such user" what it said to RCPT: of alice (good), of random, postmaster and foreign,
                                              and of alice from the null sender (null); without such a line, what is
                                              right
    192.0.2.1 again good "250 2.1.5 ok"       and what it said when it was asked once more
    control 198.51.100.1 does not answer      the same for a host of another operator
    _mta-sts.example.test TXT v=STSv1; id=1   a text
    _25._tcp.mx1.example.test TLSA 3 1 1 of 192.0.2.1
                                              a record of what an address shows: with usage 0 and 2 of the authority
    policy "version: STSv1" "mode: testing"   the lines of the policy file that was fetched
    policy http-status 404                    or how the fetch ended, and its detail
    helo probe.example.test from 192.0.2.9    who was looking
    selector s1                               a selector of DKIM that was named
    dnsbl bl.example                          a list of addresses that was named
    looked 2026-03-01T12:00Z                  when (1970 without such a line)
    192.0.2.1 certificate valid key 2 by CN=Another authority
                                              a certificate with a real key, the second of its host, and its issuer

What stands beside the look is told by lines that begin with a word:

    before example.test MX 10 mx1.example.test
                                              the earlier look (a day before, or `before looked ...`) saw the same but
                                              for what such lines say of a name and type, an address or the policy
    approved mx: [10 mx1.example.test]        a line of the file of --expect; `domain` is filled in
    history 2026-03-01T12:00Z example.test MX 10 mx1.example.test
                                              a look of that moment that was kept (--history), told as the earlier one;
                                              `same`: it saw all that the look itself saw

An example of a rule about runs is a part of a scenario file; the rest of the story is filled in here. What the lab's
own senders never do is told as it happened, a line for each event, letters numbered where there are several:

    chain 10 mx1, 20 mx2
    0s sender tries mx1
    0s mx1 refuses 421 4.3.2 busy
    120 times: sender tries mx1; mx1 accepts

Behind `accepts` may stand how the content travelled: in clear, unverified or verified. Before the events may stand who
sends, which hosts are protected, and which are an attacker's:

    sender rfc5321+mta-sts
    protected mx1, mx2
    rogue evil
"""

import re
import shlex
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import (
    AddressRecord,
    Alias,
    Answer,
    AnswerStatus,
    AuthorityAnswer,
    MxRecord,
    Question,
    RecordType,
    Security,
    TextRecord,
    Validation,
)
from mxprobe.facts.finding import Judgement
from mxprobe.facts.matrix import AskedAbout, Role
from mxprobe.facts.policy import FetchStatus, PolicyFetch
from mxprobe.facts.run import Event, EventKind, Run, TlsUse
from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Control, Snapshot, Vantage, Visit
from mxprobe.facts.tls import Certificate, ChainProblem, StrictVerdict, TlsFacts
from mxprobe.lab.certs import Authority
from mxprobe.mx.dane import read_tlsa, tlsa_record
from mxprobe.mx.matrix import envelopes
from mxprobe.probe.matrix import MatrixRequest, matrix_questions, plain_questions
from mxprobe.rules import judge_snapshot
from mxprobe.scenario.fates import gather_fates
from mxprobe.scenario.load import load
from mxprobe.scenario.load_approved import load_approved
from mxprobe.scenario.model import Scenario
from mxprobe.scenario.reaction import CertificateKind

_ADDRESS_TYPES = (RecordType.A, RecordType.AAAA)
_GOOD = "alice@example.test"
_FAILURES = {
    "refuses connections": FailureKind.REFUSED,
    "does not answer": FailureKind.TIMEOUT,
    "no way for its family": FailureKind.NO_FAMILY,
    "says nothing": FailureKind.TIMEOUT,
    "hangs up": FailureKind.CLOSED,
}
_CONNECTED = ("says nothing", "hangs up")
_VERDICTS = {
    "valid": StrictVerdict(trusted=True, dates_valid=True, name_matches=True),
    "expired": StrictVerdict(
        trusted=True,
        dates_valid=False,
        name_matches=True,
        problems=(ChainProblem(code=10, depth=0, text="certificate has expired"),),
    ),
    "self-signed": StrictVerdict(
        trusted=False,
        dates_valid=True,
        name_matches=True,
        problems=(ChainProblem(code=18, depth=0, text="self-signed certificate"),),
    ),
    "another name": StrictVerdict(trusted=True, dates_valid=True, name_matches=False),
    "expiring": StrictVerdict(trusted=True, dates_valid=True, name_matches=True),
}
_TYPES = "|".join(RecordType)
_STATUSES = "NXDOMAIN|NODATA|SERVFAIL|REFUSED|TIMEOUT"
_RECORD = re.compile(rf"(\S+) ({_TYPES}) (?!(?:(?:{_STATUSES})(?: for \d+)?|ttl \d+)$)(.+)")
_FAILED = re.compile(rf"(\S+)(?: ({_TYPES}))? ({_STATUSES})(?: for (\d+))?")
_TTL = re.compile(rf"(\S+) ({_TYPES}) ttl (\d+)")
_VALIDATED = re.compile(
    rf"(secure|insecure|bogus|unknown|validated) (\S+) ({_TYPES})(?: for (\d+) of (\d+) days| ([a-z-]+): (.+))?"
)
_AUTHORITY = re.compile(rf"authority (\S+) (\S+) ({_TYPES}) (.+)")
_ANSWER = re.compile(r'(again )?(good|random|postmaster|foreign|null) "(.+)"')
_PROMISE = re.compile(r"(\d+) (\d+) (\d+) of (\S+)")
_AUTHORITY_OF_ALL = Authority(1)
_KINDS = {
    "valid": CertificateKind.VALID,
    "expired": CertificateKind.EXPIRED,
    "self-signed": CertificateKind.SELF_SIGNED,
    "another name": CertificateKind.WRONG_NAME,
    "expiring": CertificateKind.VALID,
}
_RIGHT = {
    "good": "250 2.1.5 ok",
    "null": "250 2.1.5 ok",
    "postmaster": "250 2.1.5 ok",
    "random": "550 5.1.1 no such user",
    "foreign": "554 5.7.1 Relay access denied",
}
_BETWEEN = 1000.0
"""Seconds between the sessions with two addresses, so that a wait has room between them."""
_STORY = """\
story: An example.
domain: example.test
recipients: [alice]
expect:
  letter: {queued: sender}
"""


def block_of(page: str | None) -> str:
    """The indented lines of a page, which are its example."""
    lines = [line for line in (page or "").splitlines() if line.startswith("    ")]
    return textwrap.dedent("\n".join(lines))


def story_of(block: str) -> Scenario:
    """The story of an example: its own keys, and what every story needs."""
    mx = "" if re.search(r"^mx:", block, re.MULTILINE) else "mx: [10 mx1, 20 mx2]\n"
    return load(f"{_STORY}{mx}{block}\n", "example.yaml")


def snapshot_of(block: str) -> Snapshot:
    """The saved probe of an example. Raises ValueError for a line that is none of those above."""
    return _Reading("\n".join(_lines_of(block, ""))).snapshot()


def beside_of(block: str) -> Beside:
    """What stands beside the saved probe of an example."""
    approved = "\n".join(["domain: example.test", *_lines_of(block, "approved")])
    return Beside(
        before=_before(block) if _lines_of(block, "before") else None,
        approved=load_approved(approved.encode(), "expected.yaml") if _lines_of(block, "approved") else None,
        history=_history(block),
    )


def judged(block: str, unwanted: tuple[str, ...] = ()) -> tuple[Judgement, ...]:
    """What the rules say of an example."""
    return judge_snapshot(snapshot_of(block), unwanted=unwanted, beside=beside_of(block))


_BESIDE = ("before", "approved", "history")


def _lines_of(block: str, word: str) -> list[str]:
    """The lines that begin with a word, without it; those of the look itself for none."""
    lines = [(line.partition(" ")[0], line) for line in block.splitlines()]
    if not word:
        return [line for first, line in lines if first not in _BESIDE]
    return [line.removeprefix(f"{word} ") for first, line in lines if first == word]


def _before(block: str) -> Snapshot:
    """The earlier look: its own lines, and those of the look that say nothing of the same."""
    own = _lines_of(block, "before")
    about = {_about(line) for line in own}
    lines = [*own, *(line for line in _lines_of(block, "") if _about(line) not in about)]
    seen = _Reading("\n".join(lines)).snapshot()
    told = any(line.startswith("looked ") for line in own)
    return seen if told else replace(seen, started_at=seen.started_at - 86400.0)


def _history(block: str) -> tuple[Snapshot, ...]:
    """The looks that were kept, oldest first."""
    kept: dict[str, list[str]] = {}
    for line in _lines_of(block, "history"):
        moment, _, rest = line.partition(" ")
        kept.setdefault(moment, []).extend([rest] if rest != "same" else [])
    looks = []
    for moment, own in sorted(kept.items()):
        about = {_about(line) for line in own} | {("looked", "")}
        lines = [f"looked {moment}", *own]
        lines += [line for line in _lines_of(block, "") if _about(line) not in about]
        looks.append(_Reading("\n".join(lines)).snapshot())
    return tuple(looks)


def _about(line: str) -> tuple[str, str]:
    """What a line is about: a name and a type, an address and one thing that it does, or a thing without a name."""
    subject, _, rest = line.partition(" ")
    if subject == "authority" and _TTL.fullmatch(rest.partition(" ")[2]):
        return subject, "ttl"
    if subject in ("policy", "helo", "looked", "control", "authority"):
        return subject, ""
    if match := _VALIDATED.fullmatch(line):
        return f"what signatures say of {match[2]}", match[3]
    if match := re.fullmatch(rf"\S+ ({_TYPES}) .*", line):
        return subject, f"{match[1]}{' ttl' if _TTL.fullmatch(line) else ''}"
    return subject, "says" if rest.startswith('"') else rest.partition(" ")[0]


class _Reading:
    def __init__(self, block: str) -> None:
        self.records: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.statuses: dict[tuple[str, str], AnswerStatus] = {}
        self.ttls: dict[tuple[str, str], int] = {}
        self.absent_for: dict[str, int | None] = {}
        self.authorities: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self.validations: dict[Question, Validation] = {}
        self.validated: set[Question] = set()
        self.said: dict[str, list[str]] = defaultdict(list)
        self.controls: list[tuple[str, str]] = []
        self.answered: dict[str, dict[str, str]] = defaultdict(dict)
        self.answered_again: dict[str, dict[str, str]] = defaultdict(dict)
        self.policy: PolicyFetch | None = None
        self.named: dict[str, list[str]] = {"selector": [], "dnsbl": []}
        self.bogus_name: str | None = None
        self.helo, self.source = "probe.example.test", None
        self.started_at = 0.0
        for line in block.splitlines():
            self._read(line.strip())

    def _read(self, line: str) -> None:
        subject, _, rest = line.partition(" ")
        if subject == "control":
            address, _, how = rest.partition(" ")
            self.controls.append((address, how))
        elif subject == "looked":
            self.started_at = datetime.fromisoformat(rest).timestamp()
        elif subject == "policy":
            self.policy = _policy(rest)
        elif subject in self.named:
            self.named[subject].append(rest)
        elif subject == "bogus-name":
            self.bogus_name = rest
        elif subject == "helo":
            self.helo, _, self.source = rest.partition(" from ")  # type: ignore[assignment]
        elif match := _AUTHORITY.fullmatch(line):
            server, name, rrtype, data = match.groups()
            self.authorities[server, name, rrtype].append(data)
        elif match := _VALIDATED.fullmatch(line):
            self._read_validation(*match.groups())
        elif match := _TTL.fullmatch(line):
            self.ttls[match[1], match[2]] = int(match[3])
        elif match := _FAILED.fullmatch(line):
            self.statuses[match[1], match[2] or ""] = AnswerStatus(match[3].lower())
            self.absent_for[match[1]] = int(match[4]) if match[4] else None
        elif match := _RECORD.fullmatch(line):
            self.records[match[1], match[2]].append(match[3])
        elif match := _ANSWER.fullmatch(rest):
            again, role, text = match.groups()
            (self.answered_again if again else self.answered)[subject][role] = text
        elif rest in _FAILURES or rest.startswith('"'):
            self.said[subject].insert(0, rest)
        elif rest.startswith(("certificate ", 'STARTTLS "', 'handshake "')):
            self.said[subject].append(rest)
        else:
            raise ValueError(f"an example cannot say {line!r}")

    def _read_validation(self, word: str, name: str, rrtype: str, *more: str | None) -> None:
        question = Question(name=name, rrtype=RecordType(rrtype))
        left, whole, reason, detail = more
        if word == "validated":
            self.validated.add(question)
            return
        link = f"{name} {rrtype}" if reason else ""
        self.validations[question] = Validation(
            question=question,
            security=Security(word),
            reason=reason or "",
            link=link,
            detail=detail or "",
            valid_from=self.started_at + 86400.0 * (int(left) - int(whole)) if left and whole else None,
            valid_until=self.started_at + 86400.0 * int(left) if left else None,
        )

    def snapshot(self) -> Snapshot:
        mx = sorted((int(text.split()[0]), text.split()[1]) for text in self.records["example.test", "MX"])
        hosts = [(preference, name) for preference, name in mx if name != "."] or [(0, "example.test")]
        answers = [self._answer("example.test", RecordType.MX)]
        answers += [self._answer(name, rrtype) for _, name in hosts for rrtype in (RecordType.A, RecordType.AAAA)]
        told = {
            Question(name=name, rrtype=RecordType(rrtype)) for name, rrtype in (*self.records, *self.statuses) if rrtype
        }
        whole = {Question(name=name, rrtype=_usual_type(name)) for name, rrtype in self.statuses if not rrtype}
        known = {answer.question for answer in answers}
        answers += [self._answer(one.name, one.rrtype) for one in sorted((told | whole) - known)]
        visits = [
            self._visit(endpoint, preference)
            for preference, name in hosts
            for answer in answers[1 : 1 + 2 * len(hosts)]
            if answer.question.name == name
            for record in answer.addresses
            if record.address in self.said
            for endpoint in (Endpoint(host=name, address=record.address),)
        ]
        return Snapshot(
            domain="example.test",
            asked="example.test",
            version="0",
            started_at=self.started_at,
            elapsed=0.0,
            vantage=Vantage(
                helo=self.helo,
                dkim_selectors=tuple(self.named["selector"]),
                dnsbls=tuple(self.named["dnsbl"]),
                bogus_name=self.bogus_name,
            ),
            answers=tuple(answers),
            visits=tuple(visits),
            controls=tuple(self._control(address, how) for address, how in self.controls),
            recipients=(_GOOD,) if self._asked() else (),
            asked_about=self._asked(),
            policy=self.policy,
            authorities=tuple(self._authorities()),
            validations=tuple(self.validations.values()),
            planned=tuple(self._planned(answers, {name for _, name in hosts})),
        )

    def _planned(self, answers: list[Answer], chain: set[str]) -> Iterator[Visit]:
        """Hosts that no MX record names, and that said something all the same: a migration names them."""
        for answer in answers:
            for record in answer.addresses if answer.question.name not in chain else ():
                if record.address in self.said:
                    yield self._visit(Endpoint(host=answer.question.name, address=record.address), 0)

    def _authorities(self) -> Iterator[AuthorityAnswer]:
        for (server, name, word), texts in self.authorities.items():
            question = Question(name=name, rrtype=RecordType(word))
            address = self.records.get((server, "A"), ["192.0.2.53"])[0]
            said_by = f"{address}:53"
            if texts[0] in _STATUSES.split("|"):
                answer = Answer(question=question, status=AnswerStatus(texts[0].lower()), server=said_by)
            else:
                ttl = next((int(text.split()[1]) for text in texts if text.startswith("ttl ")), 3600)
                told = (text for text in texts if not text.startswith("ttl "))
                records = tuple(_record(question.rrtype, text, ttl) for text in told)
                found = AnswerStatus.FOUND
                answer = Answer(question=question, status=found, records=records, server=said_by, authoritative=True)
            yield AuthorityAnswer(zone=name, server=server, address=address, answer=answer)

    def _asked(self) -> AskedAbout | None:
        """What was asked about: nobody, the good recipient, or a matrix."""
        roles = {role for said in (*self.answered.values(), *self.answered_again.values()) for role in said}
        if not roles:
            return None
        sender = f"postmaster@{self.helo}"
        if roles == {"good"}:
            return plain_questions((_GOOD,), sender)
        asked = matrix_questions("example.test", (_GOOD,), sender, MatrixRequest(random="q7x2m9k4w8z1n5c3v6b0t2r8"))
        return replace(asked, allowed_by="--i-own-this")

    def _visit(self, endpoint: Endpoint, preference: int) -> Visit:
        visit = Visit(endpoint=endpoint, preference=preference, sessions=self._sessions(endpoint))
        asked, host = self._asked(), endpoint.address
        if asked is None or visit.sessions[-1].last_turn(Phase.EHLO) is None:
            return visit
        everything = tuple(range(len(asked.questions)))
        began = _BETWEEN * list(self.said).index(host)
        first = replace(visit.sessions[-1], started_at=began)
        visit = replace(visit, sessions=(_with_answers(first, asked, everything, self.answered[host]),))
        said = self.answered_again[host]
        if not said:
            return visit
        numbers = tuple(number for number in everything if _role(asked, number) in said)
        again = _with_answers(replace(first, started_at=began + 301), asked, numbers, said)
        return replace(visit, again=again, asked_again=numbers)

    def _answer(self, name: str, rrtype: RecordType) -> Answer:
        question, server = Question(name=name, rrtype=rrtype), "192.0.2.53:53"
        aliases: tuple[Alias, ...] = ()
        while (status := self._status(name, rrtype)) is None and (points_to := self.records.get((name, "CNAME"))):
            aliases = (*aliases, Alias(name=name, points_to=points_to[0], ttl=300))
            name = points_to[0]
        if status is not None:
            kept = self.absent_for.get(name)
            return Answer(question=question, status=status, aliases=aliases, server=server, negative_ttl=kept)
        ttl = self.ttls.get((name, rrtype.value), 3600)
        texts = [self._promised(text) for text in self.records.get((name, rrtype.value), [])]
        records = tuple(_record(rrtype, text, ttl) for text in texts)
        return Answer(
            question=question,
            status=AnswerStatus.FOUND if records else AnswerStatus.NODATA,
            records=records,
            aliases=aliases,
            server=server,
            authenticated=question in self.validated,
        )

    def _promised(self, text: str) -> str:
        """The text of a TLSA record; one that is of an address is made of the certificates that it shows."""
        match = _PROMISE.fullmatch(text)
        if match is None:
            return text
        *numbers, address = match.groups()
        usage, selector, mtype = map(int, numbers)
        host = next(name for (name, rrtype), texts in self.records.items() if rrtype == "A" and address in texts)
        kinds = (said.removeprefix("certificate ") for said in self.said[address] if said.startswith("certificate "))
        kind = next(kinds)
        leaf, *above = _whole(_handshake(host, kind), host, kind).chain
        return tlsa_record(bytes((above[0] if usage in (0, 2) else leaf).der), usage, selector, mtype)

    def _shaken(self, host: str, kind: str) -> TlsFacts:
        """A handshake; its certificates are real ones where there are TLSA records that could match them."""
        tls = _handshake(host, kind)
        texts = [text for (_, rrtype), told in self.records.items() if rrtype == "TLSA" for text in told]
        read = [read_tlsa(text) for text in texts]
        compared = any(_PROMISE.fullmatch(text) for text in texts) or any(one and one.is_usable for one in read)
        return _whole(tls, host, kind) if compared else tls

    def _status(self, name: str, rrtype: RecordType) -> AnswerStatus | None:
        return self.statuses.get((name, rrtype.value), self.statuses.get((name, "")))

    def _sessions(self, endpoint: Endpoint) -> tuple[Session, ...]:
        how = self.said[endpoint.address]
        times = 3 if how[0] in _FAILURES else 1
        return tuple(self._session(endpoint, how, 20.0 * number) for number in range(times))

    def _control(self, address: str, how: str) -> Control:
        endpoint = Endpoint(host=address, address=address)
        return Control(endpoint=endpoint, session=self._session(endpoint, [how], 0.0))

    def _session(self, endpoint: Endpoint, how: list[str], at: float) -> Session:
        if kind := _FAILURES.get(how[0]):
            phase = Phase.BANNER if how[0] in _CONNECTED else Phase.CONNECT
            failure = Failure(kind=kind, phase=phase, after=60.0 if kind is FailureKind.TIMEOUT else 0.0)
            turn = Turn(phase=phase, started=0.0, ended=0.0, failure=failure)
            return Session(endpoint=endpoint, side=Side.CLIENT, started_at=at, turns=(turn,), failure=failure)
        banner, *hello = shlex.split(how[0])
        texts = [(Phase.BANNER, [banner])] + ([(Phase.EHLO, hello)] if hello else [])
        kinds = [said.removeprefix("certificate ") for said in how[1:] if said.startswith("certificate ")]
        turns = tuple(Turn(phase=phase, started=0.0, ended=0.0, reply=_reply(lines)) for phase, lines in texts)
        secured, broken = _upgrade(how[1:])
        return Session(
            endpoint=endpoint,
            side=Side.CLIENT,
            started_at=at,
            turns=turns + secured,
            failure=broken,
            tls=self._shaken(endpoint.host, kinds[0]) if kinds else None,
            source=self.source,
        )


def _upgrade(how: list[str]) -> tuple[tuple[Turn, ...], Failure | None]:
    """The turns of STARTTLS and of its handshake, and how that failed."""
    said = dict(line.split(" ", 1) for line in how)
    if "STARTTLS" in said:
        return (Turn(phase=Phase.STARTTLS, started=0.0, ended=0.0, reply=_reply([said["STARTTLS"].strip('"')])),), None
    failure = None
    if "handshake" in said:
        failure = Failure(kind=FailureKind.TLS, phase=Phase.TLS, detail=said["handshake"].strip('"'))
    if not said:
        return (), None
    ready = Turn(phase=Phase.STARTTLS, started=0.0, ended=0.0, reply=_reply(["220 2.0.0 ready"]))
    return (ready, Turn(phase=Phase.TLS, started=0.0, ended=0.0, failure=failure)), failure


def _role(asked: AskedAbout, number: int) -> str:
    """The word of a question: its role, or null for the good recipient under the null sender."""
    question = asked.questions[number]
    return "null" if question.role is Role.GOOD and not question.sender else question.role.value


def _with_answers(session: Session, asked: AskedAbout, numbers: tuple[int, ...], said: dict[str, str]) -> Session:
    """The session with an envelope for each sender, every MAIL accepted."""
    turns = list(session.turns)
    for sender, group in envelopes(asked, numbers):
        turns.append(Turn(phase=Phase.MAIL, started=0.0, ended=0.0, subject=sender, reply=_reply(["250 2.1.0 ok"])))
        for number in group:
            text, recipient = said.get(_role(asked, number)), asked.questions[number].recipient
            reply = _reply([text or _RIGHT[_role(asked, number)]])
            turns.append(Turn(phase=Phase.RCPT, started=0.0, ended=0.0, subject=recipient, reply=reply))
    return replace(session, turns=tuple(turns))


def _usual_type(name: str) -> RecordType:
    """What is asked of a name of which it is said only that there is nothing."""
    if name.endswith(".arpa"):
        return RecordType.PTR
    return RecordType.TXT if name.startswith("_") or "._" in name else RecordType.A


def _record(rrtype: RecordType, text: str, ttl: int) -> MxRecord | AddressRecord | TextRecord:
    if rrtype is RecordType.MX:
        preference, exchange = text.split()
        return MxRecord(preference=int(preference), exchange=exchange, ttl=ttl)
    if rrtype in _ADDRESS_TYPES:
        return AddressRecord(address=text, ttl=ttl)
    return TextRecord(text=f'"{text}"' if rrtype is RecordType.TXT else text, ttl=ttl)


def _policy(words: str) -> PolicyFetch:
    """A fetch that brought a file, or how it ended: `http-status 404`."""
    if words.startswith('"'):
        body = "".join(f"{line}\r\n" for line in shlex.split(words)).encode()
        return PolicyFetch(domain="example.test", status=FetchStatus.FETCHED, started_at=0.0, code=200, body=body)
    status, _, detail = words.partition(" ")
    return PolicyFetch(domain="example.test", status=FetchStatus(status), started_at=0.0, detail=detail)


def _reply(lines: list[str]) -> Reply:
    raw = "".join(f"{line}\r\n" for line in lines).encode()
    return Reply(raw=raw, code=int(lines[-1][:3]), lines=tuple(line[4:] for line in lines))


def _handshake(host: str, kind: str) -> TlsFacts:
    kind, _, identity = kind.partition(" key ")
    number, _, issuer = identity.partition(" by ")
    name = "relay.isp.example" if kind == "another name" else host
    certificate = Certificate(
        der=Authority(int(number)).issue(name).der if number else b"",
        subject=f"CN={name}",
        issuer=issuer or "CN=An authority",
        names=(name,),
        not_before=-80 * 86400.0,
        not_after=5 * 86400.0 if kind == "expiring" else 2e9,
        key="ECDSA 256",
        signature="ecdsa-with-SHA256",
        fingerprint="00",
    )
    return TlsFacts(
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        group="x25519",
        server_name=host,
        chain=(certificate,),
        verdict=_VERDICTS[kind],
        elapsed=0.1,
    )


def _whole(tls: TlsFacts, host: str, kind: str) -> TlsFacts:
    """The handshake with the octets of its certificate, where they are not there yet, and its authority."""
    (leaf,) = tls.chain
    der = bytes(leaf.der) or _AUTHORITY_OF_ALL.issue(host, _KINDS[kind]).der
    authority = replace(leaf, der=_AUTHORITY_OF_ALL.der, subject="CN=An authority", names=())
    return replace(tls, chain=(replace(leaf, der=der), authority))


def is_told(block: str) -> bool:
    """Whether an example tells events, and is no part of a story."""
    return block.startswith("chain ")


def run_of(block: str) -> Run:
    """The run of an example that tells events; all letters go to alice. Raises ValueError for a line it cannot say."""
    first, *lines = block.splitlines()
    heads = {word: line for line in lines if (word := line.partition(" ")[0]) in ("sender", "protected", "rogue")}
    lines = [line for line in lines if line not in heads.values()]
    said = {word: tuple(line.removeprefix(word).strip().split(", ")) for word, line in heads.items()}
    pairs = [pair.split() for pair in first.removeprefix("chain ").split(", ") if pair != "none"]
    events: list[Event] = []
    for line in lines:
        times, _, told = line.rpartition(" times: ")
        for number in range(int(times or 1)):
            letter = f"letter-{number}" if times else "letter"
            for words in told.split("; "):
                at, _, rest = words.partition("s ") if not times else (str(number), "", words)
                events.append(_event(float(at), rest, letter))
    letters = dict.fromkeys(event.message for event in events)
    sent = [_event(0.0, "sender has", letter or "") for letter in letters]
    return Run(
        version="0",
        story="An example.",
        path="example.yaml",
        domain="example.test",
        sender=said.get("sender", ("another",))[0],
        seed=1,
        epoch=0.0,
        ended=max(event.at for event in events),
        chain=tuple((int(preference), host) for preference, host in pairs),
        events=(*sent, *events),
        fates=gather_fates((*sent, *events)),
        protected=said.get("protected", ()),
        rogues=said.get("rogue", ()),
    )


_VERBS = {
    "has": EventKind.SENT,
    "tries": EventKind.TRIED,
    "accepts": EventKind.ACCEPTED,
    "refuses": EventKind.REFUSED,
    "waits": EventKind.WAITS,
    "bounces": EventKind.BOUNCED,
    "drops": EventKind.LOST,
}
_TRAVELLED = {"in clear": TlsUse.NONE, "unverified": TlsUse.UNVERIFIED, "verified": TlsUse.VERIFIED}


def _event(at: float, words: str, letter: str) -> Event:
    who, verb, *rest = words.split(" ", 2)
    if verb not in _VERBS:
        raise ValueError(f"an example cannot say {words!r}")
    answers = verb in ("accepts", "refuses")
    return Event(
        at=at,
        kind=_VERBS[verb],
        who="sender" if answers else who,
        host=who if answers else (rest[0] if verb == "tries" else None),
        message=letter,
        recipient="alice@example.test",
        to="shop@elsewhere.test" if verb == "has" else None,
        text=rest[0] if verb == "refuses" else "",
        tls=_TRAVELLED[rest[0]] if verb == "accepts" and rest else None,
        round=1,
    )
