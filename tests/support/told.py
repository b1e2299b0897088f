"""Looks of every kind as documents, for the formats that tell them."""

from collections.abc import Mapping
from functools import cache

from msgspec.structs import replace

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.facts.finding import Judgement, Severity, Waived
from mxprobe.facts.lines import ReplyReader
from mxprobe.facts.session import Endpoint, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.jobs.look import judge
from mxprobe.jobs.look_at_zone import snapshot_of
from mxprobe.report.json import LookDocument
from mxprobe.report.verdict import conclude_look
from mxprobe.scenario.load_approved import load_approved
from mxprobe.scenario.load_migration import load_migration
from mxprobe.scenario.reaction import CertificateKind
from mxprobe.scenario.zonefile import read_zone_file
from tests.support.judged import FLAWLESS, MX2, look_at
from tests.support.snapshots import PLAIN, host, mx, snapshot, visit

HOSTILE = (
    b"554 5.7.1 \x1b[31m\x00\xe2\x80\xae ]]> & <b> <script>alert(1)</script> ::error:: ##[x] {{7*7}} ``` | 'a'=1"
    b" \xff\x9b2J <alice@example.test> " + b"A" * 65_000 + b"\r\n"
)
"""A greeting that means harm to terminals, pages, logs and monitors, and has no end."""

ZONE = """\
$ORIGIN example.test.
$TTL 3600
@    IN SOA ns1 hostmaster 1 3600 900 1209600 300
@    IN NS  ns1
@    IN MX  10 mx1
@    IN MX  20 mx2
@    IN MX  30 gone
ns1  IN A   192.0.2.53
mx1  IN A   192.0.2.1
mx2  IN CNAME mx1
"""
PLAN = """\
domain: example.test
old: [10 mx1, 20 mx2]
new: [10 mx.new]
cut-over: 2026-01-03T08:00Z
old-ttl: 1d
"""
EXPECT = """\
domain: example.test
mx: [10 mx1]
dmarc: none
waive:
  - rule: MX751
    because: the new certificate is ordered (OPS-412)
    until: 2027-03-31
  - rule: MX777
    because: it was to come in spring
    until: 2025-03-31
"""
NAMES = ("mx1.example.test", "mx2.example.test")


def concluded(seen: Snapshot, fail_on: Severity = Severity.ERROR) -> LookDocument:
    """A look as every format gets it."""
    look = judge(seen)
    return conclude_look(look.snapshot, look.judgements, look.forecast, fail_on)


def hostile(banner: bytes = HOSTILE) -> LookDocument:
    """A host that greets with harm, at its one address, beside a backup that refuses connections."""
    (reply,) = ReplyReader().feed(banner)
    endpoint = Endpoint(host=NAMES[0], address="2001:db8:51:ffff:1234:5678:9abc:def0")
    turns = (
        Turn(phase=Phase.CONNECT, started=0.0, ended=0.031),
        Turn(phase=Phase.BANNER, started=0.031, ended=1.5, reply=reply),
    )
    session = Session(endpoint=endpoint, side=Side.CLIENT, started_at=0.0, turns=turns)
    v6 = replace(host(NAMES[0], endpoint.address), question=Question(name=NAMES[0], rrtype=RecordType.AAAA))
    answers = (mx((10, NAMES[0]), (20, NAMES[1])), host(NAMES[0]), v6, host(NAMES[1], "192.0.2.2"))
    first = Visit(endpoint=endpoint, preference=10, sessions=(session,))
    return concluded(snapshot(answers, (first, visit(20, NAMES[1], "192.0.2.2", FailureKind.REFUSED))))


@cache
def flawless() -> LookDocument:
    """A domain without a fault."""
    return concluded(look_at(FLAWLESS).snapshot)


@cache
def faulty() -> LookDocument:
    """The backup shows a certificate of another name; a recipient was asked for."""
    wishes = {"recipients": ("alice@example.test",)}
    return concluded(look_at(FLAWLESS.host(MX2, kind=CertificateKind.WRONG_NAME), **wishes).snapshot)


def waived() -> LookDocument:
    """The same, and somebody allows all of it."""
    because = Waived(because="the new | certificate\n::error:: comes", until="2027-03-31", place="expect.yaml:12")

    def allow(judgement: Judgement) -> Judgement:
        bad = (Severity.ERROR, Severity.WARNING)
        findings = (replace(one, waived=because) if one.severity in bad else one for one in judgement.findings)
        return replace(judgement, findings=tuple(findings))

    document = faulty()
    judgements = tuple(map(allow, document.judgements))
    return conclude_look(document.snapshot, judgements, document.forecast)


def unexpected() -> LookDocument:
    """The backup of `faulty`, and what a file of expectations says of it: two lines are broken, one waiver is over and
    one in force."""
    document = faulty()
    look = judge(document.snapshot, beside=Beside(approved=load_approved(EXPECT.encode(), "mail/expect.yaml")))
    return conclude_look(look.snapshot, look.judgements, look.forecast)


def moving() -> LookDocument:
    """A migration that is planned for two days later; neither its TTL nor its policy is ready."""
    document = flawless()
    plan = load_migration(PLAN.encode(), "plan.yaml")
    look = judge(document.snapshot, beside=Beside(plan=plan))
    return replace(conclude_look(look.snapshot, look.judgements, look.forecast), advice=look.advice)


def of_zone(path: str = "zones/example.test.zone", text: str = ZONE) -> LookDocument:
    """A zone file with a backup that is an alias, and one that does not exist."""
    return concluded(snapshot_of(read_zone_file(text, "example.test", path), "example.test", 0.0))


def interrupted() -> LookDocument:
    """A look that was broken off before any host was dialled."""
    answers = (mx((10, NAMES[0])), host(NAMES[0], "192.0.2.1"))
    return concluded(replace(snapshot(answers), complete=False))


def unasked() -> LookDocument:
    """The name server did not answer."""
    return concluded(snapshot((mx(status=AnswerStatus.TIMEOUT),)))


def takes_no_mail() -> LookDocument:
    """A null MX."""
    return concluded(snapshot((mx((0, ".")),)))


def plain() -> LookDocument:
    """Two hosts without TLS."""
    answers = (mx((10, NAMES[0]), (10, NAMES[1])), host(NAMES[0], "192.0.2.1"), host(NAMES[1], "192.0.2.2"))
    visits = (visit(10, NAMES[0], "192.0.2.1", PLAIN, 1), visit(10, NAMES[1], "192.0.2.2", PLAIN, 1))
    return concluded(snapshot(answers, visits))


KINDS: Mapping[str, object] = {
    kind.__name__: kind
    for kind in (
        hostile,
        flawless,
        faulty,
        waived,
        unexpected,
        moving,
        of_zone,
        interrupted,
        unasked,
        takes_no_mail,
        plain,
    )
}
