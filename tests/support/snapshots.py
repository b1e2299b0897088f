"""Saved probes for tests of pure rooms, made from a few words."""

from collections.abc import Mapping, Sequence

from mxprobe.facts.dns import AddressRecord, Alias, Answer, AnswerStatus, MxRecord, Question, RecordType
from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Snapshot, Vantage, Visit

DOMAIN = "example.test"
HEALTHY = ("220 mx.example.test ready", "250-mx\n250 STARTTLS")
PLAIN = ("220 mx.example.test ready", "250 mx")


def mx(*records: tuple[int, str], status: AnswerStatus | None = None) -> Answer:
    """The answer to the domain's MX question."""
    found = tuple(MxRecord(preference=preference, exchange=name, ttl=3600) for preference, name in records)
    return Answer(
        question=Question(name=DOMAIN, rrtype=RecordType.MX),
        status=status or (AnswerStatus.FOUND if records else AnswerStatus.NODATA),
        records=found,
        server="192.0.2.53:53",
    )


def host(name: str, *addresses: str, alias: str | None = None, status: AnswerStatus | None = None) -> Answer:
    """The answer to a host's A question."""
    return Answer(
        question=Question(name=name, rrtype=RecordType.A),
        status=status or (AnswerStatus.FOUND if addresses else AnswerStatus.NODATA),
        records=tuple(AddressRecord(address=address, ttl=60) for address in addresses),
        aliases=(Alias(name=name, points_to=alias, ttl=60),) if alias else (),
    )


def visit(preference: int, name: str, address: str, said: Sequence[str] | FailureKind, times: int = 3) -> Visit:
    """A visit whose every attempt went alike: replies to banner and EHLO, or a failure to connect."""
    endpoint = Endpoint(host=name, address=address)
    sessions = tuple(_session(endpoint, said, float(20 * number)) for number in range(times))
    return Visit(endpoint=endpoint, preference=preference, sessions=sessions)


def _session(endpoint: Endpoint, said: Sequence[str] | FailureKind, at: float) -> Session:
    if isinstance(said, FailureKind):
        failure = Failure(kind=said, phase=Phase.CONNECT)
        turns: tuple[Turn, ...] = (Turn(phase=Phase.CONNECT, started=0.0, ended=0.0, failure=failure),)
        return Session(endpoint=endpoint, side=Side.CLIENT, started_at=at, turns=turns, failure=failure)
    turns = tuple(
        Turn(phase=phase, started=0.0, ended=0.0, reply=_reply(text))
        for phase, text in zip((Phase.BANNER, Phase.EHLO), said, strict=False)
    )
    return Session(endpoint=endpoint, side=Side.CLIENT, started_at=at, turns=turns)


def _reply(text: str) -> Reply:
    lines = text.split("\n")
    return Reply(raw=text.encode(), code=int(lines[-1][:3]), lines=tuple(line[4:] for line in lines))


def snapshot(answers: Sequence[Answer], visits: Sequence[Visit] = (), **more: Mapping[str, object]) -> Snapshot:
    """A saved probe of the domain."""
    return Snapshot(
        domain=DOMAIN,
        asked=DOMAIN,
        version="0",
        started_at=0.0,
        elapsed=0.0,
        vantage=Vantage(helo="probe.example.test"),
        answers=tuple(answers),
        visits=tuple(visits),
        **more,  # type: ignore[arg-type]
    )
